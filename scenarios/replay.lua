-- How many GPUs keep P99 under 10 s for requests as they were recorded?
-- One request at a time on each GPU: prefill takes time for every input token, decoding for every output token. Deliberately
-- simple (a real engine batches): it bounds from above how many GPUs are needed, and shows what the trace alone does.
local k = knobs {
  trace   = { "sample_requests.csv", "CSV or JSON lines: arrival_s, input_tokens, output_tokens" },
  gpus    = { 8,  "GPUs", integer = true, min = 1 },
  prefill = { "50us", "per input token: an assumption of the order of a 7B model on an H100", min = 0 },
  decode  = { "7.3ms", "per output token: the mean measured for Llama-2-7B on one H100 at light load (vLLM 0.15.1)", min = 0 },
  speed   = { 1, "2 replays twice as fast", min = 0.001 },
}

return scenario {
  title    = "Replay of recorded requests",
  workload = trace { name = "requests", file = k.trace, speed = k.speed,
                     facts = { input_tokens = "input_tokens", output_tokens = "output_tokens" } },
  entry    = station { name = "gpus", servers = k.gpus,
                       service = linear { 0, input_tokens = k.prefill, output_tokens = k.decode } },
  run      = { warmup = "0s", replications = 2 },              -- the file leaves nothing to chance: two runs show that
  cases    = { too_few = { gpus = 7 } },
  slo      = { "latency.p99 < 10s" },
  claims   = {
    claim { "8 GPUs keep P99 under 10 s", "latency.p99 < 10s" },
    claim { "so do 7", "latency.p99 < 10s", case = "too_few", expect = "fails",
            because = "the requests bring 7.4 GPUs' worth of work on average: the queue only grows" },
  },
}
