-- M/M/1 at 90 % load.
local k = knobs { n = { 1e7, "customers" } }
return scenario {
  title = "M/M/1",
  workload = open { name = "customers", rate = 0.9e6 },
  entry = station { name = "server", service = exponential { mean = "1us" } },
  run = { warmup = "0s", duration = k.n / 0.9e6, replications = 1 },
}
