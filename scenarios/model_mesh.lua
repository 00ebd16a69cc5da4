-- A thousand models of many tenants behind one gateway, on servers whose memory holds a third of them. A model is loaded when somebody
-- asks for it, and the one that nobody has asked for the longest time makes room (as KServe ModelMesh does). How many requests meet a
-- cold start, and what makes it worse?   (A9)
--
-- What to see: pod[*].residency:hit_ratio against `memory`. Che's approximation foretells it from popularity and sizes alone (Che, Tung
-- and Wang, 2002). A new hot set is loaded in seconds, as it is what everybody asks for. A tenant who walks through all its models does
-- lasting harm: not to the hot ones, which are asked for again before it is their turn to go, but to those in the middle. Pins are
-- for the hot ones and help little; nor does a limit of requests, as memory fills at any rate above that of the middle. A quota of memory does.
--
-- That models are a thousand is given; all other figures are assumptions of the usual order.
local k = knobs {
  models  = { 1000, "models", integer = true, min = 10 },
  pods    = { 8,    "servers, each with memory and loaders of its own", integer = true, min = 1 },
  memory  = { 320,  "GB of memory for models, on all servers together", min = 1 },
  rps     = { 100,  "requests/s of all tenants", min = 0 },
  skew    = { 1.2,  "exponent of Zipf's law of the models' popularity", min = 0 },
  pinned  = { 0,    "hottest models that never leave memory; they must fit", integer = true, min = 0 },
  shift   = { 0,    "places by which the order of popularity moves when the fault begins", integer = true, min = 0 },
  flood   = { 0,    "requests/s of a batch job of one tenant, who owns a fifth of the models, in the phase of the fault", min = 0 },
  quota   = { 0,    "GB of the memory that this tenant may fill, and nobody else; 0: all share all", min = 0 },
  limit   = { 0,    "requests/s that each tenant may send; 0: no limit", min = 0 },
}
local fault, after = 240, 360                                    -- s

-- Sizes are 0.2 to 1.8 GB and have nothing to do with popularity.
local function gb(model) return 0.2 + 1.6 * (model * 0.6180339887 % 1) end
local function tenant(model) return model % 5 == 0 and 0 or 1 + model % 40 end
local function hot_now(r) return (r.drawn - 1 + (r.arrival >= fault and k.shift or 0)) % k.models + 1 end

-- What is pinned takes its part of every server; a model is pinned at its home.
local pinned_gb = 0
for model = 1, k.pinned do pinned_gb = pinned_gb + gb(model) end

local function pod()
  local load = station { name = "load", servers = 4, service = linear { "0.3s", gb = "0.3s" } }   -- 0.6 s on average
  local residency = cache { name = "residency", key = "model", capacity = (k.memory - pinned_gb - k.quota) / k.pods, size = "gb",
    eviction = "lru", coalesce = true, load }
  if k.quota > 0 then
    residency = split { name = "whose", route = function(r) return r.tenant == 0 and "large" or "others" end, to = { others = residency,
      large = cache { name = "quota", key = "model", capacity = k.quota / k.pods, size = "gb", coalesce = true, load } } }
  end
  if k.pinned > 0 then
    residency = split { name = "kind", route = function(r) return r.model <= k.pinned and "pinned" or "others" end, to = {
      pinned = cache { name = "pinned", key = "model", capacity = k.pinned, prefill = k.pinned, load }, others = residency } }
  end
  return chain { residency, station { name = "infer", servers = 4, service = exponential { mean = "20ms" } } }
end

local mesh = balance { name = "mesh", policy = "ring_hash", key = "model",        -- a model has one home
  replicas { name = "pod", count = k.pods, build = pod } }
if k.limit > 0 then
  mesh = limiter { name = "tenant_limit", per = "tenant", rate = k.limit, burst = k.limit, mesh }
end

-- Che's approximation: a model stays for the time T that it takes to fill the memory with others; the share of requests that finds its
-- model away is the sum of p exp(-p rps T) over all models.
local function che(memory)
  local sum, p = 0, {}
  for i = 1, k.models do p[i] = i ^ -k.skew; sum = sum + p[i] end
  local low, high, cold = 0, 1e7, 0
  for _ = 1, 100 do
    local t, used = (low + high) / 2, 0
    cold = 0
    for i = 1, k.models do
      local away = math.exp(-p[i] / sum * k.rps * t)
      used, cold = used + gb(i) * (1 - away), cold + p[i] / sum * away
    end
    if used < memory then low = t else high = t end
  end
  return cold
end
local colds = "pod[*].load:calls{class=users,phase=fault,case=base}"
local function about(share) return string.format("%.4f +- 10%%", share) end

return scenario {
  title    = "Model mesh",
  workload = {
    open { name = "users", rate = k.rps, facts = {               -- drawn in the order of their names
      drawn = zipf { n = k.models, s = k.skew }, model = hot_now,
      gb = function(r) return gb(hot_now(r)) end, tenant = function(r) return tenant(hot_now(r)) end } },
    open { name = "job", rate = pulse { from = fault, to = after, value = k.flood, base = 0 }, facts = {
      drawn = uniform_int { 1, k.models // 5 }, model = function(r) return 5 * r.drawn end,
      gb = function(r) return gb(5 * r.drawn) end, tenant = constant { 0 } } },
  },
  entry    = mesh,
  run      = { warmup = "400s", duration = "480s", replications = 3 },
  phases   = { before = { 0, fault }, first = { fault, fault + 10 }, fault = { fault, after }, after = { after + 10, 480 } },
  cases    = {
    half = { memory = 160 }, twice = { memory = 640 }, all = { memory = 1100 },
    pinned = { pinned = 50 }, shift = { shift = 500 }, pinned_shift = { shift = 500, pinned = 50 },
    flood = { flood = 150 }, pinned_flood = { flood = 150, pinned = 50 }, limited = { flood = 150, limit = 40 },
    quota = { flood = 150, quota = 64 },
  },
  claims   = {
    claim { "with a third of the models in memory one request in nine meets a cold start", "pod[*].residency:hit_ratio = 89% +- 1%" },
    claim { "as Che foretells", "pod[*].residency:miss_ratio = " .. about(che(320)) },
    claim { "with half the memory, too", "pod[*].residency:miss_ratio = " .. about(che(160)), case = "half" },
    claim { "and with twice as much", "pod[*].residency:miss_ratio = " .. about(che(640)), case = "twice" },
    claim { "twice the memory spares more than half of them",
            "pod[*].residency:misses < 50% * pod[*].residency:misses{case=base}", case = "twice" },
    claim { "P99 is that of a cold start", "latency.p99 > 600ms" },
    claim { "even with twice the memory", "latency.p99 > 600ms", case = "twice" },
    claim { "memory for all gives the P99 of a warm model", "latency.p99 < 200ms", case = "all" },
    claim { "pins for the hottest 50 spare cold starts", "pod[*].residency:misses < 95% * pod[*].residency:misses{case=base}",
            case = "pinned", expect = "fails", because = "the hottest are asked for long before it is their turn to go, pinned or not" },
    claim { "a new hot set doubles cold starts at first", "pod[*].residency:hit_ratio{phase=first} < 80%", case = "shift" },
    claim { "and is in memory soon", "pod[*].residency:hit_ratio{phase=after} = 89% +- 2%", case = "shift" },
    claim { "it needs no more loaders", "pod[*].load:utilization{phase=first} < 50%", case = "shift" },
    claim { "pins of yesterday hold memory for nobody",
            "pod[*].residency:misses{phase=after} > 103% * pod[*].residency:misses{phase=after,case=shift}", case = "pinned_shift" },
    claim { "a tenant who walks through 200 models costs users a fifth more cold starts",
            "pod[*].load:calls{class=users,phase=fault} > 120% * " .. colds, case = "flood" },
    claim { "pins prevent that", "pod[*].load:calls{class=users,phase=fault} < 110% * " .. colds,
            case = "pinned_flood", expect = "fails", because = "it is the models in the middle that have to go, not the hot ones" },
    claim { "a limit for each tenant prevents it", "pod[*].load:calls{class=users,phase=fault} < 105% * " .. colds,
            case = "limited", expect = "fails", because = "a model that is asked for every five seconds stays as one that is asked for every second" },
    claim { "it keeps the tenant from the servers, if not from the memory",
            "pod[*].infer:utilization{phase=fault} < 70% * pod[*].infer:utilization{phase=fault,case=flood}", case = "limited" },
    claim { "a quota of memory does", "pod[*].load:calls{class=users,phase=fault} < 110% * " .. colds, case = "quota" },
  },
}
