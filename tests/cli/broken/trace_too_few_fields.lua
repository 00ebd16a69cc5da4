return scenario {
  workload = trace { file = "few_fields.csv" },
  entry = station { service = "10ms" },
}
