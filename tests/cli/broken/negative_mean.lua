return scenario {
  workload = open { rate = 10 },
  entry = station { service = exponential { mean = "-10ms" } },
  run = { duration = "10s" },
}
