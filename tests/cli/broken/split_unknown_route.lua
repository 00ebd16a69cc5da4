return scenario {
  workload = open { rate = 10 },
  entry = split { to = { a = station { name = "a", service = "1ms" } }, by = "route",
    route = function(request) return "b" end },
  run = { duration = "10s" },
}
