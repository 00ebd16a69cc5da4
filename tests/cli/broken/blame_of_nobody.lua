return scenario { workload = open { rate = 1 }, entry = station { service = "1ms" }, run = { duration = "1s" },
  slo = { "blame.p99 > 50%" } }
