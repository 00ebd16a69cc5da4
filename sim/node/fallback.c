/* A fallback: when an answer is a failure, the next substitute is asked. */
#include "core/sim.h"
#include "node/registry.h"

struct fallback {
    struct node base;
    struct edge_list to;
    uint32_t on;
    uint64_t answered, fell; /* calls whose first answer came; those it did not content */
    uint64_t fallbacks;
};

struct fallback_call {
    struct call base;
    uint32_t next;
};

static struct fallback *fallback_of(struct node *n) {
    return container_of(n, struct fallback, base);
}
static struct fallback_call *mine(struct call *c) {
    return container_of(c, struct fallback_call, base);
}

static void accept(struct node *n, struct call *c) {
    mine(c)->next = 1;
    call_send(c, &fallback_of(n)->to.at[0]);
}

/* A substitute is another try: were it to draw with the same key, a backend below both would fail
 * it again. */
static void reply(struct node *n, struct call *c, struct call *sub) {
    struct fallback *f = fallback_of(n);
    struct fallback_call *m = mine(c);
    bool again = (f->on >> sub->outcome & 1) && m->next < f->to.n;
    if (m->next == 1) {
        f->answered++;
        f->fell += again;
    }
    if (!again) {
        call_pass(c, sub);
        return;
    }
    f->fallbacks++;
    struct edge *substitute = &f->to.at[m->next++];
    call_send_again(c, substitute, (uint16_t)m->next);
}

static const struct param params[] = {
    PARAM(NODES, "to", struct fallback, to, NULL,
          "whom to ask first, then the substitutes in order", .flags = REQUIRED | CHILD),
    PARAM(OUTCOMES, "on", struct fallback, on, "error, timeout, shed, limited, open",
          "answers after which the next one is asked"),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "fallbacks", struct fallback, fallbacks, "times a substitute was asked"),
    METRIC(RATIO, "fallback_ratio", struct fallback, fell,
           "share of calls that needed a substitute",
           .offset2 = offsetof(struct fallback, answered)),
    {0},
};

const struct node_type fallback_type = {
    .kind = "fallback",
    .summary = "asks a substitute when the first answer is a failure",
    .example = "fallback { breaker { backend }, degraded { quality = 0.9 } }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct fallback),
    .call_size = sizeof(struct fallback_call),
    .ops = {.accept = accept, .reply = reply},
};
