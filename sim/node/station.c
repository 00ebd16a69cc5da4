/* The plain station: calls wait, are served and end; and what hands all others on. */
#include "node/station.h"

#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

void station_done(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct station *s = station_of(c->node);
    ns_t now = station_now(s);
    if (__builtin_expect(!s->plain, 0)) {
        station_served(s, c);
        return;
    }
    call_phase(c, PHASE_SERVICE, now - station_mine(c)->began);
    integral_add(&s->busy, now, -1);
    call_finish(c, OUTCOME_OK);
    servers_give(s->servers, now);
}

static void serve(struct station *s, struct call *c) {
    ns_t now = station_now(s);
    struct station_call *m = station_mine(c);
    m->serving = true;
    call_phase(c, PHASE_WAIT, now - m->began);
    m->began = now;
    call_milestone(c, MILESTONE_SERVICE);
    double seconds = quantity_draw(s->service, c, PURPOSE_SERVICE) * node_slow(&s->base);
    if (s->servers->owner)
        seconds *= node_slow(s->servers->owner);
    servers_take(s->servers, now);
    integral_add(&s->busy, now, 1);
    call_wake(c, s->constant ? &s->line : NULL, ns_from_s(seconds), station_done);
}

static void accept(struct node *n, struct call *c) {
    struct station *s = station_of(n);
    if (__builtin_expect(!s->plain, 0)) {
        station_accept(s, c);
        return;
    }
    struct station_call *m = station_mine(c);
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
    integral_add(&s->queued, station_now(s), -1);
    queue_remove(&s->queue, w);
}

bool station_start_next(struct station *s) {
    if (__builtin_expect(!s->plain, 0))
        return station_start_or_drop(s);
    struct waiter *w = queue_peek(&s->queue);
    leave_queue(s, w);
    serve(s, &w->base);
    return true;
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct station *s = station_of(n);
    if (!s->plain)
        return station_cancel(s, c, cause);
    if (!station_mine(c)->serving) {
        leave_queue(s, &station_mine(c)->waiter);
        return true;
    }
    if (cause == CAUSE_QUEUED)
        return false;
    ns_t now = n->sim->clock.now;
    call_phase(c, PHASE_SERVICE, now - station_mine(c)->began);
    event_cancel(&n->sim->clock, &c->timer);
    integral_add(&s->busy, now, -1);
    station_mine(c)->serving = false;
    servers_give(s->servers, now);
    return true;
}

/* ---- set-up */

static bool has_policy(const struct station *s) {
    return s->room.max_wait || s->room.codel != CODEL_NO || s->discipline == QUEUE_ADAPTIVE;
}

static void seal_work(struct station *s) {
    bool ps = s->discipline == QUEUE_PS;
    s->flows = ps || s->preempt != PREEMPT_NO || s->sigma > 0 || s->kappa > 0 || s->every ||
               s->faults.mtbf;
    s->early = s->discipline == QUEUE_SJF;
    s->plain = !s->flows && !s->early && !has_policy(s) && !s->setup && s->warm_lasting <= 0 &&
               !s->inner.to;
    s->rng.state = rng_key(s->base.salt, PURPOSE_SETUP);
    flow_init(s);
    line_init(&s->room.line);
}

static bool seal(struct node *n, struct error *e) {
    struct station *s = station_of(n);
    if (!station_fits(s, e))
        return false;
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
    seal_work(s);
    return true;
}

static void start(struct node *n) {
    struct station *s = station_of(n);
    if (s->plain)
        return;
    station_fail_start(s);
    station_power_start(s);
    station_sync(s);
}

static void release(struct node *n) {
    struct station *s = station_of(n);
    queue_release(&s->queue);
    ranks_release(&s->flow.calls);
    ranks_release(&s->flow.weak);
    station_fail_release(s);
}

/* ---- while running */

static void changed(struct node *n, const struct param *p) {
    struct station *s = station_of(n);
    struct error e = {{0}};
    if (s->plain && has_policy(s)) {
        s->plain = false;
        s->room.standing = n->sim->clock.now;
    }
    if (!strcmp(p->name, "servers") && s->on)
        sim_fail(n->sim, "%s: %s: its servers are those of the pool; set %s:servers", n->where,
                 n->address, s->on->address);
    else if (!station_fits(s, &e))
        sim_fail(n->sim, "%s: %s: %s", n->where, n->address, e.text);
    else if (!s->plain)
        station_resize(s);
    else if (!strcmp(p->name, "servers"))
        servers_resize(&s->own, s->count, n->sim->clock.now);
    s->constant = quantity_fixed(s->service);
}

static bool probe(struct node *n, enum probe what, double *answer) {
    const struct station *s = station_of(n);
    if (what == PROBE_QUEUE)
        *answer = s->queue.n;
    else if (what == PROBE_UTILIZATION)
        *answer = (double)s->busy.value / (double)s->own.capacity.value;
    return what == PROBE_QUEUE || what == PROBE_UTILIZATION;
}

const struct node_type station_type = {
    .kind = "station",
    .summary = "servers with a queue in front: work takes time here",
    .follows = "CoDel: folly Codel; queue timeout and adaptive LIFO: Facebook, Fail at Scale",
    .example = "station { name = \"model\", servers = 4, service = lognormal { mean = \"20ms\", cv "
               "= 0.5 } }",
    .params = station_params,
    .metrics = station_metrics,
    .size = sizeof(struct station),
    .call_size = sizeof(struct station_call),
    .flags = NODE_KEEPS,
    .ops = {.seal = seal,
            .start = start,
            .accept = accept,
            .reply = station_reply,
            .cancel = cancel,
            .set = changed,
            .probe = probe,
            .release = release,
            .check = station_check},
};
