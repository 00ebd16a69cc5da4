/* A substitute answer: worse than the real one, and always there. */
#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_AFTER };

struct degraded {
    struct node base;
    double quality;
    struct quantity *after;
    struct delay_line line;
};

struct degraded_call {
    struct call base;
    ns_t began;
};

static struct degraded *degraded_of(struct node *n) {
    return container_of(n, struct degraded, base);
}

static void spend(struct call *c) {
    ns_t began = container_of(c, struct degraded_call, base)->began;
    call_phase(c, PHASE_SERVICE, c->node->sim->clock.now - began);
}

static void answer(struct call *c) {
    c->quality = (float)degraded_of(c->node)->quality;
    call_finish(c, OUTCOME_DEGRADED);
}

static void ready(struct event *ev) {
    spend(call_of_timer(ev));
    answer(call_of_timer(ev));
}

static void accept(struct node *n, struct call *c) {
    struct degraded *d = degraded_of(n);
    ns_t after = quantity_ns(d->after, c, PURPOSE_AFTER);
    container_of(c, struct degraded_call, base)->began = n->sim->clock.now;
    if (after > 0)
        call_wake(c, quantity_fixed(d->after) && !n->gate.active ? &d->line : NULL, after, ready);
    else
        answer(c);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)n, (void)cause;
    spend(c);
    return true;
}

static bool seal(struct node *n, struct error *e) {
    (void)e;
    line_init(&degraded_of(n)->line);
    return true;
}

static const struct param params[] = {
    PARAM(RATIO, "quality", struct degraded, quality, "0.5",
          "what the answer is worth beside a full one", .flags = LIVE, .max = 1),
    PARAM(QUANTITY, "after", struct degraded, after, "0", "time until the answer is there",
          .flags = LIVE, .unit = UNIT_TIME),
    {0},
};

const struct node_type degraded_type = {
    .kind = "degraded",
    .summary = "answers with less quality: defaults, stale results, candidates without ranking",
    .example = "fallback { backend, degraded { quality = 0.9, after = \"1ms\" } }",
    .params = params,
    .size = sizeof(struct degraded),
    .call_size = sizeof(struct degraded_call),
    .ops = {.seal = seal, .accept = accept, .cancel = cancel},
};
