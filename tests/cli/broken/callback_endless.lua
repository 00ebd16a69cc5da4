return scenario {
  workload = open { rate = 10 },
  entry = station { service = function() while true do end end },
  run = { duration = "10s" },
}
