return scenario { workload = open { rate = 1 }, entry = chain { alert { when = "latency.p99 > 1s" }, station { service = "1ms" } },
  agents = {}, run = { duration = "1s" } }
