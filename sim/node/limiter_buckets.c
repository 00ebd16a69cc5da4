#include <math.h>
#include <string.h>

#include "node/limiter.h"

/* ---- one bucket */

void limiter_renew(const struct limiter *l, struct bucket *b) {
    ns_t now = l->base.sim->clock.now;
    *b = (struct bucket){.since = now};
    if (l->counts_tokens)
        b->tokens = limiter_depth(l, limiter_rate(l, now));
    if (l->algorithm == FIXED_WINDOW)
        b->tokens = (double)l->limit;
    if (l->algorithm >= SLIDING_WINDOW)
        b->period = now / l->period;
}

/* Would a new one in its place make a difference? */
static bool as_new(const struct limiter *l, struct bucket *b) {
    ns_t now = l->base.sim->clock.now;
    if (l->counts_tokens) {
        limiter_fill(l, b);
        return b->tokens >= limiter_depth(l, limiter_rate(l, now));
    }
    if (l->algorithm == LEAKY_BUCKET)
        return b->since <= now;
    if (l->algorithm == SLIDING_WINDOW)
        return now / l->period > b->period + 1;
    fixed_roll(b, now, l->period, (double)l->limit);
    return b->tokens >= (double)l->limit;
}

ns_t limiter_take(const struct limiter *l, struct bucket *b, double cost) {
    ns_t now = l->base.sim->clock.now;
    if (l->counts_tokens) {
        limiter_fill(l, b);
        return token_take(b, cost);
    }
    if (l->algorithm == LEAKY_BUCKET) {
        double rate = limiter_rate(l, now);
        return leaky_take(b, now, rate, limiter_depth(l, rate), cost);
    }
    if (l->algorithm == SLIDING_WINDOW)
        return sliding_take(b, now, l->period, (double)l->limit, cost);
    return fixed_take(b, now, l->period, (double)l->limit, cost, l->timeout);
}

/* ---- one for each key */

static struct bucket *oldest(const struct limiter *l) {
    return container_of(l->used.prev, struct bucket, link);
}

static void forget(struct limiter *l, struct bucket *b) {
    keymap_remove(&l->buckets, b->key);
    list_remove(&b->link);
    pool_put(&l->pool, b);
    integral_add(&l->keys, l->base.sim->clock.now, -1);
}

/* With each new key, two that have not been used for so long that they are like new ones are
 * forgotten, which nobody notices. */
static struct bucket *add(struct limiter *l, uint64_t key) {
    for (int i = 0; i < 2 && !list_empty(&l->used) && as_new(l, oldest(l)); i++)
        forget(l, oldest(l));
    while (l->keys.value >= l->max_keys)
        forget(l, oldest(l));
    struct bucket *b = pool_get(&l->pool);
    limiter_renew(l, b);
    b->key = key;
    keymap_put(&l->buckets, key, b);
    list_prepend(&l->used, &b->link);
    integral_add(&l->keys, l->base.sim->clock.now, 1);
    return b;
}

struct bucket *limiter_bucket(struct limiter *l, const struct call *c) {
    double x = c->req->fact[l->fact] + 0.0; /* there is one zero */
    const struct sim *sim = l->base.sim;
    uint64_t key;
    if (isnan(x))
        sim_fail(l->base.sim,
                 "%s: %s: a request of class '%s' has no fact '%s'; give it in the workload",
                 l->base.where, l->base.address, sim->classes[c->req->class].name, l->per);
    memcpy(&key, &x, sizeof key);
    struct bucket *b = keymap_get(&l->buckets, key);
    if (!b)
        return add(l, key);
    list_remove(&b->link);
    list_prepend(&l->used, &b->link);
    return b;
}
