local a = station { service = "10ms" }
a.servers = 3
return scenario {
  workload = open { rate = 10 },
  entry = a,
  run = { duration = "10s" },
}
