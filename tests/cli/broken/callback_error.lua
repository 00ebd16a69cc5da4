return scenario {
  workload = open { rate = 10 },
  entry = station { service = function(request) return request.size * 2 end },
  run = { duration = "10s" },
}
