return scenario {
  workload = open { rate = 10 },
  entry = station { servers = -1, service = "10ms" },
  run = { duration = "10s" },
}
