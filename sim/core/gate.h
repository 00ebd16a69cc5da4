/* The way of a call through the gates of its edge and its callee, where a fault is active: refused,
 * lost and sent again, late. */
#ifndef NINES_CORE_GATE_H
#define NINES_CORE_GATE_H

#include "core/call.h"

/* Takes a call that has been metered to its node's accept, now or later, or ends it. */
void gate_accept(struct call *c);

#endif
