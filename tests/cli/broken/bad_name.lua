return scenario {
  workload = open { rate = 10 },
  entry = station { name = "data base", service = "10ms" },
  run = { duration = "10s" },
}
