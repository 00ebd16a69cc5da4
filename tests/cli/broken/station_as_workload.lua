return scenario {
  workload = station { service = "10ms" },
  entry = station { name = "other", service = "10ms" },
  run = { duration = "10s" },
}
