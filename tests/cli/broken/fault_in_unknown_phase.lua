return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  phases = { fault = { "2s", "4s" } },
  faults = { down { "station", phase = "falut" } },
}
