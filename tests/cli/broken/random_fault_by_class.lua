return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  faults = { random { mtbf = { chat = "1s" }, mttr = "1s", down { "station" } } },
}
