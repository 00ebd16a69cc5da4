return scenario {
  workload = open { rate = 10 },
  entry = chain {
    station { service = "10ms" },
    limiter { rate = 100, burst = 10 },
  },
  run = { duration = "10s" },
}
