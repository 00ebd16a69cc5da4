-- A search asks 100 leaves and needs all their answers. How slow is it if each leaf is nearly always fast?
--
-- What to see: a leaf has a median of 1 ms, a P95 of 5 ms and a P99 of 10 ms (Dean & Barroso, "The Tail at Scale", CACM 2013, table 1).
-- One in a hundred answers of a leaf takes longer than 10 ms, but 1 - 0.99^100 = 63 % of the searches wait for at least one of those: the
-- tail of the leaf is the median of the search. Waiting for 95 of the 100 cuts the tail off; so does asking a second replica of those
-- leaves that are later than their P95, for some 5 % more calls. The paper's searches are slower still (P50 40 ms, P99 140 ms), as its
-- leaves share machines and their slowness is not independent: compare trends, not figures.
--   nines run tail_at_scale --plot --out out/tail;   nines compare tail_at_scale base hedged
local k = knobs {
  rps    = { 50,    "searches/s", min = 1 },
  leaves = { 100,   "leaves that each search asks", min = 1, integer = true },
  enough = { 1.00,  "share of the answers that is waited for", min = 0.01, max = 1 },
  hedge  = { false, "ask again those leaves that are later than their P95" },
}

local leaf = delay { name = "leaf", time = lognormal { p50 = "1ms", p99 = "10ms" } }
if k.hedge then leaf = hedge { name = "hedge", percentile = 0.95, leaf } end

return scenario {
  title    = "The tail at scale",
  workload = open { name = "searches", rate = k.rps },
  entry    = fanout { name = "root", copies = k.leaves, wait_for = "quorum", quorum = math.ceil(k.enough * k.leaves), leaf },
  run      = { warmup = "16s", duration = "60s", replications = 6 },
  cases    = {
    one      = { leaves = 1, rps = 5000 },
    most     = { enough = 0.95 },
    hedged   = { hedge = true },
  },
  claims   = {
    claim { "the P99 of a leaf is 10 ms", "latency.p99 = 10ms +- 3%", case = "one" },
    claim { "its P95 is 5 ms", "latency.p95 = 5.1ms +- 3%", case = "one" },
    claim { "a search is about as fast", "latency.p50 < 5ms", expect = "fails",
            because = "the median of a search is the 99.3rd percentile of a leaf: 0.5^(1/100)" },
    claim { "the median of a search is beyond the P99 of a leaf", "latency.p50 > 10ms" },
    claim { "waiting for 95 of 100 halves the P99", "latency.p99{case=most} < 50% * latency.p99{case=base}" },
    claim { "so do hedges", "latency.p99{case=hedged} < 50% * latency.p99{case=base}" },
    claim { "for some 5 % more calls", "leaf:offered{case=hedged} < 106% * leaf:offered{case=base}" },
  },
}
