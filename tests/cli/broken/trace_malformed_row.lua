return scenario {
  workload = trace { file = "malformed_row.csv", facts = { tokens = "tokens" } },
  entry = station { service = "10ms" },
}
