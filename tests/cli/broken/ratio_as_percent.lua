return scenario {
  workload = open { rate = 10 },
  entry = cache { hit_ratio = 50, station { service = "10ms" } },
  run = { duration = "10s" },
}
