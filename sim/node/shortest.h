/* An index of members by how many calls each has, for "the least loaded one, ties at random" in
 * O(1).
 *
 * The members stand in one array in ascending order of their counts, so those of one count are a
 * stretch of it; a count that goes up or down by 1 swaps a member to the edge of its stretch and
 * moves the edge. */
#ifndef NINES_NODE_SHORTEST_H
#define NINES_NODE_SHORTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

struct shortest {
    uint32_t *order, *place; /* members by count; place of each (by its number) + 1, 0: not in */
    uint32_t n, members;     /* in the index; numbers there may be */
    uint32_t *begin, cap;    /* begin[c]: first of those with at least c calls; on the heap */
    uint32_t least;
};

/* `order` and `place` have room for `members`; only `begin` is to be released. */
void shortest_init(struct shortest *s, uint32_t *order, uint32_t *place, uint32_t members);
void shortest_release(struct shortest *s);

/* Anew: `who[n]` with `count(ctx, who)` calls each. */
void shortest_make(struct shortest *s, const uint32_t *who, uint32_t n,
                   uint32_t (*count)(const void *ctx, uint32_t who), const void *ctx);

static inline bool shortest_has(const struct shortest *s, uint32_t who) {
    return s->place[who];
}

/* A member had `count` calls and now has one more, or one less. */
void shortest_up(struct shortest *s, uint32_t who, uint32_t count);
void shortest_down(struct shortest *s, uint32_t who, uint32_t count);

/* At least one member is there. */
static inline uint32_t shortest_pick(const struct shortest *s, struct rng *r) {
    uint32_t from = s->begin[s->least], to = s->begin[s->least + 1];
    return s->order[from + (to - from > 1 ? (uint32_t)rng_below(r, to - from) : 0)];
}

/* For the full audit: is everyone where its count says? */
bool shortest_check(const struct shortest *s, uint32_t (*count)(const void *ctx, uint32_t who),
                    const void *ctx);

#endif
