/* A loop: a call goes round a number of times, such as the turns of an agent, or polls until
 * something is ready. */
#include "core/quantity.h"
#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_TIMES, PURPOSE_DONE, PURPOSE_PAUSE };
enum { MAX_ROUNDS = 60000 };

struct loop {
    struct node base;
    struct edge inner;
    struct quantity *times, *pause;
    double done; /* stop_probability */
    uint32_t stop_on;
    struct delay_line line;
    uint64_t calls, rounds;
};

struct loop_call {
    struct call base;
    uint16_t times, made;
    ns_t paused; /* when the pause began */
};

static struct loop *loop_of(struct node *n) {
    return container_of(n, struct loop, base);
}
static struct loop_call *mine(struct call *c) {
    return container_of(c, struct loop_call, base);
}

/* Every round has draws of its own. */
static uint64_t of_round(const struct call *c, uint64_t purpose) {
    return purpose + ((uint64_t)container_of(c, struct loop_call, base)->made << 32);
}

static uint16_t draw_times(const struct loop *l, const struct call *c) {
    double x = quantity_draw(l->times, c, PURPOSE_TIMES);
    return (uint16_t)(x < 1 ? 1 : x > MAX_ROUNDS ? MAX_ROUNDS : x + 0.5);
}

static void go(struct loop *l, struct call *c) {
    l->rounds++;
    call_send_again(c, &l->inner, ++mine(c)->made);
}

static void accept(struct node *n, struct call *c) {
    struct loop *l = loop_of(n);
    l->calls++;
    mine(c)->made = 0;
    mine(c)->times = draw_times(l, c);
    go(l, c);
}

static void spend(struct call *c) {
    call_phase(c, PHASE_BACKOFF, c->node->sim->clock.now - mine(c)->paused);
}

static void rested(struct event *ev) {
    struct call *c = call_of_timer(ev);
    spend(c);
    go(loop_of(c->node), c);
}

static bool is_over(const struct loop *l, struct call *c, const struct call *sub) {
    if ((l->stop_on >> sub->outcome & 1) || mine(c)->made >= mine(c)->times)
        return true;
    struct rng r = call_rng(c, of_round(c, PURPOSE_DONE));
    return l->done > 0 && rng_unit(&r) < l->done;
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct loop *l = loop_of(n);
    if (is_over(l, c, sub)) {
        call_pass(c, sub);
        return;
    }
    ns_t now = n->sim->clock.now;
    ns_t pause = ns_from_s(quantity_draw(l->pause, c, of_round(c, PURPOSE_PAUSE)));
    if (c->deadline != NS_NEVER && pause >= c->deadline - now) {
        call_finish(c, OUTCOME_TIMEOUT); /* it is not done, and nobody would wait for the rest */
        return;
    }
    mine(c)->paused = now;
    if (pause > 0)
        call_wake(c, quantity_fixed(l->pause) ? &l->line : NULL, pause, rested);
    else
        go(l, c);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)n, (void)cause;
    if (event_pending(&c->timer))
        spend(c);
    return true;
}

static bool seal(struct node *n, struct error *e) {
    (void)e;
    line_init(&loop_of(n)->line);
    return true;
}

static const struct param params[] = {
    PARAM(QUANTITY, "times", struct loop, times, NULL,
          "rounds of a call, at most: rounded, from 1 to 60000", .flags = REQUIRED | LIVE),
    PARAM(RATIO, "stop_probability", struct loop, done, "0",
          "chance that a round was the last one, drawn after each", .flags = LIVE, .max = 1),
    PARAM(OUTCOMES, "stop_on", struct loop, stop_on,
          "error, timeout, shed, limited, open, cancelled, invalid",
          "answers that end it at once; for polling until something is there: \"ok\""),
    PARAM(QUANTITY, "pause", struct loop, pause, "0", "time between two rounds", .flags = LIVE,
          .unit = UNIT_TIME),
    PARAM(NODE, "inner", struct loop, inner, NULL, "what is called in each round",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "rounds", struct loop, rounds, "rounds, first ones included"),
    METRIC(PER, "rounds_per_call", struct loop, rounds, "rounds over calls",
           .offset2 = offsetof(struct loop, calls)),
    {0},
};

static void look(void *ctx, void *object) {
    struct call *c = object;
    const struct loop_call *m = mine(c);
    bool resting = event_pending(&c->timer), going = c->subs != NULL;
    if (!c->travelling && (resting == going || m->made < 1 || m->made > m->times))
        *(uint64_t *)ctx += 1;
}

static bool check(struct node *n, struct error *e) {
    uint64_t odd = 0;
    pool_each(&n->calls, look, &odd);
    return !odd || error_set(e, "%llu calls neither pause nor go round, or do both",
                             (unsigned long long)odd);
}

const struct node_type loop_type = {
    .kind = "loop",
    .summary = "calls what is below again and again: the turns of an agent, polling",
    .example = "loop { times = 10, stop_probability = 0.3, pause = \"200ms\", model }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct loop),
    .call_size = sizeof(struct loop_call),
    .ops = {.seal = seal, .accept = accept, .reply = reply, .cancel = cancel, .check = check},
};
