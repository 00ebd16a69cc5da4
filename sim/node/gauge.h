/* What a component says of itself, as an average over the last while: queue, calls in flight,
 * utilization.
 *
 * The integral that the component's metric is made of is read now and then; the difference of two
 * readings over the time between them is the average. A reading for a time that has passed since
 * the last one lies on the straight line to the present one. Where a component answers a probe
 * without having such a metric, it is asked for its present value. */
#ifndef NINES_NODE_GAUGE_H
#define NINES_NODE_GAUGE_H

#include "core/node.h"

enum { GAUGE_MARKS = 10 };

struct reading {
    ns_t at;
    uint64_t area, capacity; /* capacity: of a share */
};

struct gauge {
    struct node *asked, *node; /* node: who answers, NULL: nobody */
    const struct integral *of; /* NULL: it has to be probed */
    const struct integral *capacity;
    struct reading last, mark[GAUGE_MARKS]; /* a ring */
};

/* Finds out who answers; once all is sealed. False: nobody does. */
bool gauge_find(struct gauge *g, struct node *asked, enum probe what);

/* Reads it, as of now, for all of the ring; for place `slot`, as of `t`, where `last` is the place
 * of the last reading. */
void gauge_start(struct gauge *g);
void gauge_mark(struct gauge *g, uint32_t slot, ns_t t);

/* Its average from the reading at `slot` up to `t`. */
double gauge_average(const struct gauge *g, uint32_t slot, ns_t t, enum probe what);

#endif
