/* A token bucket: it starts full, gains `rate` tokens a second up to `burst`, and a call takes one.
 */
#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

struct limiter {
    struct node base;
    struct edge inner;
    struct quantity *rate;
    double burst;                   /* 0: not given */
    const struct quantity *filling; /* the rate since `since` */
    double tokens;
    ns_t since;
    uint64_t limited;
};

static struct limiter *limiter_of(struct node *n) {
    return container_of(n, struct limiter, base);
}

static double rate_at(const struct limiter *l, ns_t clock) {
    return quantity_at(l->filling, ns_to_s(clock - l->base.sim->limits.warmup));
}

/* One second of rate unless it is given; a bucket that cannot hold one token would never let
 * anything pass. */
static double depth(const struct limiter *l, double rate) {
    return l->burst > 0 ? l->burst : fmax(rate, 1);
}

/* Tokens up to now. A signal is integrated by the mean of both ends, which is exact on straight
 * lines. */
static void fill(struct limiter *l) {
    ns_t now = l->base.sim->clock.now;
    double rate = rate_at(l, now);
    if (now > l->since)
        l->tokens += 0.5 * (rate_at(l, l->since) + rate) * ns_to_s(now - l->since);
    l->tokens = fmin(l->tokens, depth(l, rate));
    l->since = now;
}

static void accept(struct node *n, struct call *c) {
    struct limiter *l = limiter_of(n);
    fill(l);
    if (l->tokens < 1 - 1e-9) { /* ten times 0.1 may fall short of 1 by rounding */
        l->limited++;
        call_finish(c, OUTCOME_LIMITED);
        return;
    }
    l->tokens -= 1;
    call_send(c, &l->inner);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

/* What was gained so far was gained at the old rate. */
static void changed(struct node *n, const struct param *p) {
    struct limiter *l = limiter_of(n);
    if (!strcmp(p->name, "rate")) {
        fill(l);
        l->filling = l->rate;
    }
}

static void start(struct node *n) {
    struct limiter *l = limiter_of(n);
    l->filling = l->rate;
    l->since = n->sim->clock.now;
    l->tokens = depth(l, rate_at(l, l->since));
}

static const struct param params[] = {
    PARAM(RATE, "rate", struct limiter, rate, NULL, "calls a second that may pass in the long run",
          .flags = REQUIRED | LIVE),
    PARAM(NUMBER, "burst", struct limiter, burst, NULL,
          "calls that may pass at once after a pause; without it one second of rate", .flags = LIVE,
          .min = 1, .max = INFINITY),
    PARAM(NODE, "inner", struct limiter, inner, NULL, "what is protected",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "limited", struct limiter, limited,
           "calls refused because the bucket was empty"),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct limiter *l = limiter_of(n);
    return (l->tokens > -1e-6 && isfinite(l->tokens) && l->since <= n->sim->clock.now) ||
           error_set(e, "%g tokens are in the bucket", l->tokens);
}

const struct node_type limiter_type = {
    .kind = "limiter",
    .summary = "lets a rate and a burst of calls pass and refuses the rest at once",
    .follows = "token bucket",
    .example = "limiter { rate = 1000, burst = 100, backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct limiter),
    .ops = {.start = start, .accept = accept, .reply = reply, .set = changed, .check = check},
};
