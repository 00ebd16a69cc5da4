-- One node of three dies for a minute. The two others get its load, half as much again, at 80 % of what all three could do: more than
-- they can. Their queues grow until answers come too late, whereupon whoever looks after them takes them for dead and restarts them,
-- first the smallest: now the last one has the load of three. When the first node comes back it meets the load of three, and dies as well in most runs.
-- What is to be seen: liveness:open of each node in the phases first, fault and after. Nodes that refuse what they cannot do in time
-- answer the rest quickly, nobody takes them for dead, and a third of the capacity is all that is lost.
local k = knobs {
  load  = { 0.8,    "offered load over the capacity of all three", min = 0 },
  guard = { "none", "how a node sheds load: not at all, by a short queue, or by a limit that follows latency",
            choices = { "none", "queue", "adaptive" } },
}
local servers = { 10, 11, 9 }                                    -- 200, 220, 180 requests/s

local function work(i)
  return station { name = "work", servers = servers[i], service = exponential { mean = "50ms" },
                   queue = { limit = k.guard == "queue" and 10 or -1 } }
end
-- A node that answers most calls of the last 5 s late, or not at all, is out for 10 s.
local function node(i)
  local inner = work(i)
  if k.guard == "adaptive" then
    inner = adaptive_concurrency { name = "limit", algorithm = "gradient2", gradient2 = { initial_limit = 12, min_limit = 5 }, inner }
  end
  return breaker { name = "liveness", record = "timeout", slow_call_duration_threshold = "400ms", slow_call_rate_threshold = "50%",
    sliding_window_type = "TIME_BASED", sliding_window_size = 5, minimum_number_of_calls = 100, wait_duration_in_open_state = "10s",
    timeout { name = "late", after = "500ms", on_expiry = "abandon", inner } }
end

return scenario {
  title    = "Cascading failure",
  workload = open { name = "users", rate = k.load * 600, deadline = "1s" },
  entry    = retry { max_attempts = 3, retry_on = { "error", "timeout", "open", "shed" }, backoff = { kind = "full_jitter", base = "20ms" },
    balance { name = "fleet", replicas { name = "node", count = 3, build = node } } },
  faults   = { down { "node[1]", phase = "fault" } },
  run      = { warmup = "20s", duration = "240s", replications = 6 },
  phases   = { before = { "0s", "60s" }, first = { "60s", "66s" }, fault = { "60s", "120s" }, after = { "150s", "240s" } },
  cases    = { queue = { guard = "queue" }, adaptive = { guard = "adaptive" }, spare = { load = 0.5 } },
  claims   = {
    claim { "a third of the fleet is a third of its goodput", "goodput{phase=fault} > 60% * goodput{phase=before}", expect = "fails",
            because = "the survivors are asked for 120 % of what they can do, answer late, and are taken for dead in turn" },
    claim { "the smallest goes first", "node[3].liveness:open{phase=first} > node[2].liveness:open{phase=first}" },
    claim { "the larger one follows", "node[2].liveness:open{phase=fault} > 50%" },
    claim { "it is over when the node is back", "goodput{phase=after} > 95% * goodput{phase=before}", expect = "fails",
            because = "it comes back to the load of three, and is the next to die; a run that gets out of it does so by luck" },
    claim { "it dies as well", "node[1].liveness:open{phase=after} > 20%" },
    claim { "users who try again make it worse", "retry:attempts_per_call{phase=fault} > 2" },
    claim { "with short queues the survivors do what they can", "goodput{phase=fault} > 80% * goodput{phase=before}", case = "queue" },
    claim { "and none of them dies", "max(node[*].liveness:open) < 0.1%", case = "queue" },
    claim { "afterwards all is as before", "goodput{phase=after} > 98% * goodput{phase=before}", case = "queue" },
    claim { "a limit that finds itself does as well", "goodput{phase=fault} > 75% * goodput{phase=before}", case = "adaptive" },
    claim { "and keeps them alive", "max(node[*].liveness:open) < 0.1%", case = "adaptive" },
    claim { "two nodes that can carry the load need no shedding", "goodput{phase=fault} > 95% * goodput{phase=before}", case = "spare" },
  },
}
