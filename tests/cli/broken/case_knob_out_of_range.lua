local k = knobs {
  rps    = { 10, "requests/s", min = 1, max = 100 },
  pods   = { 2, "servers", integer = true, min = 1 },
  policy = { "fifo", "order", choices = { "fifo", "lifo" } },
}
return scenario {
  workload = open { rate = k.rps },
  entry = station { servers = k.pods, service = "10ms", discipline = k.policy },
  run = { duration = "10s" },
  cases = { odd = { rps = 1000 } },
}
