return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  claims = { claim { "it is fast", "latency.p99 < 5ms", expect = "fails" } },
}
