-- A model wants ten groups of features, read from an online store that batch jobs fill. The store may be slow or down, and jobs may be
-- late. Reads that take longer than 20 ms are not waited for: what is missing is imputed with the median of the training data. An answer
-- of which more than 30 % is imputed is no answer: it fails fast, or default features stand in, or those that were last read.   (A13)
--
-- What to see: availability, quality and latency.p99 in the phase of the fault. A timeout bounds what a slow store costs in time, and the
-- breaker takes even that away; what is left is the choice between no answer and a worse one. A job that is late does not show for a
-- long while: values grow old (skew) until they reach their time to live, and then all of them are missing at once (Feast gives
-- nothing for a row that is older than the ttl of its view). Three groups lost is a worse answer, four is an outage.
--
-- The 30 % and the median are given. All other figures are assumptions of the usual order, but the period of the jobs: it is hours in life.
local k = knobs {
  rps      = { 200,    "requests/s", min = 0 },
  groups   = { 10,     "groups of features", integer = true, min = 1 },
  patience = { "20ms", "how long the model waits for features" },
  missing  = { 0.3,    "share of the features that may be imputed", min = 0, max = 1 },
  lost     = { "fail", "when more than that is missing", choices = { "fail", "defaults", "last_read" } },
  breaker  = { 1,      "1: a breaker spares the requests the waiting", integer = true, min = 0, max = 1 },
  period   = { 20,     "s between two runs of a job that writes a group", min = 1 },
  ttl      = { 60,     "s after which a value counts as missing", min = 1 },
  old      = { 0.97,   "worth of a group whose job is late, beside a fresh one: the price of skew", min = 0, max = 1 },
}
local from, to = 40, 100                                         -- s: of the fault

-- A group: in time, as a late job leaves it, or older than its ttl.
local function group()
  local table = station { name = "table", servers = 16, service = lognormal { p50 = "3ms", p99 = "12ms" } }
  return split { name = "age", weights = { fresh = 1, late = 0, expired = 0 }, to = {
    fresh   = table,
    late    = chain { name = "late", table, degraded { name = "skew", quality = k.old } },
    expired = fail { name = "no_row", after = "1ms" } } }
end

-- A missing feature takes its share from the worth of the answer.
local read = fanout { name = "read", partial_after = k.patience, min_share = 1 - k.missing, cancel_losers = false,
  replicas { name = "group", count = k.groups, build = group } }
if k.breaker == 1 then
  read = breaker { name = "breaker", sliding_window_size = 50, minimum_number_of_calls = 50,
    wait_duration_in_open_state = "1s", permitted_number_of_calls_in_half_open_state = 5, read }
end
-- The store is asked every time; what it said last is for when it fails.
read = cache { name = "last_read", key = "user_id", capacity = 20000, ttl = "1ms", stale_quality = 0.9,
  stale_if_error = k.lost == "last_read" and "10m" or "0s", read }
if k.lost ~= "fail" then
  read = fallback { name = "instead", read, degraded { name = "defaults", quality = 0.6 } }
end

-- Jobs run every period, the last one in time at `from`: the next ones are late until `to`.
local function jobs_late(groups)
  local who = "group[1.." .. groups .. "].age:weights"
  return set { who, { fresh = 0, late = 1, expired = 0 }, from = from + k.period, to = from + k.ttl },
         set { who, { fresh = 0, late = 0, expired = 1 }, from = from + k.ttl, to = from + k.ttl + 20 }
end

return scenario {
  title    = "Feature store",
  workload = open { name = "clients", rate = k.rps, facts = { user_id = zipf { n = 1e5, s = 1 } } },
  entry    = chain { read, station { name = "model", servers = 8, service = gamma { mean = "10ms", cv = 0.5 } } },
  run      = { warmup = "10s", duration = "150s", replications = 3 },
  phases   = { before = { 0, from }, fault = { from, to }, old = { from + k.period, from + k.ttl }, gone = { from + k.ttl, from + k.ttl + 20 },
               after = { to + 25, 150 } },
  cases    = {
    slow          = { slow { "group[*].table", factor = 10, from = from, to = to } },
    slow_waited   = { slow { "group[*].table", factor = 10, from = from, to = to }, breaker = 0 },
    slow_defaults= { slow { "group[*].table", factor = 10, from = from, to = to }, lost = "defaults" },
    slow_last     = { slow { "group[*].table", factor = 10, from = from, to = to }, lost = "last_read" },
    down          = { down { "group[*].table", from = from, to = to }, lost = "defaults" },
    group_down    = { down { "group[1].table", from = from, to = to } },
    late_3        = { jobs_late(3) },
    late_4        = { jobs_late(4) },
  },
  claims   = {
    claim { "calm: hardly anything is imputed", "quality > 99.9%" },
    claim { "though ten groups make ten chances to be late", "share{outcome=degraded} > 0.5%" },
    claim { "a timeout is enough against a slow store", "availability{phase=fault} > 99%", case = "slow", expect = "fails",
            because = "ten times slower, three groups in four take longer than 20 ms, and at most three in ten may be missing" },
    claim { "failing is fast", "in_flight{phase=fault} < 10% * in_flight{phase=before}", case = "slow" },
    claim { "by the breaker, not by the timeout", "in_flight{phase=fault} > 10 * in_flight{phase=fault,case=slow}", case = "slow_waited" },
    claim { "with default features nobody is without an answer", "availability{phase=fault} > 99.9%", case = "slow_defaults" },
    claim { "nor waits much longer than before", "latency.p99{phase=fault} < 130% * latency.p99{phase=before}", case = "slow_defaults" },
    claim { "but the answers are worth 60 %", "quality{phase=fault} = 60% +- 1%", case = "slow_defaults" },
    claim { "what was last read is worth more than defaults",
            "quality{phase=fault} > 120% * quality{phase=fault,case=slow_defaults}", case = "slow_last" },
    claim { "even though it is half a minute old", "last_read:staleness{phase=fault} > 30s", case = "slow_last" },
    claim { "and as fresh as ever when the store is back", "quality{phase=after} > 99.9%", case = "slow_last" },
    claim { "a store that is down costs no more than one that is slow",
            "quality{phase=fault} > 99% * quality{phase=fault,case=slow_defaults}", case = "down" },
    claim { "one group down is imputed", "availability{phase=fault} > 99.9%", case = "group_down" },
    claim { "and costs its tenth", "quality{phase=fault} = 90% +- 1%", case = "group_down" },
    claim { "jobs that are late cost no answer at first", "availability{phase=old} > 99.9%", case = "late_4" },
    claim { "only skew", "quality{phase=old} > 98%", case = "late_4" },
    claim { "three groups beyond their ttl are imputed", "availability{phase=gone} > 99%", case = "late_3" },
    claim { "they cost nobody an answer", "availability{phase=gone} > 99.9%", case = "late_3", expect = "fails",
            because = "the 30 % are used up: any of the other seven that is slow makes four, for 7 x 0.07 % of the requests" },
    claim { "four can be imputed as well", "availability{phase=gone} > 99%", case = "late_4", expect = "fails",
            because = "40 % of the features are missing for everybody, all at once" },
  },
}
