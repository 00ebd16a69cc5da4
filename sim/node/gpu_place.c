/* Where pods go, and when jobs run. */
#include <string.h>

#include "core/quantity.h"
#include "node/gpu_cluster.h"

/* ---- pods */

void gpu_add_nodes(struct gpu_cluster *k, int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) {
        k->unused[i] = k->gpus_per_node;
        for (int image = 0; image < GPU_IMAGES; image++)
            k->image[i][image] = NS_NEVER;
    }
}

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
 * pod that is when it is placed. Who comes meanwhile waits for the rest of it. */
static void pull(struct gpu_cluster *k, struct gpu_job *j, int64_t node) {
    ns_t *there = &k->image[node][j->base.req->class % GPU_IMAGES];
    if (!k->image_pull || k->pre_pulled)
        return;
    if (*there == NS_NEVER)
        *there = gpu_now(k) + quantity_ns(k->image_pull, &j->base, GPU_PULL + (uint64_t)node);
    j->able = *there > j->able ? *there : j->able;
}

static bool place_pod(struct gpu_cluster *k, struct gpu_job *j) {
    int64_t node = find_node(k, j->gpus);
    if (node < 0)
        return false;
    k->unused[node] -= j->gpus;
    j->on[node]++;
    j->placed++;
    integral_add(&k->held, gpu_now(k), j->gpus);
    if (k->scheduling == POD_BY_POD)
        pull(k, j, node);
    return true;
}

static void give_back(struct gpu_cluster *k, struct gpu_job *j) {
    for (int64_t i = 0; i < k->present; i++)
        k->unused[i] += j->on[i] * j->gpus;
    memset(j->on, 0, sizeof j->on);
    if (!j->complete)
        integral_add(&k->held, gpu_now(k), -j->placed * j->gpus);
    else if (j->serving)
        integral_add(&k->busy, gpu_now(k), -j->placed * j->gpus);
    j->placed = 0;
}

/* ---- running */

void gpu_leave(struct gpu_cluster *k, struct gpu_job *j) {
    give_back(k, j);
    if (!j->complete)
        integral_add(&k->queue, gpu_now(k), -1);
    list_remove(&j->base.wait);
}

static void done(struct event *ev) {
    struct gpu_job *j = job_of(call_of_timer(ev));
    struct gpu_cluster *k = cluster_of(j->base.node);
    call_phase(&j->base, PHASE_SERVICE, gpu_now(k) - j->able);
    gpu_leave(k, j);
    call_finish(&j->base, OUTCOME_OK);
    gpu_schedule(k);
}

static void serve(struct event *ev) {
    struct gpu_job *j = job_of(call_of_timer(ev));
    struct gpu_cluster *k = cluster_of(j->base.node);
    integral_add(&k->busy, gpu_now(k), j->placed * j->gpus);
    j->serving = true;
    call_milestone(&j->base, MILESTONE_SERVICE);
    call_wake(&j->base, NULL, quantity_ns(k->service, &j->base, GPU_SERVICE), done);
}

/* All pods are there: the last image may still be on its way. */
static void begin(struct gpu_cluster *k, struct gpu_job *j) {
    ns_t now = gpu_now(k);
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

static bool place_gang(struct gpu_cluster *k, struct gpu_job *j) {
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
static struct gpu_job *any_pod(struct gpu_cluster *k) {
    struct gpu_job *chosen = NULL;
    uint64_t seen = 0;
    int64_t room = 0; /* of the emptiest node */
    for (int64_t i = 0; i < k->present; i++)
        room = k->unused[i] > room ? k->unused[i] : room;
    for (struct list *l = k->waiting.next; room && l != &k->waiting; l = l->next) {
        struct gpu_job *j = job_at(l);
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
    struct gpu_job *j;
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
        const struct gpu_job *j = job_at(l);
        if ((j->pods - j->placed) * j->gpus <= unused)
            return true;
    }
    return false;
}

void gpu_schedule(struct gpu_cluster *k) {
    if (k->base.gate.down || k->base.sim->closing)
        return;
    if (k->scheduling == GANG)
        schedule_gangs(k);
    else
        schedule_pods(k);
    set_flag(&k->deadlocked, gpu_now(k), k->held.value > 0 && list_empty(&k->complete));
    set_flag(&k->fragmented, gpu_now(k), fragmented(k));
}

void gpu_offer(struct gpu_cluster *k, struct gpu_job *j) {
    while (k->scheduling == POD_BY_POD && j->placed < j->pods && place_pod(k, j))
        ;
    if (j->placed == j->pods)
        begin(k, j);
}

void gpu_forget(struct gpu_cluster *k) {
    set_flag(&k->deadlocked, gpu_now(k), false);
    set_flag(&k->fragmented, gpu_now(k), false);
}
