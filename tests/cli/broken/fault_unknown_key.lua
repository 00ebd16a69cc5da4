return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  faults = { slow { "station", facter = 2 } },
}
