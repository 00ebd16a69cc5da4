return scenario {
  workload = open { rate = 10 },
  entry = station { service = lognormal { mean = "5ms", vc = 1 } },
  run = { duration = "10s" },
}
