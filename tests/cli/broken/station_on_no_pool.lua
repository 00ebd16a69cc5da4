local db = station { name = "db", service = "10ms" }
return scenario {
  workload = open { rate = 10 },
  entry = station { on = db, service = "10ms" },
  run = { duration = "10s" },
}
