/* What the address of a fault means: nodes, whole replicas, edges, parameters. */
#include "agent/fault_impl.h"

#include <stdio.h>
#include <string.h>

#include "core/address.h"
#include "core/region.h"

/* What `n` stands for if it is more than itself: a replica, a region, a group; else NULL. */
static const struct scope *whole_of(struct node *n) {
    return n->scope->root == n && n->scope->owner ? n->scope : region_scope(n);
}

static void add_effect(struct fault *f, struct gate *g) {
    if (f->kind == FAULT_SET || f->kind == FAULT_FLUSH)
        return;
    struct effect *x = arena_alloc(&f->sim->arena, sizeof *x);
    *x = (struct effect){g->effects, f};
    g->effects = x;
}

static void add_node(struct fault *f, struct node *n) {
    for (uint32_t i = 0; i < f->n; i++)
        if (f->nodes[i] == n)
            return;
    f->nodes[f->n++] = n;
    add_effect(f, &n->gate);
}

/* A fault of a whole replica or region reaches everything in it when it is slow or down. */
static void add_target(struct fault *f, struct node *n) {
    const struct scope *whole = whole_of(n);
    if (!whole || (f->kind != FAULT_SLOW && f->kind != FAULT_DOWN)) {
        add_node(f, n);
        return;
    }
    for (uint32_t i = 0; i < f->sim->n_order; i++) {
        struct node *other = f->sim->order[i];
        bool fits = f->kind == FAULT_SLOW ? schema_works(other->type)
                                          : !(other->type->flags & NODE_UNCALLED);
        if (fits && (other == n || scope_holds(whole, other)))
            add_node(f, other);
    }
}

static bool fits(const struct fault *f, struct node *n, struct error *e) {
    if (f->kind == FAULT_SLOW && !schema_works(n->type) && !whole_of(n))
        return error_set(e, "slow: %s takes no time of its own; name what is below it", n->address);
    if (f->kind == FAULT_FLUSH && !n->type->ops.flush)
        return error_set(e, "flush: %s (a %s) has no contents", n->address, n->type->kind);
    if (f->kind != FAULT_SET && f->kind != FAULT_SLOW && (n->type->flags & NODE_UNCALLED))
        return error_set(e, "%s: %s (a %s) is not called", fault_types[f->kind].name, n->address,
                         n->type->kind);
    return true;
}

const struct param *fault_param(const struct fault *f, const struct node *n) {
    return schema_find(n->type, f->path, &(struct error){{0}});
}

/* "pod[*]" finds the replicas and also the group of that name, which takes part only in a set; and
 * of a set, only those that have the parameter. */
static bool may_fit(const struct fault *f, const struct node *n) {
    return f->kind == FAULT_SET ? fault_param(f, n) != NULL
                                : strcmp(n->type->kind, "replicas") != 0;
}

static bool find_nodes(struct fault *f, const char *address, struct error *e) {
    struct node_set found;
    if (!address_find(f->sim, address, &found, e))
        return false;
    f->nodes = arena_alloc(&f->sim->arena, f->sim->n_order * sizeof *f->nodes);
    bool ok = true;
    for (uint32_t i = 0; i < found.n && ok; i++) {
        if (!may_fit(f, found.at[i]))
            continue;
        ok = fits(f, found.at[i], e);
        if (ok)
            add_target(f, found.at[i]);
    }
    return ok;
}

/* A region or group stands for all that is in it, as where calls come from and where they go. */
static bool covers(struct node *n, const struct node *other) {
    const struct scope *s = region_scope(n);
    return n == other || (s && scope_holds(s, other));
}

static bool comes_from(struct node *n, const struct edge *e) {
    const struct node *home = e->home ? e->home : e->from->home;
    return covers(n, e->from) || (home && home == n);
}

static bool found(const struct fault *f, const struct edge *e) {
    for (uint32_t i = 0; i < f->n_edges; i++)
        if (f->edges[i] == e)
            return true;
    return false;
}

static bool leads_to(const struct edge *e, const struct node_set *to) {
    for (uint32_t i = 0; i < to->n; i++)
        if (covers(to->at[i], e->to))
            return true;
    return false;
}

/* Edges from `a` to any of `b`; of a region, also those that carry what its users send. */
static void add_edges(struct fault *f, struct node *a, const struct node_set *b, uint32_t *cap) {
    bool whole = region_scope(a);
    for (uint32_t i = 0; i < (whole ? f->sim->n_order : 1); i++) {
        struct node *n = whole ? f->sim->order[i] : a;
        for (uint32_t k = 0; k < n->n_out; k++) {
            struct edge *e = n->out[k];
            if (!leads_to(e, b) || (whole && (!comes_from(a, e) || found(f, e))))
                continue;
            *arena_push(&f->sim->arena, f->edges, f->n_edges, *cap) = e;
            add_effect(f, &e->gate);
        }
    }
}

static bool find_edges(struct fault *f, const char *arrow, struct error *e) {
    char from[200];
    snprintf(from, sizeof from, "%.*s", (int)(arrow - f->target), f->target);
    for (size_t n = strlen(from); n && from[n - 1] == ' ';)
        from[--n] = 0;
    const char *to = arrow + 2 + strspn(arrow + 2, " ");
    if (f->kind == FAULT_SLOW || f->kind == FAULT_FLUSH || f->kind == FAULT_SET)
        return error_set(e, "%s: it acts on a component, not on an edge",
                         fault_types[f->kind].name);
    struct node_set a, b;
    uint32_t cap = 0;
    if (!address_find(f->sim, from, &a, e) || !address_find(f->sim, to, &b, e))
        return false;
    for (uint32_t i = 0; i < a.n; i++)
        add_edges(f, a.at[i], &b, &cap);
    return f->n_edges ||
           error_set(e, "%s: '%s' does not call '%s'", fault_types[f->kind].name, from, to);
}

/* A value that does not fit shows now, not in the middle of a run. Components of one kind take the
 * same. */
static bool try_value(struct fault *f, struct error *e) {
    const struct param *last = NULL;
    for (uint32_t i = 0; i < f->n; i++) {
        struct node *n = f->nodes[i];
        const struct param *p = fault_param(f, n);
        struct param_kept before;
        if (p == last)
            continue;
        last = p;
        if (f->value.type == VALUE_QUANTITY && p->kind != PARAM_QUANTITY && p->kind != PARAM_RATE)
            return error_set(e, "set: %s: it wants a plain value", p->name);
        schema_save(n, p, &before);
        bool ok = schema_set(n, p, &f->value, false, e);
        schema_restore(n, p, &before, false);
        if (!ok)
            return error_prefix(e, "set");
    }
    return true;
}

static bool find_param(struct fault *f, struct error *e) {
    const char *colon = strrchr(f->target, ':');
    char address[256];
    if (!colon)
        return error_set(e, "set: \"%s\" wants the form \"address:parameter\"", f->target);
    snprintf(address, sizeof address, "%.*s", (int)(colon - f->target), f->target);
    struct node_set found;
    if (!address_find(f->sim, address, &found, e))
        return false;
    f->path = colon + 1;
    uint32_t have = 0;
    for (uint32_t i = 0; i < found.n; i++) {
        const struct param *p = fault_param(f, found.at[i]);
        have += p != NULL;
        if (p && !(p->flags & LIVE))
            error_set(e, "set: %s cannot change while running; give it as a knob of a case instead",
                      f->target);
    }
    if (!have)
        schema_find(found.at[0]->type, f->path, e);
    if (error_is(e) || !find_nodes(f, address, e))
        return false;
    f->saved = arena_alloc(&f->sim->arena, f->n * sizeof *f->saved + 1);
    return try_value(f, e);
}

static bool split_random(struct fault *f, struct error *e);

bool fault_seal(struct agent *a, struct sim *sim, struct error *e) {
    struct fault *f = container_of(a, struct fault, agent);
    (void)sim;
    const char *arrow = strstr(f->target, "->");
    bool ok = f->kind == FAULT_SET ? find_param(f, e)
              : arrow              ? find_edges(f, arrow, e)
                                   : find_nodes(f, f->target, e);
    if (ok && f->mtbf && !f->splits)
        ok = split_random(f, e);
    return ok || error_prefix(e, "%s", f->where);
}

/* A copy of a random fault without targets: the given one becomes a mere heading. */
static struct fault *copy_alone(struct fault *f, uint64_t key) {
    struct fault *one = arena_alloc(&f->sim->arena, sizeof *one);
    *one = *f;
    one->n = one->n_edges = 0;
    one->splits = false;
    one->rng.state = rng_key(key, rng_hash(f->text));
    one->agent.seal = NULL;
    sim_add_agent(f->sim, &one->agent);
    return one;
}

static void split_edges(struct fault *f) {
    for (uint32_t i = 0; i < f->n_edges; i++) {
        struct edge *edge = f->edges[i];
        struct fault *one = copy_alone(f, rng_key(edge->from->salt, edge->to->salt));
        one->edges = &f->edges[i];
        one->n_edges = 1;
        add_effect(one, &edge->gate);
    }
}

static void split_set(struct fault *f) {
    for (uint32_t i = 0; i < f->n; i++) {
        struct fault *one = copy_alone(f, f->nodes[i]->salt);
        one->nodes = &f->nodes[i];
        one->saved = &f->saved[i];
        one->n = 1;
    }
}

/* By address and not by node: a replica that is down or slow is one target with many nodes. */
static bool split_nodes(struct fault *f, struct error *e) {
    struct node_set found;
    if (!address_find(f->sim, f->target, &found, e))
        return false;
    for (uint32_t i = 0; i < found.n; i++) {
        if (!may_fit(f, found.at[i]))
            continue;
        struct fault *one = copy_alone(f, found.at[i]->salt);
        one->nodes = arena_alloc(&f->sim->arena, f->sim->n_order * sizeof *one->nodes);
        add_target(one, found.at[i]);
    }
    return true;
}

/* One fault per target, each with a stream of its own. */
static bool split_random(struct fault *f, struct error *e) {
    f->splits = true;
    if (f->n_edges)
        split_edges(f);
    else if (f->kind == FAULT_SET)
        split_set(f);
    else
        return split_nodes(f, e);
    return true;
}
