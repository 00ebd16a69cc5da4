/* Something that always fails: a dependency that is gone, or the end of a list of substitutes. */
#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_AFTER };

struct fail {
    struct node base;
    int outcome; /* counted from OUTCOME_ERROR */
    struct quantity *after;
    struct delay_line line;
};

struct fail_call {
    struct call base;
    ns_t began;
};

static struct fail *fail_of(struct node *n) {
    return container_of(n, struct fail, base);
}

static void spend(struct call *c) {
    ns_t began = container_of(c, struct fail_call, base)->began;
    call_phase(c, PHASE_SERVICE, c->node->sim->clock.now - began);
}

static void give_up(struct call *c) {
    call_finish(c, (enum outcome)(OUTCOME_ERROR + fail_of(c->node)->outcome));
}

static void over(struct event *ev) {
    spend(call_of_timer(ev));
    give_up(call_of_timer(ev));
}

static void accept(struct node *n, struct call *c) {
    struct fail *f = fail_of(n);
    ns_t after = quantity_ns(f->after, c, PURPOSE_AFTER);
    container_of(c, struct fail_call, base)->began = n->sim->clock.now;
    if (after > 0)
        call_wake(c, quantity_fixed(f->after) && !n->gate.active ? &f->line : NULL, after, over);
    else
        give_up(c);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)n, (void)cause;
    spend(c);
    return true;
}

static bool seal(struct node *n, struct error *e) {
    (void)e;
    line_init(&fail_of(n)->line);
    return true;
}

static const struct param params[] = {
    PARAM(CHOICE, "outcome", struct fail, outcome, "error", "how every call ends", .flags = LIVE,
          .choices = outcome_names + OUTCOME_ERROR),
    PARAM(QUANTITY, "after", struct fail, after, "0", "time until it fails", .flags = LIVE,
          .unit = UNIT_TIME),
    {0},
};

const struct node_type fail_type = {
    .kind = "fail",
    .summary = "ends every call with a failure",
    .example = "fail { outcome = \"timeout\", after = \"1s\" }",
    .params = params,
    .size = sizeof(struct fail),
    .call_size = sizeof(struct fail_call),
    .ops = {.seal = seal, .accept = accept, .cancel = cancel},
};
