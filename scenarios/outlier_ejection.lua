-- One of ten replicas fails every second call for two minutes. It fails at once, so it never looks busy, and least_request sends it more
-- than its tenth. Nobody told the balancer; it sees the answers. Outlier detection ejects the replica after five failures in a row, which at 50 % takes a second or so, for 30 s, then for 60 s, then for 90 s: each return is a
-- trial. A retry hides most of what is left. With Envoy's defaults one in ten may be out, so of nine replicas none ever is: a fleet that
-- is scaled down a little loses its protection without a word. Watch lb:ejected and availability in the phase fault.
local k = knobs {
  pods     = { 10, "replicas", integer = true, min = 1 },
  detect   = { true, "outlier detection" },
  retries  = { 1, "attempts in all", integer = true, min = 1 },
  one      = { false, "always_eject_one_host" },
}
local fleet = { name = "lb", policy = "least_request",
  replicas { name = "pod", count = k.pods, build = function()
    return station { name = "model", servers = 4, service = lognormal { mean = "20ms", cv = 0.5 } } end } }
if k.detect then
  fleet.outlier_detection = { consecutive_5xx = 5, interval = "10s", base_ejection_time = "30s", max_ejection_percent = "10%",
                              always_eject_one_host = k.one }
end
return scenario {
  title    = "Outlier ejection",
  workload = open { name = "clients", rate = 1000 },
  entry    = retry { max_attempts = k.retries, backoff = { base = "5ms" }, balance(fleet) },
  run      = { warmup = "10s", duration = "180s", replications = 5 },
  phases   = { before = { "0s", "30s" }, fault = { "30s", "150s" }, after = { "150s", "180s" } },
  faults   = { errors { "pod[1]", rate = "50%", phase = "fault" } },
  cases    = {
    blind      = { detect = false },
    nine       = { pods = 9 },
    nine_saved = { pods = 9, one = true },
    retried    = { retries = 2 },
  },
  claims   = {
    claim { "without it one call in twenty fails, and more", "availability{phase=fault} < 95.5%", case = "blind" },
    claim { "with it nearly none", "availability{phase=fault} > 99.8%" },
    claim { "the replica is out most of the time", "lb:ejected{phase=fault} > 0.8" },
    claim { "and a retry does the rest", "availability{phase=fault} > 99.99%", case = "retried" },
    claim { "nine replicas are protected as well as ten", "availability{phase=fault} > 99%", case = "nine", expect = "fails",
            because = "one of nine is 11 %, above max_ejection_percent: nobody is ever ejected (lb:ejections_overflow counts what was spared)" },
    claim { "unless one may always go", "availability{phase=fault} > 99.8%", case = "nine_saved" },
    claim { "nobody good is ejected", "lb:ejections{phase=before} < 0.001" },
  },
}
