-- A tolerance in another unit than what it is a tolerance of.
return scenario {
  workload = open { rate = 1 },
  entry    = station { service = "1ms" },
  run      = { warmup = "0s", duration = "1s" },
  claims   = { claim { "it is fast", "latency.p50 = 1ms +- 3GiB" } },
}
