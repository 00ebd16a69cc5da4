return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  slo = { "latency.p99 < 50 apples" },
}
