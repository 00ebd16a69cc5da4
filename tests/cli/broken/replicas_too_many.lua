return scenario {
  workload = open { rate = 10 },
  entry = balance {
    replicas { name = "pod", count = 1e9, build = function() return station { service = "10ms" } end },
  },
  run = { duration = "10s" },
}
