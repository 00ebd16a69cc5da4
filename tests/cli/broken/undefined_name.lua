return scenario {
  workload = open { rate = 10 },
  entry = statoin { service = "10ms" },
  run = { duration = "10s" },
}
