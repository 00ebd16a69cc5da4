return scenario {
  workload = open { rate = 10 },
  entry = station { service = function() return exponential { mean = "5ms" } end },
  run = { duration = "10s" },
}
