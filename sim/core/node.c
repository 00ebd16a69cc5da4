#include "core/node.h"

#include <stdio.h>

#include "core/schema.h"
#include "core/sim.h"

bool scope_holds(const struct scope *s, const struct node *n) {
    for (const struct scope *at = n->scope; at; at = at->parent)
        if (at == s)
            return true;
    return false;
}

struct node *node_new(struct sim *sim, const struct node_type *type, const char *where) {
    struct node *n = arena_alloc(&sim->arena, type->size);
    n->type = type;
    n->sim = sim;
    n->gate.slow = 1;
    n->name = type->kind;
    n->where = arena_copy(&sim->arena, where);
    n->scope = sim->scope;
    *mem_push(sim->nodes, sim->n_nodes, sim->cap_nodes) = n;
    n->id = sim->n_nodes;
    return n;
}

const char *node_label(const struct node *n, char *buffer, size_t size) {
    if (n->named)
        snprintf(buffer, size, "%s: %s '%s'", n->where, n->type->kind, n->name);
    else
        snprintf(buffer, size, "%s: %s", n->where, n->type->kind);
    return buffer;
}

bool node_probe(struct node *n, enum probe what, double *answer) {
    for (;;) {
        if (n->type->ops.probe && n->type->ops.probe(n, what, answer))
            return true;
        if (what == PROBE_IN_FLIGHT) {
            *answer = (double)n->meter.in_flight.value;
            return true;
        }
        n = schema_only_child(n);
        if (!n)
            return false;
    }
}
