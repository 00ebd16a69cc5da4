/* GPU nodes and a scheduler: jobs that need several pods at the same time.
 *
 * A job runs once all its pods are placed, each with its GPUs on one node, and have their image.
 * Pod by pod, as the scheduler of Kubernetes works by itself, a pod is placed wherever it fits, and
 * those that did not fit are tried again, in an order that has nothing to do with who came first,
 * when something is free: jobs may each hold what the others lack, for ever. Gang scheduling
 * (Volcano) places all pods of a job or none; jobs that do not fit are passed over. */
#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

enum { MAX_MACHINES = 64, MAX_PODS = 1000, MAX_IMAGES = 64 };
enum scheduling { POD_BY_POD, GANG };
enum placement { SPREAD, BINPACK };
enum { PURPOSE_PODS, PURPOSE_GPUS, PURPOSE_SERVICE, PURPOSE_PULL };

struct gpu_cluster {
    struct node base;
    int64_t nodes, gpus_per_node;
    struct quantity *pods, *gpus, *service, *image_pull;
    int scheduling, placement;
    bool pre_pulled;

    int64_t present, most; /* nodes that are there: the first ones; that were, at some time */
    int64_t unused[MAX_MACHINES];
    uint64_t images[MAX_MACHINES]; /* of which classes */
    struct list waiting, complete; /* jobs: some pods are missing; all are placed */
    struct rng rng;
    struct integral capacity, busy, held, queue, deadlocked, fragmented; /* the first three: GPUs */
    uint64_t rejected, lost;
};

struct job {
    struct call base;
    ns_t came, able; /* able: when the last image will be there */
    int64_t pods, gpus, placed;
    bool complete, serving;
    uint16_t on[MAX_MACHINES]; /* pods on each node */
};

static struct gpu_cluster *cluster_of(struct node *n) {
    return container_of(n, struct gpu_cluster, base);
}
static struct job *job_of(struct call *c) {
    return container_of(c, struct job, base);
}
static struct job *job_at(struct list *l) {
    return job_of(call_of_wait(l));
}
static ns_t now_of(const struct gpu_cluster *k) {
    return k->base.sim->clock.now;
}

/* ---- pods */

/* Spread takes the emptiest node, binpack the fullest that has room; -1: none has. */
static int64_t find_node(const struct gpu_cluster *k, int64_t gpus) {
    int64_t best = -1;
    for (int64_t i = 0; i < k->present; i++) {
        if (k->unused[i] < gpus)
            continue;
        bool better = best < 0 || (k->placement == BINPACK ? k->unused[i] < k->unused[best]
                                                           : k->unused[i] > k->unused[best]);
        best = better ? i : best;
    }
    return best;
}

/* A node pulls an image once, from the moment at which it is sure that a pod will run there: pod by
 * pod that is when it is placed. */
static void pull(struct gpu_cluster *k, struct job *j, int64_t node) {
    uint64_t image = (uint64_t)1 << j->base.req->class % MAX_IMAGES;
    if (!k->image_pull || k->pre_pulled || k->images[node] & image)
        return;
    k->images[node] |= image;
    ns_t there = now_of(k) + quantity_ns(k->image_pull, &j->base, PURPOSE_PULL + (uint64_t)node);
    j->able = there > j->able ? there : j->able;
}

static bool place_pod(struct gpu_cluster *k, struct job *j) {
    int64_t node = find_node(k, j->gpus);
    if (node < 0)
        return false;
    k->unused[node] -= j->gpus;
    j->on[node]++;
    j->placed++;
    integral_add(&k->held, now_of(k), j->gpus);
    if (k->scheduling == POD_BY_POD)
        pull(k, j, node);
    return true;
}

static void give_back(struct gpu_cluster *k, struct job *j) {
    for (int64_t i = 0; i < k->present; i++)
        k->unused[i] += j->on[i] * j->gpus;
    memset(j->on, 0, sizeof j->on);
    if (!j->complete)
        integral_add(&k->held, now_of(k), -j->placed * j->gpus);
    else if (j->serving)
        integral_add(&k->busy, now_of(k), -j->placed * j->gpus);
    j->placed = 0;
}

/* ---- running */

static void schedule(struct gpu_cluster *k);

static void leave(struct gpu_cluster *k, struct job *j) {
    give_back(k, j);
    if (!j->complete)
        integral_add(&k->queue, now_of(k), -1);
    list_remove(&j->base.wait);
}

static void done(struct event *ev) {
    struct job *j = job_of(call_of_timer(ev));
    struct gpu_cluster *k = cluster_of(j->base.node);
    call_phase(&j->base, PHASE_SERVICE, now_of(k) - j->able);
    leave(k, j);
    call_finish(&j->base, OUTCOME_OK);
    schedule(k);
}

static void serve(struct event *ev) {
    struct job *j = job_of(call_of_timer(ev));
    struct gpu_cluster *k = cluster_of(j->base.node);
    integral_add(&k->busy, now_of(k), j->placed * j->gpus);
    j->serving = true;
    call_milestone(&j->base, MILESTONE_SERVICE);
    call_wake(&j->base, NULL, quantity_ns(k->service, &j->base, PURPOSE_SERVICE), done);
}

/* All pods are there: the last image may still be on its way. */
static void begin(struct gpu_cluster *k, struct job *j) {
    ns_t now = now_of(k);
    for (int64_t i = 0; k->scheduling == GANG && i < k->present; i++)
        if (j->on[i])
            pull(k, j, i);
    j->complete = true;
    integral_add(&k->held, now, -j->placed * j->gpus);
    integral_add(&k->queue, now, -1);
    list_remove(&j->base.wait);
    list_append(&k->complete, &j->base.wait);
    j->able = j->able > now ? j->able : now;
    call_phase(&j->base, PHASE_WAIT, now - j->came);
    call_phase(&j->base, PHASE_STALL, j->able - now);
    call_wake(&j->base, NULL, j->able - now, serve);
}

/* ---- scheduling */

static bool place_gang(struct gpu_cluster *k, struct job *j) {
    while (j->placed < j->pods && place_pod(k, j))
        ;
    if (j->placed == j->pods)
        return true;
    give_back(k, j);
    return false;
}

static void schedule_gangs(struct gpu_cluster *k) {
    for (struct list *l = k->waiting.next, *next; l != &k->waiting; l = next) {
        next = l->next;
        if (place_gang(k, job_at(l)))
            begin(k, job_at(l));
    }
}

/* Any of the pods that would fit, each as likely as the others. */
static struct job *any_pod(struct gpu_cluster *k) {
    struct job *chosen = NULL;
    uint64_t seen = 0;
    int64_t room = 0; /* of the emptiest node */
    for (int64_t i = 0; i < k->present; i++)
        room = k->unused[i] > room ? k->unused[i] : room;
    for (struct list *l = k->waiting.next; room && l != &k->waiting; l = l->next) {
        struct job *j = job_at(l);
        uint64_t missing = (uint64_t)(j->pods - j->placed);
        if (j->gpus > room)
            continue;
        seen += missing;
        if (rng_below(&k->rng, seen) < missing)
            chosen = j;
    }
    return chosen;
}

static void schedule_pods(struct gpu_cluster *k) {
    struct job *j;
    while ((j = any_pod(k))) {
        place_pod(k, j);
        if (j->placed == j->pods)
            begin(k, j);
    }
}

static void set_flag(struct integral *g, ns_t now, bool on) {
    integral_add(g, now, on - g->value);
}

/* Whom what is unused would be enough for, if it were on other nodes. */
static bool fragmented(const struct gpu_cluster *k) {
    int64_t unused = 0;
    for (int64_t i = 0; i < k->present; i++)
        unused += k->unused[i];
    for (struct list *l = k->waiting.next; l != &k->waiting; l = l->next) {
        const struct job *j = job_at(l);
        if ((j->pods - j->placed) * j->gpus <= unused)
            return true;
    }
    return false;
}

static void schedule(struct gpu_cluster *k) {
    if (k->base.gate.down || k->base.sim->closing)
        return;
    if (k->scheduling == GANG)
        schedule_gangs(k);
    else
        schedule_pods(k);
    set_flag(&k->deadlocked, now_of(k), k->held.value > 0 && list_empty(&k->complete));
    set_flag(&k->fragmented, now_of(k), fragmented(k));
}

/* ---- calls */

static int64_t whole(double x) {
    return x < 1 ? 1 : x > 1e6 ? 1000000 : (int64_t)round(x);
}

static void accept(struct node *n, struct call *c) {
    struct gpu_cluster *k = cluster_of(n);
    struct job *j = job_of(c);
    j->pods = whole(quantity_draw(k->pods, c, PURPOSE_PODS));
    j->gpus = whole(quantity_draw(k->gpus, c, PURPOSE_GPUS));
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
    if (k->scheduling == POD_BY_POD) /* it takes what is there */
        while (j->placed < j->pods && place_pod(k, j))
            ;
    if (j->placed == j->pods)
        begin(k, j);
    schedule(k);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct gpu_cluster *k = cluster_of(n);
    if (cause == CAUSE_QUEUED && job_of(c)->complete)
        return false;
    leave(k, job_of(c));
    if (cause != CAUSE_CRASH)
        schedule(k);
    else {
        set_flag(&k->deadlocked, now_of(k), false);
        set_flag(&k->fragmented, now_of(k), false);
    }
    return true;
}

/* ---- nodes that come and go */

static void kill_those_on(struct gpu_cluster *k, struct list *jobs, int64_t from) {
    for (struct list *l = jobs->next, *next; l != jobs; l = next) {
        struct job *j = job_at(l);
        next = l->next;
        int64_t there = 0;
        for (int64_t i = from; i < k->present; i++)
            there += j->on[i];
        if (!there)
            continue;
        k->lost++;
        leave(k, j);
        call_finish(&j->base, OUTCOME_ERROR);
    }
}

static void changed(struct node *n, const struct param *p) {
    struct gpu_cluster *k = cluster_of(n);
    (void)p;
    kill_those_on(k, &k->waiting, k->nodes);
    kill_those_on(k, &k->complete, k->nodes);
    for (int64_t i = k->present; i < k->nodes; i++) {
        k->unused[i] = k->gpus_per_node;
        k->images[i] = 0;
    }
    integral_add(&k->capacity, now_of(k), k->nodes * k->gpus_per_node - k->capacity.value);
    k->present = k->nodes;
    k->most = k->most > k->nodes ? k->most : k->nodes;
    schedule(k);
}

/* ---- set-up */

static bool seal(struct node *n, struct error *e) {
    struct gpu_cluster *k = cluster_of(n);
    (void)e;
    list_init(&k->waiting);
    list_init(&k->complete);
    k->present = k->most = k->nodes;
    for (int64_t i = 0; i < k->present; i++)
        k->unused[i] = k->gpus_per_node;
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
          .flags = REQUIRED | LIVE, .min = 1, .max = MAX_MACHINES),
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
        const struct job *j = job_at(l);
        int64_t sum = 0;
        for (int64_t i = 0; i < MAX_MACHINES; i++) {
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
    int64_t all[MAX_MACHINES] = {0}, held = 0, complete = 0, busy = 0, none = 0, waiting = 0,
            in = 0;
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
    .call_size = sizeof(struct job),
    .ops = {.seal = seal,
            .accept = accept,
            .cancel = cancel,
            .set = changed,
            .probe = probe,
            .check = check},
};
