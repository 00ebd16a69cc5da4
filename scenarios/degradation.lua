-- A ladder of answers: the full model, a smaller one, an old answer, rules, and only then an error. What do users get at half, once, twice
-- and four times what the full model can do, and what is each rung worth? And what keeps a rung from dragging the others down?   (D4)
--
-- What to see: goodput and quality, which multiply. At four times its capacity the full model alone brings 400 good answers/s; the
-- smaller model adds nearly a thousand worth 0.9, old answers half of the rest, worth 0.7, and rules the other half, worth 0.4, so that nobody is refused.
-- All depends on how a rung refuses. Without protection nobody gets down the ladder, as the first rung never says no. With a timeout
-- alone everybody does, late, and the full model works for nobody: its queue is full of those who have left. A breaker
-- turns it off for most of the time instead. A bulkhead lets in what it can do, and is all that an overload needs; but it does not know
-- of time: when the model is slow it keeps those it has let in, which is what timeouts are for, and breakers spare users the waiting, and
-- the model the work for those who have left.
--
-- The rungs are given. Capacities, worths and times are assumptions of the usual order.
local k = knobs {
  load  = { 2,     "offered load over the capacity of the full model", min = 0 },
  rungs = { 3,     "rungs below the full model: 1 smaller model, 2 cached answers, 3 rules", integer = true, min = 0, max = 3 },
  guard = { "all", "what protects each rung", choices = { "none", "bulkhead", "timeout", "breaker", "all" } },
  known = { 0.5,   "share of requests for which an old answer is kept", min = 0, max = 1 },
}
local servers, capacity = 20, 400                                -- full model: 20 servers, 50 ms each

local function guarded(name, inside, inner)
  local bulk, patient = k.guard == "bulkhead" or k.guard == "all", k.guard ~= "none" and k.guard ~= "bulkhead"
  if bulk then inner = bulkhead { name = name .. "_bulkhead", max_concurrent_calls = inside, inner } end
  if patient then inner = timeout { name = name .. "_timeout", after = "200ms", on_expiry = "abandon", inner } end
  if patient and k.guard ~= "timeout" then
    inner = breaker { name = name .. "_breaker", wait_duration_in_open_state = "5s", inner }
  end
  return inner
end

local function worth(name, quality, ...)
  return chain { name = name, ..., degraded { name = name .. "_worth", quality = quality } }
end

local full = guarded("full", 30, station { name = "model", servers = servers, service = gamma { mean = "50ms", cv = 0.5 } })
local rungs = {
  worth("smaller", 0.9, guarded("small", 15, station { name = "small_model", servers = 10, service = gamma { mean = "10ms", cv = 0.5 } })),
  worth("cached", 0.7, cache { name = "answers", hit_ratio = k.known, lookup = "2ms", fail { name = "unknown" } }),
  worth("rules", 0.4, station { name = "cpu", servers = 4, service = "1ms", queue = { limit = 40 } }),
}
local entry = full
if k.rungs > 0 then entry = fallback { name = "ladder", full, table.unpack(rungs, 1, k.rungs) } end

local slow_model = slow { "model", factor = 20, phase = "fault" }      -- 50 ms become a second

return scenario {
  title    = "Degradation",
  workload = open { name = "users", rate = k.load * capacity, deadline = "500ms" },
  entry    = entry,
  run      = { warmup = "20s", duration = "60s", replications = 3 },
  phases   = { before = { "0s", "20s" }, fault = { "20s", "40s" }, after = { "45s", "60s" } },
  cases    = {
    half = { load = 0.5 }, one = { load = 1 }, four = { load = 4 },
    four_alone = { load = 4, rungs = 0 }, four_smaller = { load = 4, rungs = 1 }, four_cached = { load = 4, rungs = 2 },
    unguarded = { guard = "none" }, timeout = { guard = "timeout" }, four_timeout = { guard = "timeout", load = 4 },
    breaker = { guard = "breaker" }, bulkhead = { guard = "bulkhead" },
    slow = { load = 0.8, slow_model }, slow_timeout = { load = 0.8, guard = "timeout", slow_model },
    slow_bulkhead = { load = 0.8, guard = "bulkhead", slow_model },
  },
  claims   = {
    claim { "at half its capacity the full model answers all", "quality > 99.9%", case = "half" },
    claim { "at capacity hardly anybody gets less", "quality > 99%", case = "one" },
    claim { "at twice the capacity everybody is answered", "availability > 99.9%" },
    claim { "half of them by the smaller model", "quality = 95% +- 1%" },
    claim { "without the ladder a full model at four times its capacity does what it can", "goodput = 400 +- 3%", case = "four_alone" },
    claim { "the smaller model triples that", "goodput > 3 * goodput{case=four_alone}", case = "four_smaller" },
    claim { "old answers do for half of the rest", "goodput > 105% * goodput{case=four_smaller}", case = "four_cached" },
    claim { "rules leave nobody without an answer", "availability > 99.9%", case = "four" },
    claim { "the answers are still worth 87 %", "quality = 87% +- 1%", case = "four" },
    claim { "and all in time", "latency.p99 < 200ms", case = "four" },
    claim { "a ladder needs no protection", "goodput > 90% * goodput{case=base}", case = "unguarded", expect = "fails",
            because = "the first rung never refuses: its queue grows without end, and nobody gets to the second" },
    claim { "a timeout sends users down the ladder", "goodput > 97% * goodput{case=base}", case = "timeout" },
    claim { "those whom the full model cannot serve", "quality > 94%", case = "timeout", expect = "fails",
            because = "all of them: it works through the queue of those who have left, and no answer of its own comes in time" },
    claim { "at four times the capacity that is dear", "quality < 60%", case = "four_timeout" },
    claim { "a breaker brings the full model back", "quality > 94%", case = "breaker", expect = "fails",
            because = "it opens for 5 s whenever the queue has grown, and between two such times the model stands idle" },
    claim { "a bulkhead does", "quality > 94%", case = "bulkhead" },
    claim { "it is all that overload needs", "goodput > 99% * goodput{case=base}", case = "bulkhead" },
    claim { "a slow model is answered for in time with all three", "goodput{phase=fault} > 97% * goodput{phase=before}", case = "slow" },
    claim { "by a bulkhead alone as well", "goodput{phase=fault} > 97% * goodput{phase=before}", case = "slow_bulkhead", expect = "fails",
            because = "those whom it let in wait for a second: 20 servers bring 20 answers/s, all of them too late" },
    claim { "by timeouts alone as well", "goodput{phase=fault} > 95% * goodput{phase=before}", case = "slow_timeout" },
    claim { "but then everybody waits", "latency.p50{phase=fault} > 200ms", case = "slow_timeout" },
    claim { "which the breaker spares them", "latency.p50{phase=fault} < 20ms", case = "slow" },
    claim { "and lets the model recover", "quality{phase=after} > 99%", case = "slow" },
    claim { "timeouts do as well", "quality{phase=after} > 99%", case = "slow_timeout", expect = "fails",
            because = "6,000 calls whose users have left still wait for it, and it has 80/s to spare: 75 s, in which all others come too late" },
  },
}
