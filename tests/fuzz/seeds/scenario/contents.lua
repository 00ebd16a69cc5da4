local k = knobs { n = { 9, "entries", integer = true, min = 1 } }
return scenario {
  workload = { closed { name = "c", users = 3 * ramp { { "0s", 1 }, { "5s", 2 } }, think = exponential { mean = "50ms" }, session = 2, pause = "1s", facts = { item = zipf { 99, 1 }, bytes = 7 } },
    open { name = "o", rate = 20, facts = { item = uniform_int { 1, 50 }, bytes = uniform_int { 1, 9 } } } },
  entry = chain {
    cache { name = "a", key = "item", capacity = k.n, eviction = "tinylfu", ttl = uniform { "1s", "2s" }, negative_ttl = "1s", stale_while_revalidate = "1s", stale_if_error = "1s", coalesce = true, on_leader_cancel = "promote", prefill = 3,
      timeout { after = "20ms", cache { name = "b", key = "item", capacity = "40B", size = "bytes", eviction = "lfu", ttl = "1s", ttl_from = "access",
        batch { max_batch_size = 4, preferred_batch_size = { 2, 4 }, max_queue_delay = "2ms", instances = 2, max_queue_size = 9,
          station { name = "gpu", service = linear { "4ms", batch_size = "1ms" } } } } } } },
  run = { duration = "10s" },
  faults = { flush { "a", from = 3 }, down { "b", from = 4, to = 5 }, set { "a:capacity", 2, from = 6 }, errors { "gpu", rate = 0.2 } },
}
