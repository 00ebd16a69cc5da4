local k = knobs { rps = { 1000, "requests/s", max = 100 } }
return scenario { workload = open { rate = k.rps }, entry = station { service = "10ms" }, run = { duration = "10s" } }
