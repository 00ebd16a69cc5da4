-- One service with four workers: how long do users wait at 100 requests/s?
local k = knobs { rps = { 100, "requests/s", min = 0 } }
return scenario {
  title    = "Quickstart",
  workload = open { name = "clients", rate = k.rps },
  entry    = station { name = "service", servers = 4, service = exponential { mean = "30ms" } },
  run      = { warmup = "10s", duration = "120s", replications = 10 },
  claims   = { claim { "users wait less than 200 ms", "latency.p99 < 200ms" } },
}
