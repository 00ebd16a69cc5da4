return scenario {
  workload = open { rate = 10, facts = { tokens = 100 } },
  entry = station { service = linear { "1ms", token = "1us" } },
  run = { duration = "10s" },
}
