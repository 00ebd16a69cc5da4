local s = station { service = "10ms" }
for i = 1, 20000 do
  s = timeout { name = "t" .. i, after = "1s", s }
end
return scenario { workload = open { rate = 10 }, entry = s, run = { duration = "10s" } }
