return scenario {
  workload = open { rate = 10 },
  entry = station { service = function() return {} end },
  run = { duration = "10s" },
}
