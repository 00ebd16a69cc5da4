return scenario {
  workload = open { rate = 10 },
  entry = station { service = lognormal { p50 = "5ms", p99 = "3ms" } },
  run = { duration = "10s" },
}
