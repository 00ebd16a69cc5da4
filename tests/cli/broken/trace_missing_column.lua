return scenario {
  workload = trace { file = "missing_column.csv" },
  entry = station { service = "10ms" },
}
