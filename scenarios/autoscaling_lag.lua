-- Traffic trebles within a minute. When do new pods take calls, and what do users notice until then?
--
-- An autoscaler sees an average over the past, waits for its next look, and orders; then a pod has its cold start. What to see: plot
-- pod:replicas and lb:in_flight over the ramp. The HPA is minutes late, and climbs in steps: a queue does not show in utilization, which
-- says 100 % and no more, and while pods start it does not ask again. Headroom holds because the ramp fits into what is there, for twice
-- the money. Panic mode sees the calls that wait, and asks for all that they need at once; the cold start it cannot shorten. If the hour of
-- the ramp is known, a timetable is best.
local k = knobs {
  how    = { "hpa", "who scales", choices = { "hpa", "knative", "timetable", "nobody" } },
  target = { 0.8, "utilization that the HPA aims at", min = 0.1, max = 1 },
  lag    = { 30, "seconds until a reading has come through", min = 0 },
  cold   = { 90, "seconds from the order to start a pod until it takes calls", min = 0 },
}
-- A pod does 40 requests/s: the work before the ramp is that of 2.5 pods, after it of 7.5.
local count = { hpa = math.ceil(2.5 / k.target), knative = 4, timetable = 4, nobody = 8 }
local function hpa(schedule)
  return autoscaler { name = "scaler", of = "pod", algorithm = "hpa", target = k.target, min_replicas = 2, metrics_lag = k.lag, schedule = schedule }
end
local agents = {}
if k.how == "hpa" then agents = { hpa() }
elseif k.how == "timetable" then agents = { hpa { { at = "0s", min = 2 }, { at = "200s", min = 9 }, { at = "1h", min = 2 } } }
elseif k.how == "knative" then
  agents = { autoscaler { name = "scaler", of = "pod", algorithm = "knative", container_concurrency_target = 4, min_scale = 2 } }
end
return scenario {
  title    = "Autoscaling lag",
  workload = open { name = "users", rate = ramp { { 0, 100 }, { 300, 100 }, { 360, 300 } } },
  entry    = balance { name = "lb", policy = "least_request",
    replicas { name = "pod", count = count[k.how], max = 40, cold_start = k.cold, price = { vcpu = 4 }, build = function()
      return station { name = "app", servers = 4, service = exponential { mean = "100ms" } } end } },
  agents   = agents,
  run      = { warmup = "300s", duration = "1200s", replications = 6 },
  phases   = { before = { "0s", "300s" }, ramp = { "300s", "600s" }, after = { "900s", "1200s" } },
  cases    = {
    fresh     = { lag = 0 },
    quick     = { lag = 0, cold = 5 },
    headroom  = { target = 0.3 },
    panic     = { how = "knative" },
    timetable = { how = "timetable" },
    fixed     = { how = "nobody" },
  },
  slo      = { "latency.p99 < 1s" },
  claims   = {
    claim { "an HPA at 80 % keeps P99 below a second while traffic grows", "latency.p99{phase=ramp} < 1s", expect = "fails",
            because = "the 2.5 pods' work of before become 7.5 in a minute; the first new pods take calls two and a half minutes after it began" },
    claim { "users wait for more than a minute", "latency.p99{phase=ramp} > 60s" },
    claim { "ten minutes later all is well", "latency.p99{phase=after} < 1s", expect = "fails",
            because = "what waits stays with the pods that were there from the start, and two random choices still send some there" },
    claim { "though the new pods are well", "min(pod[*].app:latency.p99{phase=after}) < 1s" },
    claim { "fresh metrics alone help", "latency.p99{phase=ramp} < 1s", case = "fresh", expect = "fails",
            because = "they save half a minute of two and a half; the cold start and the climb in steps stay" },
    claim { "pods that start in 5 s bring it below 20 s", "latency.p99{phase=ramp} < 20s", case = "quick" },
    claim { "headroom holds", "latency.p99{phase=ramp} < 1s", case = "headroom" },
    claim { "for twice the money", "cost.per_hour > 200% * cost.per_hour{case=base}", case = "headroom" },
    claim { "panic mode halves what they wait", "latency.p99{phase=ramp} < 50% * latency.p99{phase=ramp,case=base}", case = "panic" },
    claim { "a timetable holds", "latency.p99{phase=ramp} < 1s", case = "timetable" },
    claim { "for little more than 8 pods all day", "cost.per_hour < 110% * cost.per_hour{case=fixed}", case = "timetable" },
  },
}
