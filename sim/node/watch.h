/* A condition on what passes through a node, watched while the run goes on.
 *
 * The calls of the last window are kept as ten sub-windows. At the end of each of them the
 * condition can be asked; nothing wakes a watch, so its owner brings it up to date whenever
 * something passes:
 *
 *     for (; watch_due(w); watch_turn(w, idle)) … watch_holds(w) … w->next is the time it speaks of
 *
 * All it speaks of is that of a window, also queues, calls in flight and utilization, of which it
 * takes the average over time up to the moment at which it is brought up to date. A value that has
 * no samples makes the condition false. The only memory on the heap is that of histograms. */
#ifndef NINES_NODE_WATCH_H
#define NINES_NODE_WATCH_H

#include "core/address.h"
#include "core/call.h"
#include "core/condition.h"
#include "node/gauge.h"

enum { WATCH_SLOTS = GAUGE_MARKS };

struct watched {
    int what, stat;
    double p;
    uint32_t outcomes;      /* of share: mask */
    enum expr_kind pooling; /* of several nodes */
    struct node_set nodes;  /* with an address: whom to ask */
    struct gauge *gauge;    /* of each of them; of in_flight without one, of the owner */
    uint32_t n_gauges;
};

/* What passed in one sub-window. */
struct watch_slot {
    uint64_t offered, in_time;
    uint64_t by[OUTCOMES];
    uint64_t sum, least, most; /* latency of good answers, ns */
    struct hist hist;
};

struct watch {
    struct node *owner;
    const struct condition *when;
    ns_t window, tenth, began;
    ns_t next;       /* end of the present sub-window */
    uint64_t turns;  /* sub-windows that are over */
    uint32_t silent; /* how many of the last ones were empty, at most WATCH_SLOTS + 1 */
    struct watch_slot slot[WATCH_SLOTS], *now;
    struct hist all; /* sum of the slots' */
    struct watched left, right;
};

/* When the graph is sealed. False for a metric it cannot know, naming the key "when". */
bool watch_seal(struct watch *w, struct node *owner, const struct condition *when, ns_t window,
                struct error *e);
void watch_start(struct watch *w); /* stops the run when a node has no answer to what it is asked */
void watch_release(struct watch *w);

static inline void watch_arrive(struct watch *w) {
    w->now->offered++;
}
void watch_answer(struct watch *w, const struct call *mine, enum outcome outcome);

bool watch_due(const struct watch *w);
bool watch_holds(const struct watch *w);

/* Goes on to the next sub-window; with `idle`, over all the rest of a silence of which the window
 * is full. */
void watch_turn(struct watch *w, bool idle);

#endif
