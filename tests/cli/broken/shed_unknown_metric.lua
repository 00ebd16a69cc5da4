return scenario {
  workload = open { rate = 10, classes = { human = { share = 0.9, priority = 1 }, bot = { share = 0.1 } } },
  entry = shed { when = "latencies.p99 > 40ms", station { service = "10ms" } },
  run = { duration = "10s" },
}
