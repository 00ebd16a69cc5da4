return scenario {
  workload = trace { file = "trace.txt" },
  entry = station { service = "10ms" },
}
