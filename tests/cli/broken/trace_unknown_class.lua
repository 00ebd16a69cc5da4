return scenario {
  workload = trace { file = "unknown_class.csv", class = "class", classes = { chat = { priority = 1 } } },
  entry = station { service = "10ms" },
}
