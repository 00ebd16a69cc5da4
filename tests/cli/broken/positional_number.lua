return scenario {
  workload = open { rate = 10 },
  entry = fail { 4 },
  run = { duration = "10s" },
}
