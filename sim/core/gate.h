/* The way of a call through the gates of its edge and its callee, where a fault is active: refused,
 * lost and sent again, late. */
#ifndef NINES_CORE_GATE_H
#define NINES_CORE_GATE_H

#include "core/call.h"

/* After a change: is there anything that acts on calls, or listens to them? */
static inline void gate_settle(struct gate *g) {
    g->active =
        g->ears || g->down || g->slow != 1 || g->error_rate > 0 || g->added > 0 || g->loss > 0;
}

/* Takes a call that has been metered to its node's accept, now or later, or ends it. */
void gate_accept(struct call *c);

#endif
