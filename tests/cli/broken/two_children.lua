local a, b = station { name = "a", service = "1ms" }, station { name = "b", service = "1ms" }
return scenario {
  workload = open { rate = 10 },
  entry = timeout { after = "1s", a, b },
  run = { duration = "10s" },
}
