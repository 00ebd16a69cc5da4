#include "node/gauge.h"

#include "core/schema.h"
#include "core/sim.h"

static const char *const names[] = {[PROBE_QUEUE] = "queue", [PROBE_UTILIZATION] = "utilization"};

static const struct integral *at(const struct node *n, size_t offset) {
    return (const struct integral *)(const void *)((const char *)n + offset);
}

/* The same way down as that of node_probe. */
static struct node *answerer(struct node *n, enum probe what) {
    double x;
    for (; n; n = schema_only_child(n))
        if ((n->type->ops.probe && n->type->ops.probe(n, what, &x)) || what == PROBE_IN_FLIGHT)
            return n;
    return NULL;
}

bool gauge_find(struct gauge *g, struct node *asked, enum probe what) {
    *g = (struct gauge){.asked = asked, .node = answerer(asked, what)};
    if (!g->node)
        return false;
    if (what == PROBE_IN_FLIGHT) {
        g->of = &g->node->meter.in_flight;
        return true;
    }
    const struct metric *m = schema_metric(g->node->type, names[what]);
    if (m && (m->kind == METRIC_INTEGRAL || m->kind == METRIC_SHARE))
        g->of = at(g->node, m->offset);
    if (g->of && m->kind == METRIC_SHARE)
        g->capacity = at(g->node, m->offset2);
    return true;
}

static struct reading present(const struct gauge *g) {
    ns_t t = g->node->sim->clock.now;
    return (struct reading){t, g->of ? integral_area(g->of, t) : 0,
                            g->capacity ? integral_area(g->capacity, t) : (uint64_t)t};
}

static struct reading read_at(const struct gauge *g, ns_t t) {
    struct reading r = present(g), last = g->last;
    if (t >= r.at || r.at == last.at)
        return r;
    double share = (double)(t - last.at) / (double)(r.at - last.at);
    return (struct reading){t, last.area + (uint64_t)(share * (double)(r.area - last.area)),
                            last.capacity +
                                (uint64_t)(share * (double)(r.capacity - last.capacity))};
}

void gauge_start(struct gauge *g) {
    g->last = present(g);
    for (int i = 0; i < GAUGE_MARKS; i++)
        g->mark[i] = g->last;
}

void gauge_mark(struct gauge *g, uint32_t slot, ns_t t) {
    g->mark[slot] = g->last = read_at(g, t);
}

double gauge_average(const struct gauge *g, uint32_t slot, ns_t t, enum probe what) {
    struct reading from = g->mark[slot], to = read_at(g, t);
    double x = 0;
    if (g->of && to.capacity != from.capacity)
        return (double)(to.area - from.area) / (double)(to.capacity - from.capacity);
    node_probe(g->node, what, &x); /* no such metric, or no time */
    return x;
}
