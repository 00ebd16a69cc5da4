-- A queue at 90 % load that starts empty: what does the start-up do to the mean?   (theory: latency.mean 10 s, latency.p99 46.05 s)
return scenario {
  title    = "Empty start",
  workload = open { rate = 0.9 },
  entry    = station { name = "queue", servers = 1, service = exponential { mean = "1s" } },
  run      = { duration = "1000s", replications = 1000 },
}
