return scenario {
  workload = trace { file = "garbage.jsonl" },
  entry = station { service = "10ms" },
}
