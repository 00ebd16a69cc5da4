return scenario { workload = { [{}] = 1 } }
