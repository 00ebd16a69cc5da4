return scenario {
  workload = open { rate = 10 },
  entry = station { service = uniform { "9ms", "5ms" } },
  run = { duration = "10s" },
}
