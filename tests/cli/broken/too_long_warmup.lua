return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { warmup = 1e300, duration = "10s" },
}
