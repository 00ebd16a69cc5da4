-- The drawing everybody makes: gateway, preprocess, model, postprocess, with what stands above and below. Does it hold? (A18)
local k = knobs {
  rps     = { 2000, "offered load, requests/s", min = 0 },
  pods    = { 5,    "model pods", integer = true, min = 1 },
  hit     = { 0.3,  "share that the result cache answers", min = 0, max = 1 },
  sla     = { "150ms", "what users were promised" },
}
-- All figures below are assumptions of the usual order, not measurements: change them to yours.

local features = fallback { name = "features_or_defaults",       -- above: the feature store, in the path
  timeout { name = "features_timeout", after = "20ms", on_expiry = "abandon",
    station { name = "feature_store", servers = 32, service = lognormal { p50 = "3ms", p99 = "12ms" } } },
  degraded { name = "default_features", quality = 0.95 } }

local models = balance { name = "models", policy = "least_request",
  replicas { name = "pod", count = k.pods, price = { vcpu = 8 }, build = function()
    return station { name = "model", servers = 8, service = lognormal { mean = "22ms", cv = 0.5 }, queue = { limit = 100 } }
  end } }

local answer = fallback { name = "model_or_rules",               -- model error: a rule-based answer
  timeout { name = "model_timeout", after = "100ms", on_expiry = "stop", models },
  degraded { name = "rules", quality = 0.6, after = "1ms" } }

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
    features,
    station { name = "preprocess", servers = 16, service = exponential { mean = "2ms" } },
    answer,
    station { name = "postprocess", servers = 16, service = exponential { mean = "1ms" } },
    delay   { name = "telemetry", time = "100us" } },            -- below: logs, metrics, traces; handed over, not waited for
  run      = { warmup = "10s", duration = "90s", replications = 8 },
  phases   = { before = { "0s", "30s" }, fault = { "30s", "60s" }, after = { "65s", "90s" } },
  cases    = {
    features_slow = { slow { "feature_store", factor = 20, phase = "fault" } },
    model_errors  = { errors { "pod[*]", rate = "20%", phase = "fault" } },
    surge         = { set { "clients:rate", 1.45 * k.rps, phase = "fault" } },
    cache_cold    = { set { "cache:hit_ratio", 0, phase = "fault" } },
  },
  slo      = { "latency.p99 < 150ms", "availability > 99.9%" },
  claims   = {
    claim { "P99 is under the promised 150 ms", "latency.p99 < 150ms" },
    claim { "a pod does 250 requests/s", "min(pod[*]:throughput) > 250" },
    claim { "the slow feature store costs freshness, not availability", "availability{phase=fault} > 99%", case = "features_slow" },
    claim { "and stays inside the promise", "latency.p99{phase=fault} < 150ms", case = "features_slow" },
    claim { "a failing model answers by rules", "availability{phase=fault} > 99.9%", case = "model_errors" },
    claim { "one answer in seven is then by rules", "share{outcome=degraded,phase=fault} = 14% +- 5%", case = "model_errors" },
    claim { "a surge sheds batch first, nobody who pays", "share{class=paying,outcome=shed,phase=fault} < 0.1%", case = "surge" },
    claim { "a cold cache is survived", "goodput{phase=fault} > 99% * goodput{phase=before}", case = "cache_cold",
            expect = "fails", because = "five pods serve 1,800 requests/s; without the cache 2,000 reach them, and the shedder turns the rest away" },
  },
}
