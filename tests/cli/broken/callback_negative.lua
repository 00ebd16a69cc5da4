return scenario {
  workload = open { rate = 10 },
  entry = station { service = function() return -1 end },
  run = { duration = "10s" },
}
