return scenario {
  workload = open { rate = 10 },
  entry = balance {
    replicas { name = "pod", count = 2, build = function()
      station { service = "10ms" }
    end },
  },
  run = { duration = "10s" },
}
