/* Faults that stand for several: each target of a random one fails by itself, a rolling restart
 * takes one after the other, a group loses some of its replicas. */
#include "agent/fault_impl.h"

#include <stdlib.h>

#include "core/address.h"
#include "core/group.h"

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
        fault_add_effect(one, &edge->gate);
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

/* One node, or one replica with all that is in it. */
static struct fault *alone(struct fault *f, struct node *n) {
    struct fault *one = copy_alone(f, n->salt);
    one->nodes = arena_alloc(&f->sim->arena, f->sim->n_order * sizeof *one->nodes);
    fault_add_target(one, n);
    return one;
}

/* By address and not by node: a replica that is down or slow is one target with many nodes. */
static bool split_nodes(struct fault *f, struct error *e) {
    struct node_set found;
    if (!address_find(f->sim, f->target, &found, e))
        return false;
    for (uint32_t i = 0; i < found.n; i++)
        if (fault_may_fit(f, found.at[i]))
            alone(f, found.at[i]);
    return true;
}

/* One fault per target, each with a stream of its own; what fails together has one. */
static bool split_random(struct fault *f, struct error *e) {
    if (f->n_targets > 1 || f->kind == FAULT_LOSE) {
        uint64_t key = f->n ? f->nodes[0]->salt : f->edges[0]->to->salt;
        f->rng.state = rng_key(key, rng_hash(f->text));
        return true;
    }
    f->splits = true;
    if (f->n_edges)
        split_edges(f);
    else if (f->kind == FAULT_SET)
        split_set(f);
    else
        return split_nodes(f, e);
    return true;
}

/* ---- parts that are told when to act */

static struct fault *part_of(struct fault *f, struct node *n) {
    const enum fault_kind kind = f->kind;
    f->kind = FAULT_DOWN; /* what its parts are */
    struct fault *one = alone(f, n);
    f->kind = kind;
    one->mtbf = one->mttr = NULL;
    return one;
}

static void split_group(struct fault *f) {
    struct group *g = f->group;
    f->picks.state = rng_key(rng_key(g->base.salt, rng_hash(f->text)), 1);
    f->part = arena_alloc(&f->sim->arena, (size_t)g->max * sizeof *f->part);
    for (int64_t i = 0; i < g->max; i++) {
        f->part[i] = part_of(f, g->at[i].scope.root);
        f->part[i]->splits = true; /* its clock is that of the whole */
    }
}

static int by_id(const void *x, const void *y) {
    uint32_t a = (*(struct node *const *)x)->id, b = (*(struct node *const *)y)->id;
    return a < b ? -1 : a > b;
}

/* In the order in which they were made, replicas by number; none begins after the end of the
 * whole. */
static bool split_restart(struct fault *f, struct error *e) {
    ns_t at = f->from;
    f->splits = true;
    for (uint32_t t = 0; t < f->n_targets; t++) {
        struct node_set found;
        if (!address_find(f->sim, f->targets[t], &found, e))
            return false;
        qsort(found.at, found.n, sizeof(struct node *), by_id);
        for (uint32_t i = 0; i < found.n && at < f->to; i++) {
            if (!fault_may_fit(f, found.at[i]))
                continue;
            struct fault *one = part_of(f, found.at[i]);
            one->from = at;
            one->to = at + f->downtime;
            at += f->every;
        }
    }
    return true;
}

bool fault_split(struct fault *f, struct error *e) {
    if (f->kind == FAULT_RESTART)
        return split_restart(f, e);
    if (f->group)
        split_group(f);
    return !f->mtbf || split_random(f, e);
}
