-- What a component costs: one of them around a pause of 10 us, 100,000 requests a second that all pass. "none" is the pause alone.
-- For costs.sh, which takes the difference.
local k = knobs { with = { "none", "component", choices = {
  "none", "delay", "chain", "limiter", "limiter_leaky", "limiter_window", "limiter_key", "shed", "throttle", "admission_control",
  "aimd", "vegas", "gradient2", "gradient", "bulkhead", "breaker", "retry", "timeout", "hedge", "fallback", "fanout", "loop", "mirror",
  "async", "queue", "batch", "split", "split_function", "cache_ratio", "cache_keys", "round_robin", "random", "least_request", "shortest",
  "ring_hash", "maglev", "outliers", "station", "station_function", "queue_fifo", "queue_sjf", "queue_edf", "queue_codel",
  "queue_max_wait", "queue_contention", "queue_setup", "queue_breakdown", "queue_ps", "queue_preempt" } } }
local leaf = delay { name = "leaf", time = "10us" }
local function over(policy, more)
  local spec = more or {}
  spec.policy = policy
  spec[1] = replicas { name = "pod", count = 20, build = function() return delay { name = "leaf", time = "10us" } end }
  return balance(spec)
end
-- Work that is random, on one server that is busy for 90 % of the time.
local function busy(spec)
  spec.service = exponential { mean = "9us" }
  return station(spec)
end
local make = {
  none              = function() return leaf end,
  delay             = function() return delay { time = "10us", leaf } end,
  chain             = function() return chain { leaf, delay { name = "second", time = 0 } } end,
  limiter           = function() return limiter { rate = 1e6, leaf } end,
  limiter_leaky     = function() return limiter { rate = 1e6, algorithm = "leaky_bucket", leaf } end,
  limiter_window    = function() return limiter { algorithm = "sliding_window", limit_for_period = 1e6, limit_refresh_period = "1s", leaf } end,
  limiter_key       = function() return limiter { rate = 1e6, per = "key", leaf } end,
  shed              = function() return shed { when = "latency.p99 > 1s", drop = "random", leaf } end,
  throttle          = function() return throttle { leaf } end,
  admission_control = function() return admission_control { leaf } end,
  aimd              = function() return adaptive_concurrency { algorithm = "aimd", leaf } end,
  vegas             = function() return adaptive_concurrency { algorithm = "vegas", leaf } end,
  gradient2         = function() return adaptive_concurrency { algorithm = "gradient2", leaf } end,
  gradient          = function() return adaptive_concurrency { algorithm = "gradient", leaf } end,
  bulkhead          = function() return bulkhead { max_concurrent_calls = 100, leaf } end,
  breaker           = function() return breaker { leaf } end,
  retry             = function() return retry { leaf } end,
  timeout           = function() return timeout { after = "1ms", leaf } end,
  hedge             = function() return hedge { after = "1ms", leaf } end,
  fallback          = function() return fallback { leaf, degraded {} } end,
  fanout            = function() return fanout { leaf, delay { name = "second", time = "10us" } } end,
  loop              = function() return loop { times = 2, leaf } end,
  mirror            = function() return mirror { leaf, shadow = delay { name = "second", time = "10us" } } end,
  async             = function() return async { leaf } end,
  queue             = function() return queue { concurrency = 100, leaf } end,
  batch             = function() return batch { max_batch_size = 8, max_queue_delay = "100us", leaf } end,
  split             = function() return split { to = { a = leaf, b = delay { name = "second", time = "10us" } } } end,
  split_function    = function() return split { to = { a = leaf, b = delay { name = "second", time = "10us" } }, route = function() return 1 end } end,
  cache_ratio       = function() return cache { hit_ratio = 0.5, leaf } end,
  cache_keys        = function() return cache { key = "key", capacity = 10000, leaf } end,
  round_robin       = function() return over("round_robin") end,
  random            = function() return over("random") end,
  least_request     = function() return over("least_request") end,
  shortest          = function() return over("join_shortest_queue") end,
  ring_hash         = function() return over("ring_hash", { key = "key" }) end,
  maglev            = function() return over("maglev", { key = "key" }) end,
  outliers          = function() return over("round_robin", { outlier_detection = {} }) end,
  station           = function() return station { servers = 10, service = "10us" } end,
  queue_fifo        = function() return busy {} end,
  queue_sjf         = function() return busy { discipline = "sjf" } end,
  queue_edf         = function() return busy { discipline = "edf" } end,
  queue_codel       = function() return busy { queue = { codel = "folly" } } end,
  queue_max_wait    = function() return busy { queue = { max_wait = "1s" } } end,
  queue_contention  = function() return busy { contention = { sigma = 0.01 } } end,
  queue_setup       = function() return busy { setup = "1us" } end,
  queue_breakdown   = function() return busy { breakdown = { mtbf = "1s", mttr = "1us" } } end,
  queue_ps          = function() return busy { discipline = "ps" } end,
  queue_preempt     = function() return busy { discipline = "lifo", preempt = "resume" } end,
  station_function  = function() return station { servers = 10, service = function() return 1e-5 end } end,
}
return scenario {
  title = "cost of " .. k.with,
  workload = open { rate = 1e5, facts = { key = uniform_int { 1, 20000 } } },
  entry = make[k.with](),
  run = { warmup = "0s", duration = "15s", replications = 1 },
}
