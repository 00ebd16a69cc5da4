/* What rate limiters remember: of all calls, or of those of one key.
 *
 *     token bucket     tokens, and when they were counted
 *     leaky bucket     when the next call may leave: they leave 1 / rate apart, as nginx's
 * limit_req has them (as a meter it is a token bucket) sliding window   what passed in this window
 * and in the one before, of which the part counts that still lies within a window's length: an
 * approximation that keeps two numbers instead of a log (Cloudflare's rate limiting) fixed window
 * permits of the present period; below 0: of those to come, by calls that wait for them
 * (resilience4j RateLimiter)
 *
 * Each take is a function of the bucket, the time and the rule's parameters; it returns how long
 * the call waits, 0 for not at all, BUCKET_REFUSES when it is refused and the bucket left as it
 * was. */
#ifndef NINES_NODE_BUCKET_H
#define NINES_NODE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/time.h"

enum { BUCKET_REFUSES = -1 };

struct bucket {
    double tokens;  /* fixed window: permits */
    ns_t since;     /* leaky bucket: when the next may leave */
    int64_t period; /* windows: which one, from the beginning of the clock */
    double used, before;
    struct list link; /* by last use, where there is one for each key */
    uint64_t key;
};

static inline ns_t token_take(struct bucket *b, double cost) {
    if (b->tokens < cost - 1e-9) /* ten times 0.1 may fall short of 1 by rounding */
        return BUCKET_REFUSES;
    b->tokens -= cost;
    return 0;
}

/* At most `capacity`, in units of cost, may be before it. */
ns_t leaky_take(struct bucket *b, ns_t now, double rate, double capacity, double cost);

ns_t sliding_take(struct bucket *b, ns_t now, ns_t window, double limit, double cost);

/* Brings the permits up to now; fixed_take does so itself. */
void fixed_roll(struct bucket *b, ns_t now, ns_t period, double limit);
ns_t fixed_take(struct bucket *b, ns_t now, ns_t period, double limit, double cost, ns_t timeout);

#endif
