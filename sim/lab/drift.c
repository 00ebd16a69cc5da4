#include "lab/drift.h"

#include <math.h>

#include "base/stats.h"

struct drift_watch {
    struct agent agent;
    struct event event;
    struct sim *sim;
    uint32_t marks;
    int64_t *level;    /* moments x nodes: calls in flight */
    uint64_t *arrived; /* the same: calls so far */
};

/* The last moment lies just before the end: at the end itself everything is over. */
static ns_t moment(const struct sim *sim, uint32_t i) {
    long double span = (long double)(sim->limits.duration - 1);
    return sim->limits.warmup + (ns_t)(span * i / DRIFT_STEPS);
}

static void mark(struct event *ev) {
    struct drift_watch *w = container_of(ev, struct drift_watch, event);
    struct sim *sim = w->sim;
    for (uint32_t i = 0; i < sim->n_order; i++) {
        const struct meter *m = &sim->order[i]->meter;
        w->level[(size_t)w->marks * sim->n_order + i] = m->in_flight.value;
        w->arrived[(size_t)w->marks * sim->n_order + i] = meter_totals(m).arrived;
    }
    if (++w->marks <= DRIFT_STEPS)
        event_at(&sim->clock, ev, moment(sim, w->marks));
}

static void start(struct agent *a, struct sim *sim) {
    struct drift_watch *w = container_of(a, struct drift_watch, agent);
    event_init(&w->event, mark);
    event_at(&sim->clock, &w->event, moment(sim, 0));
}

struct drift_watch *drift_watch(struct sim *sim) {
    if (sim->limits.duration == NS_NEVER)
        return NULL;
    size_t cells = (size_t)(DRIFT_STEPS + 1) * sim->n_order;
    struct drift_watch *w = arena_alloc(&sim->arena, sizeof *w);
    *w = (struct drift_watch){.agent = {.start = start}, .sim = sim};
    w->level = arena_alloc(&sim->arena, cells * sizeof *w->level);
    w->arrived = arena_alloc(&sim->arena, cells * sizeof *w->arrived);
    sim_add_agent(sim, &w->agent);
    return w;
}

struct drift *drift_take(const struct drift_watch *w) {
    uint32_t n = w->sim->n_order, steps = w->marks ? w->marks - 1 : 0;
    struct drift *out = mem_zero((n + 1) * sizeof *out);
    for (uint32_t i = 0; i < n; i++) {
        struct drift *d = &out[i];
        d->steps = steps;
        for (uint32_t k = 0; k < steps; k++) {
            const int64_t *at = &w->level[(size_t)k * n + i];
            double step = (double)(at[n] - at[0]);
            d->sum += step;
            d->squares += step * step;
            d->third[3 * k / steps] += step;
        }
        d->arrived = steps ? (double)(w->arrived[(size_t)steps * n + i] - w->arrived[i]) : 0;
    }
    return out;
}

void drift_add(struct drift *into, const struct drift *more) {
    into->sum += more->sum;
    into->squares += more->squares;
    for (int i = 0; i < 3; i++)
        into->third[i] += more->third[i];
    into->arrived += more->arrived;
    into->steps += more->steps;
}

bool drift_is_growth(const struct drift *d, uint32_t nodes) {
    double n = d->steps, least = fmin(d->third[0], fmin(d->third[1], d->third[2]));
    if (d->steps < 6 || !(d->sum > 0) || d->sum < DRIFT_MATERIAL * d->arrived || least < d->sum / 8)
        return false;
    double mean = d->sum / n, variance = (d->squares - n * mean * mean) / (n - 1);
    return variance <= 0 ||
           stats_student_tail(mean / sqrt(variance / n), n - 1) < DRIFT_LEVEL / nodes;
}
