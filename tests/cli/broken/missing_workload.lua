return scenario {
  entry = station { service = "10ms" },
  run = { duration = "10s" },
}
