return scenario {
  workload = open { rate = 10 },
  entry = split { to = {} },
  run = { duration = "10s" },
}
