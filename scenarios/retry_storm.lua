-- A service at 80 % load is ten times slower for ten seconds. Does goodput come back by itself?
--
-- What to see: while it is slow every call times out, and is tried again, up to four times. After the ten seconds the service has its
-- full speed, but its queue is full of calls whose callers have left: it does only work that nobody waits for, all new calls time out
-- in that queue, and their retries keep it full. The trigger is gone, the storm stays (a metastable failure: Bronson et al., HotOS 2021).
-- A collapse can sustain itself where load x attempts > capacity, here above 250/s of 1,000/s; a budget for retries, or work that ends
-- when its caller leaves, takes the multiplication away; taking only what waits out of the queue does not help (case drop). Near the threshold it is a matter of chance: compare fractions of runs.
--   nines run retry_storm --plot --out out/storm;   nines compare retry_storm base budget
local k = knobs {
  load      = { 0.8, "offered load / capacity", min = 0 },
  budget    = { -1,  "retries per first try; -1: no budget", min = -1, max = 1 },
  attempts  = { 4,   "attempts in all", min = 1, integer = true },
  on_expiry = { "abandon", "what a timeout does below", choices = { "abandon", "drop_queued", "stop" } },
  servers   = { 50,  "servers of 20 calls/s each", min = 1, integer = true },
  trigger   = { 10,  "seconds that it is slow", min = 0.1 },
}

local backend = station { name = "backend", servers = k.servers, service = exponential { mean = "50ms" }, queue = { limit = 100000 } }

return scenario {
  title    = "Retry storm",
  workload = open { name = "clients", rate = k.load * k.servers / 0.050 },
  entry    = retry { max_attempts = k.attempts, backoff = { kind = "full_jitter", base = "50ms", cap = "1s" },
                     budget = { ratio = k.budget, min_per_second = 10 },
                     timeout { after = "500ms", on_expiry = k.on_expiry, backend } },
  faults   = { slow { "backend", factor = 10, from = "60s", to = 60 + k.trigger } },
  run      = { warmup = "10s", duration = "200s", replications = 6 },
  phases   = { before = { "0s", "60s" }, during = { "60s", "70s" }, after = { "150s", "200s" } },
  cases    = {
    one_each = { budget = 1 },
    budget   = { budget = 0.1 },
    stop     = { on_expiry = "stop" },
    drop     = { on_expiry = "drop_queued" },
    at_20    = { load = 0.20 },
    at_30    = { load = 0.30 },
    two      = { load = 0.40, attempts = 2 },
    three    = { load = 0.40, attempts = 3 },
    edge     = { load = 0.30, servers = 5, trigger = 1 },
    over     = { load = 0.30, servers = 5, trigger = 2 },
  },
  claims   = {
    claim { "the storm outlives its trigger", "goodput{phase=after} < 20% * goodput{phase=before}" },
    claim { "every client tries four times", "retry:attempts_per_call{phase=after} > 3.9" },
    claim { "also with a budget of one retry for each first try", "retry:attempts_per_call{phase=after} > 3.9", case = "one_each",
            expect = "fails", because = "such a budget allows two attempts for each call (and 10 retries/s besides)" },
    claim { "which is no cure at this load", "goodput{phase=after} < 20% * goodput{phase=before}", case = "one_each" },
    claim { "a 10 % budget recovers", "goodput{phase=after} > 95% * goodput{phase=before}", case = "budget" },
    claim { "so does cancellation", "goodput{phase=after} > 95% * goodput{phase=before}", case = "stop" },
    claim { "and taking out what has not begun", "goodput{phase=after} > 95% * goodput{phase=before}", case = "drop", expect = "fails",
            because = "first come, first served: what is begun has waited for nearly the 500 ms of its caller, and is too late when it is done" },
    claim { "budget beats none", "goodput{phase=after,case=budget} > 2 * goodput{phase=after,case=base}" },
    claim { "below capacity / attempts it recovers", "goodput{phase=after} > 95% * goodput{phase=before}", case = "at_20" },
    claim { "above it does not", "goodput{phase=after} < 20% * goodput{phase=before}", case = "at_30" },
    claim { "two attempts move the threshold to half of the capacity", "goodput{phase=after} > 95% * goodput{phase=before}", case = "two" },
    claim { "three do not move it far enough", "goodput{phase=after} < 20% * goodput{phase=before}", case = "three" },
    claim { "a small service after one second at 30 % load may recover", "fraction(goodput{phase=after} > 50% * goodput{phase=before}) > 30%",
            case = "edge" },
    claim { "or may not", "fraction(goodput{phase=after} > 50% * goodput{phase=before}) < 90%", case = "edge" },
    claim { "after two seconds it hardly ever does", "fraction(goodput{phase=after} > 50% * goodput{phase=before}) < 10%", case = "over" },
  },
}
