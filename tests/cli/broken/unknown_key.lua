return scenario {
  workload = open { rate = 10 },
  entry = chain {
    station { servers = 2, sevice = "10ms" },
  },
  run = { duration = "10s" },
}
