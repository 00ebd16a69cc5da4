return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = 10,
}
