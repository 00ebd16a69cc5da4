local k = knobs { rps = { 10, "requests/s", min = 1 }, on = { true, "switch" }, order = { "fifo", "", choices = { "fifo", "lifo" } } }
local cpu = pool { name = "cpu", servers = 2 }
local a = station { name = "a", on = cpu, service = linear { "1ms", tokens = "1us" }, discipline = k.order }
local b = station { name = "b", service = { x = "1ms", default = mixture { { 1, exponential { mean = "1ms" } }, { 2, constant { 0.1 } } } } }
local c = delay { name = "c", time = table { by = "tokens", { 0, "1ms" }, { 10, "5ms" } } }
return scenario {
  title = "all", language = 1,
  workload = { open { name = "one", rate = k.rps * steps { { "0s", 1 }, { "5s", 2 } },
      classes = { x = { share = 0.5, priority = 2 }, y = { share = "50%", tokens = 7 } }, facts = { tokens = uniform_int { 1, 9 } } },
    open { name = "two", interarrival = lognormal { p50 = "5ms", p99 = "9ms" }, facts = { tokens = zipf { 100, 1.1 } } } },
  entry = chain { limiter { rate = 5, burst = 2 }, shed { when = "latency.p99 > 40ms", max_priority = 1 },
    split { name = "s", to = { a = a, b = b, f = fail {} }, weights = { a = 1, b = 2, f = 0 } },
    bulkhead { max_concurrent_calls = 9, max_wait_duration = "5ms", queue_capacity = 3 }, hedge { percentile = 0.9, after = "5ms", max_extra_load = "5%" },
    mirror { share = 0.5, shadow = delay { name = "d" , time = "1ms" } }, loop { times = uniform { 1, 3 }, stop_probability = 0.5, pause = "1ms", stop_on = "error",
      fanout { name = "f", wait_for = "quorum", quorum = 1, copies = 2, partial_after = "9ms", min_share = 0.5, cancel_losers = false, delay { name = "e", time = "1ms" } } },
    fallback { breaker { retry { max_attempts = 2, backoff = { kind = "fixed" }, budget = { ratio = 0.2, min_per_second = 5 }, tokens = { capacity = 9 }, timeout { after = "1s", c } } }, degraded { quality = 0.5 } },
    balance { name = "lb", replicas { name = "pod", count = 2, max = 3, price = { vcpu = 2 }, cold_start = "1s",
      build = function(i) return cache { hit_ratio = 0.1, station { name = "m", service = function(r, rnd) return 0.001 * r.tokens end } } end } } },
  run = { warmup = "1s", duration = "10s", replications = 2 },
  phases = { p = { "1s", "2s" } },
  cases = { c = { rps = 20, slow { "pod[2].m", factor = 2 * pulse { from = 1, to = 2, value = 3 }, phase = "p" } },
    d = { down { "pod[1]", from = 1 }, errors { "a", rate = 0.1 }, delay_added { "lb -> pod[*]", delay = "1ms" },
      set { "pod[*].cache:hit_ratio", 0.5, from = 2 }, random { mtbf = "1s", mttr = "1s", down { "b" } }, flush { "pod[1].cache" } } },
  faults = {}, slo = { "latency.p99 < 50ms" },
  claims = { claim { "x", "max(pod[*].m:latency.p99) < 50ms", case = "c", expect = "fails", because = "y" } },
}
