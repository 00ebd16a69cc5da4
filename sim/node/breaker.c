/* A circuit breaker with the rules of resilience4j: closed, open, half-open.
 *
 * Closed, it records how calls end in a sliding window and opens when too large a share failed or
 * was slow. Open, it refuses everything for a while. Half-open, it lets a few calls try, and closes
 * or opens again by how they end. An answer counts in the state in which it comes, also when its
 * call began in an earlier one. */
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

enum { MAX_WINDOW = 1000000 };
enum window { COUNT_BASED, TIME_BASED };
static const char *const windows[] = {"COUNT_BASED", "TIME_BASED", NULL};
enum state { CLOSED, OPEN, HALF_OPEN };
enum after { TO_OPEN, TO_CLOSED };
static const char *const afters[] = {"OPEN", "CLOSED", NULL};

struct tally {
    uint32_t calls, failed, slow;
};

struct breaker {
    struct node base;
    struct edge inner;
    int window_type;
    int64_t window_size, minimum, permitted;
    double failure_rate, slow_rate;
    ns_t slow_duration, wait_open, wait_half_open;
    bool automatic;
    int after_half_open;
    uint32_t record, ignore;

    enum state state;
    ns_t refusing_until; /* open */
    int64_t permits;     /* half-open */
    struct event timer;  /* end of open or half-open */
    struct tally sum;    /* over the window */
    struct tally *slot;  /* one a call, or one a second */
    int64_t n_slots;     /* of the present window */
    int64_t at;          /* count: where the next call goes; time: the present second */
    struct integral open, half_open;
    uint64_t rejected, opened;
};

struct breaker_call {
    struct call base;
    ns_t began;
};

static struct breaker *breaker_of(struct node *n) {
    return container_of(n, struct breaker, base);
}

/* ---- the window */

static void add(struct tally *t, const struct tally *one) {
    t->calls += one->calls;
    t->failed += one->failed;
    t->slow += one->slow;
}

static void drop(struct tally *sum, struct tally *slot) {
    sum->calls -= slot->calls;
    sum->failed -= slot->failed;
    sum->slow -= slot->slow;
    *slot = (struct tally){0};
}

static bool by_time(const struct breaker *b) {
    return b->window_type == TIME_BASED && b->state == CLOSED;
}

static int64_t second(const struct breaker *b) {
    return b->base.sim->clock.now / NS_PER_S;
}

static void clear(struct breaker *b) {
    b->n_slots = b->state == HALF_OPEN ? b->permitted : b->window_size;
    memset(b->slot, 0, (size_t)b->n_slots * sizeof *b->slot);
    b->sum = (struct tally){0};
    b->at = by_time(b) ? second(b) : 0;
}

/* Whole seconds leave the window, so it spans between size - 1 and size seconds. */
static void roll(struct breaker *b) {
    int64_t now = second(b);
    if (now - b->at >= b->n_slots)
        clear(b);
    while (b->at < now)
        drop(&b->sum, &b->slot[++b->at % b->n_slots]);
}

static void record(struct breaker *b, const struct tally *one) {
    if (by_time(b)) {
        roll(b);
        add(&b->slot[b->at % b->n_slots], one);
    } else {
        drop(&b->sum, &b->slot[b->at]);
        b->slot[b->at] = *one;
        b->at = (b->at + 1) % b->n_slots;
    }
    add(&b->sum, one);
}

/* Rates are fractions with small denominators: the slack only forgives rounding, as in 7 of 100
 * against "7%". */
static bool exceeds(uint32_t n, uint32_t of, double threshold) {
    return (double)n / (double)of >= threshold - 1e-9;
}

static bool too_bad(const struct breaker *b) {
    return exceeds(b->sum.failed, b->sum.calls, b->failure_rate) ||
           exceeds(b->sum.slow, b->sum.calls, b->slow_rate);
}

static int64_t minimum(const struct breaker *b) {
    return by_time(b) || b->minimum < b->n_slots ? b->minimum : b->n_slots;
}

/* ---- states */

static void timed_out(struct event *ev);

static void enter(struct breaker *b, enum state state) {
    struct clock *clock = &b->base.sim->clock;
    event_cancel(clock, &b->timer);
    integral_add(&b->open, clock->now, (state == OPEN) - (b->state == OPEN));
    integral_add(&b->half_open, clock->now, (state == HALF_OPEN) - (b->state == HALF_OPEN));
    b->state = state;
    if (state == OPEN) {
        b->opened++;
        b->refusing_until = clock->now + b->wait_open;
        if (b->automatic)
            event_at(clock, &b->timer, b->refusing_until);
        return;
    }
    clear(b);
    if (state == HALF_OPEN) {
        b->permits = b->permitted;
        if (b->wait_half_open > 0)
            event_at(clock, &b->timer, clock->now + b->wait_half_open);
    }
}

static void timed_out(struct event *ev) {
    struct breaker *b = container_of(ev, struct breaker, timer);
    if (b->state == OPEN)
        enter(b, HALF_OPEN);
    else
        enter(b, b->after_half_open == TO_CLOSED ? CLOSED : OPEN);
}

static void judge(struct breaker *b) {
    if (b->sum.calls < minimum(b))
        return;
    if (too_bad(b))
        enter(b, OPEN);
    else if (b->state == HALF_OPEN)
        enter(b, CLOSED);
}

/* ---- calls */

static bool permit(struct breaker *b) {
    if (b->state == OPEN && b->base.sim->clock.now > b->refusing_until)
        enter(b, HALF_OPEN);
    if (b->state != HALF_OPEN)
        return b->state == CLOSED;
    if (b->permits == 0)
        return false;
    b->permits--;
    return true;
}

/* As in the original, a call that began before the half-open state gives a permit to it. */
static void give_back(struct breaker *b) {
    if (b->state == HALF_OPEN)
        b->permits++;
}

static void accept(struct node *n, struct call *c) {
    struct breaker *b = breaker_of(n);
    if (!permit(b)) {
        b->rejected++;
        call_finish(c, OUTCOME_OPEN);
        return;
    }
    container_of(c, struct breaker_call, base)->began = n->sim->clock.now;
    call_send(c, &b->inner);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct breaker *b = breaker_of(n);
    ns_t took = n->sim->clock.now - container_of(c, struct breaker_call, base)->began;
    uint32_t bit = 1u << sub->outcome;
    if (b->ignore & bit)
        give_back(b);
    else if (b->state != OPEN) {
        record(b, &(struct tally){1, (b->record & bit) != 0, took > b->slow_duration});
        judge(b);
    }
    call_pass(c, sub);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)c, (void)cause;
    give_back(breaker_of(n));
    return true;
}

static bool seal(struct node *n, struct error *e) {
    struct breaker *b = breaker_of(n);
    if (b->failure_rate <= 0 || b->slow_rate <= 0)
        return error_set(e, "%s: it must be above 0",
                         b->failure_rate <= 0 ? "failure_rate_threshold"
                                              : "slow_call_rate_threshold");
    int64_t most = b->window_size > b->permitted ? b->window_size : b->permitted;
    b->slot = arena_alloc(&n->sim->arena, (size_t)most * sizeof *b->slot);
    event_init(&b->timer, timed_out);
    return true;
}

static void start(struct node *n) {
    clear(breaker_of(n));
}

static const struct param params[] = {
    PARAM(CHOICE, "sliding_window_type", struct breaker, window_type, "COUNT_BASED",
          "what the window holds: the last calls, or the calls of the last seconds",
          .choices = windows),
    PARAM(INTEGER, "sliding_window_size", struct breaker, window_size, "100", "calls, or seconds",
          .min = 1, .max = MAX_WINDOW),
    PARAM(INTEGER, "minimum_number_of_calls", struct breaker, minimum, "100",
          "calls in the window before it is judged (COUNT_BASED: at most the window)",
          .flags = LIVE, .min = 1, .max = 1e9),
    PARAM(RATIO, "failure_rate_threshold", struct breaker, failure_rate, "50%",
          "share of failed calls that opens it, from this value on", .flags = LIVE, .max = 1),
    PARAM(RATIO, "slow_call_rate_threshold", struct breaker, slow_rate, "100%",
          "share of slow calls that opens it, from this value on", .flags = LIVE, .max = 1),
    PARAM(TIME, "slow_call_duration_threshold", struct breaker, slow_duration, "60s",
          "a call that takes longer than this is slow", .flags = LIVE),
    PARAM(TIME, "wait_duration_in_open_state", struct breaker, wait_open, "60s",
          "how long it refuses calls once open", .flags = LIVE),
    PARAM(BOOL, "automatic_transition_from_open_to_half_open", struct breaker, automatic, "false",
          "true: half-open as soon as the wait is over; false: when a call comes after it"),
    PARAM(INTEGER, "permitted_number_of_calls_in_half_open_state", struct breaker, permitted, "10",
          "calls that may try while half-open", .min = 1, .max = MAX_WINDOW),
    PARAM(TIME, "max_wait_duration_in_half_open_state", struct breaker, wait_half_open, "0s",
          "how long it stays half-open without a verdict; 0: for ever", .flags = LIVE),
    PARAM(CHOICE, "transition_to_state_after_wait_duration", struct breaker, after_half_open,
          "OPEN", "what it becomes then", .choices = afters),
    PARAM(OUTCOMES, "record", struct breaker, record, "error, timeout",
          "answers that are failures; all others are successes"),
    PARAM(OUTCOMES, "ignore", struct breaker, ignore, NULL,
          "answers that are neither; the permit is given back"),
    PARAM(NODE, "inner", struct breaker, inner, NULL, "what is protected",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "open", struct breaker, open, "share of time in the open state",
           .unit = UNIT_RATIO),
    METRIC(INTEGRAL, "half_open", struct breaker, half_open, "share of time in the half-open state",
           .unit = UNIT_RATIO),
    METRIC(COUNTER, "rejected", struct breaker, rejected, "calls refused by it"),
    METRIC(COUNTER, "opened", struct breaker, opened, "times it opened"),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct breaker *b = breaker_of(n);
    struct tally sum = {0};
    for (int64_t i = 0; i < b->n_slots; i++)
        add(&sum, &b->slot[i]);
    if (memcmp(&sum, &b->sum, sizeof sum) || sum.failed > sum.calls || sum.slow > sum.calls)
        return error_set(e, "%u of %u calls in the window failed, it sums up %u of %u", sum.failed,
                         sum.calls, b->sum.failed, b->sum.calls);
    if (b->open.value != (b->state == OPEN) || b->half_open.value != (b->state == HALF_OPEN))
        return error_set(e, "its state is %d, its metrics say something else", (int)b->state);
    return (b->permits >= 0 && (b->state != CLOSED || !event_pending(&b->timer))) ||
           error_set(e, "%lld permits are left", (long long)b->permits);
}

const struct node_type breaker_type = {
    .kind = "breaker",
    .summary = "stops calling what fails or is slow, and tries again later",
    .follows = "resilience4j CircuitBreaker",
    .example = "breaker { failure_rate_threshold = \"50%\", wait_duration_in_open_state = \"5s\", "
               "backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct breaker),
    .call_size = sizeof(struct breaker_call),
    .ops = {.seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .check = check},
};
