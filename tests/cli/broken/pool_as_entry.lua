return scenario {
  workload = open { rate = 10 },
  entry = pool { name = "cpu", servers = 2 },
  run = { duration = "10s" },
}
