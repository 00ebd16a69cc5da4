/* A retry: asks again after a pause when an answer is a failure. */
#include <math.h>

#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_BACKOFF };
enum backoff { FIXED, EXPONENTIAL, FULL_JITTER, EQUAL_JITTER, DECORRELATED_JITTER };
static const char *const backoffs[] = {"fixed",        "exponential",         "full_jitter",
                                       "equal_jitter", "decorrelated_jitter", NULL};

struct retry {
    struct node base;
    struct edge inner;
    int64_t max_attempts;
    uint32_t retry_on;
    int kind;
    ns_t first, cap; /* backoff.base, backoff.cap */
    double multiplier, jitter;
    uint64_t calls, attempts, retries;
};

struct retry_call {
    struct call base;
    uint16_t made; /* attempts */
    ns_t pause;    /* the last one */
    ns_t paused;   /* when it began */
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
    r->calls++;
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

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct retry *r = retry_of(n);
    struct retry_call *m = mine(c);
    if (!(r->retry_on >> sub->outcome & 1) || m->made >= r->max_attempts) {
        call_pass(c, sub);
        return;
    }
    ns_t now = n->sim->clock.now;
    m->pause = next_pause(r, m);
    if (c->deadline != NS_NEVER && m->pause >= c->deadline - now) {
        call_pass(c, sub); /* nobody would wait for the answer */
        return;
    }
    m->paused = now;
    if (m->pause > 0)
        call_wake(c, NULL, m->pause, rested);
    else
        attempt(r, c);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)n, (void)cause;
    if (event_pending(&c->timer))
        spend(c);
    return true;
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

static const struct param params[] = {
    PARAM(INTEGER, "max_attempts", struct retry, max_attempts, "3",
          "attempts in all, the first one included", .flags = LIVE, .min = 1, .max = 60000),
    PARAM(OUTCOMES, "retry_on", struct retry, retry_on, "error, timeout",
          "answers after which another attempt is made"),
    PARAM(TABLE, "backoff", struct retry, base, NULL, "the pause between attempts",
          .sub = backoff_params),
    PARAM(NODE, "inner", struct retry, inner, NULL, "what is tried", .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "attempts", struct retry, attempts, "attempts, first ones included"),
    METRIC(COUNTER, "retries", struct retry, retries, "attempts after the first"),
    METRIC(PER, "attempts_per_call", struct retry, attempts, "attempts over calls",
           .offset2 = offsetof(struct retry, calls)),
    {0},
};

static void look(void *ctx, void *object) {
    struct call *c = object;
    bool resting = event_pending(&c->timer), trying = c->subs != NULL;
    if (!c->travelling && (resting == trying || !mine(c)->made))
        *(uint64_t *)ctx += 1;
}

static bool check(struct node *n, struct error *e) {
    const struct retry *r = retry_of(n);
    uint64_t odd = 0;
    pool_each(&n->calls, look, &odd);
    if (odd)
        return error_set(e, "%llu calls neither pause nor try, or do both",
                         (unsigned long long)odd);
    return r->attempts == r->calls + r->retries ||
           error_set(e, "%llu attempts were made for %llu calls, %llu of them again",
                     (unsigned long long)r->attempts, (unsigned long long)r->calls,
                     (unsigned long long)r->retries);
}

const struct node_type retry_type = {
    .kind = "retry",
    .summary = "asks again after a pause when an answer is a failure",
    .follows = "resilience4j Retry; AWS backoff with jitter",
    .example = "retry { max_attempts = 4, backoff = { kind = \"full_jitter\", base = \"50ms\" }, "
               "backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct retry),
    .call_size = sizeof(struct retry_call),
    .ops = {.accept = accept, .reply = reply, .cancel = cancel, .check = check},
};
