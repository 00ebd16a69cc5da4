/* A timeout: the caller waits only so long for what is below. */
#include "core/quantity.h"
#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_AFTER };
enum expiry { ABANDON, DROP_QUEUED, STOP };
static const char *const expiries[] = {"abandon", "drop_queued", "stop", NULL};

struct timeout {
    struct node base;
    struct edge inner;
    struct quantity *after;
    int on_expiry;
    struct delay_line line;
    uint64_t expired;
};

struct timeout_call {
    struct call base;
    struct call *sub;
};

static struct timeout *timeout_of(struct node *n) {
    return container_of(n, struct timeout, base);
}
static struct timeout_call *mine(struct call *c) {
    return container_of(c, struct timeout_call, base);
}

static void expire(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct timeout *t = timeout_of(c->node);
    struct call *sub = mine(c)->sub;
    t->expired++;
    if (t->on_expiry == ABANDON)
        call_detach(sub);
    else
        call_cancel(sub, t->on_expiry == STOP ? CAUSE_DEADLINE : CAUSE_QUEUED);
    call_finish(c, OUTCOME_TIMEOUT);
}

static void accept(struct node *n, struct call *c) {
    struct timeout *t = timeout_of(n);
    ns_t after = ns_from_s(quantity_draw(t->after, c, PURPOSE_AFTER));
    ns_t deadline = n->sim->clock.now + after;
    if (deadline < c->deadline)
        c->deadline = deadline; /* timeouts only tighten it */
    call_wake(c, quantity_fixed(t->after) ? &t->line : NULL, after, expire);
    mine(c)->sub = call_send(c, &t->inner);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

static bool seal(struct node *n, struct error *e) {
    (void)e;
    line_init(&timeout_of(n)->line);
    return true;
}

static const struct param params[] = {
    PARAM(QUANTITY, "after", struct timeout, after, NULL, "how long the caller waits",
          .flags = REQUIRED | LIVE, .unit = UNIT_TIME),
    PARAM(CHOICE, "on_expiry", struct timeout, on_expiry, "abandon",
          "what becomes of the work below: it goes on unseen (abandon), is taken out of queues but "
          "finished where it has begun (drop_queued), or ends at once (stop)",
          .choices = expiries),
    PARAM(NODE, "inner", struct timeout, inner, NULL, "what is waited for",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "expired", struct timeout, expired, "calls that ran out of time"),
    {0},
};

static void look(void *ctx, void *object) {
    struct call *c = object;
    if (!c->travelling && !(event_pending(&c->timer) && mine(c)->sub && mine(c)->sub->parent == c))
        *(uint64_t *)ctx += 1;
}

static bool check(struct node *n, struct error *e) {
    uint64_t odd = 0;
    pool_each(&n->calls, look, &odd);
    return !odd || error_set(e, "%llu calls wait without an end", (unsigned long long)odd);
}

const struct node_type timeout_type = {
    .kind = "timeout",
    .summary = "gives up waiting after a time; tightens the deadline of everything below",
    .example = "timeout { after = \"25ms\", on_expiry = \"abandon\", backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct timeout),
    .call_size = sizeof(struct timeout_call),
    .ops = {.seal = seal, .accept = accept, .reply = reply, .check = check},
};
