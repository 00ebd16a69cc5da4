return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  faults = { set { "station:serves", 3, from = "2s" } },
}
