local t = {}
t.again = t
return scenario { workload = t }
