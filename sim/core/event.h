/* The clock and the pending set.
 *
 * Events are embedded in what they wake, so scheduling allocates nothing (the heap array grows by
 * doubling). They fire in order of time; ties fire in the order in which they were scheduled. Two
 * ways to schedule: event_at    any time: a 4-ary heap of (time, sequence, event) entries, O(log n)
 *   line_at     a delay line: a FIFO for events that share one constant delay (timeouts, network
 * hops), of which only the head is in the heap, O(1). An entry that would be earlier than the tail
 * (the delay was changed) goes to the heap by itself. Cancelling is exact and immediate; cancelling
 * an idle event does nothing. A firing event is idle already, so its handler may schedule it again:
 * that reuses the top of the heap. */
#ifndef NINES_CORE_EVENT_H
#define NINES_CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/time.h"

struct delay_line;

struct event {
    ns_t time;
    uint64_t seq;
    void (*fire)(struct event *);
    struct list link;        /* place in a delay line */
    struct delay_line *line; /* NULL: scheduled by itself */
    uint32_t slot;           /* 0: not in the heap; else index + 1 */
    bool pending;
};

struct delay_line {
    struct list waiting;
};

struct heap_entry {
    ns_t time;
    uint64_t seq;
    struct event *event;
};

struct clock {
    ns_t now;
    uint64_t seq;
    uint64_t fired;
    struct heap_entry *heap; /* 64-byte aligned, children of i at 4i+1.. */
    uint32_t n, cap;
    bool hole; /* heap[0] belongs to the event that is firing */
};

static inline void event_init(struct event *e, void (*fire)(struct event *)) {
    e->fire = fire;
    e->line = NULL;
    e->slot = 0;
    e->pending = false;
}

static inline void line_init(struct delay_line *l) {
    list_init(&l->waiting);
}

void clock_init(struct clock *c);
void clock_release(struct clock *c);

/* Schedules an idle event at `time` >= now (asserted). */
void event_at(struct clock *c, struct event *e, ns_t time);
void line_at(struct clock *c, struct delay_line *l, struct event *e, ns_t time);
void event_cancel(struct clock *c, struct event *e);

/* Time of the next event, NS_NEVER when none is pending. Not to be called from a handler. */
static inline ns_t clock_next(const struct clock *c) {
    return c->n ? c->heap[0].time : NS_NEVER;
}

/* Advances to the next event and fires it. At least one must be pending. */
void clock_step(struct clock *c);

/* Heap order, back pointers and delay lines hold together: for tests and the full audit. */
bool clock_check(const struct clock *c);

#endif
