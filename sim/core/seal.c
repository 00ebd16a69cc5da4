/* Sealing: from a heap of nodes to an acyclic graph with names, order, edges and meters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/region.h"
#include "core/schema.h"
#include "core/sim.h"

struct walk {
    struct sim *sim;
    struct error *e;
    uint32_t cap;
    struct node *of; /* whose edges are collected */
    uint32_t cap_out;
    int depth;
};

enum {
    MAX_LEVELS = 2000
}; /* of calls below each other: every level takes some of the machine's stack */

static void visit(struct walk *w, struct node *n);

static void collect_edge(void *ctx, struct edge *e) {
    struct walk *w = ctx;
    *mem_push(w->of->out, w->of->n_out, w->cap_out) = e;
}

static void visit_ref(void *ctx, struct node *ref) {
    visit(ctx, ref);
}

static void visit(struct walk *w, struct node *n) {
    if (n->sealed || error_is(w->e))
        return;
    char label[256];
    if (n->visiting) {
        error_set(w->e, "%s: the calls go in a circle; a component cannot be below itself",
                  node_label(n, label, sizeof label));
        return;
    }
    if (schema_open_child(n)) {
        error_set(w->e,
                  "%s: it guards nothing: give it a child, or put it before something in a chain",
                  node_label(n, label, sizeof label));
        return;
    }
    if (++w->depth > MAX_LEVELS) {
        error_set(w->e, "%s: components are nested more than %d deep",
                  node_label(n, label, sizeof label), MAX_LEVELS);
        return;
    }
    n->visiting = true;
    w->of = n;
    w->cap_out = 0;
    schema_edges(n, collect_edge, w);
    for (uint32_t i = 0; i < n->n_out; i++) {
        n->out[i]->ordinal = n->out[i]->to->callers++;
        visit(w, n->out[i]->to);
    }
    schema_refs(n, visit_ref, w);
    n->visiting = false;
    w->depth--;
    n->sealed = true;
    *mem_push(w->sim->order, w->sim->n_order, w->cap) = n;
}

static void turn_round(struct node **at, uint32_t n) {
    for (uint32_t i = 0; i < n / 2; i++) {
        struct node *t = at[i];
        at[i] = at[n - 1 - i];
        at[n - 1 - i] = t;
    }
}

/* Puts all that `from` reach, and are not there yet, before the others: callers before callees. */
static bool order_nodes(struct sim *sim, struct node *const *from, uint32_t n, struct error *e) {
    struct walk w = {.sim = sim, .e = e, .cap = sim->cap_order};
    turn_round(sim->order, sim->n_order);
    for (uint32_t i = 0; i < n; i++)
        visit(&w, from[i]);
    turn_round(sim->order, sim->n_order); /* found callees first */
    sim->cap_order = w.cap;
    return !error_is(e);
}

/* ---- names */

static bool same_name(const struct node *a, const struct node *b) {
    return a->scope == b->scope && !strcmp(a->name, b->name);
}

static int by_scope_and_name(const void *x, const void *y) {
    const struct node *a = *(struct node *const *)x, *b = *(struct node *const *)y;
    if (a->scope != b->scope) {
        if (a->scope->owner != b->scope->owner)
            return !a->scope->owner                            ? -1
                   : !b->scope->owner                          ? 1
                   : a->scope->owner->id < b->scope->owner->id ? -1
                                                               : 1;
        return a->scope->index < b->scope->index ? -1 : 1;
    }
    int c = strcmp(a->name, b->name);
    return c ? c : a->id < b->id ? -1 : a->id > b->id;
}

/* Is there something of this name in the scope of sorted[at]? */
static bool taken(struct node *const *sorted, uint32_t n, uint32_t at, const char *name) {
    uint32_t i = at;
    while (i && sorted[i - 1]->scope == sorted[at]->scope)
        i--;
    for (; i < n && sorted[i]->scope == sorted[at]->scope; i++)
        if (!strcmp(sorted[i]->name, name))
            return true;
    return false;
}

static bool name_nodes(struct sim *sim, struct error *e) {
    if (!region_enclose(sim, e))
        return false;
    struct node **sorted = arena_alloc(&sim->arena, (sim->n_order + 1) * sizeof(struct node *));
    memcpy(sorted, sim->order, sim->n_order * sizeof *sorted);
    qsort(sorted, sim->n_order, sizeof *sorted, by_scope_and_name);
    uint32_t run = 1;
    for (uint32_t i = 1; i < sim->n_order && !error_is(e); i++) {
        struct node *a = sorted[i - 1], *b = sorted[i];
        bool same =
            run > 1 ? a->scope == b->scope && !b->named && a->type == b->type : same_name(a, b);
        if (!same) {
            run = 1;
            continue;
        }
        if ((b->type->flags & NODE_ANONYMOUS) && !b->named) {
            const char *name;
            do
                name = arena_print(&sim->arena, "%s%u", b->type->kind, ++run);
            while (taken(sorted, sim->n_order, i, name));
            b->name = name;
            continue;
        }
        char label[256];
        error_set(e, "%s: the name '%s' is taken in this scope by %s; name it (name = \"…\")",
                  node_label(b, label, sizeof label), b->name, a->where);
    }
    for (uint32_t i = 0; i < sim->n_order && !error_is(e); i++) {
        struct node *n = sim->order[i];
        n->address = address_of(sim, n);
        n->salt = rng_key(sim->salt, rng_hash(n->address));
    }
    return !error_is(e);
}

/* ---- classes, segments, meters */

static void rank_priorities(struct sim *sim) {
    for (uint32_t i = 0; i < sim->n_classes; i++) {
        double below = -1e308;
        sim->classes[i].level = 0;
        for (;;) { /* count the distinct priorities below this one */
            double next = sim->classes[i].priority;
            for (uint32_t k = 0; k < sim->n_classes; k++)
                if (sim->classes[k].priority > below && sim->classes[k].priority < next)
                    next = sim->classes[k].priority;
            if (next == sim->classes[i].priority)
                break;
            below = next;
            sim->classes[i].level++;
        }
    }
}

enum { MOST_SEGMENTS = 62 };

static int by_time(const void *a, const void *b) {
    ns_t x = *(const ns_t *)a, y = *(const ns_t *)b;
    return x < y ? -1 : x > y;
}

ns_t sim_batch_start(const struct sim *sim, uint32_t b, uint32_t n) {
    return sim->limits.warmup + (ns_t)((long double)sim->limits.duration * b / n);
}

/* Segments are bits of a mask: of the 62 there may be, one is warm-up, and `cuts` are taken. */
static void limit_batches(struct sim *sim, uint32_t cuts) {
    uint32_t room = cuts < MOST_SEGMENTS - 1 ? MOST_SEGMENTS - 1 - cuts : 0;
    if (sim->limits.batches > room)
        sim->limits.batches = room;
    if (sim->limits.duration == NS_NEVER)
        sim->limits.batches = 0;
}

/* Cuts the run where phases and batches begin and end: phases may overlap, segments do not. */
static bool cut_segments(struct sim *sim, struct error *e) {
    ns_t *at = arena_alloc(&sim->arena, (2 * sim->n_spans + sim->limits.batches + 4) * sizeof *at);
    uint32_t n = 0;
    ns_t warm = sim->limits.warmup;
    ns_t end = sim->limits.duration == NS_NEVER ? NS_NEVER : warm + sim->limits.duration;
    for (uint32_t i = 0; i < sim->n_spans; i++) {
        struct span *s = &sim->spans[i];
        if (s->from < 0 || s->to <= s->from)
            return error_set(e, "phase '%s' must begin at 0 or later and end after it begins",
                             s->name);
        if (end != NS_NEVER && warm + s->from >= end)
            continue; /* stays empty: the run was made shorter from outside */
        if (warm + s->from > warm)
            at[n++] = warm + s->from;
        if (s->to < NS_LIMIT && warm + s->to < end)
            at[n++] = warm + s->to;
    }
    limit_batches(sim, n);
    for (uint32_t b = 1; b < sim->limits.batches; b++)
        at[n++] = sim_batch_start(sim, b, sim->limits.batches);
    qsort(at, n, sizeof *at, by_time);
    sim->cut = arena_alloc(&sim->arena, (n + 3) * sizeof *sim->cut);
    sim->cut[0] = 0;
    sim->cut[1] = warm;
    uint32_t k = 1;
    for (uint32_t i = 0; i < n; i++)
        if (at[i] > sim->cut[k])
            sim->cut[++k] = at[i];
    sim->cut[++k] = end;
    sim->n_segments = k;
    return (k <= MOST_SEGMENTS && sim->n_spans <= MOST_SEGMENTS) ||
           error_set(e, "the phases cut the run into more than %d pieces; use fewer",
                     MOST_SEGMENTS);
}

static void make_meters(struct sim *sim) {
    uint32_t cells = sim->n_segments * sim->n_classes, marks = sim->n_segments + 1;
    for (uint32_t i = 0; i < sim->n_order; i++) {
        struct node *n = sim->order[i];
        uint32_t results = 0;
        while (n->type->results && n->type->results[results])
            results++;
        bool resource = n->type->flags & NODE_RESOURCE;
        meter_init(&n->meter, resource ? 0 : cells, results ? results : 1, marks,
                   n->type->flags & NODE_SOURCE ? HIST_FINE : HIST_COARSE);
        for (const struct metric *m = n->type->metrics; m && m->name; m++)
            if (m->kind == METRIC_SPREAD)
                spreads_init(schema_spreads(n, m), sim->n_segments, HIST_COARSE);
        n->marks = mem_zero((size_t)marks * MAX_METRICS * 2 * sizeof *n->marks);
        pool_init(&n->calls, n->type->call_size ? n->type->call_size : sizeof(struct call));
        for (uint32_t k = 0; k < n->n_out; k++)
            if (n->out[k]->to->callers > 1) {
                n->out[k]->meter = mem_zero(sizeof(struct meter));
                meter_init(n->out[k]->meter, cells, 1, marks, HIST_COARSE);
            }
    }
}

static void spread_wanted(struct sim *sim) {
    for (uint32_t i = 0; i < sim->n_order; i++) {
        struct node *n = sim->order[i];
        for (uint32_t k = 0; k < n->n_out; k++)
            if (n->wanted || n->type->ops.milestone)
                n->out[k]->to->wanted = true;
    }
}

static bool seal_parts(struct sim *sim, struct error *e) {
    char label[256];
    for (uint32_t i = 0; i < sim->n_quantities; i++)
        if (!quantity_resolve(sim->quantities[i], sim, e))
            return false;
    for (uint32_t i = 0; i < sim->n_order; i++) {
        struct node *n = sim->order[i];
        if (n->type->ops.seal && !n->type->ops.seal(n, e))
            return error_prefix(e, "%s", node_label(n, label, sizeof label));
    }
    for (uint32_t i = 0; i < sim->n_agents; i++)
        if (sim->agents[i]->seal && !sim->agents[i]->seal(sim->agents[i], sim, e))
            return false;
    return true;
}

/* The one component of that address that fits; a group is found by its own name, as are those in
 * it. */
static bool find_one(struct sim *sim, const struct late_ref *l, struct error *e) {
    struct node_set found;
    const char *name = l->param->name;
    bool called = l->param->kind == PARAM_NODES;
    if (!address_find(sim, l->address, &found, e))
        return error_prefix(e, "%s", name);
    uint32_t fits = 0;
    for (uint32_t i = 0; i < found.n; i++)
        if (schema_wants(l->param, found.at[i]->type->kind) &&
            !(called && (found.at[i]->type->flags & NODE_UNCALLED))) {
            *l->at = found.at[i];
            fits++;
        }
    if (fits == 1)
        return true;
    if (!fits)
        return error_set(e, "%s = \"%s\" is a %s; it wants a %s", name, l->address,
                         found.at[0]->type->kind,
                         l->param->ref_kind ? l->param->ref_kind : "component that can be called");
    return error_set(e, "%s = \"%s\" means %u components, such as %s; name one", name, l->address,
                     fits, found.at[0]->address);
}

/* Sources have been wired by then; agents come after what they name. */
static bool find_late(struct sim *sim, bool of_sources, struct error *e) {
    char label[256];
    for (uint32_t i = 0; i < sim->n_late; i++) {
        const struct late_ref *l = &sim->late[i];
        bool source = l->owner->type->flags & NODE_SOURCE;
        if (source != of_sources || (source && !l->owner->sealed))
            continue;
        if (!find_one(sim, l, e))
            return error_prefix(e, "%s", node_label(l->owner, label, sizeof label));
    }
    return true;
}

bool sim_wire(struct sim *sim, struct node *const *sources, uint32_t n, struct error *e) {
    sim->roots = arena_alloc(&sim->arena, n * sizeof *sim->roots + 1);
    for (uint32_t i = 0; i < n; i++)
        sim->roots[i] = sources[i];
    sim->n_roots = n;
    return order_nodes(sim, sources, n, e) && name_nodes(sim, e) && find_late(sim, true, e);
}

bool sim_wire_agents(struct sim *sim, struct node *const *agents, uint32_t n, struct error *e) {
    char label[256];
    if (!find_late(sim, false, e))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (agents[i]->type->ops.attach && !agents[i]->type->ops.attach(agents[i], e))
            return error_prefix(e, "%s", node_label(agents[i], label, sizeof label));
    return order_nodes(sim, agents, n, e) && name_nodes(sim, e);
}

bool sim_seal(struct sim *sim, const struct span *phases, uint32_t n_phases,
              const struct sim_limits *limits, struct error *e) {
    sim->limits = *limits;
    if (!sim->limits.max_in_flight)
        sim->limits.max_in_flight = 5000000;
    if (!sim->limits.max_events_per_tick)
        sim->limits.max_events_per_tick = 50000000;
    sim->spans = arena_alloc(&sim->arena, n_phases * sizeof *phases + 1);
    sim->n_spans = n_phases;
    for (uint32_t i = 0; i < n_phases; i++)
        sim->spans[i] = phases[i];
    if (!cut_segments(sim, e))
        return false;
    rank_priorities(sim);
    spread_wanted(sim);
    make_meters(sim);
    pool_init(&sim->requests, sizeof(struct request) + sim->n_facts * sizeof(double));
    return seal_parts(sim, e);
}
