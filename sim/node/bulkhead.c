/* A bulkhead: so many calls at a time, the others wait for a while in the order in which they came.
 */
#include "core/sim.h"
#include "node/registry.h"

struct bulkhead {
    struct node base;
    struct edge inner;
    int64_t max_concurrent, capacity; /* capacity of the queue, -1: no limit */
    ns_t max_wait;

    struct list waiting;
    struct delay_line line;
    struct integral inside, queued, permits;
    uint64_t rejected;
};

struct bulkhead_call {
    struct call base;
    ns_t came; /* here: it may have been held back on its way */
    bool inside;
};

static struct bulkhead *bulkhead_of(struct node *n) {
    return container_of(n, struct bulkhead, base);
}
static struct bulkhead_call *mine(struct call *c) {
    return container_of(c, struct bulkhead_call, base);
}

static void admit(struct bulkhead *b, struct call *c) {
    ns_t now = b->base.sim->clock.now;
    call_phase(c, PHASE_WAIT, now - mine(c)->came);
    integral_add(&b->inside, now, 1);
    mine(c)->inside = true;
    call_send(c, &b->inner);
}

static void leave_queue(struct bulkhead *b, struct call *c) {
    list_remove(&c->wait);
    integral_add(&b->queued, b->base.sim->clock.now, -1);
    event_cancel(&b->base.sim->clock, &c->timer);
}

/* Whom a crash is about to take out of the queue is not let in in passing. */
static void admit_waiting(struct bulkhead *b) {
    while (!list_empty(&b->waiting) && b->inside.value < b->max_concurrent && !b->base.gate.down) {
        struct call *c = call_of_wait(b->waiting.next);
        leave_queue(b, c);
        admit(b, c);
    }
}

static void refuse(struct bulkhead *b, struct call *c) {
    b->rejected++;
    call_finish(c, OUTCOME_LIMITED);
}

static void waited_in_vain(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct bulkhead *b = bulkhead_of(c->node);
    leave_queue(b, c);
    refuse(b, c);
}

static void accept(struct node *n, struct call *c) {
    struct bulkhead *b = bulkhead_of(n);
    mine(c)->inside = false;
    mine(c)->came = n->sim->clock.now;
    if (b->inside.value < b->max_concurrent) {
        admit(b, c);
        return;
    }
    if (b->max_wait == 0 || (b->capacity >= 0 && b->queued.value >= b->capacity)) {
        refuse(b, c);
        return;
    }
    list_append(&b->waiting, &c->wait);
    integral_add(&b->queued, n->sim->clock.now, 1);
    call_wake(c, &b->line, b->max_wait, waited_in_vain);
}

static void leave(struct bulkhead *b) {
    integral_add(&b->inside, b->base.sim->clock.now, -1);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct bulkhead *b = bulkhead_of(n);
    leave(b);
    call_pass(c, sub);
    admit_waiting(b);
}

/* What is below leaves before the next one comes in, who must find the room that it had. */
static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct bulkhead *b = bulkhead_of(n);
    if (!mine(c)->inside) {
        leave_queue(b, c);
        return true;
    }
    leave(b);
    if (cause != CAUSE_CRASH) { /* of a crash, all are the next */
        call_cancel_all(c, cause);
        admit_waiting(b);
    }
    return true;
}

static bool seal(struct node *n, struct error *e) {
    struct bulkhead *b = bulkhead_of(n);
    (void)e;
    list_init(&b->waiting);
    line_init(&b->line);
    b->permits.value = b->max_concurrent;
    return true;
}

static void changed(struct node *n, const struct param *p) {
    struct bulkhead *b = bulkhead_of(n);
    (void)p;
    integral_add(&b->permits, n->sim->clock.now, b->max_concurrent - b->permits.value);
    admit_waiting(b);
}

static bool probe(struct node *n, enum probe what, double *answer) {
    const struct bulkhead *b = bulkhead_of(n);
    if (what == PROBE_QUEUE)
        *answer = (double)b->queued.value;
    else if (what == PROBE_UTILIZATION)
        *answer = (double)b->inside.value / (double)b->max_concurrent;
    return what == PROBE_QUEUE || what == PROBE_UTILIZATION;
}

static const struct param params[] = {
    PARAM(INTEGER, "max_concurrent_calls", struct bulkhead, max_concurrent, "25",
          "calls that may be inside at the same time", .flags = LIVE, .min = 1, .max = 1e9),
    PARAM(TIME, "max_wait_duration", struct bulkhead, max_wait, "0s",
          "how long a call waits to be let in before it is refused; 0: not at all", .flags = LIVE),
    PARAM(INTEGER, "queue_capacity", struct bulkhead, capacity, "-1",
          "calls that may wait at the same time; one more is refused at once; -1: no limit",
          .flags = LIVE, .min = -1, .max = 1e9, .needs = "max_wait_duration"),
    PARAM(NODE, "inner", struct bulkhead, inner, NULL, "what is behind it",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "queue", struct bulkhead, queued, "calls that wait, mean over time"),
    METRIC(SHARE, "utilization", struct bulkhead, inside, "share of the permits that are taken",
           .offset2 = offsetof(struct bulkhead, permits)),
    METRIC(COUNTER, "rejected", struct bulkhead, rejected,
           "calls refused: at once, or after they had waited"),
    {0},
};

/* ---- full audit */

struct tally {
    int64_t inside, waiting, odd;
};

static void look(void *ctx, void *object) {
    struct tally *t = ctx;
    struct call *c = object;
    if (c->travelling)
        return;
    bool inside = mine(c)->inside;
    t->inside += inside;
    t->waiting += !inside;
    t->odd += inside == event_pending(&c->timer) || inside != (c->subs != NULL);
}

static bool check(struct node *n, struct error *e) {
    const struct bulkhead *b = bulkhead_of(n);
    struct tally t = {0};
    pool_each(&n->calls, look, &t);
    int64_t listed = 0;
    for (const struct list *l = b->waiting.next; l != &b->waiting; l = l->next)
        listed++;
    if (t.odd || t.inside != b->inside.value || t.waiting != b->queued.value || t.waiting != listed)
        return error_set(e,
                         "%lld calls are inside, %lld are counted; %lld wait, %lld are counted and "
                         "%lld listed; %lld do neither",
                         (long long)t.inside, (long long)b->inside.value, (long long)t.waiting,
                         (long long)b->queued.value, (long long)listed, (long long)t.odd);
    return !t.waiting || t.inside >= b->max_concurrent || n->gate.down ||
           error_set(e, "%lld calls wait though %lld of %lld permits are taken",
                     (long long)t.waiting, (long long)t.inside, (long long)b->max_concurrent);
}

const struct node_type bulkhead_type = {
    .kind = "bulkhead",
    .summary = "lets so many calls in at a time; others wait a while, then are refused",
    .follows = "resilience4j Bulkhead, ThreadPoolBulkhead (queue_capacity)",
    .example = "bulkhead { max_concurrent_calls = 64, max_wait_duration = \"10ms\", backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct bulkhead),
    .call_size = sizeof(struct bulkhead_call),
    .ops = {.seal = seal,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .probe = probe,
            .check = check},
};
