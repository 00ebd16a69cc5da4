/* The waiting room: patience, CoDel, and newest first while a queue is standing.
 *
 * CoDel is that of folly's executors: when a service begins after an interval, the least wait of
 * the interval says whether the station is overloaded, and while it is, whoever has waited for more
 * than twice the target is dropped. The queue timeout is the controlled delay of "Fail at Scale"
 * (Maurer, ACM Queue 2015): whoever joins a queue that has not been empty for an interval waits for
 * the target at most, otherwise for the interval. */
#include "core/sim.h"
#include "node/station.h"

void station_leave_queue(struct station *s, struct call *c) {
    integral_add(&s->queued, station_now(s), -1);
    queue_remove(&s->queue, &station_mine(c)->waiter);
    if (!s->queue.n)
        s->room.standing = station_now(s);
    if (event_pending(&c->timer))
        event_cancel(&s->base.sim->clock, &c->timer);
}

void station_shed(struct station *s, struct call *c) {
    s->shed++;
    call_finish(c, OUTCOME_SHED);
    station_settle(s);
}

static void waited_in_vain(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct station *s = station_of(c->node);
    station_leave_queue(s, c);
    station_shed(s, c);
}

/* How long this one may wait; NS_NEVER: as long as it takes. */
static ns_t patience(const struct station *s, const struct call *c) {
    const struct queue_policy *r = &s->room;
    ns_t longest = NS_NEVER;
    if (r->max_wait)
        longest = ns_from_s(quantity_draw(r->max_wait, c, PURPOSE_PATIENCE));
    if (r->codel == CODEL_TIMEOUT) {
        bool stands = s->queue.n && r->standing < station_now(s) - r->interval;
        ns_t timeout = stands ? r->target : r->interval;
        longest = timeout < longest ? timeout : longest;
    }
    return longest;
}

void station_join(struct station *s, struct call *c) {
    struct queue_policy *r = &s->room;
    ns_t now = station_now(s), longest = patience(s, c);
    if (!s->queue.n)
        r->standing = now;
    integral_add(&s->queued, now, 1);
    queue_push(&s->queue, &station_mine(c)->waiter);
    bool alike = r->codel != CODEL_TIMEOUT && r->max_wait && quantity_fixed(r->max_wait);
    if (longest < NS_NEVER)
        call_wake(c, alike ? &r->line : NULL, longest, waited_in_vain);
}

struct waiter *station_peek(struct station *s) {
    const struct queue_policy *r = &s->room;
    if (s->discipline == QUEUE_ADAPTIVE && station_now(s) - r->standing > r->lifo_after)
        return queue_newest(&s->queue);
    return queue_peek(&s->queue);
}

bool station_drops(struct station *s, ns_t waited) {
    struct queue_policy *r = &s->room;
    ns_t now = station_now(s);
    if (r->codel != CODEL_FOLLY)
        return false;
    if (now > r->codel_end) {
        r->codel_end = now + r->interval;
        r->overloaded = r->codel_least > r->target;
        r->codel_least = waited;
        return false;
    }
    if (waited < r->codel_least)
        r->codel_least = waited;
    return r->overloaded && waited > 2 * r->target;
}
