return scenario {
  workload = open { rate = 10 },
  entry = breaker { failure_rate_threshold = "150%", station { service = "10ms" } },
  run = { duration = "10s" },
}
