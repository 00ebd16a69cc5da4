-- A rush of ten seconds, then the usual load: when is the service good again?
-- Users wait two seconds and leave, but a deep queue keeps their requests. First come, first served then means to answer only people who
-- have left, at full load, for as long as the backlog lasts.
-- Newest first serves those who still wait; a limit on waiting throws away what nobody waits for.
-- What to see: in the FIFO queue goodput falls to nothing while every server is busy, for a minute and a half after the rush. Newest first
-- saves goodput and leaves the dead in the queue, and CoDel does not find them: it looks at those who are served, who have just come.
-- The queue timeout looks at the queue itself; it and newest first, as at Facebook, keep both goodput and a short queue.
local k = knobs {
  order = { "fifo", "who is served next", choices = { "fifo", "adaptive_lifo" } },
  codel = { "no", "who is dropped from the queue", choices = { "no", "folly", "queue_timeout" } },
  rush  = { 3, "times the capacity that comes in the rush", min = 0 },
}
local capacity = 500 -- requests/s: 10 servers, 20 ms each

return scenario {
  title    = "A deep queue against newest first",
  workload = open { name = "users", rate = 0.8 * capacity },
  entry    = timeout { after = "2s", on_expiry = "abandon",
    station { name = "service", servers = 10, service = exponential { mean = "20ms" }, discipline = k.order,
      queue = { codel = k.codel } } },
  run      = { warmup = "20s", duration = "200s", replications = 10 },
  phases   = { before = { "0s", "20s" }, rush = { "20s", "30s" }, after = { "30s", "90s" }, late = { "170s", "200s" } },
  faults   = { set { "users:rate", k.rush * capacity, phase = "rush" } },
  cases    = {
    lifo     = { order = "adaptive_lifo" },
    codel    = { codel = "folly" },
    both     = { order = "adaptive_lifo", codel = "folly" },
    facebook = { order = "adaptive_lifo", codel = "queue_timeout" },
  },
  claims   = {
    claim { "a queue of any depth loses nobody: 390 of 400 requests/s are answered in time after the rush", "goodput{phase=after} > 390",
            expect = "fails", because = "10,000 requests wait when it ends; 500/s are served and 400/s come, so the backlog lasts for 100 s" },
    claim { "though the servers work as hard as they can", "service:utilization{phase=after} > 99%" },
    claim { "in the end it is as before", "goodput{phase=late} > 390" },
    claim { "newest first: those who come after the rush are answered", "goodput{phase=after} > 390", case = "lifo" },
    claim { "and as many as can be during it", "goodput{phase=rush} > 450", case = "lifo" },
    claim { "but thousands stay in the queue for a minute", "service:queue{phase=after} > 2000", case = "lifo" },
    claim { "CoDel alone keeps the queue short", "service:queue{phase=after} < 20", case = "codel" },
    claim { "and loses 1 % outside the rush", "goodput{phase=after} > 390", case = "codel" },
    claim { "newest first and CoDel keep it short as well", "service:queue{phase=after} < 20", case = "both", expect = "fails",
            because = "the newest has hardly waited: CoDel sees no wait above its target, and drops nobody" },
    claim { "newest first and a timeout of the queue do", "service:queue{phase=after} < 20", case = "facebook" },
    claim { "and all is well during the rush", "goodput{phase=rush} > 450", case = "facebook" },
    claim { "and after it", "goodput{phase=after} > 390", case = "facebook" },
  },
}
