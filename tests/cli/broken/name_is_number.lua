return scenario {
  workload = open { rate = 10 },
  entry = station { name = 7, service = "10ms" },
  run = { duration = "10s" },
}
