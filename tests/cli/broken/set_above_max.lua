return scenario {
  workload = open { rate = 10 },
  entry = balance { replicas { name = "pod", count = 2, build = function() return station { service = "10ms" } end } },
  run = { duration = "10s" },
  faults = { set { "pod:count", 5, from = "2s" } },
}
