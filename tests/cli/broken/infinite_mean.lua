return scenario {
  workload = open { rate = 10 },
  entry = station { service = exponential { mean = math.huge } },
  run = { duration = "10s" },
}
