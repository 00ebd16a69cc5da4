/* Calls that wait in a group until one of its replicas is ready. */
#include "core/group.h"
#include "core/sim.h"

static struct waiting_call *waiting(struct call *c) {
    return container_of(c, struct waiting_call, base);
}

/* The group for whose replicas one may wait: none is ready, and somebody starts them. */
static struct group *awaited(const struct edge_list *l) {
    struct group *g = l->group ? group_of(l->group) : NULL;
    return g && !g->n_ready && g->waker ? g : NULL;
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
