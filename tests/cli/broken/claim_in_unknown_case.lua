return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  cases = { busy = { slow { "station", factor = 2 } } },
  claims = { claim { "it is fast", "latency.p99 < 50ms", case = "bussy" } },
}
