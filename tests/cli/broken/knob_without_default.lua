local k = knobs { rps = { meaning = "requests/s" } }
return scenario { workload = open { rate = 1 }, entry = station { service = "10ms" }, run = { duration = "10s" } }
