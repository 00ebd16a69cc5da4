/* Pauses and breakdowns. Both draw from a stream of the station's own: they belong to no call.
 *
 * A pause freezes the station: nothing begins, and what is in service stands still. When the whole
 * station breaks down, it is the same, and what was in service may have to begin anew, or is lost.
 * When servers break one by one, each is a machine with a clock of its own, which also runs while
 * it is idle; a call stays with its machine while that is repaired. */
#include <stdlib.h>

#include "core/sim.h"
#include "node/station.h"

struct machine {
    struct event event; /* its next failure, or the end of its repair */
    struct list link;   /* idle, waiting for a crew, or spare */
    struct station *station;
    struct station_call *at; /* NULL: it serves nobody */
    uint32_t number;         /* index + 1 */
    bool broken;
};

/* A duration that is given plainly is the mean of an exponential one where `random` says so. */
static ns_t span(struct station *s, const struct quantity *q, bool random) {
    if (q->kind == QUANTITY_DIST)
        return ns_from_s(q->scale * dist_draw(q->dist, &s->rng));
    return ns_from_s(random ? q->value * rng_exponential(&s->rng) : q->value);
}

static void plan(struct station *s, struct event *e, ns_t after) {
    struct clock *clock = &s->base.sim->clock;
    if (after < NS_LIMIT - clock->now)
        event_at(clock, e, clock->now + after);
}

int64_t station_up(const struct station *s) {
    return s->own.capacity.value - (s->faults.per ? 0 : s->faults.broken.value);
}

/* ---- pauses */

static void turn_pause(struct event *ev) {
    struct station *s = container_of(ev, struct station, pause);
    s->paused = !s->paused;
    plan(s, ev, span(s, s->paused ? s->lasting : s->every, false));
    station_gate(s);
}

/* ---- the whole station */

static void note(struct station *s, int64_t broken) {
    struct breakdowns *b = &s->faults;
    ns_t now = station_now(s);
    integral_add(&b->broken, now, broken - b->broken.value);
    bool out = b->down || (b->n_all && broken >= b->machines);
    integral_add(&b->outage, now, out - b->outage.value);
}

static void lose_all(struct station *s) {
    while (s->flow.calls.n) {
        uint32_t *slot = s->flow.calls.at[0].slot;
        struct station_call *m = container_of(slot, struct station_call, waiter.slot);
        station_end(s, station_theirs(m), OUTCOME_ERROR);
    }
}

static void turn_station(struct event *ev) {
    struct station *s = container_of(ev, struct station, faults.station);
    struct breakdowns *b = &s->faults;
    b->down = !b->down;
    s->failures += b->down;
    plan(s, ev, span(s, b->down ? b->mttr : b->mtbf, true));
    note(s, b->down ? s->own.capacity.value : 0);
    station_sync(s);
    station_gate(s);
    if (b->down && b->on_failure == FAILURE_RESTART)
        flow_restart(s);
    else if (b->down && b->on_failure == FAILURE_LOST)
        lose_all(s);
}

/* ---- servers one by one */

static void fails(struct event *ev);
static void repaired(struct event *ev);

static void repair(struct machine *u) {
    struct breakdowns *b = &u->station->faults;
    if (b->crews && b->crews_busy >= b->crews) {
        list_append(&b->waiting, &u->link);
        return;
    }
    b->crews_busy++;
    u->event.fire = repaired;
    plan(u->station, &u->event, span(u->station, b->mttr, true));
}

static void live(struct machine *u) {
    u->event.fire = fails;
    plan(u->station, &u->event, span(u->station, u->station->faults.mtbf, true));
}

/* The call stays, and goes on or begins anew when its server is back. */
static void stay(struct station *s, struct station_call *m) {
    flow_leave(s, m);
    if (s->faults.on_failure == FAILURE_RESTART)
        m->left = m->whole;
    m->broken = true;
    integral_add(&s->busy, station_now(s), -1);
}

static void fails(struct event *ev) {
    struct machine *u = container_of(ev, struct machine, event);
    struct station *s = u->station;
    struct breakdowns *b = &s->faults;
    struct station_call *m = u->at;
    u->broken = true;
    s->failures++;
    note(s, b->broken.value + 1);
    if (!m) {
        list_remove(&u->link);
        b->broken_free++;
    }
    repair(u);
    station_sync(s);
    if (m && b->on_failure == FAILURE_LOST)
        station_end(s, station_theirs(m), OUTCOME_ERROR);
    else if (m)
        stay(s, m);
    flow_plan(s);
}

/* Out of use: there are to be fewer servers. */
static void retire(struct machine *u) {
    struct station *s = u->station;
    event_cancel(&s->base.sim->clock, &u->event);
    list_remove(&u->link);
    list_append(&s->faults.spare, &u->link);
    s->faults.machines--;
}

static void make_idle(struct machine *u) {
    struct breakdowns *b = &u->station->faults;
    list_prepend(&b->idle, &u->link);
    if (b->machines > u->station->count)
        retire(u);
}

static void repaired(struct event *ev) {
    struct machine *u = container_of(ev, struct machine, event);
    struct station *s = u->station;
    struct breakdowns *b = &s->faults;
    u->broken = false;
    b->crews_busy--;
    live(u);
    if (!list_empty(&b->waiting)) {
        struct machine *next = container_of(b->waiting.next, struct machine, link);
        list_remove(&next->link);
        repair(next);
    }
    if (u->at) {
        u->at->broken = false;
        integral_add(&s->busy, station_now(s), 1);
        flow_enter(s, u->at);
    } else {
        b->broken_free--;
        make_idle(u);
    }
    note(s, b->broken.value - 1);
    station_sync(s);
    flow_plan(s);
    servers_fill(s->servers);
}

void machine_take(struct station *s, struct station_call *m) {
    if (!s->faults.n_all)
        return;
    struct machine *u = container_of(s->faults.idle.next, struct machine, link);
    list_remove(&u->link);
    u->at = m;
    m->machine = u->number;
}

void machine_give(struct station *s, struct station_call *m) {
    if (!m->machine)
        return;
    struct machine *u = s->faults.all[m->machine - 1];
    u->at = NULL;
    m->machine = 0;
    if (u->broken)
        s->faults.broken_free++;
    else
        make_idle(u);
    station_sync(s);
}

static struct machine *new_machine(struct station *s) {
    struct breakdowns *b = &s->faults;
    if (!list_empty(&b->spare)) {
        struct machine *u = container_of(b->spare.next, struct machine, link);
        list_remove(&u->link);
        return u;
    }
    struct machine *u = mem_zero(sizeof *u);
    *mem_push(b->all, b->n_all, b->cap) = u;
    u->station = s;
    u->number = b->n_all;
    event_init(&u->event, fails);
    list_init(&u->link);
    return u;
}

/* Those that are broken or busy go when they are back or free. */
void station_machines(struct station *s) {
    struct breakdowns *b = &s->faults;
    if (!b->mtbf)
        return;
    if (b->per) {
        note(s, b->down ? s->own.capacity.value : 0);
        return;
    }
    while (b->machines > s->count && !list_empty(&b->idle))
        retire(container_of(b->idle.next, struct machine, link));
    while (b->machines < s->count) {
        struct machine *u = new_machine(s);
        b->machines++;
        live(u);
        make_idle(u);
    }
    note(s, b->broken.value);
}

void station_fail_start(struct station *s) {
    struct breakdowns *b = &s->faults;
    list_init(&b->idle);
    list_init(&b->waiting);
    list_init(&b->spare);
    event_init(&s->pause, turn_pause);
    event_init(&b->station, turn_station);
    if (s->every)
        plan(s, &s->pause, span(s, s->every, false));
    if (b->mtbf && b->per)
        plan(s, &b->station, span(s, b->mtbf, true));
    station_machines(s);
}

void station_fail_release(struct station *s) {
    struct breakdowns *b = &s->faults;
    for (uint32_t i = 0; i < b->n_all; i++)
        free(b->all[i]);
    free(b->all);
    b->all = NULL;
    b->n_all = 0;
}

/* ---- full audit */

static int64_t length(const struct list *l) {
    int64_t n = 0;
    for (const struct list *i = l->next; i != l; i = i->next)
        n++;
    return n;
}

bool station_fail_check(const struct station *s, struct error *e) {
    const struct breakdowns *b = &s->faults;
    int64_t broken = 0, alone = 0, serving = 0;
    for (uint32_t i = 0; i < b->n_all; i++) {
        const struct machine *u = b->all[i];
        broken += u->broken;
        alone += u->broken && !u->at;
        serving += u->at != NULL;
        if (u->at && (u->at->machine != u->number || u->at->broken != u->broken))
            return error_set(e, "a server and its call do not know of each other");
    }
    if (!b->n_all)
        return true;
    bool counted = broken == b->broken.value && alone == b->broken_free &&
                   broken == b->crews_busy + length(&b->waiting);
    int64_t idle = length(&b->idle), busy = s->discipline == QUEUE_PS ? 0 : s->own.busy;
    return (counted && serving == busy && idle + busy + alone == b->machines &&
            b->machines + length(&b->spare) == b->n_all) ||
           error_set(e,
                     "%lld servers are broken, %lld are counted; %lld are busy, %lld idle and %lld "
                     "broken of %lld",
                     (long long)broken, (long long)b->broken.value, (long long)busy,
                     (long long)idle, (long long)alone, (long long)b->machines);
}
