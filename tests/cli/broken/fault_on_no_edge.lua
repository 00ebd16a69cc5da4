return scenario {
  workload = open { name = "clients", rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  faults = { delay_added { "station -> clients", delay = "1ms" } },
}
