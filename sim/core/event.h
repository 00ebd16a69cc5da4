/* The clock and the pending set.
 *
 * Events are embedded in what they wake, so scheduling allocates nothing (the pending set's own
 * arrays grow by doubling). They fire in order of time; ties fire in the order in which they were
 * scheduled. Two ways to schedule:
 *   event_at    any time
 *   line_at     a delay line: a FIFO for events that share one constant delay (timeouts, network
 *               hops), of which only the head is in the pending set, O(1). An entry that would be
 *               earlier than the tail (the delay was changed) is scheduled by itself.
 * Cancelling is exact and immediate; cancelling an idle event does nothing. A firing event is idle
 * already, so its handler may schedule it again: that reuses the top of the heap.
 *
 * The pending set is a heap while it is small. Beyond some dozens of events only the near
 * future is in the heap, and the rest waits in a ring of buckets (core/ring.h); which of the two
 * holds an event is invisible from outside. */
#ifndef NINES_CORE_EVENT_H
#define NINES_CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/time.h"

struct delay_line;
struct ring;

struct event {
    uint32_t slot;           /* 0: idle; SLOT_…; else index in the heap + 1 */
    struct delay_line *line; /* NULL: scheduled by itself */
    void (*fire)(struct event *);
    ns_t time;
    uint64_t seq;
    struct event *next, **back; /* place in the ring: whom I point at, who points at me */
    struct list link;           /* place in a delay line */
};

enum { SLOT_LINE = UINT32_MAX - 1, SLOT_RING }; /* in a delay line behind its head; in the ring */

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
    struct heap_entry *heap; /* children of i at 2i + 1 and 2i + 2; one more than n is readable */
    uint32_t n, cap;
    bool hole;         /* the top belongs to the event that is firing */
    ns_t near_end;     /* events from here on are in the ring; NS_NEVER: it is not in use */
    struct ring *ring; /* NULL until it is needed */
};

/* Zeroed memory is an idle event, too; `fire` may also be set later, before it is scheduled. */
static inline void event_init(struct event *e, void (*fire)(struct event *)) {
    e->fire = fire;
    e->line = NULL;
    e->slot = 0;
}

static inline bool event_pending(const struct event *e) {
    return e->slot != 0;
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

/* How many are pending, those behind the head of a delay line not counted. */
uint32_t clock_pending(const struct clock *c);

/* Heap order, back pointers, buckets and delay lines hold together: for tests and the full audit.
 */
bool clock_check(const struct clock *c);

#endif
