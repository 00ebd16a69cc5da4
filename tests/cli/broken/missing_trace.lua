return scenario {
  workload = trace { file = "no_such_trace.csv" },
  entry = station { service = "10ms" },
}
