#include "node/servers.h"

#include <string.h>

#include "core/sim.h"
#include "node/station.h"

void servers_init(struct servers *s, int64_t n) {
    *s = (struct servers){.n = n};
    s->capacity.value = n;
}

void servers_join(struct servers *s, struct station *st, struct sim *sim) {
    struct station **more = arena_alloc(&sim->arena, (s->n_stations + 1) * sizeof *more);
    if (s->n_stations)
        memcpy(more, s->station, s->n_stations * sizeof *more);
    more[s->n_stations++] = st;
    s->station = more;
}

void servers_take(struct servers *s, ns_t now) {
    s->busy++;
    if (s->owner) /* a station of its own keeps the same in `busy` */
        integral_add(&s->busy_time, now, 1);
}

/* Is `a` to start before `b`? Priorities count when either station knows them. */
static bool goes_first(const struct station *sa, const struct waiter *a, const struct station *sb,
                       const struct waiter *b) {
    bool by_priority = sa->discipline == QUEUE_PRIORITY || sb->discipline == QUEUE_PRIORITY;
    if (by_priority && a->base.req->level != b->base.req->level)
        return a->base.req->level > b->base.req->level;
    return a->order < b->order;
}

/* Whom a crash, or the end, is about to take out of the queue is not served in passing. */
static inline bool waits(const struct station *st) {
    return st->queue.n && !st->base.gate.down && !st->base.sim->closing && !st->closed;
}

static struct station *next_station(struct servers *s) {
    if (s->n_stations == 1)
        return waits(s->station[0]) ? s->station[0] : NULL;
    struct station *best = NULL;
    struct waiter *first = NULL;
    for (uint32_t i = 0; i < s->n_stations; i++) {
        struct waiter *w = waits(s->station[i]) ? station_peek(s->station[i]) : NULL;
        if (w && (!first || goes_first(s->station[i], w, best, first))) {
            first = w;
            best = s->station[i];
        }
    }
    return best;
}

void servers_give(struct servers *s, ns_t now) {
    s->busy--;
    if (s->owner)
        integral_add(&s->busy_time, now, -1);
    if (s->busy >= s->n)
        return;
    struct station *next = next_station(s);
    if (next && !station_start_next(next))
        servers_fill(s);
}

void servers_fill(struct servers *s) {
    for (struct station *next; servers_free(s) && (next = next_station(s));)
        station_start_next(next);
}

void servers_resize(struct servers *s, int64_t n, ns_t now) {
    integral_add(&s->capacity, now, n - s->n);
    for (uint32_t i = 0; i < s->n_stations; i++)
        if (s->station[i]->on)
            integral_add(&s->station[i]->own.capacity, now, n - s->n);
    s->n = n;
    servers_fill(s);
}
