-- One answer in a hundred takes a second instead of ten milliseconds. What does a second try buy, and what does it cost?
--
-- What to see: a hedge asks again when an answer is late and takes the first one that comes. After the 95th percentile it makes few extra
-- calls (5 % at most), and both would have to be slow for the user to be: one in 10,000. Hedging at once doubles the load, which is free
-- only while there is room. Where slowness comes from a queue that all share, extra calls make the queue longer: hedges help against
-- bad luck, not against overload.
--   nines run hedging --plot --out out/hedging;   nines compare hedging none base
local k = knobs {
  rps        = { 1000,  "requests/s", min = 1 },
  hedge      = { "p95", "when to ask again", choices = { "never", "p95", "at_once" } },
  slow       = { 0.01,  "share of answers that take a second", min = 0, max = 1 },
  servers    = { 400,   "calls at a time in each replica", min = 1, integer = true },
}

local replicas = balance { name = "fleet", policy = "random",
  replicas { name = "replica", count = 4, build = function()
    return station { name = "store", servers = k.servers,
                     service = mixture { { 1 - k.slow, lognormal { mean = "10ms", cv = 0.3 } }, { k.slow, constant { "1s" } } } }
  end } }
local asks = {
  never   = hedge { name = "hedge", after = "1h", replicas },
  p95     = hedge { name = "hedge", percentile = 0.95, max_extra_load = "10%", replicas },
  at_once = hedge { name = "hedge", after = "0s", replicas },
}

return scenario {
  title    = "Hedged requests",
  workload = open { name = "clients", rate = k.rps },
  entry    = asks[k.hedge],
  run      = { warmup = "30s", duration = "120s", replications = 5 },
  cases    = {
    none         = { hedge = "never" },
    at_once      = { hedge = "at_once" },
    busy         = { hedge = "never", servers = 7, slow = 0 },       -- 10 ms x 250/s on 7 servers: 36 % busy
    busy_at_once = { hedge = "at_once", servers = 7, slow = 0 },
    full         = { hedge = "never", servers = 3, slow = 0 },       -- 83 % busy
    full_at_once = { hedge = "at_once", servers = 3, slow = 0 },
  },
  claims   = {
    claim { "without a hedge the P99.9 is a second", "latency.p999 > 900ms", case = "none" },
    claim { "with one it is two tries long", "latency.p999 < 40ms" },
    claim { "for 6 % more calls at most", "hedge:extra_per_call < 6%" },
    claim { "P99 comes down with it", "latency.p99{case=base} < 30ms" },
    claim { "asking two at once does not even halve it", "latency.p999{case=at_once} > 50% * latency.p999{case=base}" },
    claim { "and nearly doubles the calls", "replica[*].store:offered{case=at_once} > 1.9 * replica[*].store:offered{case=none}" },
    claim { "where there is room it does no harm", "latency.p99{case=busy_at_once} < latency.p99{case=busy}" },
    claim { "nor where there is none", "latency.p99{case=full_at_once} < latency.p99{case=full}", expect = "fails",
            because = "twice 83 % is more than there is: the queues grow without end" },
  },
}
