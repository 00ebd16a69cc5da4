-- 20 pods of 25 servers behind a balancer, a timeout set and cancelled for every request.
local k = knobs { n = { 4e6, "requests" } }
return scenario {
  title = "pods",
  workload = open { name = "clients", rate = 40000 },
  entry = timeout { after = "100ms", balance { policy = "random",
    replicas { name = "pod", count = 20, build = function()
      return station { name = "worker", servers = 25, service = exponential { mean = "10ms" } } end } } },
  run = { warmup = "0s", duration = k.n / 40000, replications = 1 },
}
