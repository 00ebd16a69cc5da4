return scenario {
  workload = open { rate = 10 },
  entry = chain {
    station { name = "db", service = "10ms" },
    station { name = "db", service = "20ms" },
  },
  run = { duration = "10s" },
}
