local k = knobs { order = { "fito", "order", choices = { "fifo", "lifo" } } }
return scenario { workload = open { rate = 1 }, entry = station { service = "10ms" }, run = { duration = "10s" } }
