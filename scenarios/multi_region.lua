-- Active-active in three regions: what does it take to survive the loss of one?   (whiteboard A15)
-- Each region has a store of embeddings behind a cache, and pods. Users go to the nearest region that a health check believes healthy;
-- what is written in us reaches the other stores about a second later. The cases break one thing each. `loss`: eu is gone for five minutes;
-- its users lose what detection and DNS take (failover.lua takes that apart) and are then served in us, 80 ms farther: look at
-- us.pod[*].model:utilization and at phase `detect`. `overload` is the same with pods for one region's own users and little more: us, which
-- is nearest to eu, gets all of them, its queue holds up the probes as well, and so us is taken out too and everybody goes to ap: look at
-- ap:offered and probe:unhealthy. `partial`: half of eu's pods fail. least_request even prefers those, as they refuse at once; and the
-- region comes and goes, as a probe is one request. Checks of the pods themselves (`checked`) help. `cut`: the link from us to eu is gone:
-- users notice nothing, the copy grows old, and is young again soon after. `resident`: data of eu may not leave it.
local k = knobs {
  rps      = { 150, "requests/s born in each region", min = 1 },
  pods     = { 12, "pods a region", integer = true, min = 1 },
  ttl      = { "60s", "DNS time to live" },
  lag      = { "1s", "mean replication lag" },
  writes   = { 1, "embeddings written a second" },
  checked  = { false, "health checks of eu's pods" },
  resident = { false, "requests born in eu may only be served there" },
}
local regions, users = {}, {}
for _, r in ipairs { "us", "eu", "ap" } do
  regions[#regions + 1] = region { name = r, chain {
    cache { name = "emb", hit_ratio = 0.9, lookup = "1ms", station { name = "store", servers = 8, service = exponential { mean = "4ms" } } },
    balance { name = "lb", policy = "least_request",
      replicas { name = "pod", count = k.pods, price = { vcpu = 1 }, build = function()
        return station { name = "model", servers = 1, service = lognormal { mean = "20ms", cv = 0.5 } } end } } } }
  users[#users + 1] = open { name = r .. "_users", region = r, rate = k.rps }
end
local gslb = geo { name = "gslb", policy = "nearest", regions, rtt = { us_eu = "80ms", us_ap = "150ms", eu_ap = "220ms" },
                   residency = k.resident and { eu = { "eu" } } or nil }
local agents = {
  health_check { name = "probe", of = gslb, interval = "10s", unhealthy_threshold = 3, healthy_threshold = 2, timeout = "2s", ttl = k.ttl },
  replication { name = "copy", from = "us.store", to = { "eu.store", "ap.store" }, lag = exponential { mean = k.lag }, writes = k.writes },
  alert { name = "page", when = "availability{region=eu} < 99%", window = "60s" },
}
if k.checked then
  agents[#agents + 1] = health_check { name = "pods", of = "eu.lb", interval = "5s", unhealthy_threshold = 2, timeout = "1s" }
end
local half = "eu.pod[1.." .. k.pods // 2 .. "]"
return scenario {
  title    = "Active-active in three regions",
  workload = users,
  entry    = gslb,
  agents   = agents,
  run      = { warmup = "30s", duration = "600s", replications = 10 },
  phases   = { before = { "0s", "120s" }, fault = { "120s", "420s" }, detect = { "120s", "210s" }, moved = { "210s", "420s" },
               back = { "510s", "600s" } },
  cases    = {
    loss     = { down { "eu", phase = "fault" } },
    overload = { down { "eu", phase = "fault" }, pods = 5 },
    resident = { down { "eu", phase = "fault" }, resident = true },
    partial  = { down { half, phase = "fault" } },
    checked  = { down { half, phase = "fault" }, checked = true },
    cut      = { down { "us -> eu", phase = "fault" } },
  },
  claims   = {
    claim { "embeddings are under 5 s stale", "copy:staleness.p99 < 5s" },
    claim { "the loss is survived", "availability{region=eu,phase=moved} > 99.9%", case = "loss" },
    claim { "without a dent", "availability{region=eu,phase=fault} > 99%", case = "loss", expect = "fails",
            because = "20-30 s until three probes have failed, and 30 s in the mean until a client asks again: a sixth of the five minutes" },
    claim { "we are paged within 30 s", "page:first_fired{phase=fault} < 30s", case = "loss" },
    claim { "the rest never notices", "latency.p99{region=us,phase=moved} < 110% * latency.p99{region=us,phase=before}", case = "loss", expect = "fails",
            because = "at half its capacity instead of a quarter one call in four finds both pods it drew busy; before it was one in fifteen" },
    claim { "it notices little", "latency.p99{region=us,phase=moved} < 130% * latency.p99{region=us,phase=before}", case = "loss" },
    claim { "survivors stay under 80 %", "max(us.pod[*].model:utilization{phase=moved}) < 80%", case = "loss" },
    claim { "eu's users pay the ocean", "latency.p50{region=eu,phase=moved} > 80ms", case = "loss" },
    claim { "and are home again in the end", "latency.p50{region=eu,phase=back} < 105% * latency.p50{region=eu,phase=before}", case = "loss" },
    claim { "pods for the own users are enough", "latency.p99{region=us,phase=moved} < 1s", case = "overload", expect = "fails",
            because = "5 servers at 50/s take 250 requests/s, and us gets 300 of them: its queue grows for minutes" },
    claim { "the region far away is left in peace", "latency.p99{region=ap,phase=moved} < 110% * latency.p99{region=ap,phase=before}", case = "overload", expect = "fails",
            because = "probes wait in the queue of us like everybody, so us is taken out as well and ap gets 450 requests/s for its 250" },
    claim { "data that has to stay is refused elsewhere", "share{region=eu,outcome=invalid,phase=moved} > 99%", case = "resident" },
    claim { "half a region is better than none", "availability{region=eu,phase=fault} > availability{case=loss,region=eu,phase=fault}", case = "partial", expect = "fails",
            because = "it loses less when all of it is gone: one probe in a few is answered, and two in a row bring the users back to pods that refuse three calls in four" },
    claim { "checks of the pods heal it", "availability{region=eu,phase=fault} > 95%", case = "checked" },
    claim { "nobody notices a cut of the link", "availability{phase=fault} > 99.99%", case = "cut" },
    claim { "and the copy stays young", "copy:staleness.p99{phase=fault} < 5s", case = "cut", expect = "fails",
            because = "eu misses all that has been written since the cut: at its end what is five minutes old" },
    claim { "it catches up", "copy:staleness.p99{phase=back} < 6s", case = "cut" },
  },
}
