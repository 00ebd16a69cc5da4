return scenario {
  workload = open { rate = 10, classes = { ["a|b"] = { share = 1 } } },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
