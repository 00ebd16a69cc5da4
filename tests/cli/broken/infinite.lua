return scenario {
  workload = open { rate = 10 },
  entry = station { service = math.huge },
  run = { duration = "10s" },
}
