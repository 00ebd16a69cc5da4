/* Earliest deadline first: a schedule in which everyone comes round in proportion to a weight.
 *
 * Whoever has the earliest deadline is next and gets a new one, 1 / weight after the old one; ties
 * go to whoever got its deadline first. With constant weights that is a weighted round robin that
 * spreads everyone's turns evenly (Katevenis, Sidiropoulos & Courcoubetis 1991); weights may also
 * change from turn to turn. Picking is O(log n). */
#ifndef NINES_NODE_EDF_H
#define NINES_NODE_EDF_H

#include <stdint.h>

struct edf_turn {
    double deadline;
    uint64_t order;
    uint32_t who;
};

struct edf {
    struct edf_turn *heap; /* room for all; the owner's memory */
    uint32_t n;
    uint64_t orders;
};

static inline void edf_clear(struct edf *s) {
    s->n = 0;
    s->orders = 0;
}

/* Joins at time 0: to be called for everyone before the first pick. */
void edf_add(struct edf *s, uint32_t who, double weight);

/* Who is next; stays at the top until edf_again gives it another turn. At least one is there. */
static inline uint32_t edf_next(const struct edf *s) {
    return s->heap[0].who;
}
void edf_again(struct edf *s, double weight);

#endif
