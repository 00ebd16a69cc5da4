/* What an autoscaler knows of the replicas, and when it does. */
#include <math.h>
#include <string.h>

#include "agent/autoscaler.h"
#include "core/sim.h"

/* ---- metrics of a replica */

struct counted {
    const char *metric;
    const struct node_set *set;
    bool twice;
};

static void look_at_ref(void *ctx, struct node *ref) {
    struct counted *c = ctx;
    for (uint32_t i = 0; i < c->set->n; i++)
        c->twice = c->twice || (c->set->at[i] == ref && schema_metric(ref->type, c->metric));
}

/* Stations that share a pool say again what the pool says; and a bulkhead that is full of calls
 * that wait for others does not work. */
static bool counts(struct node *n, const char *metric, const struct node_set *all) {
    struct counted c = {.metric = metric, .set = all};
    schema_refs(n, look_at_ref, &c);
    return !c.twice && (strcmp(metric, "utilization") || schema_works(n->type));
}

static bool keep_those(struct window *w, struct arena *arena, struct error *e) {
    struct node_set all = w->query.nodes, kept = {.n = 0};
    kept.at = arena_alloc(arena, all.n * sizeof(struct node *));
    for (uint32_t i = 0; i < all.n; i++)
        if (counts(all.at[i], w->query.own, &all))
            kept.at[kept.n++] = all.at[i];
    w->query.nodes = kept;
    return kept.n > 0 || error_set(e, "no component of a replica that works has it");
}

static bool bind(struct window *w, struct sim *sim, const char *text, ns_t gap, struct error *e) {
    struct metric_ref ref;
    return metric_ref_parse(&sim->arena, text, &ref, e) && window_init_last(w, sim, &ref, gap, e);
}

/* What is built in is that of the replica as a whole, of what its build returned; what components
 * measure themselves is pooled over all in the replica that do; an address in front of it is one
 * within the replica. */
static bool bind_replica(struct window *w, struct group *g, uint32_t i, const char *metric,
                         ns_t gap, struct error *e) {
    struct sim *sim = g->base.sim;
    struct error unused = {{0}};
    const char *pod = arena_print(&sim->arena, "%s[%u]", g->base.address, i + 1);
    if (strchr(metric, ':') && (!strchr(metric, '{') || strchr(metric, ':') < strchr(metric, '{')))
        return bind(w, sim, arena_print(&sim->arena, "%s.%s", pod, metric), gap, e);
    if (bind(w, sim, arena_print(&sim->arena, "%s:%s", pod, metric), gap, &unused)) {
        if (w->query.what != WHAT_OWN)
            return true;
        window_release(w);
    }
    return bind(w, sim, arena_print(&sim->arena, "%s.*:%s", pod, metric), gap, e) &&
           (w->query.what != WHAT_OWN || keep_those(w, &sim->arena, e));
}

static bool open_windows(struct gauge *m, const char *metric, struct error *e) {
    struct group *g = m->group;
    struct arena *arena = &g->base.sim->arena;
    size_t n = (size_t)g->max;
    m->of = arena_alloc(arena, n * sizeof *m->of);
    m->value = arena_alloc(arena, m->kept * n * sizeof *m->value);
    for (uint32_t i = 0; i < n; i++)
        if (!bind_replica(&m->of[i], g, i, metric, m->gap, e))
            return error_prefix(e, "metric = \"%s\"", metric);
    return true;
}

bool gauge_init(struct gauge *m, struct group *g, const char *metric, ns_t gap, ns_t lag,
                ns_t window, struct error *e) {
    *m = (struct gauge){.group = g, .gap = gap, .lag = lag};
    if ((lag + window) / gap > 1000000)
        return error_set(e, "a million readings would have to be kept for the longest window and "
                            "metrics_lag; read less often");
    m->kept = (uint32_t)((lag + window) / gap) + 3;
    if (metric)
        return open_windows(m, metric, e);
    m->concurrency = arena_alloc(&g->base.sim->arena, m->kept * sizeof *m->concurrency);
    return true;
}

void gauge_release(struct gauge *m) {
    for (int64_t i = 0; m->of && i < m->group->max; i++)
        window_release(&m->of[i]);
}

/* ---- scrapes */

static uint64_t area_under_way(const struct group *g) {
    ns_t now = g->base.sim->clock.now;
    uint64_t area = integral_area(&g->queue, now);
    for (int64_t i = 0; i < g->max; i++)
        area += integral_area(&g->at[i].scope.root->meter.in_flight, now);
    return area;
}

static void keep(struct gauge *m) {
    uint32_t place = (uint32_t)(m->scrapes++ % m->kept);
    if (m->concurrency)
        m->concurrency[place] = area_under_way(m->group);
    for (int64_t i = 0; m->of && i < m->group->max; i++)
        m->value[place * m->group->max + i] = window_value(&m->of[i]);
}

void gauge_begin(struct gauge *m, ns_t now) {
    m->began = now;
    for (int64_t i = 0; m->of && i < m->group->max; i++)
        window_start(&m->of[i]);
    keep(m);
}

void gauge_scrape(struct gauge *m) {
    for (int64_t i = 0; m->of && i < m->group->max; i++)
        window_turn(&m->of[i]);
    keep(m);
}

int64_t gauge_newest(const struct gauge *m, ns_t now) {
    ns_t old = now - m->lag - m->began;
    return old < m->gap ? -1 : old / m->gap;
}

struct hpa_pod gauge_pod(const struct gauge *m, int64_t scrape, uint32_t i) {
    const struct replica *r = &m->group->at[i];
    bool ready = r->state == REPLICA_READY;
    struct hpa_pod pod = {.ready = ready,
                          .ordered = r->ordered,
                          .since = ready ? r->since : r->ordered,
                          .at = m->began + scrape * m->gap,
                          .window = m->gap};
    pod.value = m->value[scrape % m->kept * m->group->max + i];
    pod.measured = !isnan(pod.value) && pod.at > pod.ordered;
    return pod;
}

double gauge_concurrency(const struct gauge *m, int64_t scrape, ns_t window) {
    int64_t back = (window + m->gap - 1) / m->gap;
    back = back < scrape ? back : scrape;
    uint64_t area = m->concurrency[scrape % m->kept] - m->concurrency[(scrape - back) % m->kept];
    return (double)area / ((double)back * (double)m->gap);
}
