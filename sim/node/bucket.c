#include "node/bucket.h"

#include <math.h>

static const double SLACK = 1e-9; /* forgives rounding */

ns_t leaky_take(struct bucket *b, ns_t now, double rate, double capacity, double cost) {
    ns_t free = b->since > now ? b->since : now;
    if (!(rate > 0) || ns_to_s(free - now) * rate > capacity + SLACK)
        return BUCKET_REFUSES;
    b->since = free + ns_from_s(cost / rate);
    return free - now;
}

ns_t sliding_take(struct bucket *b, ns_t now, ns_t window, double limit, double cost) {
    int64_t period = now / window;
    if (period != b->period) {
        b->before = period == b->period + 1 ? b->used : 0;
        b->used = 0;
        b->period = period;
    }
    double gone = (double)(now - period * window) / (double)window;
    if (b->before * (1 - gone) + b->used + cost > limit + SLACK)
        return BUCKET_REFUSES;
    b->used += cost;
    return 0;
}

/* What was not used is lost, what was borrowed is not forgiven. */
void fixed_roll(struct bucket *b, ns_t now, ns_t period, double limit) {
    int64_t cycle = now / period;
    if (cycle == b->period)
        return;
    b->tokens = fmin(b->tokens + (double)(cycle - b->period) * limit, limit);
    b->period = cycle;
}

ns_t fixed_take(struct bucket *b, ns_t now, ns_t period, double limit, double cost, ns_t timeout) {
    fixed_roll(b, now, period, limit);
    double wait = 0;
    if (b->tokens < cost - SLACK) {
        double more = fmax(0, ceil((cost - b->tokens - limit) / limit - SLACK));
        wait = more * (double)period + (double)((b->period + 1) * period - now);
        if (wait > (double)timeout)
            return BUCKET_REFUSES;
    }
    b->tokens -= cost;
    return (ns_t)wait;
}
