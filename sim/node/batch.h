/* Between batch.c, where calls come and go, and batch_form.c, which says when how many of them go
 * together. */
#ifndef NINES_NODE_BATCH_H
#define NINES_NODE_BATCH_H

#include "core/schema.h"
#include "core/sim.h"
#include "node/queue.h"

enum { RESULT_ITEM, RESULT_BATCH };
enum { MOST_PREFERRED = 64 };

struct batch {
    struct node base;
    struct edge to;
    int64_t max_size, max_queue, instances;
    ns_t max_delay;
    int discipline;
    struct value preferred_value;
    int64_t preferred[MOST_PREFERRED]; /* ascending */
    uint32_t n_preferred;
    uint32_t size_fact;
    const struct param *servers; /* of the callee; NULL: it has none */
    struct queue queue;
    struct list ages; /* of those who wait, the oldest first */
    struct integral queued, running;
    struct event timer;
    uint64_t batches, items, rejected;
};

/* An item, or a batch: a call of its own for a request of its own. */
struct batch_call {
    struct waiter waiter;
    struct list age;       /* item that waits: place in b->ages */
    ns_t joined;           /* item: when it began to wait */
    struct batch_call *in; /* item: its batch; NULL: it waits, or its batch is gone */
    struct list items;     /* batch: its items, by `wait` */
    uint32_t n;            /* batch: how many */
    bool is_batch, waits, started;
};

static inline struct batch *batch_of(struct node *n) {
    return container_of(n, struct batch, base);
}
static inline struct batch_call *batch_call_of(struct call *c) {
    return container_of(container_of(c, struct waiter, base), struct batch_call, waiter);
}

/* Puts an item into the queue, and takes it out. */
void batch_enqueue(struct batch *b, struct call *c);
void batch_unqueue(struct batch *b, struct batch_call *m);

/* Adds what an item brings to the facts of its batch (sign 1), or takes it away (-1). */
void batch_add_facts(struct batch *b, struct call *batch, const struct call *item, double sign);

/* Sends what may go; sets the timer for what may not yet. */
void batch_form(struct batch *b);

#endif
