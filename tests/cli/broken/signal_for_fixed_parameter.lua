return scenario {
  workload = open { rate = 10 },
  entry = breaker { sliding_window_size = steps { { "0s", 10 }, { "5s", 20 } }, station { service = "10ms" } },
  run = { duration = "10s" },
}
