return scenario {
  workload = open { rate = 10 },
  entry = timeout { after = "1s", pool { name = "cpu", servers = 2 } },
  run = { duration = "10s" },
}
