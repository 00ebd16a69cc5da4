/* Calls that wait in a group until one of its replicas is ready. */
#include "core/group.h"
#include "core/sim.h"

static struct waiting_call *waiting(struct call *c) {
    return container_of(c, struct waiting_call, base);
}

/* The group for whose replicas one may wait: no target is ready, and somebody starts those. */
static struct group *awaited(const struct edge_list *l) {
    if (targets_ready(l))
        return NULL;
    for (uint32_t i = 0; i < l->n_parts; i++)
        if (l->part[i].is_group && group_of(l->part[i].given)->waker)
            return group_of(l->part[i].given);
    return NULL;
}

bool targets_wait(const struct edge_list *l, struct call *c) {
    struct group *g = awaited(l);
    if (!g)
        return false;
    bool first = list_empty(&g->waiting);
    waiting(c)->at = g;
    waiting(c)->since = g->base.sim->clock.now;
    list_append(&g->waiting, &c->wait);
    integral_add(&g->queue, g->base.sim->clock.now, 1);
    if (first)
        g->waker->called(g->waker);
    return true;
}

bool targets_wait_over(struct call *c) {
    struct group *g = waiting(c)->at;
    if (!g)
        return false;
    waiting(c)->at = NULL;
    list_remove(&c->wait);
    integral_add(&g->queue, g->base.sim->clock.now, -1);
    return true;
}

void group_go_on(struct group *g) {
    while (g->n_ready && !list_empty(&g->waiting)) {
        struct call *c = call_of_wait(g->waiting.next);
        targets_wait_over(c);
        call_phase(c, PHASE_WAIT, g->base.sim->clock.now - waiting(c)->since);
        c->node->type->ops.accept(c->node, c);
    }
}
