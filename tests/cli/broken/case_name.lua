return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  cases = { ["../up"] = { slow { "station", factor = 2 } } },
}
