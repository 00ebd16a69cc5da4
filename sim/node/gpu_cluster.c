/* GPU nodes and a scheduler: jobs that need several pods at the same time.
 *
 * A job runs once all its pods are placed, each with its GPUs on one node, and have their image.
 * Pod by pod, as the scheduler of Kubernetes works by itself, a pod is placed wherever it fits, and
 * those that did not fit are tried again, in an order that has nothing to do with who came first,
 * when something is free: jobs may each hold what the others lack, for ever. Gang scheduling
 * (Volcano) places all pods of a job or none; jobs that do not fit are passed over. */
#include <math.h>
#include <string.h>

#include "core/quantity.h"
#include "node/gpu_cluster.h"
#include "node/registry.h"

enum { MAX_PODS = 1000 }; /* of a job */

/* ---- calls */

static int64_t whole(double x) {
    return x < 1 ? 1 : x > 1e6 ? 1000000 : (int64_t)round(x);
}

static void accept(struct node *n, struct call *c) {
    struct gpu_cluster *k = cluster_of(n);
    struct gpu_job *j = job_of(c);
    j->pods = whole(quantity_draw(k->pods, c, GPU_PODS));
    j->gpus = whole(quantity_draw(k->gpus, c, GPU_GPUS));
    j->came = n->sim->clock.now;
    j->able = 0;
    j->placed = 0;
    j->complete = j->serving = false;
    memset(j->on, 0, sizeof j->on);
    if (j->gpus > k->gpus_per_node || j->pods > MAX_PODS ||
        j->pods > k->most * (k->gpus_per_node / j->gpus)) {
        k->rejected++;
        call_finish(c, OUTCOME_INVALID);
        return;
    }
    list_append(&k->waiting, &c->wait);
    integral_add(&k->queue, j->came, 1);
    gpu_offer(k, j);
    gpu_schedule(k);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct gpu_cluster *k = cluster_of(n);
    if (cause == CAUSE_QUEUED && job_of(c)->complete)
        return false;
    gpu_leave(k, job_of(c));
    if (cause != CAUSE_CRASH)
        gpu_schedule(k);
    else
        gpu_forget(k);
    return true;
}

/* ---- nodes that come and go */

static void kill_those_on(struct gpu_cluster *k, struct list *jobs, int64_t from) {
    for (struct list *l = jobs->next, *next; l != jobs; l = next) {
        struct gpu_job *j = job_at(l);
        next = l->next;
        int64_t there = 0;
        for (int64_t i = from; i < k->present; i++)
            there += j->on[i];
        if (!there)
            continue;
        k->lost++;
        gpu_leave(k, j);
        call_finish(&j->base, OUTCOME_ERROR);
    }
}

static void changed(struct node *n, const struct param *p) {
    struct gpu_cluster *k = cluster_of(n);
    (void)p;
    kill_those_on(k, &k->waiting, k->nodes);
    kill_those_on(k, &k->complete, k->nodes);
    gpu_add_nodes(k, k->present, k->nodes);
    integral_add(&k->capacity, gpu_now(k), k->nodes * k->gpus_per_node - k->capacity.value);
    k->present = k->nodes;
    k->most = k->most > k->nodes ? k->most : k->nodes;
    gpu_schedule(k);
}

/* ---- set-up */

static bool seal(struct node *n, struct error *e) {
    struct gpu_cluster *k = cluster_of(n);
    (void)e;
    list_init(&k->waiting);
    list_init(&k->complete);
    k->present = k->most = k->nodes;
    gpu_add_nodes(k, 0, k->present);
    k->capacity.value = k->nodes * k->gpus_per_node;
    k->rng.state = rng_key(n->salt, 0x706f6473u);
    return true;
}

static bool probe(struct node *n, enum probe what, double *answer) {
    const struct gpu_cluster *k = cluster_of(n);
    if (what == PROBE_QUEUE)
        *answer = (double)k->queue.value;
    else if (what == PROBE_UTILIZATION)
        *answer = (double)k->busy.value / (double)k->capacity.value;
    return what == PROBE_QUEUE || what == PROBE_UTILIZATION;
}

static const char *const schedulings[] = {"pod_by_pod", "gang", NULL};
static const char *const placements[] = {"spread", "binpack", NULL};

static const struct param params[] = {
    PARAM(INTEGER, "nodes", struct gpu_cluster, nodes, NULL,
          "machines; fewer: those with the highest numbers are lost, and the jobs that have a pod "
          "there",
          .flags = REQUIRED | LIVE, .min = 1, .max = GPU_NODES),
    PARAM(INTEGER, "gpus_per_node", struct gpu_cluster, gpus_per_node, "8", "GPUs in a machine",
          .min = 1, .max = 64),
    PARAM(QUANTITY, "pods", struct gpu_cluster, pods, "1",
          "pods of a job, which runs only when it has them all, such as { small = 1, large = 8 }"),
    PARAM(QUANTITY, "gpus_per_pod", struct gpu_cluster, gpus, "1", "on one and the same machine"),
    PARAM(QUANTITY, "service", struct gpu_cluster, service, NULL, "how long a job runs",
          .flags = REQUIRED | WORK, .unit = UNIT_TIME),
    PARAM(CHOICE, "scheduling", struct gpu_cluster, scheduling, "pod_by_pod",
          "a job's pods take what they find, one by one, or all at once", .choices = schedulings),
    PARAM(CHOICE, "placement", struct gpu_cluster, placement, "spread",
          "a pod goes to the node with the most unused GPUs, or with the fewest that suffice",
          .choices = placements),
    PARAM(QUANTITY, "image_pull", struct gpu_cluster, image_pull, NULL,
          "until a machine has the image of a class of jobs, which it then keeps",
          .unit = UNIT_TIME),
    PARAM(BOOL, "pre_pulled", struct gpu_cluster, pre_pulled, "false",
          "all machines have all images from the beginning", .needs = "image_pull"),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "queue", struct gpu_cluster, queue,
           "jobs that lack pods, whether they hold some or none, mean over time"),
    METRIC(SHARE, "utilization", struct gpu_cluster, busy, "share of the GPUs that run a job",
           .offset2 = offsetof(struct gpu_cluster, capacity)),
    METRIC(SHARE, "held", struct gpu_cluster, held,
           "share of the GPUs that are held by jobs that cannot run yet",
           .offset2 = offsetof(struct gpu_cluster, capacity)),
    METRIC(INTEGRAL, "deadlocked", struct gpu_cluster, deadlocked,
           "share of time in which all jobs that hold GPUs wait for more", .unit = UNIT_RATIO),
    METRIC(INTEGRAL, "fragmented", struct gpu_cluster, fragmented,
           "share of time in which a job waits though enough GPUs are unused, on too many nodes",
           .unit = UNIT_RATIO),
    METRIC(COUNTER, "rejected", struct gpu_cluster, rejected,
           "jobs that are too large for all of it"),
    METRIC(COUNTER, "lost", struct gpu_cluster, lost, "jobs that ended with a machine"),
    {0},
};

/* ---- full audit */

static bool check_list(const struct gpu_cluster *k, const struct list *jobs, bool complete,
                       int64_t unused[], int64_t *gpus, int64_t *serving, int64_t *n) {
    for (struct list *l = jobs->next; l != jobs; l = l->next) {
        const struct gpu_job *j = job_at(l);
        int64_t sum = 0;
        for (int64_t i = 0; i < GPU_NODES; i++) {
            unused[i] += j->on[i] * j->gpus;
            sum += i < k->present ? j->on[i] : 0;
        }
        *gpus += j->placed * j->gpus;
        *serving += j->serving ? j->placed * j->gpus : 0;
        *n += 1;
        if (sum != j->placed || j->complete != complete || (j->placed == j->pods) != complete ||
            event_pending(&j->base.timer) != complete)
            return false;
    }
    return true;
}

static bool check(struct node *n, struct error *e) {
    const struct gpu_cluster *k = cluster_of(n);
    int64_t all[GPU_NODES] = {0}, held = 0, complete = 0, busy = 0, none = 0, waiting = 0, in = 0;
    if (!check_list(k, &k->waiting, false, all, &held, &none, &waiting) ||
        !check_list(k, &k->complete, true, all, &complete, &busy, &in) || none)
        return error_set(e, "a job has other pods than those that are placed");
    for (int64_t i = 0; i < k->present; i++)
        if (all[i] + k->unused[i] != k->gpus_per_node || k->unused[i] < 0)
            return error_set(e, "node %lld has %lld GPUs in use and %lld unused", (long long)i + 1,
                             (long long)all[i], (long long)k->unused[i]);
    return (held == k->held.value && busy == k->busy.value && waiting == k->queue.value) ||
           error_set(e,
                     "%lld GPUs are held and %lld busy, %lld and %lld are counted; %lld jobs "
                     "wait, %lld are counted",
                     (long long)held, (long long)busy, (long long)k->held.value,
                     (long long)k->busy.value, (long long)waiting, (long long)k->queue.value);
}

const struct node_type gpu_cluster_type = {
    .kind = "gpu_cluster",
    .summary = "machines with GPUs and a scheduler, for jobs that need several pods at once",
    .follows = "kube-scheduler (pods one by one; LeastAllocated, MostAllocated), Volcano (gang)",
    .example = "gpu_cluster { nodes = 4, pods = { small = 1, large = 8 }, service = \"1h\", "
               "scheduling = \"gang\" }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct gpu_cluster),
    .call_size = sizeof(struct gpu_job),
    .ops = {.seal = seal,
            .accept = accept,
            .cancel = cancel,
            .set = changed,
            .probe = probe,
            .check = check},
};
