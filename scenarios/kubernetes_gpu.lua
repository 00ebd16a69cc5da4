-- GPU jobs and a model service on Kubernetes: what are gang scheduling and pre-pulled images worth?   (whiteboard A16)
--
-- A training job runs only when it has all its 16 pods. kube-scheduler places pod by pod: once two such jobs each hold a part of what the
-- other one lacks, neither runs, and nothing that comes later gets in. What to see: gpus:held and gpus:deadlocked over time. Gang
-- scheduling (Volcano) holds nothing for a job that cannot run. Jobs that are started anew when they hang get out of it, after hours. Pods
-- of one GPU that are spread over the nodes leave holes into which no pod of 8 GPUs fits (gpus:fragmented); packed, they leave whole
-- nodes. The service falls to zero between calls; most of its cold start is the image.
local k = knobs {
  scheduling = { "pod_by_pod", "kube-scheduler alone, or with Volcano", choices = { "pod_by_pod", "gang" } },
  placement  = { "binpack", "the fullest node first, or the emptiest", choices = { "binpack", "spread" } },
  patience   = { 0, "hours until a job that is not done is started anew; 0: never", min = 0 },
  cached     = { 0, "share of the nodes that have the service's image", min = 0, max = 1 },
}
local jobs = gpu_cluster { name = "gpus", nodes = 4, gpus_per_node = 8, scheduling = k.scheduling, placement = k.placement,
  pods         = { notebook = 1, training = 16, batch = 1, default = 1 },
  gpus_per_pod = { notebook = 1, training = 1, batch = 8, default = 1 },
  service      = { notebook = exponential { mean = "30m" }, training = exponential { mean = "2h" }, batch = exponential { mean = "1h" }, default = "1h" } }
if k.patience > 0 then
  jobs = retry { max_attempts = 100, retry_on = { "timeout" }, backoff = { base = "1m" }, timeout { after = k.patience * 3600, on_expiry = "stop", jobs } }
end
local service = balance { name = "gateway",
  replicas { name = "pod", count = 1, max = 4, price = { gpu = "A10G" },
    cold_start = { scheduling = "2s", image_pull = lognormal { p50 = "90s", p99 = "240s" }, image_cached = k.cached,
                   model_load = lognormal { p50 = "20s", p99 = "45s" }, warm_up = "8s", readiness = uniform { "0s", "5s" } },
    build = function() return station { name = "model", servers = 8, service = exponential { mean = "2s" } } end } }
return scenario {
  title    = "GPU jobs and a model service on Kubernetes",
  workload = {
    open { name = "jobs", rate = 2.5 / 3600, to = jobs,
      classes = { notebook = { share = 0.76 }, training = { share = 0.12 }, batch = { share = 0.12 } } },
    open { name = "calls", rate = 6 / 3600, to = service, classes = { call = { share = 1 } } },
  },
  agents   = { autoscaler { name = "kpa", of = "pod", algorithm = "knative", container_concurrency_target = 8 } },
  run      = { warmup = "0s", duration = "500h", replications = 10 },
  cases    = {
    gang       = { scheduling = "gang" },
    restarts   = { patience = 6 },
    spread     = { scheduling = "gang", placement = "spread" },
    pre_pulled = { scheduling = "gang", cached = 1 },
    node_loss  = { scheduling = "gang", set { "gpus:nodes", 3, from = "300h", to = "324h" } },
  },
  claims   = {
    claim { "the scheduler of Kubernetes will do", "gpus:deadlocked < 1%", expect = "fails",
            because = "within days two training jobs hold each other's GPUs, and then nobody ever runs again" },
    claim { "jobs that are started anew get out of it", "gpus:deadlocked < 1%", case = "restarts", expect = "fails",
            because = "by then more large jobs wait, and those that get in again lock each other out again" },
    claim { "gang scheduling never holds a GPU for nothing", "gpus:held < 0.01%", case = "gang" },
    claim { "and runs all there is to run", "gpus:utilization > 35%", case = "gang" },
    claim { "training takes less than twice its two hours", "latency.mean{class=training} < 4h", case = "gang" },
    claim { "pods that are spread leave holes", "gpus:fragmented > 5 * gpus:fragmented{case=gang}", case = "spread" },
    claim { "so those of 8 GPUs take longer", "latency.mean{class=batch} > 130% * latency.mean{class=batch,case=gang}", case = "spread" },
    claim { "pre-pulled images halve the cold start", "pod:cold_start < 50% * pod:cold_start{case=gang}", case = "pre_pulled" },
    claim { "which is what callers wait for", "latency.mean{class=call} < 50% * latency.mean{class=call,case=gang}", case = "pre_pulled" },
    claim { "losing a node for a day costs hardly a job", "availability{class=training} > 99%", case = "node_loss" },
  },
}
