/* A rate limiter: lets so many calls pass in a time, of all or of each key, and refuses, or delays,
 * the others. How they are counted is in bucket.h. */
#include <math.h>
#include <string.h>

#include "core/schema.h"
#include "core/sim.h"
#include "node/limiter.h"
#include "node/registry.h"

enum { PURPOSE_COST };
static const char *const algorithms[] = {"token_bucket", "leaky_bucket", "sliding_window",
                                         "fixed_window", NULL};
static const char *const modes[] = {"queue", "meter", NULL};

struct limiter_call {
    struct call base;
    ns_t began; /* to wait */
};

/* ---- calls */

static void leave_queue(struct limiter *l, struct call *c) {
    ns_t now = l->base.sim->clock.now;
    integral_add(&l->waiting, now, -1);
    call_phase(c, PHASE_WAIT, now - container_of(c, struct limiter_call, base)->began);
}

static void waited(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct limiter *l = limiter_of(c->node);
    leave_queue(l, c);
    call_send(c, &l->inner);
}

static void delay(struct limiter *l, struct call *c, ns_t wait) {
    container_of(c, struct limiter_call, base)->began = l->base.sim->clock.now;
    integral_add(&l->waiting, l->base.sim->clock.now, 1);
    call_wake(c, NULL, wait, waited);
}

static void accept(struct node *n, struct call *c) {
    struct limiter *l = limiter_of(n);
    double cost = l->cost ? quantity_draw(l->cost, c, PURPOSE_COST) : 1;
    ns_t wait = limiter_take(l, l->fact < 0 ? &l->all : limiter_bucket(l, c), cost);
    if (wait == 0) {
        if (l->may_wait)
            call_phase(c, PHASE_WAIT, 0); /* so that the mean is that of all who pass */
        call_send(c, &l->inner);
    } else if (wait > 0)
        delay(l, c, wait);
    else {
        l->limited++;
        call_finish(c, OUTCOME_LIMITED);
    }
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

/* What was taken for who leaves is not given back, as in the originals. */
static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)cause;
    if (event_pending(&c->timer))
        leave_queue(limiter_of(n), c);
    return true;
}

/* What was gained so far was gained at the old rate. Those who wait keep the moment that they were
 * given. */
static void changed(struct node *n, const struct param *p) {
    struct limiter *l = limiter_of(n);
    if (strcmp(p->name, "rate"))
        return;
    for (struct list *i = l->used.next; l->counts_tokens && i != &l->used; i = i->next)
        limiter_fill(l, container_of(i, struct bucket, link));
    if (l->counts_tokens)
        limiter_fill(l, &l->all);
    l->filling = l->rate;
}

/* ---- set-up */

static bool is_complete(const struct limiter *l, struct error *e) {
    return l->algorithm > LEAKY_BUCKET || l->rate ||
           error_set(e, "'rate' is missing: calls a second that may pass in the long run");
}

static bool init(struct node *n, struct error *e) {
    return is_complete(limiter_of(n), e);
}

static bool seal(struct node *n, struct error *e) {
    struct limiter *l = limiter_of(n);
    if (!is_complete(l, e))
        return false;
    if (l->algorithm > LEAKY_BUCKET && l->period <= 0)
        return error_set(e, "limit_refresh_period: it must be longer than 0");
    l->counts_tokens =
        l->algorithm == TOKEN_BUCKET || (l->algorithm == LEAKY_BUCKET && l->mode == METER);
    l->may_wait = !l->counts_tokens && l->algorithm != SLIDING_WINDOW;
    l->fact = l->per ? sim_find_fact(n->sim, l->per) : -1;
    list_init(&l->used);
    pool_init(&l->pool, sizeof(struct bucket));
    return !l->per || l->fact >= 0 ||
           error_set(e, "per = \"%s\": no workload gives requests this fact", l->per);
}

static void start(struct node *n) {
    struct limiter *l = limiter_of(n);
    l->filling = l->rate;
    limiter_renew(l, &l->all);
}

static void release(struct node *n) {
    keymap_release(&limiter_of(n)->buckets);
    pool_release(&limiter_of(n)->pool);
}

static bool probe(struct node *n, enum probe what, double *answer) {
    *answer = (double)limiter_of(n)->waiting.value;
    return what == PROBE_QUEUE && limiter_of(n)->may_wait; /* or what is below is asked */
}

#define WITH(bits_) .needs = "algorithm", .only = (bits_)
#define BUCKETS (1u << TOKEN_BUCKET | 1u << LEAKY_BUCKET)
#define WINDOWS (1u << SLIDING_WINDOW | 1u << FIXED_WINDOW)

static const struct param params[] = {
    PARAM(CHOICE, "algorithm", struct limiter, algorithm, "token_bucket",
          "how calls are counted: tokens that come at a rate and are kept up to a burst; a bucket "
          "that leaks at a rate; a window that slides; one that begins anew every period",
          .choices = algorithms),
    PARAM(RATE, "rate", struct limiter, rate, NULL, "calls a second that may pass in the long run",
          .flags = LIVE, WITH(BUCKETS)),
    PARAM(NUMBER, "burst", struct limiter, burst, NULL,
          "calls that may pass at once after a pause, or wait to leave a leaky bucket; without it "
          "one second of rate",
          .flags = LIVE, .min = 1, .max = INFINITY, WITH(BUCKETS)),
    PARAM(
        CHOICE, "mode", struct limiter, mode, "queue",
        "calls wait for their turn and leave at the rate, or the level is only metered: what would "
        "overflow is refused, as a token bucket does",
        .choices = modes, WITH(1u << LEAKY_BUCKET)),
    PARAM(INTEGER, "limit_for_period", struct limiter, limit, "50",
          "calls that may pass in a period", .flags = LIVE, .min = 1, .max = 1e12, WITH(WINDOWS)),
    PARAM(TIME, "limit_refresh_period", struct limiter, period, "500ns",
          "the period, or the length of the sliding window (the default is resilience4j's)",
          WITH(WINDOWS)),
    PARAM(TIME, "timeout_duration", struct limiter, timeout, "5s",
          "how long a call waits for a permit of a later period, at most", .flags = LIVE,
          WITH(1u << FIXED_WINDOW)),
    PARAM(QUANTITY, "cost", struct limiter, cost, NULL,
          "what a call takes, such as its tokens: linear { 0, tokens = 1 }; without it 1",
          .flags = LIVE),
    PARAM(TEXT, "per", struct limiter, per, NULL,
          "a fact, such as \"user_id\": each of its values has a limit of its own"),
    PARAM(INTEGER, "max_keys", struct limiter, max_keys, "100000",
          "values of it that are remembered; the one not used for the longest time is forgotten "
          "first, and starts anew",
          .min = 1, .max = 1e9, .needs = "per"),
    PARAM(NODE, "inner", struct limiter, inner, NULL, "what is protected",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "limited", struct limiter, limited, "calls refused"),
    METRIC(INTEGRAL, "queue", struct limiter, waiting, "calls that wait, mean over time"),
    METRIC(INTEGRAL, "keys", struct limiter, keys, "keys that are remembered, mean over time"),
    {0},
};

static void look(void *ctx, void *object) {
    const struct call *c = object;
    *(int64_t *)ctx += !c->travelling && event_pending(&c->timer);
}

static bool check(struct node *n, struct error *e) {
    const struct limiter *l = limiter_of(n);
    int64_t waiting = 0, keys = 0;
    pool_each(&n->calls, look, &waiting);
    for (const struct list *i = l->used.next; i != &l->used; i = i->next)
        keys++;
    if (waiting != l->waiting.value || keys != l->keys.value || (size_t)keys != l->buckets.n)
        return error_set(
            e,
            "%lld calls wait, %lld are counted; %lld keys are listed, %lld counted and "
            "%zu mapped",
            (long long)waiting, (long long)l->waiting.value, (long long)keys,
            (long long)l->keys.value, l->buckets.n);
    const struct bucket *b = &l->all;
    bool possible = isfinite(b->tokens) && (b->tokens > -1e-6 || l->algorithm == FIXED_WINDOW);
    return (possible && (l->algorithm == LEAKY_BUCKET || b->since <= n->sim->clock.now)) ||
           error_set(e, "%g tokens are in the bucket", b->tokens);
}

const struct node_type limiter_type = {
    .kind = "limiter",
    .summary = "lets a rate and a burst of calls pass and refuses, or delays, the rest",
    .follows = "token bucket; leaky bucket as nginx limit_req; sliding window of two counters as "
               "Cloudflare; resilience4j RateLimiter (fixed_window)",
    .example = "limiter { rate = 1000, burst = 100, backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct limiter),
    .call_size = sizeof(struct limiter_call),
    .ops = {.init = init,
            .seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .probe = probe,
            .release = release,
            .check = check},
};
