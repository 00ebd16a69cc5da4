#include "node/station.h"

#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_SERVICE };

static struct station *station_of(struct node *n) {
    return container_of(n, struct station, base);
}
static struct station_call *mine(struct call *c) {
    return container_of(container_of(c, struct waiter, base), struct station_call, waiter);
}

static void done(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct station *s = station_of(c->node);
    ns_t now = s->base.sim->clock.now;
    call_phase(c, PHASE_SERVICE, now - mine(c)->began);
    integral_add(&s->busy, now, -1);
    call_finish(c, OUTCOME_OK);
    servers_give(s->servers, now);
}

static void serve(struct station *s, struct call *c) {
    ns_t now = s->base.sim->clock.now;
    struct station_call *m = mine(c);
    m->serving = true;
    call_phase(c, PHASE_WAIT, now - m->began);
    m->began = now;
    call_milestone(c, MILESTONE_SERVICE);
    double seconds = quantity_draw(s->service, c, PURPOSE_SERVICE) * node_slow(&s->base);
    if (s->servers->owner)
        seconds *= node_slow(s->servers->owner);
    servers_take(s->servers, now);
    integral_add(&s->busy, now, 1);
    call_wake(c, s->constant ? &s->line : NULL, ns_from_s(seconds), done);
}

static void accept(struct node *n, struct call *c) {
    struct station *s = station_of(n);
    struct station_call *m = mine(c);
    m->serving = false;
    m->began = n->sim->clock.now; /* of waiting, until service begins */
    if (servers_free(s->servers)) {
        serve(s, c);
        return;
    }
    if (s->limit >= 0 && s->queue.n >= s->limit) {
        s->rejected++;
        call_finish(c, OUTCOME_ERROR);
        return;
    }
    m->waiter.order = s->servers->joined++;
    integral_add(&s->queued, n->sim->clock.now, 1);
    queue_push(&s->queue, &m->waiter);
}

static void leave_queue(struct station *s, struct waiter *w) {
    integral_add(&s->queued, s->base.sim->clock.now, -1);
    queue_remove(&s->queue, w);
}

void station_start_next(struct station *s) {
    struct waiter *w = queue_peek(&s->queue);
    leave_queue(s, w);
    serve(s, &w->base);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct station *s = station_of(n);
    if (!mine(c)->serving) {
        leave_queue(s, &mine(c)->waiter);
        return true;
    }
    if (cause == CAUSE_QUEUED)
        return false;
    ns_t now = n->sim->clock.now;
    call_phase(c, PHASE_SERVICE, now - mine(c)->began);
    event_cancel(&n->sim->clock, &c->timer);
    integral_add(&s->busy, now, -1);
    mine(c)->serving = false;
    servers_give(s->servers, now);
    return true;
}

static bool seal(struct node *n, struct error *e) {
    struct station *s = station_of(n);
    if (s->on && s->count)
        return error_set(e, "'servers' and 'on' exclude each other: the pool '%s' has the servers",
                         s->on->name);
    if (!s->on && !s->count)
        s->count = 1; /* so that a fault that changes it has something to bring back */
    s->servers = s->on ? &container_of(s->on, struct pool_node, base)->servers : &s->own;
    if (!s->on)
        servers_init(&s->own, s->count);
    else {
        s->servers->owner = s->on;
        s->own.capacity.value = s->servers->n; /* utilisation here is a share of the pool */
    }
    servers_join(s->servers, s, n->sim);
    queue_init(&s->queue, n->sim, (enum discipline)s->discipline, n->salt);
    line_init(&s->line);
    s->constant = quantity_fixed(s->service);
    return true;
}

static void release(struct node *n) {
    queue_release(&station_of(n)->queue);
}

static void changed(struct node *n, const struct param *p) {
    struct station *s = station_of(n);
    if (!strcmp(p->name, "servers")) {
        if (s->on)
            sim_fail(n->sim, "%s: %s: its servers are those of the pool; set %s:servers", n->where,
                     n->address, s->on->address);
        else
            servers_resize(&s->own, s->count, n->sim->clock.now);
    }
    s->constant = quantity_fixed(s->service);
}

static bool probe(struct node *n, enum probe what, double *answer) {
    const struct station *s = station_of(n);
    if (what == PROBE_QUEUE)
        *answer = s->queue.n;
    else if (what == PROBE_UTILIZATION)
        *answer = (double)s->busy.value / (double)s->servers->n;
    return what == PROBE_QUEUE || what == PROBE_UTILIZATION;
}

static const struct param queue_params[] = {
    PARAM(INTEGER, "limit", struct station, limit, "-1",
          "calls that may wait; one more is answered with an error at once; -1: no limit",
          .flags = LIVE, .min = -1, .max = 1e9),
    {0},
};

static const struct param params[] = {
    PARAM(QUANTITY, "service", struct station, service, NULL, "time of one call on one server",
          .flags = REQUIRED | LIVE | WORK, .unit = UNIT_TIME),
    PARAM(INTEGER, "servers", struct station, count, NULL, "servers of its own (1)", .flags = LIVE,
          .min = 1, .max = 1e6),
    PARAM(REF, "on", struct station, on, NULL, "a pool whose servers it shares with others",
          .ref_kind = "pool"),
    PARAM(CHOICE, "discipline", struct station, discipline, "fifo", "who is served next",
          .choices = discipline_names),
    PARAM(TABLE, "queue", struct station, base, NULL, "the waiting room", .sub = queue_params),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "queue", struct station, queued, "calls that wait, mean over time"),
    METRIC(SHARE, "utilization", struct station, busy, "share of the servers that are busy here",
           .offset2 = offsetof(struct station, own.capacity)),
    METRIC(COUNTER, "rejected", struct station, rejected,
           "calls refused because the queue was full"),
    {0},
};

/* ---- full audit */

struct tally {
    int64_t serving, waiting, idle;
};

static void look(void *ctx, void *object) {
    struct tally *t = ctx;
    struct call *c = object;
    if (c->travelling)
        return;
    if (mine(c)->serving)
        event_pending(&c->timer) ? t->serving++ : t->idle++;
    else
        event_pending(&c->timer) ? t->idle++ : t->waiting++;
}

static bool check(struct node *n, struct error *e) {
    struct station *s = station_of(n);
    struct tally t = {0};
    pool_each(&n->calls, look, &t);
    if (t.idle || t.waiting != s->queue.n || s->queued.value != t.waiting)
        return error_set(
            e, "%lld calls wait, the queue counts %u, its metric %lld, %lld do neither",
            (long long)t.waiting, s->queue.n, (long long)s->queued.value, (long long)t.idle);
    if (!queue_check(&s->queue))
        return error_set(e, "the queue counts %u calls, its lists hold others", s->queue.n);
    int64_t busy = s->on ? t.serving : s->own.busy; /* a pool looks at its own */
    if (s->busy.value != t.serving || busy != t.serving)
        return error_set(e,
                         "%lld calls are in service, %lld servers are busy, its metric says %lld",
                         (long long)t.serving, (long long)busy, (long long)s->busy.value);
    bool idle = servers_free(s->servers) && t.waiting && !n->gate.down;
    return !idle ||
           error_set(e, "%lld calls wait though %lld of %lld servers are busy",
                     (long long)t.waiting, (long long)s->servers->busy, (long long)s->servers->n);
}

const struct node_type station_type = {
    .kind = "station",
    .summary = "servers with a queue in front: work takes time here",
    .example = "station { name = \"model\", servers = 4, service = lognormal { mean = \"20ms\", cv "
               "= 0.5 } }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct station),
    .call_size = sizeof(struct station_call),
    .flags = NODE_KEEPS,
    .ops = {.seal = seal,
            .accept = accept,
            .cancel = cancel,
            .set = changed,
            .probe = probe,
            .release = release,
            .check = check},
};
