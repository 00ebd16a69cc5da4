-- A service is asked for half as much again as it can do, for minutes. What do its users get, and which of them? Nobody waits for
-- longer than 500 ms; but a service without protection does not know, and works through a queue of those who have left: it is busy,
-- and good for nothing. A short queue, or nearly any limit, brings its goodput back to capacity. What remains to choose is who is
-- refused (by priority, by shares), and who finds the limit: an operator, or an algorithm that looks at latency.
-- Look at goodput and availability by class, backend:queue, limit:limit and limit:min_rtt.
local k = knobs {
  load  = { 1.5,    "offered load over capacity", min = 0 },
  guard = { "none", "what stands before the service",
            choices = { "none", "queue", "priority", "gradient2", "shares", "gradient", "vegas" } },
}
local capacity = 1000                                            -- 50 servers, 50 ms each
local backend = station { name = "backend", servers = 50, service = gamma { mean = "50ms", cv = 0.5 },
                          queue = { limit = k.guard == "queue" and 100 or -1 } }   -- 100 wait for 100 ms
local entry = backend
if k.guard == "priority" then
  entry = shed { name = "limit", when = "backend:utilization > 95%", window = "1s", step = 0.1, backend }
elseif k.guard == "shares" then
  entry = adaptive_concurrency { name = "limit", algorithm = "gradient2", partitions = { paying = "90%", free = "10%" }, backend }
elseif k.guard ~= "none" and k.guard ~= "queue" then
  entry = adaptive_concurrency { name = "limit", algorithm = k.guard, backend }
end

return scenario {
  title    = "Load shedding",
  workload = open { name = "users", rate = k.load * capacity, deadline = "500ms",
    classes = { paying = { share = 0.5, priority = 1 }, free = { share = 0.5, priority = 0 } } },
  entry    = timeout { after = "500ms", on_expiry = "abandon", entry },
  run      = { warmup = "300s", duration = "60s", replications = 4 },
  cases    = {
    below = { load = 0.8 }, queue = { guard = "queue" }, priority = { guard = "priority" }, gradient2 = { guard = "gradient2" },
    shares = { guard = "shares" }, gradient = { guard = "gradient" }, vegas = { guard = "vegas" },
  },
  claims   = {
    claim { "at 80 % load nothing needs protection", "availability > 99.9%", case = "below" },
    claim { "past the knee it does what it can", "goodput > 900", expect = "fails",
            because = "its servers are all busy, with the work of users who left long ago: no answer comes within 500 ms" },
    claim { "a short queue keeps it at capacity", "goodput > 980", case = "queue" },
    claim { "those who pay hardly notice", "availability{class=paying} > 99%", case = "queue", expect = "fails",
            because = "a full queue does not ask who comes: a third of all are turned away, whoever they are" },
    claim { "by priority, all who pay are served", "availability{class=paying} > 99.9%", case = "priority" },
    claim { "for a little of the capacity", "goodput > 900", case = "priority" },
    claim { "Envoy's limit finds capacity by itself", "goodput > 960", case = "gradient" },
    claim { "with less of a queue than the operator's", "backend:queue < 50", case = "gradient" },
    claim { "so does Netflix's Gradient2", "goodput > 980", case = "gradient2" },
    claim { "with as short a queue", "backend:queue < 50", case = "gradient2", expect = "fails",
            because = "it compares with a long average of the RTT, which an overload that lasts takes along: its limit creeps on "
                   .. "to the largest it may have, 200" },
    claim { "shares of a limit protect those who pay", "availability{class=paying} > 98%", case = "shares" },
    claim { "and leave the rest to the others", "goodput > 980", case = "shares" },
    claim { "Vegas finds capacity, too", "goodput > 900", case = "vegas", expect = "fails",
            because = "its no-load RTT is the shortest it has met, 11 ms where the mean is 50: all that is longer looks like a queue, "
                   .. "and its limit falls to seven" },
  },
}
