/* Between limiter.c, where calls come and go, and limiter_buckets.c, which finds and fills the
 * bucket that a call is counted in. */
#ifndef NINES_NODE_LIMITER_H
#define NINES_NODE_LIMITER_H

#include "base/keymap.h"
#include "core/quantity.h"
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

static inline double limiter_rate(const struct limiter *l, ns_t clock) {
    return quantity_at(l->filling, ns_to_s(clock - l->base.sim->limits.warmup));
}

/* One second of rate unless it is given; a bucket that cannot hold one token would never let
 * anything pass. */
static inline double limiter_depth(const struct limiter *l, double rate) {
    return l->burst > 0 ? l->burst : fmax(rate, 1);
}

/* Tokens up to now. A signal is integrated by the mean of both ends, which is exact on straight
 * lines. */
static inline void limiter_fill(const struct limiter *l, struct bucket *b) {
    ns_t now = l->base.sim->clock.now;
    double rate = limiter_rate(l, now);
    if (now > b->since)
        b->tokens += 0.5 * (limiter_rate(l, b->since) + rate) * ns_to_s(now - b->since);
    b->tokens = fmin(b->tokens, limiter_depth(l, rate));
    b->since = now;
}

/* A bucket as it is at first. */
void limiter_renew(const struct limiter *l, struct bucket *b);

/* See bucket.h. */
ns_t limiter_take(const struct limiter *l, struct bucket *b, double cost);

/* The bucket of a call's key, made when there is none. */
struct bucket *limiter_bucket(struct limiter *l, const struct call *c);

#endif
