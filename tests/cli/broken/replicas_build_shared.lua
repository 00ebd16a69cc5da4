local shared = station { service = "10ms" }
return scenario {
  workload = open { rate = 10 },
  entry = balance { replicas { name = "pod", count = 2, build = function() return shared end } },
  run = { duration = "10s" },
}
