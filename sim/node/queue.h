/* Waiting calls of one station, in the order of its discipline.
 *
 * fifo, lifo and priority (larger first, then fifo) are lists, one a priority level; random is an
 * array; sjf (shortest job first) and edf (earliest deadline first) are heaps by `key`. Those who
 * wait for a place among the calls that share a processor (ps), or in an adaptive queue (of which
 * the station may also take the newest), wait as in fifo. Calls leave from
 * anywhere, heaps in O(log n), the others in O(1). A call stands in at most one queue, through its
 * `wait` link (or `slot` in an array). */
#ifndef NINES_NODE_QUEUE_H
#define NINES_NODE_QUEUE_H

#include "core/call.h"
#include "node/ranks.h"

enum discipline {
    QUEUE_FIFO,
    QUEUE_LIFO,
    QUEUE_PRIORITY,
    QUEUE_RANDOM,
    QUEUE_SJF,
    QUEUE_EDF,
    QUEUE_PS,
    QUEUE_ADAPTIVE
};
extern const char *const discipline_names[]; /* ends with NULL */

/* What a station keeps for a waiting call: the first member of its own call struct. */
struct waiter {
    struct call base;
    uint64_t order; /* when it joined, among all stations of the pool */
    uint32_t slot;  /* place in the array or heap */
    uint32_t weak;  /* of one in service: place among those that may be interrupted */
    double key;     /* sjf: work in s, set by the station; edf: deadline */
};

struct queue {
    enum discipline discipline;
    uint32_t n;
    uint32_t n_levels;
    struct list *level; /* arena: one a priority level, the most important last */
    struct waiter **slots;
    uint32_t cap;
    struct ranks ranks;
    struct rng rng; /* random: who is next belongs to no call */
};

void queue_init(struct queue *q, struct sim *sim, enum discipline d, uint64_t salt);
void queue_release(struct queue *q);
void queue_push(struct queue *q, struct waiter *w);
void queue_remove(struct queue *q, struct waiter *w);

/* Takes back one whose service was interrupted: it goes ahead of its equals. */
void queue_return(struct queue *q, struct waiter *w);

/* For the full audit: the lists hold as many as are counted, each in its place. */
bool queue_check(const struct queue *q);

/* Who is next; it stays in the queue. NULL when empty. The answer holds until the queue changes. */
struct waiter *queue_peek(struct queue *q);

/* adaptive_lifo: the one that joined last. */
struct waiter *queue_newest(struct queue *q);

#endif
