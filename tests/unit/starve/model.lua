-- Small, and something of everything: what test_memory builds while allocations fail.
local k = knobs {
  rps  = { 400, "offered load, requests/s", min = 1 },
  kind = { "warm", "of cache", choices = { "warm", "cold" } },
  fast = { true, "the short way" },
}
local busy = steps { { "0s", 1 }, { "0.3s", 1.2 } } * pulse { value = 1.1, from = "0.1s", to = "0.2s" }
local sizes = empirical { file = "sizes.csv", column = "ms" }
local near = pcall(function() return undefined_name end)

return scenario {
  title    = "Everything once",
  workload = {
    open { name = "users", rate = busy * k.rps, deadline = "200ms",
           classes = { human = { share = 0.9, priority = 1 }, bot = { share = 0.1 } },
           facts = { tokens = uniform_int { 1, 100 } } },
    trace { name = "record", file = "calls.jsonl", class = "who", classes = { human = { priority = 1 } },
            facts = { tokens = "tokens" }, loop = true },
    closed { name = "loop", users = 3, think = "10ms", session = 2, facts = { tokens = uniform_int { 1, 9 } } },
    sessions { name = "visitors", rate = 5, mmpp = { { 1, "100ms" }, { 2, "50ms" } }, requests = 2, think = "10ms",
               session_facts = { tokens = uniform_int { 1, 9 } }, reload = { after = "100ms" } },
  },
  entry = chain { name = "front",
    limiter { name = "limit", rate = 5000 },
    shed { name = "shed", when = "latency.p99 > 150ms", window = "1s", drop = "lowest_priority" },
    cache { name = "cache", hit_ratio = 0.3 },
    cache { name = "known", key = "tokens", capacity = 20, eviction = "tinylfu", ttl = "50ms", coalesce = true },
    retry { name = "again", max_attempts = 2, backoff = { base = "1ms" } },
    breaker { name = "breaker" },
    timeout { name = "limit_time", after = "80ms" },
    balance { name = "lb", policy = "least_request",
      replicas { name = "pod", count = 3, price = { vcpu = 2 }, build = function(i)
        local cpu = pool { name = "cpu", servers = 2 }
        return chain {
          station { name = "rank", on = cpu, service = lognormal { p50 = "2ms", p99 = "9ms" } },
          station { name = "size", servers = 4, service = mixture { { 3, gamma { mean = "2ms", cv = 0.5 } }, { 1, uniform { "1ms", "2ms" } } } },
          delay { name = "far", time = weibull { p50 = "1ms", p99 = "4ms" } },
          station { name = "rest", servers = 8, service = linear { "1ms", tokens = "10us" } },
        }
      end } },
    mirror { name = "copy", shadow = async { name = "later", accept = "1ms",
      queue { name = "topic", key = "tokens", partitions = 3, batch_size = 2, max_deliveries = 2,
              dead_letter = delay { name = "grave", time = 0 }, delay { name = "reader", time = "1ms" } } } },
    split { name = "ways", weights = { a = 1, b = 1, c = 1 },
      to = { a = geo { name = "gslb", rtt = { near_away = "1ms" },
                       region { name = "near", group { name = "in", station { name = "a", servers = 4, service = sizes } } },
                       region { name = "away", station { name = "a", servers = 4, service = sizes } } },
             c = batch { name = "together", max_batch_size = 4, preferred_batch_size = { 2, 4 }, max_queue_delay = "1ms",
                         station { name = "gpu", service = linear { "1ms", batch_size = "100us" } } },
             b = fallback { name = "b", station { name = "b1", servers = 4, service = table { by = "tokens", { 0, "1ms" }, { 100, "3ms" } } },
                            degraded { name = "less", quality = 0.5 } } } } },
  agents = {
    health_check { name = "probe", of = "gslb", interval = "50ms", ttl = "20ms" },
    replication { name = "replica", from = "near.in.a", to = { "away.a" }, lag = exponential { mean = "20ms" }, writes = 50 },
  },
  run    = { warmup = "0.1s", duration = "0.5s", replications = 2 },
  phases = { before = { "0s", "0.2s" }, fault = { "0.2s", "0.4s" } },
  faults = { errors { "ways", rate = "5%", phase = "fault" }, delay_added { "lb -> pod[1]", delay = "1ms", phase = "fault" },
             loss { { "lb -> pod[1]", "lb -> pod[2]" }, rate = "5%", retransmit = "5ms" }, lose { "pod", count = 1, phase = "fault" },
             restart { "pod[*]", every = "100ms", downtime = "10ms", from = "0.3s" }, cut { "topic -> reader", from = "0.2s", to = "0.22s" } },
  cases  = { slow_pod = { slow { "pod[2].cpu", factor = 3, phase = "fault" }, rps = 500 } },
  slo    = { "latency.p99 < 500ms", "availability > 50%" },
  claims = {
    claim { "fast enough", "latency.p99 < 500ms" },
    claim { "mostly", "fraction(latency.p99 < 400ms) > 10%", because = "of the size" },
    claim { "no scar", "latency.p50{phase=fault} < 900% * latency.p50{phase=before}", case = "slow_pod" },
    claim { "the worst pod", "max(pod[*]:latency.p99) < 500ms" },
  },
}
