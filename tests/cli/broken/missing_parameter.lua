return scenario {
  workload = open { rate = 10 },
  entry = station { servers = 2 },
  run = { duration = "10s" },
}
