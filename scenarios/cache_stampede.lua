-- A cache in front of a slow origin: what happens when a hot entry expires, and when all entries are lost?
--
-- What to see: the cache answers more than 95 % of the calls, so an origin that can do 100/s looks idle behind 1,000 requests/s. But while
-- an expired entry is being fetched everybody misses it: for the hottest page some 40 calls go to the origin in those 250 ms, each for
-- the same answer (a stampede, or dogpile). After a flush all pages do that at once, and the origin's queue is seconds long. Single
-- flight lets one call fetch and the others wait for its answer; stale-while-revalidate lets nobody wait for an expired entry at all,
-- but has nothing to give after a flush: the two belong together.
--   nines run cache_stampede --case flushed --plot --out out/stampede
local k = knobs {
  rps      = { 1000,  "requests/s", min = 1 },
  coalesce = { false, "single flight: one call fetches, the others wait for it" },
  stale    = { "0s",  "stale-while-revalidate: so long an expired entry is still given", min = 0 },
}

local origin = station { name = "origin", servers = 25, service = lognormal { mean = "250ms", cv = 0.3 } }   -- 100 calls/s

return scenario {
  title    = "Cache stampede",
  workload = open { name = "readers", rate = k.rps, facts = { page = zipf { n = 2000, s = 1.1 } } },
  entry    = cache { name = "cache", key = "page", capacity = 2000, prefill = 2000, lookup = "1ms",
                     ttl = uniform { "48s", "72s" },            -- jitter: entries do not expire together
                     coalesce = k.coalesce, stale_while_revalidate = k.stale, origin },
  run      = { warmup = "60s", duration = "180s", replications = 5 },
  phases   = { calm = { "0s", "60s" }, fault = { "60s", "75s" } },
  cases    = {
    single_flight  = { coalesce = true },
    revalidate     = { stale = "60s", coalesce = true },
    flushed        = { flush { "cache", from = "60s" } },
    flushed_single = { coalesce = true, flush { "cache", from = "60s" } },
    flushed_both   = { coalesce = true, stale = "60s", flush { "cache", from = "60s" } },
  },
  claims   = {
    claim { "the cache answers 95 %", "cache:hit_ratio{phase=calm} > 95%" },
    claim { "single flight spares the origin a tenth of its work", "origin:offered{phase=calm,case=single_flight} < 90% * origin:offered{phase=calm,case=base}" },
    claim { "a flush makes readers wait for seconds", "latency.p99{phase=fault} > 1s", case = "flushed" },
    claim { "and the origin fetches most pages more than once", "origin:offered{phase=fault,case=flushed} > 2 * origin:offered{phase=fault,case=flushed_single}" },
    claim { "with single flight they wait for the origin to fetch each page once", "latency.p99{phase=fault,case=flushed_single} < 50% * latency.p99{phase=fault,case=flushed}" },
    claim { "with stale answers a calm reader never waits", "latency.p99{phase=calm} < 10ms", case = "revalidate" },
    claim { "nor does one after a flush", "latency.p99{phase=fault} < 10ms", case = "flushed_both", expect = "fails",
            because = "a flush leaves nothing stale to give: the first fetch of each page is waited for, as with single flight alone" },
  },
}
