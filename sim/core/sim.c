#include "core/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/quantity.h"
#include "core/schema.h"

struct sim *sim_new(uint64_t seed, uint64_t replication) {
    struct sim *sim = mem_zero(sizeof *sim);
    clock_init(&sim->clock);
    sim->seed = seed;
    sim->replication = replication;
    sim->salt = rng_key(rng_mix(seed + RNG_GOLDEN), replication);
    sim->scope = &sim->file_scope;
    sim->ready_tail = &sim->ready;
    return sim;
}

static void release_node(struct node *n) {
    if (n->type->ops.release)
        n->type->ops.release(n);
    for (uint32_t i = 0; i < n->n_out; i++)
        if (n->out[i]->meter && n->out[i]->meter != &n->meter) {
            meter_release(n->out[i]->meter);
            free(n->out[i]->meter);
        }
    for (const struct metric *m = n->type->metrics; m && m->name; m++)
        if (m->kind == METRIC_SPREAD)
            spreads_release(schema_spreads(n, m));
    meter_release(&n->meter);
    pool_release(&n->calls);
    free(n->out);
    free(n->marks);
}

void sim_free(struct sim *sim) {
    if (!sim)
        return;
    for (uint32_t i = 0; i < sim->n_agents; i++)
        if (sim->agents[i]->release)
            sim->agents[i]->release(sim->agents[i]);
    for (uint32_t i = 0; i < sim->n_nodes; i++)
        release_node(sim->nodes[i]);
    for (uint32_t i = 0; i < sim->n_quantities; i++)
        if (sim->quantities[i]->kind == QUANTITY_DIST && !sim->quantities[i]->shares)
            dist_free(sim->quantities[i]->dist);
    pool_release(&sim->requests);
    clock_release(&sim->clock);
    free(sim->nodes);
    free(sim->order);
    free(sim->classes);
    free(sim->facts);
    free(sim->quantities);
    free(sim->agents);
    free(sim->late);
    arena_release(&sim->arena);
    free(sim);
}

/* ---- names */

int sim_find_class(const struct sim *sim, const char *name) {
    for (uint32_t i = 0; i < sim->n_classes; i++)
        if (!strcmp(sim->classes[i].name, name))
            return (int)i;
    return -1;
}

bool sim_class(struct sim *sim, const char *name, double priority, uint16_t *index,
               struct error *e) {
    int found = sim_find_class(sim, name);
    if (found >= 0) {
        *index = (uint16_t)found;
        return sim->classes[found].priority == priority ||
               error_set(e, "class '%s' has priority %g here and %g in another workload", name,
                         priority, sim->classes[found].priority);
    }
    if (sim->n_classes == 64)
        return error_set(e, "there are more than 64 classes; use a fact and split by it instead");
    *index = (uint16_t)sim->n_classes;
    *mem_push(sim->classes, sim->n_classes, sim->cap_classes) =
        (struct class_info){arena_copy(&sim->arena, name), priority, 0};
    return true;
}

int sim_find_fact(const struct sim *sim, const char *name) {
    for (uint32_t i = 0; i < sim->n_facts; i++)
        if (!strcmp(sim->facts[i], name))
            return (int)i;
    return -1;
}

uint32_t sim_fact(struct sim *sim, const char *name) {
    int found = sim_find_fact(sim, name);
    if (found >= 0)
        return (uint32_t)found;
    *mem_push(sim->facts, sim->n_facts, sim->cap_facts) = arena_copy(&sim->arena, name);
    return sim->n_facts - 1;
}

void sim_add_agent(struct sim *sim, struct agent *a) {
    *mem_push(sim->agents, sim->n_agents, sim->cap_agents) = a;
}

void sim_fail(struct sim *sim, const char *format, ...) {
    if (!error_is(&sim->error)) {
        va_list ap;
        va_start(ap, format);
        vsnprintf(sim->error.text, sizeof sim->error.text, format, ap);
        va_end(ap);
    }
    sim->stop = true;
}

_Noreturn void sim_bug(const struct sim *sim, const struct node *n, const char *what) {
    fprintf(stderr, "nines: bug: %s at %s, t = %.9f s, seed %llu, replication %llu\n", what,
            n ? n->address : "(no node)", ns_to_s(sim_time(sim)), (unsigned long long)sim->seed,
            (unsigned long long)sim->replication);
    abort();
}

/* ---- running */

static void mark_metrics(struct node *n, uint32_t k, ns_t now) {
    n->meter.mark[k] = integral_area(&n->meter.in_flight, now);
    const struct metric *first = n->type->metrics;
    for (const struct metric *m = first; m && m->name; m++)
        schema_mark(n, m, &n->marks[2 * (k * MAX_METRICS + (size_t)(m - first))]);
    for (const struct metric *m = first; m && m->name; m++)
        if (m->kind == METRIC_FIRST) { /* moments are those of a segment: a new one begins */
            struct moments *at = (struct moments *)(void *)((char *)n + m->offset);
            *at = (struct moments){.on = at->on, .first = at->on ? (uint64_t)now + 1 : 0};
        }
}

static void mark_all(struct sim *sim, uint32_t k) {
    for (uint32_t i = 0; i < sim->n_order; i++)
        mark_metrics(sim->order[i], k, sim->clock.now);
}

struct cut {
    struct sim *sim;
    struct event event;
};

static struct user_count count_users(const struct sim *sim) {
    struct user_count c = {0};
    for (uint32_t i = 0; i < sim->n_roots; i++) {
        const struct meter *m = &sim->roots[i]->meter;
        struct meter_totals sum = meter_totals(m);
        c.arrived += sum.arrived;
        c.departed += sum.departed;
        c.in_flight += (uint64_t)m->in_flight.value;
    }
    return c;
}

static void cut(struct event *ev) {
    struct sim *sim = container_of(ev, struct cut, event)->sim;
    uint32_t k = ++sim->segment;
    mark_all(sim, k);
    if (k == 1)
        sim->at_start = count_users(sim);
    if (sim->clock.now == sim->limits.warmup && !audit_now(sim, &sim->error))
        sim->stop = true;
}

/* All at once and before anything else: what happens at the moment of a cut, a fault or an arrival,
 * happens after it. */
static void schedule_cuts(struct sim *sim) {
    struct cut *cuts = arena_alloc(&sim->arena, sim->n_segments * sizeof *cuts);
    for (uint32_t k = 1; k < sim->n_segments; k++) {
        cuts[k].sim = sim;
        event_init(&cuts[k].event, cut);
        event_at(&sim->clock, &cuts[k].event, sim->cut[k]);
    }
}

/* What a run that stopped early did not reach is empty. */
static void close_segments(struct sim *sim) {
    if (!sim->segment)
        sim->at_start = count_users(sim);
    while (sim->segment < sim->n_segments) {
        uint32_t k = ++sim->segment;
        sim->cut[k] = sim->clock.now;
        mark_all(sim, k);
    }
    sim->segment = sim->n_segments - 1;
}

static void sample(struct event *ev) {
    struct sim *sim = container_of(ev, struct sim, sample_event);
    ns_t now = sim->clock.now;
    sim->sample(sim, sim->sample_ctx, now - sim->limits.window, now);
    event_at(&sim->clock, ev, now + sim->limits.window);
}

static void begin(struct sim *sim) {
    mark_all(sim, 0);
    schedule_cuts(sim);
    if (sim->sample && sim->limits.window > 0) {
        event_init(&sim->sample_event, sample);
        event_at(&sim->clock, &sim->sample_event, sim->limits.window);
    }
    for (uint32_t i = 0; i < sim->n_agents; i++)
        if (sim->agents[i]->start)
            sim->agents[i]->start(sim->agents[i], sim);
    for (uint32_t i = 0; i < sim->n_order; i++)
        if (sim->order[i]->type->ops.start)
            sim->order[i]->type->ops.start(sim->order[i]);
    call_deliver(sim);
}

static void stop_if_over(struct sim *sim) {
    if (sim->n_dry == sim->n_roots && !sim->live_requests && sim->limits.duration == NS_NEVER)
        sim->stop = true;
}

void sim_dry(struct sim *sim) {
    sim->n_dry++;
    stop_if_over(sim);
}

/* Every so many events (every one under the full audit): has time advanced, and how far is it?
 * `here` counts the events since it last stood elsewhere. What has failed already is not looked at
 * again. */
static void look(struct sim *sim, ns_t *last, uint64_t *here, uint64_t events) {
    if (sim->limits.full_audit && !error_is(&sim->error) && !audit_full(sim, &sim->error))
        sim->stop = true;
    *here = sim->clock.now == *last ? *here + events : 0;
    *last = sim->clock.now;
    if (*here >= sim->limits.max_events_per_tick)
        sim_fail(sim,
                 "time is not advancing: more than %llu events at t = %.9f s; look for a "
                 "retry without backoff or a source whose rate has no bound",
                 (unsigned long long)sim->limits.max_events_per_tick, ns_to_s(sim_time(sim)));
    if (sim->progress) {
        __atomic_store_n(&sim->progress->clock, sim->clock.now, __ATOMIC_RELAXED);
        __atomic_store_n(&sim->progress->fired, sim->clock.fired, __ATOMIC_RELAXED);
    }
}

static void loop(struct sim *sim, ns_t end) {
    uint64_t most = sim->limits.max_events_per_tick, here = 0;
    uint64_t pace = sim->limits.full_audit ? 1 : most < 4096 ? most : 4096, next_look = pace;
    ns_t last = -1;
    while (!sim->stop && clock_next(&sim->clock) < end) {
        clock_step(&sim->clock);
        if (sim->ready)
            call_deliver(sim);
        if (__builtin_expect(sim->clock.fired >= next_look, 0)) {
            look(sim, &last, &here, pace);
            next_look += pace;
        }
        if (__builtin_expect(sim->n_dry > 0, 0))
            stop_if_over(sim);
    }
}

static void close_down(struct sim *sim) {
    sim->closing = true;
    sim_observe(sim, NULL);
    for (uint32_t i = 0; i < sim->n_order; i++)
        node_crash(sim->order[i]);
    call_deliver(sim);
}

bool sim_run(struct sim *sim) {
    ns_t end = sim->limits.duration == NS_NEVER ? NS_NEVER : sim->cut[sim->n_segments];
    begin(sim);
    loop(sim, end);
    if (error_is(&sim->error))
        return false; /* it may be in pieces: nothing more is done with it */
    if (end != NS_NEVER && !sim->stop)
        sim->clock.now = end; /* nothing happens any more before it */
    if (sim->sample && !sim->stop && event_pending(&sim->sample_event) &&
        sim->sample_event.time == end)
        sim->sample(sim, sim->sample_ctx, end - sim->limits.window, end); /* the last window */
    sim->ended = sim_time(sim) > 0 ? sim_time(sim) : 0;
    close_segments(sim);
    if (!audit_now(sim, &sim->error))
        return false;
    sim->at_end = count_users(sim);
    close_down(sim);
    return audit_closed(sim, &sim->error);
}
