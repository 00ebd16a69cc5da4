return scenario {
  workload = open { name = "clients" },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
