-- A service that fails slowly: latency grows and nothing errors. Eight culprits, one at a time; does the breakdown of the slowest
-- requests name the right one, and do percentiles show it before the mean does?   (A8)
--
-- What to see: nines why slow_failure --case registry. The total says only that it is slower; the share of the time of the slowest 1 %
-- says where. Long inputs are seen at what chews them, and a pool of threads that is too small as waiting in front of it. A GPU that
-- loses its speed shows up twice, as its own work and as the batcher that waits for it: no share of it reaches half.
local k = knobs { rps = { 500, "requests/s", min = 1 } }
local at = "120s"

local features = fallback { name = "features_or_default",
  timeout { after = "50ms", station { name = "features", servers = 32, service = lognormal { p50 = "4ms", p99 = "20ms" } } },
  degraded { name = "defaults", quality = 0.95 } }

local gpus = balance { name = "fleet", policy = "least_request",
  replicas { name = "gpu", count = 2, build = function()
    return batch { name = "batcher", max_batch_size = 16, max_queue_delay = "5ms",
      station { name = "engine", service = linear { "6ms", batch_size = "1.2ms" } } }
  end } }

local queued = "a slow server is seen in its queue as well: another 40 % is waiting at the batcher for the same GPU"

-- All figures are assumptions of the usual order. A culprit is bad enough to be seen and not so bad that queues grow without end.
local culprits = {
  memory_leak  = { slow { "gpu[*].engine", factor = ramp { { at, 1 }, { "300s", 2.2 } }, from = at }, of = "gpu[*].engine", but = queued },
  cpu_steal    = { slow { "pre", factor = 12, from = at }, of = "pre" },
  threads      = { set { "threads:max_concurrent_calls", 12, from = at }, of = "threads" },
  long_inputs  = { set { "pre:service", exponential { mean = "25ms" }, from = at }, of = "pre" },
  cpu_fallback = { slow { "gpu[2].engine", factor = 4, from = at }, of = "gpu[*].engine", but = queued },
  batcher      = { set { "gpu[*].batcher:max_queue_delay", "150ms", from = at }, of = "gpu[*].batcher" },
  features     = { slow { "features", factor = 4, from = at }, of = "features" },
  registry     = { slow { "registry", factor = 60, from = at }, of = "registry" },
}

local cases, claims = {}, {
  claim { "calm: 30 ms at the median", "latency.p50{phase=calm} < 30ms" },
  claim { "percentiles first", "p99_alarm:first_fired < mean_alarm:first_fired", case = "memory_leak" },
}
for name, c in pairs(culprits) do
  cases[name] = { c[1] }
  claims[#claims + 1] = claim { "why names " .. name, c.of .. ":blame.p99{phase=fault} > 50%", case = name,
    expect = c.but and "fails" or "holds", because = c.but }
  claims[#claims + 1] = claim { name .. " is no error", "availability{phase=fault} > 99.9%", case = name }
end

return scenario {
  title    = "Slow failure",
  workload = open { name = "clients", rate = k.rps },
  entry    = chain {
    bulkhead { name = "threads", max_concurrent_calls = 64, max_wait_duration = "10s" },
    features,
    station { name = "registry", servers = 64, service = "1ms" },
    station { name = "pre", servers = 32, service = exponential { mean = "2ms" } },
    gpus },
  agents   = { alert { name = "p99_alarm", when = "latency.p99 > 80ms", window = "30s" },
               alert { name = "mean_alarm", when = "latency.mean > 40ms", window = "30s" } },
  run      = { warmup = "20s", duration = "420s", replications = 4 },
  phases   = { calm = { "0s", at }, fault = { "300s", "420s" } },
  cases    = cases,
  claims   = claims,
}
