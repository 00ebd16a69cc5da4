/* A heap of waiters by a number: the smallest key is on top, and of equal ones the first in order.
 *
 * Each entry points at a field of its owner that keeps its place, so that it can be taken out from
 * anywhere in O(log n), and so that an owner may stand in several heaps. Entries are never NaN. */
#ifndef NINES_NODE_RANKS_H
#define NINES_NODE_RANKS_H

#include <stdbool.h>
#include <stdint.h>

struct rank {
    double key;
    uint64_t order;
    uint32_t *slot; /* of its owner: index of this entry */
};

struct ranks {
    struct rank *at; /* heap memory of its own */
    uint32_t n, cap;
};

void ranks_push(struct ranks *h, double key, uint64_t order, uint32_t *slot);
void ranks_remove(struct ranks *h, uint32_t slot);
void ranks_release(struct ranks *h);

/* For the full audit: heap order, and every owner knows its place. */
bool ranks_check(const struct ranks *h);

#endif
