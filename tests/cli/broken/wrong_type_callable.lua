return scenario {
  workload = open { rate = 10 },
  entry = station,
  run = { duration = "10s" },
}
