/* Active health checks: probes that find out which targets of a balancer, or regions of a geo,
 * answer.
 *
 * A probe is a request like any other but that no user has sent it: it queues at its target, meets
 * its faults, and may be given up. So a failure is found after as many intervals as the thresholds
 * say, and a target that is merely slow, or fails users alone, is healthy. The next probe of a
 * target leaves an interval after the last one has been answered. A replica that joins has to prove
 * itself first, by one good answer; those that are there at the beginning have done so. */
#include "agent/registry.h"
#include "core/sim.h"
#include "node/balance.h"
#include "node/registry.h"

struct checked {
    struct health_check *of;
    struct event event; /* its next probe */
    struct call *probe; /* under way, or NULL */
    bool healthy, first;
    int64_t good, bad; /* in a row */
};

struct health_check {
    struct node base;
    struct node *of;
    struct edge_list targets;
    struct value ttl;
    ns_t interval, timeout, initial_jitter, interval_jitter;
    int64_t unhealthy_threshold, healthy_threshold;

    const struct edge_list *given; /* the targets as those who choose among them have them */
    struct checked *checked;
    struct check_ear *ear; /* one a group */
    struct delay_line line;
    struct rng rng; /* jitter belongs to no call */
    uint64_t probes, failures;
    struct integral unhealthy;
    struct moments moments;
};

struct check_call {
    struct call base;
    uint32_t target;
};

struct check_ear {
    struct group_ear ear;
    struct health_check *of;
    uint32_t first;
};

static struct health_check *check_of(struct node *n) {
    return container_of(n, struct health_check, base);
}
static struct check_call *mine(struct call *c) {
    return container_of(c, struct check_call, base);
}

/* ---- verdicts */

static void count_unhealthy(struct health_check *h, int64_t by) {
    ns_t now = h->base.sim->clock.now;
    integral_add(&h->unhealthy, now, by);
    moments_turn(&h->moments, now, h->unhealthy.value > 0);
}

static void turn(struct health_check *h, uint32_t i, bool healthy) {
    struct checked *t = &h->checked[i];
    if (t->healthy != healthy)
        count_unhealthy(h, healthy ? -1 : 1);
    t->healthy = healthy;
}

/* The first good answer suffices, later it takes as many as the thresholds say. */
static void judge(struct health_check *h, uint32_t i, bool good) {
    struct checked *t = &h->checked[i];
    t->good = good ? t->good + 1 : 0;
    t->bad = good ? 0 : t->bad + 1;
    if (good && (t->first || t->good >= h->healthy_threshold))
        turn(h, i, true);
    else if (!good && t->bad >= h->unhealthy_threshold)
        turn(h, i, false);
    t->first = false;
    if (good || !t->healthy)
        h->of->type->ops.verdict(h->of, i, t->healthy);
    h->failures += !good;
}

/* ---- probes */

static ns_t jittered(struct health_check *h, ns_t delay, ns_t jitter) {
    return delay + (jitter ? (ns_t)(rng_unit(&h->rng) * (double)jitter) : 0);
}

static void answered(struct health_check *h, struct call *c, bool good) {
    struct clock *clock = &h->base.sim->clock;
    struct checked *t = &h->checked[mine(c)->target];
    t->probe = NULL;
    judge(h, mine(c)->target, good);
    event_at(clock, &t->event, clock->now + jittered(h, h->interval, h->interval_jitter));
}

static void expired(struct event *ev) {
    struct call *c = call_of_timer(ev);
    call_cancel_all(c, CAUSE_DEADLINE);
    answered(check_of(c->node), c, false);
    call_finish(c, OUTCOME_TIMEOUT);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    answered(check_of(n), c, outcome_good(sub->outcome));
    call_pass(c, sub);
}

static void send_probe(struct event *ev) {
    struct checked *t = container_of(ev, struct checked, event);
    struct health_check *h = t->of;
    uint32_t i = (uint32_t)(t - h->checked);
    struct call *c = call_open(&h->base, ORIGIN_PROBE);
    if (!c)
        return;
    c->req->id = ++h->probes;
    c->key = c->req->key = rng_key(h->base.salt, c->req->id);
    request_classify(h->base.sim, c->req, 0);
    c->deadline = c->start + h->timeout;
    mine(c)->target = i;
    t->probe = c;
    call_begin(c);
    call_wake(c, &h->line, h->timeout, expired);
    call_send(c, &h->targets.at[i]);
}

/* ---- who is there */

static void begin(struct health_check *h, uint32_t i, bool healthy) {
    struct clock *clock = &h->base.sim->clock;
    struct checked *t = &h->checked[i];
    t->first = true;
    t->good = t->bad = 0;
    t->healthy = true;
    turn(h, i, healthy);
    event_at(clock, &t->event, clock->now + jittered(h, 0, h->initial_jitter));
}

static void end(struct health_check *h, uint32_t i) {
    struct checked *t = &h->checked[i];
    event_cancel(&h->base.sim->clock, &t->event);
    turn(h, i, true);
    if (!t->probe)
        return;
    call_cancel_all(t->probe, CAUSE_GONE);
    call_finish(t->probe, OUTCOME_CANCELLED);
    t->probe = NULL;
}

/* The fleet of the beginning is there before the clock runs. */
static void heard(struct group_ear *ear, uint32_t index, bool ready) {
    struct check_ear *x = container_of(ear, struct check_ear, ear);
    if (ready)
        begin(x->of, x->first + index, !x->of->base.sim->clock.now);
    else
        end(x->of, x->first + index);
}

static void start(struct node *n) {
    struct health_check *h = check_of(n);
    const struct edge_list *l = h->given;
    for (uint32_t p = 0; p < l->n_parts; p++)
        if (!l->part[p].is_group)
            begin(h, l->part[p].first, true);
    for (uint32_t i = 0; !l->n_parts && i < h->targets.n; i++)
        begin(h, i, true);
}

/* ---- set-up */

/* Whose answers are kept by those who got them has a ttl of its own. */
static bool set_ttl(struct health_check *h, struct error *e) {
    struct error none = {{0}};
    const struct param *p = schema_find(h->of->type, "ttl", &none);
    if (h->ttl.type == VALUE_NIL)
        return true;
    return p ? schema_set(h->of, p, &h->ttl, false, e)
             : error_set(e, "ttl: nobody keeps the answers of a %s", h->of->type->kind);
}

/* Edges of its own to all that may ever be chosen. */
static bool attach(struct node *n, struct error *e) {
    struct health_check *h = check_of(n);
    h->given = h->of->type->ops.probed(h->of, &h->targets.n);
    if (!h->given)
        return error_set(e, "of: %s is checked by another one already", h->of->name);
    h->targets.at = arena_alloc(&n->sim->arena, h->targets.n * sizeof *h->targets.at);
    for (uint32_t i = 0; i < h->targets.n; i++)
        edge_join(&h->targets.at[i], n, h->given->at[i].to);
    return set_ttl(h, e);
}

static void listen(struct health_check *h) {
    const struct edge_list *l = h->given;
    h->ear = arena_alloc(&h->base.sim->arena, l->n_parts * sizeof *h->ear + 1);
    for (uint32_t p = 0; p < l->n_parts; p++) {
        h->ear[p] = (struct check_ear){{.changed = heard}, h, l->part[p].first};
        if (l->part[p].is_group)
            group_listen(group_of(l->part[p].given), &h->ear[p].ear);
    }
}

static bool seal(struct node *n, struct error *e) {
    struct health_check *h = check_of(n);
    (void)e;
    h->checked = arena_alloc(&n->sim->arena, h->targets.n * sizeof *h->checked);
    for (uint32_t i = 0; i < h->targets.n; i++) {
        h->checked[i].of = h;
        h->checked[i].healthy = true;
        event_init(&h->checked[i].event, send_probe);
    }
    line_init(&h->line);
    h->rng.state = rng_key(n->salt, rng_hash("jitter"));
    listen(h);
    return true;
}

static const struct param params[] = {
    PARAM(REF, "of", struct health_check, of, NULL,
          "whose targets, or regions, are probed: a balancer or a geo", .flags = REQUIRED,
          .ref_kind = "balance or geo"),
    PARAM(NODES, "targets", struct health_check, targets, NULL, "edges of its own", .flags = MADE),
    PARAM(TIME, "interval", struct health_check, interval, "10s",
          "from the answer of a target to its next probe", .flags = LIVE, .min = 1e-3, .max = 1e6),
    PARAM(TIME, "timeout", struct health_check, timeout, "5s",
          "a probe that takes longer has failed, and is given up", .flags = LIVE, .min = 1e-6,
          .max = 1e6),
    PARAM(INTEGER, "unhealthy_threshold", struct health_check, unhealthy_threshold, "3",
          "failed probes in a row after which a target is unhealthy", .flags = LIVE, .min = 1,
          .max = 1e9),
    PARAM(INTEGER, "healthy_threshold", struct health_check, healthy_threshold, "2",
          "good probes in a row after which it is healthy again; a new one needs one",
          .flags = LIVE, .min = 1, .max = 1e9),
    PARAM(VALUE, "ttl", struct health_check, ttl, NULL,
          "of a geo: how long its answers are kept, in place of its own ttl", .flags = EARLY),
    PARAM(TIME, "initial_jitter", struct health_check, initial_jitter, "0s",
          "the first probe of each target leaves at random within this time", .max = 1e6),
    PARAM(TIME, "interval_jitter", struct health_check, interval_jitter, "0s",
          "up to this is added to each interval at random", .flags = LIVE, .max = 1e6),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "probes", struct health_check, probes, "probes sent"),
    METRIC(RATIO, "failure_ratio", struct health_check, failures, "share of probes that failed",
           .offset2 = offsetof(struct health_check, probes)),
    METRIC(INTEGRAL, "unhealthy", struct health_check, unhealthy,
           "targets that are unhealthy, mean over time"),
    METRIC(FIRST, "first_unhealthy", struct health_check, moments,
           "from the beginning of the run, or of a phase, until a target is unhealthy; if none is, "
           "all of that time"),
    METRIC(LAST, "recovered", struct health_check, moments,
           "until none is any more; all of the time if one still is at the end, 0 if none was"),
    {0},
};

/* ---- full audit */

static bool check(struct node *n, struct error *e) {
    const struct health_check *h = check_of(n);
    const struct balance *b = h->of->type == &balance_type ? balance_of(h->of) : NULL;
    int64_t unhealthy = 0;
    uint32_t under_way = 0;
    for (uint32_t i = 0; i < h->targets.n; i++) {
        const struct checked *t = &h->checked[i];
        bool waits = event_pending(&t->event);
        if (!b || b->host[i].present ? waits == (t->probe != NULL) : waits || t->probe)
            return error_set(e, "target %u is probed and waits to be, or neither", i + 1);
        if (b && b->host[i].present && b->host[i].unhealthy == t->healthy)
            return error_set(e, "target %u is not what its balancer thinks", i + 1);
        unhealthy += !t->healthy;
        under_way += t->probe != NULL;
    }
    return (unhealthy == h->unhealthy.value && under_way == n->calls.live) ||
           error_set(e, "%lld targets are unhealthy, %lld are counted; %u probes, %u calls",
                     (long long)unhealthy, (long long)h->unhealthy.value, under_way, n->calls.live);
}

const struct node_type health_check_type = {
    .kind = "health_check",
    .summary = "probes the targets of a balancer or geo, which leaves out those that do not answer",
    .follows = "Envoy active health checking; Route 53 health checks",
    .example =
        "health_check { of = lb, interval = \"10s\", timeout = \"1s\", unhealthy_threshold = "
        "3 }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct health_check),
    .call_size = sizeof(struct check_call),
    .flags = NODE_AGENT,
    .ops = {.attach = attach, .seal = seal, .start = start, .reply = reply, .check = check},
};
