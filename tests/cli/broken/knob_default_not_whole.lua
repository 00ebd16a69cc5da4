local k = knobs { pods = { 2.5, "servers", integer = true } }
return scenario { workload = open { rate = 1 }, entry = station { service = "10ms" }, run = { duration = "10s" } }
