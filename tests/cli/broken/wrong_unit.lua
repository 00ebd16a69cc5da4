return scenario {
  workload = open { rate = 10 },
  entry = timeout { after = "50MiB", station { service = "10ms" } },
  run = { duration = "10s" },
}
