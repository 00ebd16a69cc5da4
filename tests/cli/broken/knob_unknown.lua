local k = knobs { rps = { 10, "requests/s" } }
return scenario { workload = open { rate = k.rsp }, entry = station { service = "10ms" }, run = { duration = "10s" } }
