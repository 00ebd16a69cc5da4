-- A page needs a recommendation service that dies. Who suffers: those who want recommendations, or everybody?
--
-- What to see: calls to the dead service hang until their timeout, and hold one of the 100 threads meanwhile. 120 such calls a second
-- times 2 s are 240 threads: the pool is empty, and pages that need no recommendations wait for a thread behind calls that cannot
-- succeed. A circuit breaker notices after its window of failures and refuses at once: threads are free, plain pages are as fast as
-- ever, the others get a page without recommendations. It costs the first calls (the window has to fill with timeouts), and its trial
-- calls afterwards, and closes by itself when the service is back.
--   nines run breaker --plot --out out/breaker;   nines compare breaker bare base
local k = knobs {
  rps     = { 300,   "pages/s", min = 1 },
  breaker = { true, "a circuit breaker in front of the recommendations" },
}

local counted = {}                                              -- without it the breaker takes no answer for a failure, and never opens
if k.breaker then counted = { "error", "timeout" } end
local recommendations = station { name = "recommendations", servers = 50, service = exponential { mean = "50ms" } }

return scenario {
  title    = "A dead dependency, with and without a breaker",
  workload = open { name = "readers", rate = k.rps, classes = { plain = { share = 0.6 }, rich = { share = 0.4 } } },
  entry    = chain {
    bulkhead { name = "threads", max_concurrent_calls = 100, max_wait_duration = "3s" },
    station { name = "render", servers = 32, service = exponential { mean = "20ms" } },
    split { by = "class", to = {
      plain = delay { name = "done", time = 0 },
      rich  = fallback {
        breaker { sliding_window_size = 50, minimum_number_of_calls = 20, failure_rate_threshold = "50%", record = counted,
                  wait_duration_in_open_state = "5s", permitted_number_of_calls_in_half_open_state = 5,
          timeout { name = "patience", after = "2s", recommendations } },
        degraded { name = "no_recommendations", quality = 0.8 } },
    } },
  },
  faults   = { cut { "patience -> recommendations", phase = "dead" } },     -- a partition: calls hang
  run      = { warmup = "10s", duration = "180s", replications = 6 },
  phases   = { before = { "0s", "60s" }, dead = { "60s", "120s" }, after = { "135s", "180s" } },
  cases    = { bare = { breaker = false } },
  claims   = {
    claim { "plain pages do not need the service: they stay fast", "latency.p99{class=plain,phase=dead} < 200ms", case = "bare", expect = "fails",
            because = "calls that hang take all the threads, and plain pages wait for one" },
    claim { "and stay available", "availability{class=plain,phase=dead} > 99%", case = "bare", expect = "fails",
            because = "after 3 s without a thread they are refused" },
    claim { "with a breaker they are fast again", "latency.p50{class=plain,phase=dead} < 30ms" },
    claim { "and available", "availability{class=plain,phase=dead} > 99%" },
    claim { "rich pages come without recommendations, and soon", "latency.p50{class=rich,phase=dead} < 30ms" },
    claim { "instead of after two seconds", "latency.p50{class=rich,phase=dead} > 2s", case = "bare" },
    claim { "the breaker is open most of the time", "breaker:open{phase=dead} > 60%" },
    claim { "and closes by itself", "share{outcome=ok,class=rich,phase=after} > 99%" },
  },
}
