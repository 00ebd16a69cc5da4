-- A region is lost: how long are its users without service?   (oracle B14)
-- Three things add up. The health check needs `threshold` failures in a row: the first comes within an interval, 5 s in the mean, the third
-- 20 s later. The new answer has to spread. And clients go on by the old one until its time to live is over: 30 s in the mean, 60 s for the
-- last. So the average user is away for 55 s and the last one for at most 90 s, although the check is done after 30 s: look at the goodput
-- of the phases, at gslb:stale (requests that still go by the old answer), and at `fast` and `anycast`, which take out one part each. After
-- the repair the way back takes as long again, but nobody suffers from it. A region that comes and goes is worse than one that is gone:
-- healthy_threshold decides how long it has to stay up before users are sent there again.
local k = knobs {
  ttl       = { "60s", "how long clients keep an answer" },
  interval  = { "10s", "between probes" },
  threshold = { 3, "failed probes in a row", integer = true, min = 1 },
  healthy   = { 2, "good probes in a row until it may serve again", integer = true, min = 1 },
  ignore    = { 0, "share of clients that never ask again", min = 0, max = 1 },
}
local function site(name)
  return region { name = name, station { name = "app", servers = 8, service = exponential { mean = "20ms" } } }
end
local gslb = geo { name = "gslb", site "eu", site "us", rtt = { us_eu = "80ms" }, ignore_ttl = k.ignore }
local flaps = {}
for i = 0, 5 do -- 35 s down, 13 s up
  flaps[#flaps + 1] = down { "eu", from = 120 + 48 * i, to = 155 + 48 * i }
end
local function with(list, knobs)
  for name, value in pairs(knobs) do list[name] = value end
  return list
end
local function lost() return { down { "eu", phase = "loss" } } end

return scenario {
  title    = "Failover by DNS",
  workload = open { name = "users", region = "eu", rate = 50 },
  entry    = gslb,
  agents   = { health_check { name = "probe", of = gslb, interval = k.interval, initial_jitter = k.interval, timeout = "1s",
                              unhealthy_threshold = k.threshold, healthy_threshold = k.healthy, ttl = k.ttl } },
  run      = { warmup = "10s", duration = "600s", replications = 60 },
  phases   = { before = { "0s", "120s" }, loss = { "120s", "420s" }, moved = { "210s", "420s" }, back = { "520s", "600s" } },
  cases    = {
    dns     = lost(),
    fast    = with(lost(), { threshold = 1 }),
    anycast = with(lost(), { ttl = 0 }),
    sticky  = with(lost(), { ignore = 0.1 }),
    eager   = with({ table.unpack(flaps) }, { ttl = 0, healthy = 1 }),
    patient = with({ table.unpack(flaps) }, { ttl = 0, healthy = 3 }),
  },
  claims   = {
    claim { "it is found out within 30 s", "fraction(probe:first_unhealthy{phase=loss} < 30.1s) > 90%", case = "dns" },
    claim { "after 25 s in the mean", "probe:first_unhealthy{phase=loss} = 25s +- 4%", case = "dns" },
    claim { "so users are away for 25 s", "availability{phase=loss} > 91%", case = "dns", expect = "fails",
            because = "they keep the old answer for up to 60 s more, 30 s in the mean: 55 s of 300 s are lost" },
    claim { "they are away for 55 s in the mean", "availability{phase=loss} = 81.67% +- 1%", case = "dns" },
    claim { "and all are back after 90 s", "availability{phase=moved} > 99.99%", case = "dns" },
    claim { "they pay the way to the other region", "latency.p50{phase=moved} > 80ms", case = "dns" },
    claim { "until they return", "latency.p50{phase=back} < 105% * latency.p50{phase=before}", case = "dns" },
    claim { "one failure instead of three saves 20 s", "availability{phase=loss} = 88.33% +- 1%", case = "fast" },
    claim { "without records half of it is gone", "availability{phase=loss} = 91.67% +- 1%", case = "anycast" },
    claim { "a client that never asks again is lost as long as the region", "availability{phase=moved} = 90% +- 1%", case = "sticky" },
    claim { "a region that comes and goes is soon left", "availability{phase=loss} > 80%", case = "eager", expect = "fails",
            because = "one good probe brings all users back, and each time it takes 20 s to 30 s to find out that it was for nothing" },
    claim { "one that has to prove itself does less harm", "availability{phase=loss} > 80%", case = "patient" },
  },
}
