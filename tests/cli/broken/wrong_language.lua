return scenario {
  language = 2,
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
