local d = exponential { mean = "5ms" }
return scenario {
  workload = open { rate = 10 },
  entry = station { service = mixture { { 1, d }, { 2, d } } },
  run = { duration = "10s" },
}
