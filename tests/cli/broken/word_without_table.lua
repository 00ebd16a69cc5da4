return scenario {
  workload = open(10),
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
