return scenario {
  title = "it never ends,
  workload = open { rate = 10 },
}
