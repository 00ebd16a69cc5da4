return scenario {
  workload = open { rate = 10 },
  entry = chain {
    station { service = "10ms" },
    station { service = "20ms" },
  },
  run = { duration = "10s" },
}
