return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms", discipline = "fiffo" },
  run = { duration = "10s" },
}
