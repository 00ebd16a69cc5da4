return scenario {
  workload = open { rate = 10 },
  entry = shed { when = "latencies.p99 > 40ms", station { service = "10ms" } },
  run = { duration = "10s" },
}
