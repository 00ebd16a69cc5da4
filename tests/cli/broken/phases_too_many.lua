local phases = {}
for i = 1, 100 do
  phases["p" .. i] = { i / 20, i / 20 + 0.01 }
end
return scenario {
  workload = open { rate = 10 },
  entry = station { service = "10ms" },
  run = { duration = "10s" },
  phases = phases,
}
