-- The drawing everybody makes: gateway, preprocess, model, postprocess, with what stands above and below. Does it hold? (A18)
local k = knobs {
  rps     = { 2000, "offered load, requests/s", min = 0 },
  pods    = { 5,    "model pods", integer = true, min = 1 },
  hit     = { 0.3,  "share that the result cache answers", min = 0, max = 1 },
  known   = { 0.6,  "share of failed answers for which an old one is at hand", min = 0, max = 1 },
  sla     = { "150ms", "what users were promised" },
}
-- All figures in this file are assumptions of the usual order, not measurements: change them to yours.

-- An arrow is a hop and all that its caller waits for behind it: to_model:latency.p99 is what belongs beside it. Such figures do not
-- add up: those of the arrows in a row make 87 ms, and P99 of the whole is 68 ms.
local function arrow(name, box)
  return delay { name = "to_" .. name, time = lognormal { p50 = "0.3ms", p99 = "1ms" }, to = box }
end
local function box(name, pods, cores, build)                     -- its figure: pod[*]:throughput
  return arrow(name, balance { name = name .. "_lb", policy = "least_request",
    replicas { name = name, count = pods, price = { vcpu = cores }, build = build } })
end

local features = fallback { name = "features_or_defaults",       -- above: the feature store, in the path
  timeout { name = "features_timeout", after = "20ms", on_expiry = "abandon",
    arrow("features", station { name = "feature_store", servers = 32, service = lognormal { p50 = "3ms", p99 = "12ms" } }) },
  degraded { name = "default_features", quality = 0.95 } }

local registry = arrow("registry", station { name = "registry", servers = 4, service = exponential { mean = "5ms" } })

local models = box("model", k.pods, 8, function()
  return chain {
    cache { name = "version", hit_ratio = 0.99, registry },      -- a pod remembers which model is live; a hundredth asks again
    station { name = "infer", servers = 8, service = lognormal { mean = "22ms", cv = 0.5 }, queue = { limit = 100 } } }
end)

local answer = fallback { name = "model_or_less",                -- model error: an old answer, or one by rules
  timeout { name = "model_timeout", after = "100ms", on_expiry = "stop", models },
  split { name = "instead", weights = { cached = k.known, rules = 1 - k.known },
    to = { cached = degraded { name = "cached", quality = 0.8, after = "1ms" },
           rules  = degraded { name = "rules",  quality = 0.6, after = "1ms" } } } }

local function cpu_work(ms, cores) return function()
  return station { name = "work", servers = cores, service = exponential { mean = ms } } end
end

-- below: logs, metrics, traces. They are handed to an agent beside the pod; only the handing over is waited for.
local telemetry = delay { name = "telemetry", time = "100us" }

local claims = {
  claim { "P99 is under the promised 150 ms", "latency.p99 < 150ms" },
  claim { "a model pod does 250 requests/s", "min(model[*]:throughput) > 250" },
  claim { "a preprocess pod does 650 requests/s", "min(preprocess[*]:throughput) > 650" },
  claim { "a postprocess pod does 650 requests/s", "min(postprocess[*]:throughput) > 650" },
  claim { "the slow feature store costs freshness, not availability", "availability{phase=fault} > 99%", case = "features_slow" },
  claim { "and stays inside the promise", "latency.p99{phase=fault} < 150ms", case = "features_slow" },
  claim { "a failing model answers with less", "availability{phase=fault} > 99.9%", case = "model_errors" },
  claim { "one answer in seven is then an old one or by rules", "share{outcome=degraded,phase=fault} = 14% +- 5%", case = "model_errors" },
  claim { "a lost registry costs under 1 % of full answers", "share{outcome=degraded,phase=fault} < 1%", case = "registry_down" },
  claim { "a surge sheds batch first, nobody who pays", "share{class=paying,outcome=shed,phase=fault} < 0.1%", case = "surge" },
  claim { "a cold cache is survived", "goodput{phase=fault} > 99% * goodput{phase=before}", case = "cache_cold",
          expect = "fails", because = "five pods serve 1,800 requests/s; without the cache 2,000 reach them, and the shedder turns the rest away" },
}
for name, p99 in pairs { preprocess = "12ms", features = "15ms", model = "65ms", registry = "30ms", postprocess = "7ms" } do
  claims[#claims + 1] = claim { "the arrow to " .. name .. " takes " .. p99, "to_" .. name .. ":latency.p99 < " .. p99 }
end

return scenario {
  title    = "The whiteboard",
  workload = open { name = "clients", rate = k.rps, deadline = k.sla,
    classes = { paying = { share = 0.7, priority = 2 }, free = { share = 0.2, priority = 1 }, batch = { share = 0.1, priority = 0 } } },
  entry    = chain { name = "gateway",
    delay   { name = "network", time = lognormal { p50 = "1ms", p99 = "4ms" } },
    limiter { name = "rate_limit", rate = 3000 },
    delay   { name = "auth", time = "1ms" },
    shed    { name = "shedder", when = "latency.p99 > 90ms", window = "1s", drop = "lowest_priority" },
    cache   { name = "cache", hit_ratio = k.hit, lookup = "1ms" },
    features, box("preprocess", 2, 4, cpu_work("2ms", 4)), answer, box("postprocess", 2, 2, cpu_work("1ms", 2)), telemetry },
  run      = { warmup = "10s", duration = "90s", replications = 8 },
  phases   = { before = { "0s", "30s" }, fault = { "30s", "60s" }, after = { "65s", "90s" } },
  cases    = {
    features_slow = { slow { "feature_store", factor = 20, phase = "fault" } },
    model_errors  = { errors { "model[*]", rate = "20%", phase = "fault" } },
    registry_down = { down { "registry", phase = "fault" } },
    surge         = { set { "clients:rate", 1.45 * k.rps, phase = "fault" } },
    cache_cold    = { set { "cache:hit_ratio", 0, phase = "fault" } },
  },
  slo      = { "latency.p99 < 150ms", "availability > 99.9%" },
  claims   = claims,
}
