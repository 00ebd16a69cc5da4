/* How long the start of a run is to be thrown away: MSER-5 on the answers of pilots without faults.
 *
 * One pilot is fragile: MSER minimises a noisy curve, and a queue at high load wanders as far by
 * itself as it does while filling. As in Welch's procedure (The Statistical Analysis of Simulation
 * Results, 1983), the i-th answers of several pilots are therefore averaged first: what is common
 * to all of them is the start-up. */
#include <stdlib.h>

#include "core/observer.h"
#include "lab/crew.h"
#include "lab/study.h"

enum { PILOTS = 20, MOST = 100000, FIRST_PILOT = 1000003 };

/* What all pilots add to. Whole nanoseconds: their sum is the same in whatever order the threads
 * come. */
struct sums {
    const struct scenario_maker *m;
    uint64_t seed;
    ns_t duration;
    uint64_t *latency, *when; /* of the i-th answers */
    size_t answers[PILOTS];
};

struct pilot {
    struct observer observer;
    struct sums *sums;
    size_t n;
};

static void begun(struct observer *o, const struct call *c) {
    (void)o, (void)c;
}
static void phase(struct observer *o, const struct call *c, enum phase p, ns_t spent) {
    (void)o, (void)c, (void)p, (void)spent;
}

static void finished(struct observer *o, const struct call *c) {
    struct pilot *p = container_of(o, struct pilot, observer);
    ns_t now = c->node->sim->clock.now;
    if (!c->via || c->via->from != c->req->source || c->req->origin != ORIGIN_USER)
        return;
    if (p->n == MOST) {
        c->node->sim->stop = true;
        return;
    }
    __atomic_fetch_add(&p->sums->latency[p->n], (uint64_t)(now - c->start), __ATOMIC_RELAXED);
    __atomic_fetch_add(&p->sums->when[p->n++], (uint64_t)now, __ATOMIC_RELAXED);
}

static bool run_pilot(void *ctx, uint32_t index, struct sim_progress *progress, struct error *e) {
    struct sums *sums = ctx;
    struct pilot p = {.observer = {.begun = begun, .phase = phase, .finished = finished},
                      .sums = sums};
    struct scenario_request r = {.seed = sums->seed,
                                 .replication = FIRST_PILOT + index,
                                 .warmup = 0,
                                 .duration = sums->duration,
                                 .without_faults = true};
    struct scenario s;
    if (!sums->m->build(sums->m, &r, &s, e))
        return false;
    sim_observe(s.sim, &p.observer);
    s.sim->progress = progress;
    bool ok = sim_run(s.sim);
    if (!ok)
        error_set(e, "%s", s.sim->error.text);
    sums->m->free_sim(sums->m, s.sim);
    sums->answers[index] = p.n;
    return ok;
}

/* MSER-5 on the means of what all pilots have in common; the moment at which the rest begins. */
static ns_t find(struct sums *sums, bool *found) {
    size_t common = MOST;
    for (int i = 0; i < PILOTS; i++)
        common = sums->answers[i] < common ? sums->answers[i] : common;
    double *latency = mem_zero((common + 1) * sizeof *latency);
    for (size_t i = 0; i < common; i++)
        latency[i] = (double)sums->latency[i];
    size_t cut = stats_mser5(latency, common, found);
    free(latency);
    return cut && cut <= common ? (ns_t)(sums->when[cut - 1] / PILOTS) : 0;
}

bool warmup_find(const struct scenario_maker *m, uint64_t seed, ns_t duration, int jobs,
                 ns_t *warmup, bool *found, struct error *e) {
    struct sums sums = {.m = m, .seed = seed, .duration = duration};
    sums.latency = mem_zero(MOST * sizeof *sums.latency);
    sums.when = mem_zero(MOST * sizeof *sums.when);
    struct crew crew = {.tasks = PILOTS, .jobs = jobs, .run = run_pilot, .ctx = &sums};
    bool ok = crew_run(&crew, e);
    ns_t mean = ok ? find(&sums, found) : 0;
    *warmup = (mean + NS_PER_S - 1) / NS_PER_S * NS_PER_S; /* whole seconds read better */
    free(sums.latency);
    free(sums.when);
    return ok;
}
