return scenario {
  workload = open { rate = 10 },
  entry = station { servers = { 4 }, service = "10ms" },
  run = { duration = "10s" },
}
