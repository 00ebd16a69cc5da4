/* Between limiter.c, where calls come and go, and limiter_buckets.c, which finds and fills the
 * bucket that a call is counted in. */
#ifndef NINES_NODE_LIMITER_H
#define NINES_NODE_LIMITER_H

#include "base/keymap.h"
#include "core/sim.h"
#include "node/bucket.h"

enum algorithm { TOKEN_BUCKET, LEAKY_BUCKET, SLIDING_WINDOW, FIXED_WINDOW };
enum mode { QUEUE, METER };

struct limiter {
    struct node base;
    struct edge inner;
    int algorithm, mode;
    struct quantity *rate;
    double burst; /* 0: not given */
    int64_t limit;
    ns_t period, timeout;
    struct quantity *cost; /* NULL: 1 */
    const char *per;
    int64_t max_keys;

    bool counts_tokens;             /* a leaky bucket as a meter is a token bucket */
    bool may_wait;                  /* a call may have to */
    const struct quantity *filling; /* the rate since the buckets' `since` */
    struct bucket all;
    int fact; /* -1: one bucket for all */
    struct keymap buckets;
    struct pool pool;
    struct list used; /* buckets, the last used first */
    struct integral keys, waiting;
    uint64_t limited;
};

static inline struct limiter *limiter_of(struct node *n) {
    return container_of(n, struct limiter, base);
}

/* A bucket as it is at first. */
void limiter_renew(const struct limiter *l, struct bucket *b);

/* Tokens up to now, at the rate of `filling`. */
void limiter_fill(const struct limiter *l, struct bucket *b);

/* See bucket.h. */
ns_t limiter_take(const struct limiter *l, struct bucket *b, double cost);

/* The bucket of a call's key, made when there is none. */
struct bucket *limiter_bucket(struct limiter *l, const struct call *c);

#endif
