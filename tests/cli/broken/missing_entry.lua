return scenario {
  workload = open { rate = 10 },
  run = { duration = "10s" },
}
