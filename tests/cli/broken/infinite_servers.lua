return scenario {
  workload = open { rate = 10 },
  entry = station { servers = math.huge, service = "10ms" },
  run = { duration = "10s" },
}
