local fleet = balance { replicas { name = "pod", count = 2, build = function()
  return station { name = "work", service = "1ms" }
end } }
return scenario {
  title    = "blame is kept for all replicas together: the largest of them is not known",
  workload = open { name = "clients", rate = 10 },
  entry    = fleet,
  run      = { warmup = "1s", duration = "10s" },
  claims   = { claim { "the worst replica", "max(pod[*].work:blame.p99) > 50%" } },
}
