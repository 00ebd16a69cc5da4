return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms", queue = { limit = steps { { "0s", 1 }, { "5s", 2 } } } },
  run = { duration = "10s" },
}
