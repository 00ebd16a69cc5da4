return scenario {
  workload = open { rate = 10 },
  entry = split { to = { a = station { name = "a", service = "1ms" }, b = station { name = "b", service = "1ms" } },
    weights = { a = -1, b = 2 } },
  run = { duration = "10s" },
}
