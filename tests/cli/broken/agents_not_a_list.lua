return scenario { workload = open { rate = 1 }, entry = station { service = "1ms" },
  agents = alert { when = "latency.p99 > 1s" }, run = { duration = "1s" } }
