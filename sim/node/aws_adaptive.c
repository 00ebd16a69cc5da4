/* The client-side rate limit of the AWS SDKs' adaptive retry mode: from the first answer that
 * throttles on, each attempt waits for a token, and the rate of tokens follows the answers. It
 * belongs inside a retry, as every attempt counts. */
#include <math.h>

#include "core/sim.h"
#include "node/cubic.h"
#include "node/registry.h"

static const double LEAST_RATE = 0.5, MOST_OF_MEASURED = 2;

struct aws {
    struct node base;
    struct edge inner;
    uint32_t throttled_on;

    struct cubic cubic;
    struct rate_clock measured;
    double tokens, rate, capacity;
    ns_t filled; /* when the tokens were counted */
    bool enabled;
    struct list waiting; /* in order of arrival */
    struct event next;   /* the first of them may go */
    struct integral queued, active;
    uint64_t throttled, rate_sum, rate_n;
};

struct aws_call {
    struct call base;
    ns_t began;
    bool sent;
};

static struct aws *aws_of(struct node *n) {
    return container_of(n, struct aws, base);
}
static struct aws_call *mine(struct call *c) {
    return container_of(c, struct aws_call, base);
}

/* ---- tokens */

static double seconds(const struct aws *a) {
    return ns_to_s(a->base.sim->clock.now);
}

static void fill(struct aws *a) {
    ns_t now = a->base.sim->clock.now;
    a->tokens = fmin(a->capacity, a->tokens + a->rate * ns_to_s(now - a->filled));
    a->filled = now;
}

static bool take(struct aws *a) {
    fill(a);
    if (a->tokens < 1 - 1e-9)
        return false;
    a->tokens -= 1;
    return true;
}

/* ---- those who wait */

static void send(struct aws *a, struct call *c) {
    mine(c)->sent = true;
    call_send(c, &a->inner);
}

static void leave_queue(struct aws *a, struct call *c) {
    ns_t now = a->base.sim->clock.now;
    list_remove(&c->wait);
    integral_add(&a->queued, now, -1);
    call_phase(c, PHASE_WAIT, now - mine(c)->began);
}

/* Sends as many as there are tokens for; then the first one's token has a time again. */
static void serve(struct aws *a) {
    struct clock *clock = &a->base.sim->clock;
    while (!list_empty(&a->waiting) && !a->base.gate.down && take(a)) {
        struct call *c = call_of_wait(a->waiting.next);
        leave_queue(a, c);
        send(a, c);
    }
    event_cancel(clock, &a->next);
    if (list_empty(&a->waiting) || a->base.gate.down)
        return;
    double wait = (1 - a->tokens) / a->rate;
    event_at(clock, &a->next, clock->now + ns_from_s(wait) + 1); /* not just before it */
}

static void token_comes(struct event *ev) {
    serve(container_of(ev, struct aws, next));
}

/* ---- what the answers say */

static void learn(struct aws *a, bool throttled) {
    double measured = rate_clock_answer(&a->measured, seconds(a)), rate;
    if (throttled) {
        a->throttled++;
        rate =
            cubic_throttled(&a->cubic, a->enabled ? fmin(measured, a->rate) : measured, seconds(a));
        integral_add(&a->active, a->base.sim->clock.now, !a->enabled);
        a->enabled = true;
    } else
        rate = cubic_answered(&a->cubic, seconds(a));
    rate = fmin(rate, MOST_OF_MEASURED * measured);
    fill(a); /* so far at the old rate */
    a->rate = fmax(rate, LEAST_RATE);
    a->capacity = fmax(rate, 1);
    a->tokens = fmin(a->tokens, a->capacity);
    if (!a->enabled)
        return;
    a->rate_sum += (uint64_t)llround(1000 * fmin(a->rate, 1e12));
    a->rate_n += 1000;
}

/* ---- calls */

static void accept(struct node *n, struct call *c) {
    struct aws *a = aws_of(n);
    mine(c)->sent = false;
    mine(c)->began = n->sim->clock.now;
    if (!a->enabled || (list_empty(&a->waiting) && take(a))) {
        call_phase(c, PHASE_WAIT, 0);
        send(a, c);
        return;
    }
    list_append(&a->waiting, &c->wait);
    integral_add(&a->queued, n->sim->clock.now, 1);
    if (!event_pending(&a->next))
        serve(a);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct aws *a = aws_of(n);
    learn(a, a->throttled_on >> sub->outcome & 1);
    call_pass(c, sub);
    serve(a);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)cause;
    if (!mine(c)->sent)
        leave_queue(aws_of(n), c);
    return true;
}

static bool seal(struct node *n, struct error *e) {
    struct aws *a = aws_of(n);
    (void)e;
    list_init(&a->waiting);
    event_init(&a->next, token_comes);
    return true;
}

static void start(struct node *n) {
    struct aws *a = aws_of(n);
    a->filled = n->sim->clock.now;
    a->rate = a->capacity = 1;
    a->cubic.failed = seconds(a);
    a->measured.bucket = floor(seconds(a));
}

static bool probe(struct node *n, enum probe what, double *answer) {
    *answer = (double)aws_of(n)->queued.value;
    return what == PROBE_QUEUE;
}

static const struct param params[] = {
    PARAM(OUTCOMES, "throttled_on", struct aws, throttled_on, "limited, shed",
          "answers by which the service throttles"),
    PARAM(NODE, "inner", struct aws, inner, NULL, "the service", .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "queue", struct aws, queued, "attempts that wait for a token, mean over time"),
    METRIC(INTEGRAL, "active", struct aws, active, "share of time in which it limits",
           .unit = UNIT_RATIO),
    METRIC(COUNTER, "throttled", struct aws, throttled, "answers that throttled it"),
    METRIC(PER, "rate", struct aws, rate_sum,
           "tokens a second, mean over the answers since it limits",
           .offset2 = offsetof(struct aws, rate_n)),
    {0},
};

/* ---- full audit */

static void look(void *ctx, void *object) {
    struct call *c = object;
    *(int64_t *)ctx += !c->travelling && !mine(c)->sent;
}

static bool check(struct node *n, struct error *e) {
    const struct aws *a = aws_of(n);
    int64_t waiting = 0, listed = 0;
    pool_each(&n->calls, look, &waiting);
    for (const struct list *l = a->waiting.next; l != &a->waiting; l = l->next)
        listed++;
    if (waiting != listed || waiting != a->queued.value)
        return error_set(e, "%lld calls wait, %lld are listed and %lld counted", (long long)waiting,
                         (long long)listed, (long long)a->queued.value);
    if (waiting && !event_pending(&a->next) && !n->gate.down)
        return error_set(e, "%lld calls wait for no token", (long long)waiting);
    return (a->tokens > -1e-6 && a->tokens <= a->capacity && a->rate >= LEAST_RATE) ||
           error_set(e, "%g tokens of at most %g, %g a second", a->tokens, a->capacity, a->rate);
}

const struct node_type aws_adaptive_type = {
    .kind = "aws_adaptive",
    .summary = "sends at the rate that it has found the service to accept; attempts wait for it",
    .follows = "client rate limit of the AWS SDKs' adaptive retry mode (botocore)",
    .example = "retry { tokens = { capacity = 500 }, aws_adaptive { service } }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct aws),
    .call_size = sizeof(struct aws_call),
    .ops = {.seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .probe = probe,
            .check = check},
};
