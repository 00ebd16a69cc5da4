-- Three thousand users come back at the same moment: how long until all of them are served?
-- They were cut off for twenty seconds. The service could take them in eight, but its queue has room for a few hundred: the others are
-- refused, and try again. Without jitter they all do so at the same moments, and all but a few hundred are refused again, while the
-- service has nothing to do in between.
-- What to see: the attempts come in waves, of which each is the whole herd less what found room in the last one. Jitter spreads them, so
-- that the servers always have work and nobody is refused for long. Exponential pauses alone only move the waves apart.
local k = knobs {
  users   = { 3000, "users, of whom each asks every ten seconds", integer = true, min = 1 },
  backoff = { "exponential", "how the pauses between attempts grow", choices = { "fixed", "exponential", "full_jitter", "equal_jitter" } },
  room    = { 300, "requests that may wait in the service", integer = true, min = 0 },
}

return scenario {
  title    = "Thundering herd",
  workload = closed { name = "users", users = steps { { "0s", k.users }, { "40s", 0 }, { "60s", k.users } }, think = exponential { mean = "10s" } },
  entry    = retry { max_attempts = 20, retry_on = { "error" }, backoff = { kind = k.backoff, base = "1s", cap = "8s" },
    station { name = "service", servers = 4, service = exponential { mean = "10ms" }, queue = { limit = k.room } } },
  run      = { warmup = "80s", duration = "160s", replications = 10 },
  phases   = { before = { "0s", "40s" }, back = { "60s", "61s" }, first = { "60s", "75s" }, after = { "140s", "160s" } },
  cases    = {
    fixed = { backoff = "fixed" },
    full  = { backoff = "full_jitter" },
    equal = { backoff = "equal_jitter" },
    room  = { room = 3000 },
  },
  claims   = {
    claim { "3,000 requests are 7.5 s of work: 99 % of the herd are served within 15 s", "latency.p99{phase=back} < 15s", expect = "fails",
            because = "they come in waves 1, 2, 4 and 8 s apart, and each wave finds room for 300 and some" },
    claim { "the servers are idle for half of that time", "service:utilization{phase=first} < 55%" },
    claim { "with full jitter they are", "latency.p99{phase=back} < 15s", case = "full" },
    claim { "it makes the mean four times as short", "latency.mean{phase=back,case=full} < 25% * latency.mean{phase=back,case=base}" },
    claim { "and the servers busy", "service:utilization{phase=first} > 85%", case = "full" },
    claim { "half as much jitter is nearly as good", "latency.p99{phase=back} < 15s", case = "equal" },
    claim { "waves alone do no harm where they are as short as the work they bring", "latency.p99{phase=back} < 15s", case = "fixed" },
    claim { "a queue for all of them needs no second attempt", "latency.p99{phase=back} < 8s", case = "room" },
    claim { "nobody is lost", "availability > 99.9%" },
    claim { "and in the end all is as before", "latency.p99{phase=after} < 150% * latency.p99{phase=before}" },
  },
}
