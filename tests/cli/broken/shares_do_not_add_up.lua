return scenario {
  workload = open { rate = 10, classes = { human = { share = 0.9 }, bot = { share = 0.2 } } },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
