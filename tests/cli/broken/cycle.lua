-- A component cannot name itself: `local` is only in scope after it is made, so a circle ends as an undefined name.
local a = timeout { after = "1s", retry { max_attempts = 2, a } }
return scenario {
  workload = open { rate = 10 },
  entry = a,
  run = { duration = "10s" },
}
