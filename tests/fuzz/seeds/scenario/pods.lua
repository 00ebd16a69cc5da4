-- Replicas, to look at one by one.
return scenario {
  workload = open { rate = 50 },
  entry    = balance { name = "fleet", replicas { name = "pod", count = 3,
               build = function() return station { name = "model", service = exponential { mean = "20ms" } } end } },
  run      = { warmup = "1s", duration = "10s", replications = 3 },
}
