return scenario {
  workload = open { rate = 10 * ramp { { "60s", 1 }, { "30s", 2 } } },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
