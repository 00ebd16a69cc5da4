/* Consistent hashing: tables that give every key a home, and move few of them when a home goes.
 *
 * A *ring* (Karger et al. 1997) has points on the circle of all hashes, for each target as many as
 * its weight is worth; a key belongs to the next point clockwise. A *maglev* table (Eisenbud et
 * al., NSDI 2016) is filled by the targets in turns, each along a permutation of its own; a key
 * belongs to the slot of its hash, which costs less and shares more evenly, but moves more keys.
 * Pure functions of hashes and weights; the memory is the caller's. */
#ifndef NINES_NODE_HASHING_H
#define NINES_NODE_HASHING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct ring_point {
    uint64_t hash;
    uint32_t who;
};

struct ring {
    struct ring_point *at; /* sorted by hash */
    uint32_t n;
    uint32_t *slice; /* first point at or after the start of each of 2^bits parts of the circle */
    uint32_t bits;
};

/* What takes part: the hash of its name, and a weight above 0. */
struct hash_member {
    uint64_t hash;
    double weight;
    uint32_t who;
};

/* At least `least` points in all, so that the lightest has whole ones, but no more than `most`. */
void ring_make(struct ring *r, struct arena *a, const struct hash_member *m, uint32_t n,
               uint64_t least, uint64_t most);

/* Index of the first point at or after a hash; the circle closes: n means 0. */
static inline uint32_t ring_find(const struct ring *r, uint64_t hash) {
    uint32_t i = r->slice[hash >> (64 - r->bits)];
    while (i < r->n && r->at[i].hash < hash)
        i++;
    return i == r->n ? 0 : i;
}

bool is_prime(uint64_t n);

/* Fills `slot[size]`, size prime. `turn` has room for n. */
struct maglev_turn {
    uint64_t next, skip;
    double due;
};
void maglev_fill(uint32_t *slot, uint32_t size, const struct hash_member *m, uint32_t n,
                 struct maglev_turn *turn);

#endif
