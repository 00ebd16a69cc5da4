/* A client that throttles itself: when many of its requests are refused, it stops sending the part
 * that would be refused anyway.
 *
 * A request that is not sent costs the backend nothing, one that is refused does. So it counts what
 * it was asked for and what was accepted, and sends about k times as much as is accepted: enough to
 * notice when more is. */
#include "core/sim.h"
#include "node/odds.h"
#include "node/registry.h"

enum { PURPOSE_SEND, PARTS = 60 };
enum per { ALL, PRIORITY };
static const char *const pers[] = {"all", "priority", NULL};

struct throttle {
    struct node base;
    struct edge inner;
    double k;
    ns_t window;
    uint32_t accepted;
    int per;

    struct recent *recent; /* by priority level, or one for all */
    uint32_t n_recent;
    uint64_t throttled;
};

static struct throttle *throttle_of(struct node *n) {
    return container_of(n, struct throttle, base);
}

static struct recent *recent_of(const struct throttle *t, const struct call *c) {
    return &t->recent[t->per == PRIORITY ? c->req->level : 0];
}

static bool refuses(const struct throttle *t, struct recent *r, const struct call *c) {
    recent_roll(r, t->base.sim->clock.now);
    double p = odds_sre((double)r->sum.all, (double)r->sum.good, t->k);
    if (p <= 0)
        return false;
    struct rng rng = call_rng(c, PURPOSE_SEND);
    return rng_unit(&rng) < p;
}

/* Those that are not sent count as requests too, or it would never settle. */
static void accept(struct node *n, struct call *c) {
    struct throttle *t = throttle_of(n);
    struct recent *r = recent_of(t, c);
    bool refused = refuses(t, r, c);
    recent_add(r, n->sim->clock.now, 1, 0);
    if (refused) {
        t->throttled++;
        call_finish(c, OUTCOME_SHED);
        return;
    }
    call_send(c, &t->inner);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct throttle *t = throttle_of(n);
    if (t->accepted >> sub->outcome & 1)
        recent_add(recent_of(t, c), n->sim->clock.now, 0, 1);
    call_pass(c, sub);
}

static bool seal(struct node *n, struct error *e) {
    struct throttle *t = throttle_of(n);
    const struct sim *sim = n->sim;
    (void)e;
    t->n_recent = 1;
    for (uint32_t i = 0; t->per == PRIORITY && i < sim->n_classes; i++)
        if (sim->classes[i].level + 1u > t->n_recent)
            t->n_recent = sim->classes[i].level + 1u;
    t->recent = arena_alloc(&n->sim->arena, t->n_recent * sizeof *t->recent);
    for (uint32_t i = 0; i < t->n_recent; i++)
        recent_init(&t->recent[i], &n->sim->arena, t->window, t->window / PARTS);
    return true;
}

static const struct param params[] = {
    PARAM(NUMBER, "k", struct throttle, k, "2",
          "how many times as many as are accepted may be sent", .flags = LIVE, .min = 1,
          .max = 1e6),
    PARAM(TIME, "window", struct throttle, window, "120s",
          "requests and accepts of this time count", .min = 1e-6, .max = 1e6),
    PARAM(OUTCOMES, "accepted", struct throttle, accepted, "ok, degraded, error, invalid",
          "answers of a backend that took the request on; an error of the application is one, that "
          "of a full queue is not: without \"error\" where they come from queues"),
    PARAM(CHOICE, "per", struct throttle, per, "all",
          "whose counts: of all that pass, or of each priority by itself, so that what is refused "
          "to the less important does not keep the others back",
          .choices = pers),
    PARAM(NODE, "inner", struct throttle, inner, NULL, "the backend", .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "throttled", struct throttle, throttled, "requests that it did not send"),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct throttle *t = throttle_of(n);
    for (uint32_t i = 0; i < t->n_recent; i++)
        if (!recent_check(&t->recent[i]))
            return error_set(e,
                             "the parts of its window do not add up to %llu requests and %llu "
                             "accepts",
                             (unsigned long long)t->recent[i].sum.all,
                             (unsigned long long)t->recent[i].sum.good);
    return true;
}

const struct node_type throttle_type = {
    .kind = "throttle",
    .summary = "a client that does not send what its backend would refuse",
    .follows = "adaptive throttling of the Google SRE book (Handling Overload)",
    .example = "throttle { k = 2, window = \"120s\", backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct throttle),
    .ops = {.seal = seal, .accept = accept, .reply = reply, .check = check},
};
