return scenario {
  workload = open { rate = 10, classes = { human = { share = 0.9 }, bot = { share = 0.1 } } },
  entry = station { service = { human = "10ms", robot = "5ms" } },
  run = { duration = "10s" },
}
