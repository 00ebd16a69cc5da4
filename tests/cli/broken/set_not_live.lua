return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  faults = { set { "station:discipline", "lifo", from = "2s" } },
}
