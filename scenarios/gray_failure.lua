-- A replica that is well by its own account and bad for its users: a gray failure. Its health checks come back fine, as they go another
-- way and ask for little; three in ten of its users get an error. Health checks alone see nothing, ever. Outlier detection looks at what
-- users get: with five replicas or more it compares success rates at the end of every interval, and ejects who is 1.9 standard deviations
-- below the mean. But with Envoy's defaults a good health check ends an ejection, so here each probe brings the culprit back. A replica
-- that is slow instead of wrong is found the same way, once a timeout has turned slowness into failures that the balancer hears of (on_expiry = "stop"). Watch lb:ejected,
-- probe:failure_ratio and availability in the phase fault.
local k = knobs {
  gray     = { "wrong", "what is the matter with the replica", choices = { "wrong", "slow", "nothing" } },
  detect   = { true, "outlier detection by success rate" },
  reprieve = { false, "a good health check ends an ejection (Envoy's default: true)" },
}
local fleet = { name = "lb",
  replicas { name = "pod", count = 10, build = function()
    return station { name = "model", servers = 16, service = lognormal { mean = "20ms", cv = 0.5 } } end } }
if k.detect then
  fleet.outlier_detection = { consecutive_5xx = 0, interval = "10s", success_rate_stdev_factor = 1900,
                              successful_active_health_check_uneject_host = k.reprieve }
end
local lb = balance(fleet)
return scenario {
  title    = "Gray failure",
  workload = open { name = "clients", rate = 1000 },
  entry    = timeout { after = "130ms", on_expiry = "stop", lb },
  agents   = { health_check { name = "probe", of = lb, interval = "5s", timeout = "1s", unhealthy_threshold = 3, healthy_threshold = 2,
                              initial_jitter = "5s" } },
  run      = { warmup = "10s", duration = "240s", replications = 5 },
  phases   = { before = { "0s", "30s" }, found = { "30s", "50s" }, fault = { "50s", "210s" } },
  faults   = { k.gray == "wrong" and errors { "lb -> pod[3]", rate = "30%", from = "30s", to = "210s" }
               or k.gray == "slow" and slow { "pod[3].model", factor = 6, from = "30s", to = "210s" } or nil },
  cases    = {
    checks_only = { detect = false },
    defaults    = { reprieve = true },
    slow        = { gray = "slow" },
    healthy     = { gray = "nothing" },
    slow_unseen = { gray = "slow", detect = false },
  },
  claims   = {
    claim { "health checks find the culprit", "probe:unhealthy{phase=fault} > 0.5", case = "checks_only", expect = "fails",
            because = "a probe is not a user's call: every one of them is answered well" },
    claim { "so users lose 3 %", "availability{phase=fault} < 97.5%", case = "checks_only" },
    claim { "success rates find it within two intervals, and keep it out", "lb:ejected{phase=fault} > 0.75" },
    claim { "users lose a fifth of that", "availability{phase=fault} > 99%" },
    claim { "both together are safer than one", "availability{case=defaults,phase=fault} > availability{phase=fault}", expect = "fails",
            because = "each good probe ends the ejection: the culprit is back within 5 s" },
    claim { "a slow replica is found, too", "lb:ejected{phase=fault} > 0.75", case = "slow" },
    claim { "its probes are not too slow", "probe:unhealthy{phase=fault} < 0.01", case = "slow_unseen" },
    claim { "but its users are", "latency.p99{case=slow_unseen,phase=fault} > 130% * latency.p99{case=slow,phase=fault}" },
    claim { "where nothing is the matter nobody is ejected", "lb:ejections < 0.001", case = "healthy", expect = "fails",
            because = "rates are compared with each other: among nine replicas without a failure one unlucky timeout is an outlier" },
  },
}
