return scenario {
  workload = open { rate = 10 },
  entry = station { service = lognormal { mean = "5ms" } },
  run = { duration = "10s" },
}
