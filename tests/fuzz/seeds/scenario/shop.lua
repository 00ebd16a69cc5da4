-- A small shop: how long do people wait?
local k = knobs {
  rps     = { 50, "requests/s", min = 1, max = 1000 },
  servers = { 4, "workers", integer = true, min = 1 },
  order   = { "fifo", "who is next", choices = { "fifo", "lifo" } },
}
return scenario {
  title    = "Shop",
  workload = open { name = "clients", rate = k.rps },
  entry    = station { name = "desk", servers = k.servers, discipline = k.order, service = exponential { mean = "30ms" } },
  run      = { warmup = "1s", duration = "30s", replications = 4 },
  phases   = { fault = { "2s", "4s" } },
  cases    = { busy = { rps = 100 }, slow = { slow { "desk", factor = 2, phase = "fault" } } },
  slo      = { "latency.p99 < 1s" },
  claims   = { claim { "it is fast", "latency.mean < 1s" } },
}
