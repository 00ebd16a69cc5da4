return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms", queue = { limit = 5 } },
  run = { duration = "10s" },
  faults = { set { "station:queue.discipline", "lifo", from = "2s" } },
}
