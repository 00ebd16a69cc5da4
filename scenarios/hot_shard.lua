-- Keys are not equally popular: by Zipf's law one in seven requests asks for the same key, and consistent hashing sends all of them to
-- one shard. At 60 % on average that shard would have to work at more than twice its capacity, so its queue fills, it refuses, and the
-- others stand by. Two remedies. Bounded loads (hash_balance_factor): no shard has more than 25 % above the average number of calls,
-- what is above goes to others, whose caches then have to learn the key. Or copies of the hot keys, which somebody has to name, and there
-- are more of them than one. More shards do not help: the key is still one. Watch max(shard[*]:utilization) and availability.
local k = knobs {
  rps    = { 6000, "requests/s", min = 1 },
  shards = { 20, "shards", integer = true, min = 1 },
  bound  = { 0, "percent of the average load that a shard may have; 0: no bound", integer = true },
  copied = { 0, "of so many of the hottest keys every shard has a copy", integer = true, min = 0 },
}
local shards = replicas { name = "shard", count = k.shards, build = function()
  return station { name = "store", servers = 2, service = exponential { mean = "4ms" }, queue = { limit = 100 } } end }
local ring = balance { name = "ring", policy = "ring_hash", key = "key", minimum_ring_size = 20000, hash_balance_factor = k.bound, shards }
local entry = ring
if k.copied > 0 then
  entry = split { name = "by_key", to = { hot = balance { name = "copies", policy = "least_request", shards }, rest = ring },
    route = function (request) return request.key <= k.copied and "hot" or "rest" end }
end
return scenario {
  title    = "A hot shard",
  workload = open { name = "clients", rate = k.rps, facts = { key = zipf { s = 1.1, n = 100000 } } },
  entry    = entry,
  run      = { warmup = "5s", duration = "20s", replications = 6 },
  cases    = {
    more_shards = { shards = 40 },
    bounded     = { bound = 125 },
    copied      = { copied = 1 },
    ten_copied  = { copied = 10 },
  },
  claims   = {
    claim { "60 % on average is enough room", "availability > 99%", expect = "fails",
            because = "one key has 14 % of the requests, more than twice what a shard can do; what the queue does not hold is refused" },
    claim { "the hot shard has no room left", "max(shard[*]:utilization) > 99%" },
    claim { "the others hardly wait", "min(shard[*]:latency.p99) < 30ms" },
    claim { "twice the shards are a remedy", "availability{case=more_shards} > 99%", expect = "fails",
            because = "the hot key stays on one shard, and one shard is as slow as before" },
    claim { "bounded loads answer all", "availability > 99.99%", case = "bounded" },
    claim { "and fast", "latency.p99 < 40ms", case = "bounded" },
    claim { "a copy of the hot key on every shard does as well", "availability > 99.99%", case = "copied", expect = "fails",
            because = "the second key, half as popular, is three quarters of a shard's capacity: it is the next one to be too hot" },
    claim { "copies of the ten hottest do", "availability > 99.99%", case = "ten_copied" },
    claim { "and every shard has room", "max(shard[*]:utilization) < 85%", case = "ten_copied" },
  },
}
