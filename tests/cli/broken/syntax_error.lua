-- A comma is missing between two keys.
return scenario {
  workload = open { rate = 10 }
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
