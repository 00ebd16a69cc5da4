/* A retry: asks again after a pause when an answer is a failure. */
#include <math.h>

#include "core/sim.h"
#include "node/budget.h"
#include "node/registry.h"

enum { PURPOSE_BACKOFF };
enum backoff { FIXED, EXPONENTIAL, FULL_JITTER, EQUAL_JITTER, DECORRELATED_JITTER };
static const char *const backoffs[] = {"fixed",        "exponential",         "full_jitter",
                                       "equal_jitter", "decorrelated_jitter", NULL};
static const char *const deposits[] = {"success", "first_try", NULL};

struct retry {
    struct node base;
    struct edge inner;
    int64_t max_attempts;
    uint32_t retry_on;
    int kind;
    ns_t first, cap; /* backoff.base, backoff.cap */
    double multiplier, jitter;
    struct budget budget;
    struct tokens tokens;
    uint64_t calls, attempts, retries, over_budget;
};

struct retry_call {
    struct call base;
    uint16_t made; /* attempts */
    ns_t pause;    /* the last one */
    ns_t paused;   /* when it began */
    double cost;   /* tokens paid for the last attempt */
};

static struct retry *retry_of(struct node *n) {
    return container_of(n, struct retry, base);
}
static struct retry_call *mine(struct call *c) {
    return container_of(c, struct retry_call, base);
}

/* Pause before the next attempt; `m->made` attempts are over. The jittered kinds are those of M.
 * Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015); a random factor on the
 * other two is resilience4j's randomized interval. The cap holds after all randomness. */
static ns_t next_pause(const struct retry *r, const struct retry_call *m) {
    struct rng rng = call_rng(&m->base, PURPOSE_BACKOFF + (uint64_t)m->made);
    double base = ns_to_s(r->first), cap = ns_to_s(r->cap), u = rng_unit(&rng);
    double grown = base * pow(r->multiplier, m->made - 1);
    double factor = 1 + r->jitter * (2 * u - 1);
    switch ((enum backoff)r->kind) {
    case FIXED:
        return ns_from_s(fmin(cap, base * factor));
    case EXPONENTIAL:
        return ns_from_s(fmin(cap, grown * factor));
    case FULL_JITTER:
        return ns_from_s(fmin(cap, grown) * u);
    case EQUAL_JITTER:
        return ns_from_s(fmin(cap, grown) * (1 + u) / 2);
    case DECORRELATED_JITTER: {
        double last = m->made == 1 ? base : ns_to_s(m->pause);
        return ns_from_s(fmin(cap, base + (3 * last - base) * u));
    }
    }
    return 0;
}

static void attempt(struct retry *r, struct call *c) {
    struct retry_call *m = mine(c);
    r->attempts++;
    if (m->made++)
        r->retries++;
    call_send_again(c, &r->inner, m->made);
}

static void accept(struct node *n, struct call *c) {
    struct retry *r = retry_of(n);
    mine(c)->made = 0;
    mine(c)->cost = 0;
    r->calls++;
    budget_first(&r->budget, n->sim->clock.now);
    tokens_first(&r->tokens);
    attempt(r, c);
}

static void spend(struct call *c) {
    call_phase(c, PHASE_BACKOFF, c->node->sim->clock.now - mine(c)->paused);
}

static void rested(struct event *ev) {
    struct call *c = call_of_timer(ev);
    spend(c);
    attempt(retry_of(c->node), c);
}

/* Both have to agree, and a refusal costs neither of them anything. */
static bool afford(struct retry *r, struct retry_call *m, enum outcome last) {
    double cost;
    if (tokens_take(&r->tokens, last == OUTCOME_TIMEOUT, &cost)) {
        if (budget_take(&r->budget, r->base.sim->clock.now, edge_in_flight(&r->inner))) {
            m->cost = cost;
            return true;
        }
        tokens_return(&r->tokens, cost);
    }
    r->over_budget++;
    return false;
}

/* Is another attempt to be made, and after which pause? */
static bool again(struct retry *r, struct call *c, enum outcome last) {
    struct retry_call *m = mine(c);
    if (!(r->retry_on >> last & 1) || m->made >= r->max_attempts)
        return false;
    m->pause = next_pause(r, m);
    if (c->deadline != NS_NEVER && m->pause >= c->deadline - r->base.sim->clock.now)
        return false; /* nobody would wait for the answer */
    return afford(r, m, last);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct retry *r = retry_of(n);
    struct retry_call *m = mine(c);
    if (m->made > 1)
        budget_release(&r->budget);
    if (!again(r, c, sub->outcome)) {
        if (outcome_good(sub->outcome))
            tokens_success(&r->tokens, m->cost);
        call_pass(c, sub);
        return;
    }
    m->paused = n->sim->clock.now;
    if (m->pause > 0)
        call_wake(c, NULL, m->pause, rested);
    else
        attempt(r, c);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)cause;
    bool pausing = event_pending(&c->timer);
    if (pausing)
        spend(c);
    if (pausing || mine(c)->made > 1) /* a retry is planned or under way */
        budget_release(&retry_of(n)->budget);
    return true;
}

static void start(struct node *n) {
    retry_of(n)->tokens.balance = retry_of(n)->tokens.capacity;
}

/* A bucket that was not there before is full. */
static void changed(struct node *n, const struct param *p) {
    struct tokens *t = &retry_of(n)->tokens;
    (void)p;
    if (t->balance < 0)
        t->balance = t->capacity;
}

static const struct param backoff_params[] = {
    PARAM(
        CHOICE, "kind", struct retry, kind, "exponential",
        "how the pause grows; v = min(cap, base x multiplier^(n-1)) before retry n: fixed (base), "
        "exponential (v), full_jitter (0..v), equal_jitter (v/2..v), decorrelated_jitter (base..3 "
        "x "
        "the last pause, at most cap)",
        .choices = backoffs),
    PARAM(TIME, "base", struct retry, first, "100ms", "pause before the first retry",
          .flags = LIVE),
    PARAM(TIME, "cap", struct retry, cap, "20s", "longest pause", .flags = LIVE),
    PARAM(NUMBER, "multiplier", struct retry, multiplier, "2", "growth from one pause to the next",
          .flags = LIVE, .min = 1, .max = INFINITY),
    PARAM(RATIO, "jitter", struct retry, jitter, "0",
          "fixed and exponential: a random factor from 1 - jitter to 1 + jitter", .flags = LIVE,
          .max = 1),
    {0},
};

static const struct param budget_params[] = {
    PARAM(
        NUMBER, "ratio", struct retry, budget.ratio, "-1",
        "retries as a share of the calls that are active below, retries included (Envoy: \"20%\"); "
        "with min_per_second of the first attempts in the last ttl (Finagle: \"20%\"); -1: no "
        "budget",
        .flags = LIVE, .min = -1, .max = 1000),
    PARAM(INTEGER, "min", struct retry, budget.floor, "3",
          "retries that may be under way, pauses included, however few calls are active",
          .flags = LIVE, .max = 1e9),
    PARAM(
        NUMBER, "min_per_second", struct retry, budget.per_second, "-1",
        "retries a second that are allowed besides the share (Finagle: 10); -1: the budget is one "
        "of active calls",
        .flags = LIVE, .min = -1, .max = 1e9),
    PARAM(TIME, "ttl", struct retry, budget.ttl, "10s",
          "with min_per_second: how long a first attempt, or a retry, counts", .flags = LIVE,
          .min = 1e-6, .max = 1e6),
    {0},
};

static const struct param token_params[] = {
    PARAM(NUMBER, "capacity", struct retry, tokens.capacity, "-1",
          "tokens in a full bucket, as which it starts (AWS: 500); -1: no bucket", .flags = LIVE,
          .min = -1, .max = 1e12),
    PARAM(NUMBER, "cost", struct retry, tokens.cost, "5", "tokens that a retry costs",
          .flags = LIVE),
    PARAM(NUMBER, "timeout_cost", struct retry, tokens.timeout_cost, "10",
          "the same for a retry after a timeout", .flags = LIVE),
    PARAM(NUMBER, "deposit", struct retry, tokens.deposit, "1", "tokens that are paid in",
          .flags = LIVE),
    PARAM(CHOICE, "deposit_on", struct retry, tokens.deposit_on, "success",
          "what pays in: every good answer, or every first attempt", .choices = deposits),
    PARAM(
        BOOL, "refund", struct retry, tokens.refund, "true",
        "a call that succeeds after retries gets back what the last one cost, instead of a deposit "
        "on success",
        .flags = LIVE),
    {0},
};

static const struct param params[] = {
    PARAM(INTEGER, "max_attempts", struct retry, max_attempts, "3",
          "attempts in all, the first one included", .flags = LIVE, .min = 1, .max = 60000),
    PARAM(OUTCOMES, "retry_on", struct retry, retry_on, "error, timeout",
          "answers after which another attempt is made"),
    PARAM(TABLE, "backoff", struct retry, base, NULL, "the pause between attempts",
          .sub = backoff_params),
    PARAM(TABLE, "budget", struct retry, base, NULL,
          "a limit on the share of retries: { ratio = \"20%\" }, or { ratio = \"20%\", "
          "min_per_second = 10 }",
          .sub = budget_params),
    PARAM(TABLE, "tokens", struct retry, base, NULL,
          "a bucket that retries have to pay from: { capacity = 500 }", .sub = token_params),
    PARAM(NODE, "inner", struct retry, inner, NULL, "what is tried", .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "attempts", struct retry, attempts, "attempts, first ones included"),
    METRIC(COUNTER, "retries", struct retry, retries, "attempts after the first"),
    METRIC(PER, "attempts_per_call", struct retry, attempts, "attempts over calls",
           .offset2 = offsetof(struct retry, calls)),
    METRIC(COUNTER, "over_budget", struct retry, over_budget,
           "failures that a budget, or a lack of tokens, left without another attempt"),
    {0},
};

struct tally {
    uint64_t odd;
    int64_t again; /* calls that plan a retry or make one */
};

static void look(void *ctx, void *object) {
    struct tally *t = ctx;
    struct call *c = object;
    if (c->travelling)
        return;
    bool resting = event_pending(&c->timer), trying = c->subs != NULL;
    t->odd += resting == trying || !mine(c)->made;
    t->again += resting || mine(c)->made > 1;
}

static bool check(struct node *n, struct error *e) {
    const struct retry *r = retry_of(n);
    struct tally t = {0};
    pool_each(&n->calls, look, &t);
    if (t.odd)
        return error_set(e, "%llu calls neither pause nor try, or do both",
                         (unsigned long long)t.odd);
    if (r->budget.held != t.again)
        return error_set(e, "%lld calls are at a retry, the budget counts %lld", (long long)t.again,
                         (long long)r->budget.held);
    return r->attempts == r->calls + r->retries ||
           error_set(e, "%llu attempts were made for %llu calls, %llu of them again",
                     (unsigned long long)r->attempts, (unsigned long long)r->calls,
                     (unsigned long long)r->retries);
}

const struct node_type retry_type = {
    .kind = "retry",
    .summary = "asks again after a pause when an answer is a failure",
    .follows =
        "resilience4j Retry; AWS backoff with jitter; retry budgets of Envoy and Finagle; retry "
        "quota of the AWS SDKs",
    .example = "retry { max_attempts = 4, backoff = { kind = \"full_jitter\", base = \"50ms\" }, "
               "backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct retry),
    .call_size = sizeof(struct retry_call),
    .ops = {.start = start,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .check = check},
};
