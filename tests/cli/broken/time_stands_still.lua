return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  faults = { random { mtbf = uniform { 0, 0 }, mttr = uniform { 0, 0 }, down { "station" } } },
}
