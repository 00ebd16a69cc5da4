return scenario {
  workload = open { rate = 0 / 0 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
