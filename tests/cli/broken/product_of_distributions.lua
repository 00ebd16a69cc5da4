local a = exponential { mean = "5ms" }
return scenario {
  workload = open { rate = 10 },
  entry = station { service = a * a },
  run = { duration = "10s" },
}
