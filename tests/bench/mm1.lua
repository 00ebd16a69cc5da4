-- M/M/1 at 90 % load. constant=true: the same without chance, so that every branch can be predicted.
local k = knobs { n = { 1e7, "customers" }, constant = { false, "constant gaps and services" } }
return scenario {
  title = "M/M/1",
  workload = open { name = "customers", rate = 0.9e6, arrivals = k.constant and "deterministic" or "poisson" },
  entry = station { name = "server", service = k.constant and "1us" or exponential { mean = "1us" } },
  run = { warmup = "0s", duration = k.n / 0.9e6, replications = 1 },
}
