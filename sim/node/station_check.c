/* The full audit of a station: where is each of its calls, and do all that count them agree? */
#include <math.h>

#include "core/sim.h"
#include "node/station.h"

struct tally {
    int64_t timed, flowing, holding, broken, waiting, odd;
};

static void look(void *ctx, void *object) {
    struct tally *t = ctx;
    struct call *c = object;
    const struct station *s = station_of(c->node);
    const struct station_call *m = station_mine(c);
    bool timer = event_pending(&c->timer);
    if (c->travelling)
        return;
    if (!m->serving) {
        t->waiting++;
        t->odd += timer && s->plain;
    } else if (s->plain || (!s->flows && !m->holding)) {
        t->timed++;
        t->odd += !timer;
    } else if (m->holding) {
        t->holding++;
        t->odd += !c->subs;
    } else if (m->broken)
        t->broken++;
    else {
        t->flowing++;
        t->odd += s->flow.calls.at[m->waiter.slot].slot != &m->waiter.slot;
    }
}

static bool flow_holds(const struct station *s, const struct tally *t) {
    const struct flow *f = &s->flow;
    bool weak = s->preempt == PREEMPT_NO || (ranks_check(&f->weak) && f->weak.n == f->calls.n);
    return weak && f->calls.n == t->flowing && ranks_check(&f->calls) &&
           event_pending(&f->done) == (f->speed > 0) && f->speed == flow_speed(s);
}

/* Of a shared processor as many servers work as there is work for. */
static bool busy_holds(const struct station *s, int64_t there, int64_t broken) {
    bool ps = s->discipline == QUEUE_PS;
    int64_t works = ps ? (there < station_up(s) ? there : station_up(s)) : there - broken;
    return s->busy.value == works && (s->on || s->own.busy == there);
}

bool station_check(struct node *n, struct error *e) {
    const struct station *s = station_of(n);
    struct tally t = {0};
    pool_each(&n->calls, look, &t);
    int64_t there = t.timed + t.flowing + t.holding + t.broken;
    if (t.odd || t.waiting != s->queue.n || s->queued.value != t.waiting)
        return error_set(
            e, "%lld calls wait, the queue counts %u, its metric %lld, %lld are out of place",
            (long long)t.waiting, s->queue.n, (long long)s->queued.value, (long long)t.odd);
    if (!queue_check(&s->queue))
        return error_set(e, "the queue counts %u calls, its lists hold others", s->queue.n);
    if (s->flows && !flow_holds(s, &t))
        return error_set(e, "%lld calls are in service, %u are counted, at the speed %g",
                         (long long)t.flowing, s->flow.calls.n, s->flow.speed);
    if (!busy_holds(s, there, t.broken)) /* a pool looks at its own */
        return error_set(e,
                         "%lld calls are in service, %lld servers are busy, its metric says %lld",
                         (long long)there, (long long)s->own.busy, (long long)s->busy.value);
    bool idle = servers_free(s->servers) && t.waiting && !n->gate.down && !s->closed;
    if (idle)
        return error_set(e, "%lld calls wait though %lld of %lld servers are busy",
                         (long long)t.waiting, (long long)s->servers->busy,
                         (long long)s->servers->n);
    return station_fail_check(s, e);
}
