#include "core/region.h"

#include <string.h>

#include "core/sim.h"

struct scope *region_scope(struct node *n) {
    return n->type == &region_type || n->type == &group_type ? &region_of(n)->scope : NULL;
}

struct node *region_around(struct node *n) {
    if (n->type == &region_type)
        return n;
    for (const struct scope *s = n->scope; s->owner; s = s->parent)
        if (s->owner->type == &region_type)
            return s->owner;
    return NULL;
}

struct node *region_at(const struct sim *sim, int i) {
    for (uint32_t k = 0; k < sim->n_nodes; k++)
        if (sim->nodes[k]->type == &region_type && sim->nodes[k]->sealed && i-- == 0)
            return sim->nodes[k];
    return NULL;
}

/* ---- what belongs to one */

struct enclosure {
    struct region *of;
    struct scope *here; /* where it was made */
    uint8_t *seen;      /* by node */
};

static void enclose(struct enclosure *x, struct node *n);

static void enclose_edge(void *ctx, struct edge *e) {
    enclose(ctx, e->to);
}

static void enclose_ref(void *ctx, struct node *n) {
    enclose(ctx, n);
}

/* Moves `n`, or the outermost scope around it, into the region. False: it stays where it is. */
static bool take_in(struct enclosure *x, struct node *n) {
    struct scope *s = n->scope, *mine = &x->of->scope, *inner = region_scope(n);
    if (s == x->here) {
        n->scope = mine;
        if (inner) /* a group in it, with all it has */
            inner->parent = mine;
        return true;
    }
    while (s && s != mine && s->parent != x->here)
        s = s->parent;
    if (!s || s == mine)
        return s != NULL;
    if (region_scope(s->owner)) /* of another one */
        return false;
    s->parent = mine; /* a replica, and its group */
    if (s->owner->scope == x->here)
        s->owner->scope = mine;
    return true;
}

static void enclose(struct enclosure *x, struct node *n) {
    if (x->seen[n->id] || n->type == &region_type)
        return;
    x->seen[n->id] = 1;
    if (!take_in(x, n))
        return;
    schema_edges(n, enclose_edge, x);
    schema_refs(n, enclose_ref, x);
}

/* Inner ones were made first. */
bool region_enclose(struct sim *sim, struct error *e) {
    struct enclosure x = {.seen = NULL};
    for (uint32_t i = 0; i < sim->n_nodes; i++) {
        struct node *n = sim->nodes[i];
        if (!n->sealed || !region_scope(n))
            continue;
        if (!x.seen)
            x.seen = arena_alloc(&sim->arena, sim->n_nodes + 1);
        memset(x.seen, 0, sim->n_nodes + 1);
        x.of = region_of(n);
        x.here = n->scope;
        enclose(&x, x.of->child.to);
    }
    return !region_at(sim, MAX_REGIONS) ||
           error_set(e, "%s: there are more than %d regions", region_at(sim, MAX_REGIONS)->where,
                     (int)MAX_REGIONS);
}

/* ---- the component */

static void accept(struct node *n, struct call *c) {
    call_send(c, &region_of(n)->child);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

static bool init(struct node *n, struct error *e) {
    struct region *r = region_of(n);
    r->scope = (struct scope){.parent = n->scope, .owner = n};
    return n->named ||
           error_set(e, "'name' is missing: what is in it is addressed by it, as in us.store");
}

static const struct param params[] = {
    PARAM(NODE, "child", struct region, child, NULL, "what is in it, with all that this calls",
          .flags = REQUIRED | CHILD),
    {0},
};

const struct node_type region_type = {
    .kind = "region",
    .summary = "a place: names in it are its own (us.store), users are born in it, and faults take "
               "all of it",
    .example = "region { name = \"us\", station { name = \"store\", service = \"4ms\" } }",
    .params = params,
    .size = sizeof(struct region),
    .ops = {.init = init, .accept = accept, .reply = reply},
};

const struct node_type group_type = {
    .kind = "group",
    .summary = "a part of the model whose names are its own (search.index); faults of slow and "
               "down take all of it",
    .example = "group { name = \"search\", station { name = \"index\", service = \"4ms\" } }",
    .params = params,
    .size = sizeof(struct region),
    .ops = {.init = init, .accept = accept, .reply = reply},
};
