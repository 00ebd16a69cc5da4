return scenario {
  workload = trace { file = "empty.csv" },
  entry = station { service = "10ms" },
}
