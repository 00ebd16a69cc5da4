/* Work in progress whose speed may change: processor sharing, contention, pauses, interruptions.
 *
 * Egalitarian processor sharing gives each of n calls min(1, servers / n) of a server. Contention
 * divides the speed by 1 + sigma (n - 1) + kappa n (n - 1), Gunther's universal scalability law
 * (Guerrilla Capacity Planning, 2007): n is the number of calls in service at that moment, and the
 * speed of all of them follows it. A call costs two operations on a heap, O(log n). */
#include <math.h>

#include "core/sim.h"
#include "node/station.h"

double flow_speed(const struct station *s) {
    double n = s->flow.calls.n;
    if (n == 0 || s->paused || s->faults.down)
        return 0;
    double speed = s->discipline == QUEUE_PS ? fmin(1, (double)station_up(s) / n) : 1;
    return speed / (1 + s->sigma * (n - 1) + s->kappa * n * (n - 1));
}

static void bring(struct station *s) {
    ns_t now = station_now(s);
    s->flow.given += s->flow.speed * (double)(now - s->flow.at);
    s->flow.at = now;
}

void flow_plan(struct station *s) {
    struct flow *f = &s->flow;
    if (!s->flows)
        return;
    bring(s);
    struct clock *clock = &s->base.sim->clock;
    f->speed = flow_speed(s);
    if (!f->calls.n)
        f->given = 0;
    event_cancel(clock, &f->done);
    if (f->speed <= 0)
        return;
    double wait = fmin((double)NS_LIMIT, fmax(0, f->calls.at[0].key - f->given) / f->speed);
    event_at(clock, &f->done, clock->now + (ns_t)(wait + 0.5));
}

/* The event is the next call's, whatever the rounding of time. */
static void done(struct event *ev) {
    struct station *s = container_of(ev, struct station, flow.done);
    uint32_t *first = s->flow.calls.at[0].slot;
    station_served(s, station_theirs(container_of(first, struct station_call, waiter.slot)));
}

/* The smallest goes first. */
static double weakness(const struct station *s, const struct station_call *m, double target) {
    switch (s->discipline) {
    case QUEUE_PRIORITY:
        return m->waiter.base.req->level;
    case QUEUE_LIFO:
        return (double)m->waiter.order;
    case QUEUE_EDF:
        return -(double)m->waiter.base.deadline;
    default:
        return -target; /* sjf: all advance alike, so the largest target has most left to do */
    }
}

void flow_enter(struct station *s, struct station_call *m) {
    struct flow *f = &s->flow;
    bring(s);
    double target = f->given + m->left;
    ranks_push(&f->calls, target, f->entered++, &m->waiter.slot);
    if (s->preempt != PREEMPT_NO)
        ranks_push(&f->weak, weakness(s, m, target), ~m->waiter.order, &m->waiter.weak);
    flow_plan(s);
}

void flow_leave(struct station *s, struct station_call *m) {
    struct flow *f = &s->flow;
    bring(s);
    m->left = fmax(0, f->calls.at[m->waiter.slot].key - f->given);
    ranks_remove(&f->calls, m->waiter.slot);
    if (s->preempt != PREEMPT_NO)
        ranks_remove(&f->weak, m->waiter.weak);
    flow_plan(s);
}

void flow_restart(struct station *s) {
    struct flow *f = &s->flow;
    struct ranks old = f->calls, weak = f->weak;
    bring(s);
    f->calls = f->weak = (struct ranks){0};
    for (uint32_t i = 0; i < old.n; i++) {
        struct station_call *m = container_of(old.at[i].slot, struct station_call, waiter.slot);
        m->left = m->whole;
        flow_enter(s, m);
    }
    ranks_release(&old);
    ranks_release(&weak);
}

struct station_call *flow_weaker(struct station *s, const struct station_call *m) {
    struct flow *f = &s->flow;
    if (!f->weak.n)
        return NULL;
    bring(s);
    double work = m->waiter.key * station_stretch(s) * 1e9; /* of sjf, where it is known */
    double weakest = f->weak.at[0].key, target = f->given + (s->early ? work : 0);
    bool goes_first = s->discipline == QUEUE_LIFO || weakness(s, m, target) > weakest;
    return goes_first ? container_of(f->weak.at[0].slot, struct station_call, waiter.weak) : NULL;
}

void flow_init(struct station *s) {
    event_init(&s->flow.done, done);
}
