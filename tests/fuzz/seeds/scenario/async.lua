return scenario {
  workload = { sessions { name = "s", rate = 20 * spike { from = "1s", value = 3, rise = "1s", decay = "2s" }, mmpp = { { 1, "1s" }, { 0, "500ms" } }, requests = uniform_int { 1, 5 }, think = exponential { mean = "50ms" }, session_facts = { user = uniform_int { 1, 50 } }, reload = { after = "20ms", at_most = 2 } },
    closed { name = "c", users = 2, think = "10ms", facts = { user = 1 }, reload = { after = exponential { mean = "10ms" } } } },
  entry = chain {
    cache { hit_ratio = 0.2, warm = false, refill = "1s", wrong_hit_ratio = 0.1, wrong_hit_quality = 0.5 },
    async { name = "a", accept = "2ms", limit = 50,
      queue { name = "q", accept = "1ms", key = "user", partitions = 4, concurrency = 2, consumers = 5, batch_size = 3, max_wait = "5ms", visibility_timeout = "30ms", on_failure = "retry", retry_delay = "10ms", max_deliveries = 3, limit = 99,
        dead_letter = fail { name = "f" },
        balance { name = "lb", replicas { name = "pod", count = 3, build = function(i) return station { name = "w", servers = 2, service = "8ms" } end } } } } },
  run = { duration = "10s" },
  faults = { loss { "q -> lb", rate = "10%", retransmit = "5ms" }, cut { { "a -> q", "lb -> pod[1]" }, from = 2, to = 3 }, lose { "pod", count = 2, pick = "last", from = 4, to = 5 }, restart { "pod[*]", every = "500ms", downtime = "100ms", from = 6 },
    random { mtbf = "2s", mttr = "100ms", down { { "q", "pod[2]" } } } },
}
