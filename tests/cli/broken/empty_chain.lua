return scenario {
  workload = open { rate = 10 },
  entry = chain {},
  run = { duration = "10s" },
}
