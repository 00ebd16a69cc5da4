/* What the address of a fault means: nodes, whole replicas, edges, parameters. */
#include "agent/fault_impl.h"

#include <stdio.h>
#include <string.h>

#include "core/address.h"
#include "core/group.h"
#include "core/region.h"

/* What `n` stands for if it is more than itself: a replica, a region, a group; else NULL. */
static const struct scope *whole_of(struct node *n) {
    return n->scope->root == n && n->scope->owner ? n->scope : region_scope(n);
}

void fault_add_effect(struct fault *f, struct gate *g) {
    if (f->kind == FAULT_SET || f->kind == FAULT_FLUSH || f->kind == FAULT_LOSE ||
        f->kind == FAULT_RESTART)
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
    fault_add_effect(f, &n->gate);
}

/* A fault of a whole replica or region reaches everything in it when it is slow or down. */
void fault_add_target(struct fault *f, struct node *n) {
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

const struct param *fault_param(const struct fault *f, const struct node *n) {
    return schema_find(n->type, f->path, &(struct error){{0}});
}

static bool fits(const struct fault *f, struct node *n, struct error *e) {
    if (f->kind == FAULT_SLOW && !schema_works(n->type) && !whole_of(n))
        return error_set(e, "slow: %s takes no time of its own; name what is below it", n->address);
    if (f->kind == FAULT_FLUSH && !n->type->ops.flush)
        return error_set(e, "flush: %s (a %s) has no contents", n->address, n->type->kind);
    if (f->kind == FAULT_LOSE)
        return n->type == &replicas_type ||
               schema_number(n, fault_param(f, n)) > (double)f->count ||
               error_set(e,
                         "lose: %s has %.0f servers of its own and must keep one; take it down "
                         "instead",
                         n->address, schema_number(n, fault_param(f, n)));
    if (f->kind != FAULT_SET && f->kind != FAULT_SLOW && (n->type->flags & NODE_UNCALLED))
        return error_set(e, "%s: %s (a %s) is not called", fault_types[f->kind].name, n->address,
                         n->type->kind);
    return true;
}

static bool is_group(const struct node *n) {
    return n->type == &replicas_type;
}

/* "pod[*]" finds the replicas and also the group of that name, which takes part only in a set or
 * when it loses some of them; and of a set, only those that have the parameter. */
bool fault_may_fit(const struct fault *f, const struct node *n) {
    if (f->kind == FAULT_LOSE)
        return is_group(n) || fault_param(f, n) != NULL;
    return f->kind == FAULT_SET ? fault_param(f, n) != NULL : !is_group(n);
}

static bool find_nodes(struct fault *f, const char *address, struct error *e) {
    struct node_set found;
    if (!address_find(f->sim, address, &found, e))
        return false;
    if (!f->nodes)
        f->nodes = arena_alloc(&f->sim->arena, f->sim->n_order * sizeof *f->nodes);
    bool ok = true;
    for (uint32_t i = 0; i < found.n && f->kind == FAULT_LOSE && !f->group; i++)
        f->group = is_group(found.at[i]) ? group_of(found.at[i]) : NULL;
    for (uint32_t i = 0; i < found.n && ok; i++) {
        if (!fault_may_fit(f, found.at[i]) || (f->group && !is_group(found.at[i])))
            continue;
        ok = fits(f, found.at[i], e);
        if (ok)
            fault_add_target(f, found.at[i]);
    }
    if (ok && f->kind == FAULT_LOSE && (f->group ? f->n != 1 : f->n == 0))
        return error_set(e, "lose: %s: it wants one group of replicas, or what has servers",
                         f->target);
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
static void add_edges(struct fault *f, struct node *a, const struct node_set *b) {
    bool whole = region_scope(a);
    for (uint32_t i = 0; i < (whole ? f->sim->n_order : 1); i++) {
        struct node *n = whole ? f->sim->order[i] : a;
        for (uint32_t k = 0; k < n->n_out; k++) {
            struct edge *e = n->out[k];
            if (!leads_to(e, b) || (whole && !comes_from(a, e)))
                continue;
            if (!found(f, e)) {
                *arena_push(&f->sim->arena, f->edges, f->n_edges, f->cap_edges) = e;
                fault_add_effect(f, &e->gate);
            }
        }
    }
}

static bool find_edges(struct fault *f, const char *target, struct error *e) {
    const char *arrow = strstr(target, "->");
    char from[200];
    snprintf(from, sizeof from, "%.*s", (int)(arrow - target), target);
    for (size_t n = strlen(from); n && from[n - 1] == ' ';)
        from[--n] = 0;
    const char *to = arrow + 2 + strspn(arrow + 2, " ");
    if (f->kind == FAULT_SLOW || f->kind == FAULT_FLUSH || f->kind == FAULT_SET ||
        f->kind == FAULT_LOSE || f->kind == FAULT_RESTART)
        return error_set(e, "%s: it acts on a component, not on an edge",
                         fault_types[f->kind].name);
    struct node_set a, b;
    if (!address_find(f->sim, from, &a, e) || !address_find(f->sim, to, &b, e))
        return false;
    uint32_t before = f->n_edges;
    for (uint32_t i = 0; i < a.n; i++)
        add_edges(f, a.at[i], &b);
    return f->n_edges > before ||
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

static bool find_targets(struct fault *f, struct error *e) {
    for (uint32_t i = 0; i < f->n_targets; i++) {
        const char *target = f->targets[i];
        if (!(strstr(target, "->") ? find_edges(f, target, e) : find_nodes(f, target, e)))
            return false;
    }
    if (fault_sets(f))
        f->saved = arena_alloc(&f->sim->arena, f->n * sizeof *f->saved + 1);
    return true;
}

bool fault_seal(struct agent *a, struct sim *sim, struct error *e) {
    struct fault *f = container_of(a, struct fault, agent);
    (void)sim;
    bool ok = f->kind == FAULT_SET ? find_param(f, e) : find_targets(f, e);
    return (ok && fault_split(f, e)) || error_prefix(e, "%s", f->where);
}
