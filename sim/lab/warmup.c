/* How long the start of a run is to be thrown away: MSER-5 on the answers of pilots without faults.
 *
 * One pilot is fragile: MSER minimises a noisy curve, and a queue at high load wanders as far by
 * itself as it does while filling. As in Welch's procedure (The Statistical Analysis of Simulation
 * Results, 1983), the i-th answers of several pilots are therefore averaged first: what is common
 * to all of them is the start-up. */
#include <stdlib.h>

#include "core/observer.h"
#include "lab/study.h"

enum { PILOTS = 20, MOST = 100000, FIRST_PILOT = 1000003 };

struct pilot {
    struct observer observer;
    double *latency; /* sums over the pilots so far */
    ns_t *when;      /* of the answer, likewise */
    size_t n;        /* in this pilot */
};

static void begun(struct observer *o, const struct call *c) {
    (void)o, (void)c;
}
static void phase(struct observer *o, const struct call *c, enum phase p, ns_t spent) {
    (void)o, (void)c, (void)p, (void)spent;
}

static void finished(struct observer *o, const struct call *c) {
    struct pilot *p = container_of(o, struct pilot, observer);
    if (!c->via || c->via->from != c->req->source || c->req->origin != ORIGIN_USER)
        return;
    if (p->n == MOST) {
        c->node->sim->stop = true;
        return;
    }
    p->latency[p->n] += ns_to_s(c->node->sim->clock.now - c->start);
    p->when[p->n++] += c->node->sim->clock.now;
}

static bool run_pilot(const struct scenario_maker *m, uint64_t seed, uint64_t replication,
                      ns_t duration, struct pilot *p, struct error *e) {
    struct scenario_request r = {.seed = seed,
                                 .replication = replication,
                                 .warmup = 0,
                                 .duration = duration,
                                 .without_faults = true};
    struct scenario s;
    p->n = 0;
    if (!m->build(m, &r, &s, e))
        return false;
    sim_observe(s.sim, &p->observer);
    bool ok = sim_run(s.sim);
    if (!ok)
        error_set(e, "%s", s.sim->error.text);
    m->free_sim(m, s.sim);
    return ok;
}

bool warmup_find(const struct scenario_maker *m, uint64_t seed, ns_t duration, ns_t *warmup,
                 bool *found, struct error *e) {
    struct pilot p = {.observer = {begun, phase, finished}};
    p.latency = mem_zero(MOST * sizeof *p.latency);
    p.when = mem_zero(MOST * sizeof *p.when);
    size_t common = MOST;
    bool ok = true;
    for (uint64_t i = 0; ok && i < PILOTS; i++) {
        ok = run_pilot(m, seed, FIRST_PILOT + i, duration, &p, e);
        common = p.n < common ? p.n : common;
    }
    size_t cut = stats_mser5(p.latency, common, found);
    ns_t mean = cut && cut <= common ? p.when[cut - 1] / PILOTS : 0;
    *warmup = (mean + NS_PER_S - 1) / NS_PER_S * NS_PER_S; /* whole seconds read better */
    free(p.latency);
    free(p.when);
    return ok;
}
