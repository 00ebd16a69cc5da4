/* A delay: time passes, nothing is used up (a network hop, think time, an infinite number of
 * servers). */
#include "core/sim.h"
#include "node/registry.h"

struct delay {
    struct node base;
    struct edge next;
    struct quantity *time;
    struct delay_line line;
};

struct delay_call {
    struct call base;
    ns_t began;
};

enum { PURPOSE_TIME };

static struct delay *delay_of(struct node *n) {
    return container_of(n, struct delay, base);
}

static void passed(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct delay *d = delay_of(c->node);
    call_phase(c, PHASE_NETWORK,
               c->node->sim->clock.now - container_of(c, struct delay_call, base)->began);
    if (d->next.to)
        call_send(c, &d->next);
    else
        call_finish(c, OUTCOME_OK);
}

static void accept(struct node *n, struct call *c) {
    struct delay *d = delay_of(n);
    container_of(c, struct delay_call, base)->began = n->sim->clock.now;
    call_wake(c, quantity_fixed(d->time) && !n->gate.active ? &d->line : NULL,
              quantity_ns(d->time, c, PURPOSE_TIME), passed);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

static bool seal(struct node *n, struct error *e) {
    (void)e;
    line_init(&delay_of(n)->line);
    return true;
}

static const struct param params[] = {
    PARAM(QUANTITY, "time", struct delay, time, NULL, "how long each call takes",
          .flags = REQUIRED | LIVE | WORK, .unit = UNIT_TIME),
    PARAM(NODE, "to", struct delay, next, NULL,
          "what is called after the delay; without it the call is answered", .flags = CHILD),
    {0},
};

const struct node_type delay_type = {
    .kind = "delay",
    .summary = "time passes without using anything up: a network hop, a lookup elsewhere",
    .example = "delay { name = \"network\", time = lognormal { p50 = \"1ms\", p99 = \"5ms\" } }",
    .params = params,
    .size = sizeof(struct delay),
    .call_size = sizeof(struct delay_call),
    .ops = {.seal = seal, .accept = accept, .reply = reply},
};
