/* Stations that are switched off when they are idle, and stations that are slow at first.
 *
 * A station with a setup time is off at the beginning. The first call that comes then has it set
 * up, and all that come meanwhile wait; it stays on until it has been empty for a while. */
#include "core/group.h"
#include "core/sim.h"
#include "node/station.h"

static void switched(struct event *ev) {
    struct station *s = container_of(ev, struct station, power_event);
    s->power = s->power == POWER_SETUP ? POWER_ON : POWER_OFF;
    station_gate(s);
    if (s->power == POWER_ON)
        station_settle(s); /* those it was set up for may be gone */
}

void station_power_start(struct station *s) {
    event_init(&s->power_event, switched);
    if (!s->setup)
        return;
    s->power = POWER_OFF;
    s->closed = true;
}

void station_wake(struct station *s, struct call *c) {
    struct clock *clock = &s->base.sim->clock;
    if (s->power == POWER_SETUP || !s->setup)
        return;
    event_cancel(clock, &s->power_event);
    if (s->power == POWER_ON)
        return;
    s->power = POWER_SETUP;
    s->setups++;
    event_at(clock, &s->power_event, clock->now + quantity_ns(s->setup, c, PURPOSE_SETUP));
}

void station_settle(struct station *s) {
    struct clock *clock = &s->base.sim->clock;
    if (!s->setup || s->power != POWER_ON || s->own.busy || s->queue.n ||
        event_pending(&s->power_event))
        return;
    if (s->idle > 0) {
        event_at(clock, &s->power_event, clock->now + s->idle);
        return;
    }
    s->power = POWER_OFF;
    s->closed = true;
}

/* ---- warming up */

/* When what it is part of became ready: the innermost replica, or the beginning of the clock. */
static ns_t since(const struct node *n) {
    for (struct scope *s = n->scope; s->owner; s = s->parent)
        if (s->owner->type == &replicas_type)
            return container_of(s, struct replica, scope)->since;
    return 0;
}

double station_warmth(const struct station *s) {
    if (s->warm_lasting <= 0)
        return 1;
    double age = (double)(station_now(s) - since(&s->base)) / (double)s->warm_lasting;
    return age < 1 ? 1 + (s->warm_factor - 1) * (1 - age) : 1;
}
