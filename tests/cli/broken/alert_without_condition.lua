return scenario { workload = open { rate = 1 }, entry = station { service = "1ms" },
  agents = { alert { window = "10s" } }, run = { duration = "1s" } }
