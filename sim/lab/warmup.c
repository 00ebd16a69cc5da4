/* How long the start of a run is to be thrown away: MSER-5 on the answers of a pilot without
 * faults. */
#include <stdlib.h>

#include "core/observer.h"
#include "lab/study.h"

enum { MOST = 200000 };

struct pilot {
    struct observer observer;
    double *latency;
    ns_t *when; /* of the answer */
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
    if (!c->via || c->via->from != c->req->source || c->req->origin != ORIGIN_USER)
        return;
    if (p->n == MOST) {
        c->node->sim->stop = true;
        return;
    }
    p->latency[p->n] = ns_to_s(c->node->sim->clock.now - c->start);
    p->when[p->n++] = c->node->sim->clock.now;
}

bool warmup_find(const struct scenario_maker *m, uint64_t seed, ns_t duration, ns_t *warmup,
                 bool *found, struct error *e) {
    struct scenario_request r = {.seed = seed,
                                 .replication = 1000003,
                                 .warmup = 0,
                                 .duration = duration,
                                 .without_faults = true};
    struct scenario s;
    if (!m->build(m, &r, &s, e))
        return false;
    struct pilot p = {.observer = {begun, phase, finished}};
    p.latency = mem_zero(MOST * sizeof *p.latency);
    p.when = mem_zero(MOST * sizeof *p.when);
    sim_observe(s.sim, &p.observer);
    bool ok = sim_run(s.sim);
    if (!ok)
        error_set(e, "%s", s.sim->error.text);
    size_t cut = stats_mser5(p.latency, p.n, found);
    *warmup = cut && cut <= p.n ? p.when[cut - 1] : 0;
    free(p.latency);
    free(p.when);
    m->free_sim(m, s.sim);
    return ok;
}
