-- A service stops for a second, once a minute. A load generator that waits for each answer hardly notices: while the service stands
-- still it asks nothing (coordinated omission). Users who do not wait for each other all meet the stall.
local k = knobs { who = { "users", "who asks: users, or a generator with one connection", choices = { "users", "generator" } } }
local asks = {
  users     = open { name = "users", rate = 100 },
  generator = closed { name = "generator", users = 1, think = "9ms" },      -- 9 ms + 1 ms: 100 requests/s as well
}
local stalls = {}
for minute = 0, 9 do -- whatever begins in these 50 ms takes a second: one request, as there is one server
  stalls[#stalls + 1] = slow { "service", factor = 1000, from = minute * 60 + 30, to = minute * 60 + 30.05 }
end
return scenario {
  title    = "Coordinated omission",
  workload = asks[k.who],
  entry    = station { name = "service", service = "1ms" },
  run      = { warmup = "10s", duration = "600s", replications = 10 },
  faults   = stalls,
  cases    = { generator = { who = "generator" } },
  claims   = {
    claim { "one connection sees a fast service", "latency.p99 < 2ms", case = "generator" },
    claim { "and even a fast P99.9", "latency.p999 < 2ms", case = "generator" },
    claim { "for users it is as fast", "latency.p99 < 2ms", expect = "fails",
            because = "each stall meets a hundred of their 6,000 requests a minute, and those behind it until the queue is gone" },
    claim { "their P99 is hundreds of times worse", "latency.p99 > 200ms" },
  },
}
