local clients = open { rate = 10 }
return scenario {
  workload = clients,
  entry = timeout { after = "1s", clients },
  run = { duration = "10s" },
}
