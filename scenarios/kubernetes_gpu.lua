-- GPU jobs and a model service on Kubernetes: what gang scheduling and pre-pulled images are worth.   (whiteboard A16)
--
-- Training jobs need all their GPUs at the same time. kube-scheduler places pod by pod: as soon as two large jobs each hold a part of
-- what the other one lacks, neither runs, and nothing that comes later gets in. What to see: gpus:held and gpus:deadlocked. Gang
-- scheduling holds nothing for jobs that cannot run; spreading single-GPU jobs over the nodes leaves holes that pods of eight do not fit
-- into (gpus:fragmented), packing them leaves whole nodes. The service beside it scales from zero: its cold start is mostly the image.
local k = knobs {
  scheduling = { "pod_by_pod", "kube-scheduler alone, or with Volcano", choices = { "pod_by_pod", "gang" } },
  placement  = { "binpack", "fullest node first, or emptiest", choices = { "binpack", "spread" } },
  patience   = { 0, "hours until a job's controller starts it anew; 0: never", min = 0 },
  cached     = { 0, "share of nodes that have the service's image", min = 0, max = 1 },
}
local gpus = gpu_cluster { name = "gpus", nodes = 4, gpus_per_node = 8, scheduling = k.scheduling, placement = k.placement,
  pods         = { notebook = 1, training = 16, inference = 1 },
  gpus_per_pod = { notebook = 1, training = 1, inference = 8 },
  service      = { notebook = exponential { mean = "30m" }, training = exponential { mean = "2h" }, inference = exponential { mean = "1h" } } }
local jobs = gpus
if k.patience > 0 then
  jobs = retry { max_attempts = 20, retry_on = { "timeout" }, timeout { after = k.patience * 3600, gpus } }
end
return scenario {
  title    = "GPU jobs and a model service on Kubernetes",
  workload = {
    open { name = "jobs", rate = 2.5 / 3600, to = jobs,
      classes = { notebook = { share = 0.75 }, training = { share = 0.13 }, inference = { share = 0.12 } } },
  },
  entry    = jobs,
  run      = { warmup = "0s", duration = "2000h", replications = 10 },
  cases    = { gang = { scheduling = "gang" } },
  claims   = {},
}
