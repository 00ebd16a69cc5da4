return scenario {
  workload = open { rate = 10 },
  entry = timeout { after = "50ms" },
  run = { duration = "10s" },
}
