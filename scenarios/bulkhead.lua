-- Two tenants share a service. One begins to send slow queries: does the other one notice?
--
-- What to see: 64 workers serve both tenants first come, first served. Queries of tenant B suddenly take 20 times as long, which is more
-- work than there are workers: the shared queue grows, and tenant A waits in it as long as B does, though A has changed nothing. A
-- bulkhead for each tenant, 32 calls at a time and a short wait, confines the trouble: B is refused what is beyond its share, A is not
-- touched. The price is that B cannot use what A leaves idle on a good day.
--   nines run bulkhead --plot --out out/bulkhead;   nines compare bulkhead base apart
local k = knobs {
  rps   = { 400, "requests/s of each tenant", min = 1 },
  apart = { 0,   "calls of a tenant that may be inside at a time; 0: no bulkheads", min = 0, integer = true },
}

local workers = pool { name = "workers", servers = 64 }
local function tenant(name)
  local work = station { name = "work_" .. name, on = workers, service = exponential { mean = "20ms" } }
  if k.apart == 0 then return work end
  return bulkhead { name = "of_" .. name, max_concurrent_calls = k.apart, max_wait_duration = "50ms", work }
end

return scenario {
  title    = "A noisy neighbour",
  workload = open { name = "tenants", rate = 2 * k.rps, classes = { a = { share = 0.5 }, b = { share = 0.5 } } },
  entry    = split { by = "class", to = { a = tenant "a", b = tenant "b" } },
  faults   = { slow { "work_b", factor = 20, phase = "slow" } },
  run      = { warmup = "10s", duration = "180s", replications = 6 },
  phases   = { before = { "0s", "60s" }, slow = { "60s", "90s" }, after = { "120s", "180s" } },
  cases    = {
    apart = { apart = 32 },
    tight = { apart = 8 },
  },
  claims   = {
    claim { "tenant A has changed nothing and notices nothing", "latency.p99{class=a,phase=slow} < 150ms", expect = "fails",
            because = "B brings 400/s x 400 ms, the work of 160 workers: both stand in a queue that grows for 30 s" },
    claim { "both wait alike", "latency.mean{class=a,phase=slow} > 80% * latency.mean{class=b,phase=slow}" },
    claim { "bulkheads keep A as fast as before", "latency.p99{class=a,phase=slow} < 150ms", case = "apart" },
    claim { "and refuse it nothing", "availability{class=a,phase=slow} > 99.9%", case = "apart" },
    claim { "B is refused what is beyond its share", "share{outcome=limited,class=b,phase=slow} > 60%", case = "apart" },
    claim { "on a good day a bulkhead refuses nobody", "availability{phase=before} > 99.9%", case = "apart" },
    claim { "a tight one neither", "availability{phase=before} > 99.9%", case = "tight", expect = "fails",
            because = "400/s x 20 ms are 8 calls on average: whoever may have no more has to refuse some" },
  },
}
