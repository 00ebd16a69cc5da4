return scenario { workload = open { rate = 1 }, run = { duration = "1s" },
  entry = fallback { station { name = "a", service = "1ms" }, to = { degraded {} } } }
