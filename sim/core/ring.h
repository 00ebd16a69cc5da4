/* The far side of a large pending set: a ring of buckets, each a short span of time.
 *
 * A calendar queue (R. Brown, CACM 31(10), 1988) without its sorting: a bucket is an unordered
 * list, and is handed over whole when its time comes, to be ordered by the clock's heap. Bucket
 * widths are powers of two of a nanosecond; width and number follow from a sample of the events
 * present, and are chosen anew when they no longer fit. What lies beyond one turn waits in a list
 * apart. Putting in and taking out are O(1). Memory that runs out ends the program (base/mem.h). */
#ifndef NINES_CORE_RING_H
#define NINES_CORE_RING_H

#include "core/event.h"

struct ring *ring_new(void);
void ring_free(struct ring *r);

uint32_t ring_count(const struct ring *r);

/* Begins anew with the `n` events of `list` (linked by next), none before `now`. Returns where the
 * near future ends: no event before that time may be put in afterwards. */
ns_t ring_fill(struct ring *r, struct event *list, uint32_t n, ns_t now);

/* An event not before the end of the near future; and out again. */
void ring_put(struct ring *r, struct event *e);
void ring_remove(struct ring *r, struct event *e);

/* The events of the next bucket that has any, linked by next; the near future then ends at
 * *near_end. NULL when the ring is empty. */
struct event *ring_take(struct ring *r, ns_t *near_end);

/* All of them, linked by next; the ring is empty then. */
struct event *ring_empty(struct ring *r);

/* Do the buckets still fit what is in them? Otherwise it is time for ring_fill. */
bool ring_fits(const struct ring *r);

/* Every event is in its bucket, linked both ways, and counted. */
bool ring_check(const struct ring *r, ns_t near_end);

#endif
