return scenario {
  workload = open { rate = 10 },
  entry = station { servers = "many", service = "10ms" },
  run = { duration = "10s" },
}
