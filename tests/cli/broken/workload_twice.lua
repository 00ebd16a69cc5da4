local clients = open { rate = 10 }
return scenario {
  workload = { clients, clients },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
