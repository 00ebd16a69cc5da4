return scenario {
  workload = trace { file = "out_of_order.csv" },
  entry = station { service = "10ms" },
}
