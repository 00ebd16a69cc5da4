local k = knobs { rps = { 10, "requests/s" } }
return scenario {
  workload = open { rate = k.rps, classes = { human = { share = 1 } } },
  entry = cache { hit_ratio = 0.5, station { service = "10ms" } },
  run = { duration = "10s" },
  phases = { early = { 0, 5 } },
  cases = { spike = { rps = 20 } },
  claims = {
    claim { "it is fast", "latency.p99{case=spyke} < 50ms" },
  },
}
