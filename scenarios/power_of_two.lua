-- Fifty pods, 90 % busy: what does it buy to look before you send?
-- At random each pod is a queue of its own: some are long while others stand idle. Asking two at random and taking the shorter one
-- (least_request, Envoy's default) cuts the mean from 10 service times to 2.6, and its tail even more: a long queue now has to win a
-- draw against another long one to grow. Looking at all fifty halves it once more, and one queue for all would be best. Round robin is
-- in between: it spaces the arrivals of each pod, but knows nothing of the calls that take long. Watch latency.p99 and pod[*]:in_flight.
local k = knobs {
  policy = { "least_request", "how a pod is chosen", choices = { "least_request", "random", "round_robin", "join_shortest_queue" } },
  draws  = { 2, "pods that least_request looks at", integer = true, min = 1, max = 100 },
  load   = { 0.9, "share of the time that a pod works", min = 0.01, max = 0.99 },
}
return scenario {
  title    = "The power of two choices",
  workload = open { name = "clients", rate = 50 * k.load / 0.010 },
  entry    = balance { name = "lb", policy = k.policy, choice_count = k.draws,
    replicas { name = "pod", count = 50, build = function()
      return station { name = "worker", service = exponential { mean = "10ms" } } end } },
  run      = { warmup = "10s", duration = "20s", replications = 10 },
  cases    = {
    random      = { policy = "random" },
    round_robin = { policy = "round_robin" },
    three       = { draws = 3 },
    shortest    = { policy = "join_shortest_queue" },
  },
  claims   = {
    claim { "at random it is a queue each: 10 service times", "latency.mean > 80ms", case = "random" },
    claim { "two choices: 2.6", "latency.mean = 26.1ms +- 5%" },
    claim { "the P99 falls below a quarter", "latency.p99 < 25% * latency.p99{case=random}" },
    claim { "round robin does as well as two choices", "latency.mean{case=round_robin} < 110% * latency.mean", expect = "fails",
            because = "it evens out how many calls a pod gets, not how long they take: its queues are half as long as at random" },
    claim { "a third choice does as much as the second", "latency.mean{case=three} < 50% * latency.mean", expect = "fails",
            because = "two draws do most of what any number can do: the third takes off a fifth" },
    claim { "looking at all of them at least halves it", "latency.mean{case=shortest} < 55% * latency.mean" },
  },
}
