return scenario {
  workload = trace { file = "\377" },
  entry = station { service = "10ms" },
}
