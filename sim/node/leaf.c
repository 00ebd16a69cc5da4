#include "node/leaf.h"

#include "core/sim.h"

enum { PURPOSE_AFTER };

static void spend(struct call *c) {
    ns_t began = container_of(c, struct leaf_call, base)->began;
    call_phase(c, PHASE_SERVICE, c->node->sim->clock.now - began);
}

static void ready(struct event *ev) {
    struct call *c = call_of_timer(ev);
    spend(c);
    leaf_of(c->node)->answer(c);
}

bool leaf_seal(struct node *n, struct error *e) {
    (void)e;
    line_init(&leaf_of(n)->line);
    return true;
}

void leaf_accept(struct node *n, struct call *c) {
    struct leaf *l = leaf_of(n);
    ns_t after = quantity_ns(l->after, c, PURPOSE_AFTER);
    container_of(c, struct leaf_call, base)->began = n->sim->clock.now;
    if (after > 0)
        call_wake(c, quantity_fixed(l->after) && !n->gate.active ? &l->line : NULL, after, ready);
    else
        l->answer(c);
}

bool leaf_cancel(struct node *n, struct call *c, enum cause cause) {
    (void)n, (void)cause;
    spend(c);
    return true;
}
