#include "core/call.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/observer.h"
#include "core/quantity.h"
#include "core/sim.h"

enum { PURPOSE_GATE = 1000 }; /* far from the purposes that components number from 0 */

/* ---- requests */

static void request_unref(struct sim *sim, struct request *r) {
    if (--r->refs)
        return;
    sim->live_requests--;
    pool_put(&sim->requests, r);
}

void request_classify(struct sim *sim, struct request *r, uint16_t class) {
    r->class = class;
    r->level = sim->classes[class].level;
    r->cell = sim->segment * sim->n_classes + class;
}

/* ---- life of a call */

/* A call comes from the pool without subs and with an idle timer: it was zeroed once, and left so
 * when it was freed. */
static inline void call_reset(struct call *c, struct node *node, struct request *req, ns_t now) {
    c->node = node;
    c->req = req;
    c->start = now;
    memset(&c->quality, 0,
           offsetof(struct call, timer) - offsetof(struct call, quality)); /* two stores, not ten */
    c->quality = 1;
    c->state = CALL_LIVE;
}

static inline void add_sub(struct call *c, struct call *sub) {
    sub->next = NULL;
    struct call *first = c->subs;
    if (first) {
        sub->prev = first->prev;
        first->prev->next = sub;
        first->prev = sub;
    } else
        c->subs = sub->prev = sub;
}

static inline void drop_sub(struct call *c, struct call *sub) {
    struct call *next = sub->next;
    if (sub == c->subs)
        c->subs = next;
    else
        sub->prev->next = next;
    if (next)
        next->prev = sub->prev;
    else if (c->subs)
        c->subs->prev = sub->prev;
    sub->parent = NULL;
}

static void call_free(struct call *c) {
    struct sim *sim = c->node->sim;
    struct pool *pool = &c->node->calls;
    if (c->holds)
        request_unref(sim, c->req);
    c->state = CALL_FREE;
    pool_put(pool, c);
}

static inline struct request *open_request(struct sim *sim, struct node *source,
                                           enum origin origin) {
    if (__builtin_expect(sim->live_requests >= sim->limits.max_in_flight, 0)) {
        sim->full = sim->stop = true;
        return NULL;
    }
    sim->live_requests++;
    struct request *r = pool_get(&sim->requests);
    r->source = source;
    r->arrival = sim->clock.now;
    r->refs = 1;
    r->origin = (uint8_t)origin;
    r->id = ++sim->opened;
    r->key = 0;
    for (uint32_t i = 0; i < sim->n_facts; i++)
        r->fact[i] = (double)NAN;
    return r;
}

/* The first call of a request, taken from the pool of `owner`. */
static inline struct call *open_call(struct request *r, struct node *owner, struct edge *via) {
    struct call *c = pool_get(&owner->calls);
    call_reset(c, r->source, r, r->arrival);
    c->via = via;
    c->parent = NULL;
    c->deadline = NS_NEVER;
    c->attempt = 1;
    c->holds = true;
    c->key = 0;
    return c;
}

struct call *call_open(struct node *self, enum origin origin) {
    struct request *r = open_request(self->sim, self, origin);
    return r ? open_call(r, self, NULL) : NULL;
}

struct call *call_open_over(struct edge *via, enum origin origin) {
    struct request *r = open_request(via->from->sim, via->from, origin);
    return r ? open_call(r, via->to, via) : NULL;
}

void call_begin(struct call *root) {
    struct node *n = root->node;
    meter_arrive(&n->meter, n->sim->clock.now, root->req->cell);
    if (__builtin_expect(n->sim->watched, 0) && n->sim->observer)
        n->sim->observer->begun(n->sim->observer, root);
}

static void take_in(struct call *c) {
    for (struct gate_ear *ear = c->node->gate.ears; ear; ear = ear->next)
        ear->heard(ear, c);
    c->node->type->ops.accept(c->node, c);
}

static void arrive_late(struct event *e) {
    struct call *c = call_of_timer(e);
    c->travelling = false;
    call_phase(c, PHASE_NETWORK, c->node->sim->clock.now - c->start);
    if (c->node->gate.down || (c->via && c->via->gate.down))
        call_finish(c, OUTCOME_ERROR);
    else
        take_in(c);
}

static bool gate_fails(const struct gate *g, const struct call *c, uint64_t purpose) {
    if (g->down)
        return true;
    if (g->error_rate <= 0)
        return false;
    struct rng r = call_rng(c, PURPOSE_GATE + purpose);
    return rng_unit(&r) < g->error_rate;
}

/* The way in when a fault is active on the edge or the callee. */
static void accept_gated(struct call *c) {
    const struct gate *node = &c->node->gate, *edge = &c->via->gate;
    if (gate_fails(edge, c, c->via->from->id) || gate_fails(node, c, 0)) {
        call_finish(c, OUTCOME_ERROR);
        return;
    }
    double added = node->added + edge->added;
    if (added > 0) {
        c->travelling = true;
        call_wake(c, NULL, ns_from_s(added), arrive_late);
        return;
    }
    take_in(c);
}

/* Meters the arrival, tells who listens, and hands the call over. */
static inline void deliver_down(struct call *c, struct node *to, struct edge *via) {
    struct sim *sim = to->sim;
    via->in_flight++;
    meter_arrive(&to->meter, sim->clock.now, c->req->cell);
    if (via->meter) {
        meter_arrive(via->meter, sim->clock.now, c->req->cell);
        if (via->ordinal) /* a request that comes by several ways must not draw the same there */
            c->key = rng_key(c->key ^ to->salt, via->ordinal);
    }
    if (__builtin_expect(sim->watched, 0) && sim->observer)
        sim->observer->begun(sim->observer, c);
    if (__builtin_expect(to->gate.active || via->gate.active, 0))
        accept_gated(c);
    else
        to->type->ops.accept(to, c);
}

void call_enter(struct call *c) {
    c->node = c->via->to;
    deliver_down(c, c->node, c->via);
}

static struct call *send(struct call *mine, struct edge *via, uint64_t key, uint16_t attempt) {
    struct node *to = via->to;
    struct call *c = pool_get(&to->calls);
    call_reset(c, to, mine->req, to->sim->clock.now);
    c->via = via;
    c->parent = mine;
    add_sub(mine, c);
    c->deadline = mine->deadline;
    c->key = key;
    c->attempt = attempt;
    deliver_down(c, to, via);
    return c;
}

struct call *call_send(struct call *mine, struct edge *via) {
    return send(mine, via, mine->key, mine->attempt);
}

struct call *call_send_again(struct call *mine, struct edge *via, uint16_t attempt) {
    uint64_t key = attempt > 1 ? rng_key(mine->key ^ mine->node->salt, attempt) : mine->key;
    return send(mine, via, key, attempt);
}

static void ready_push(struct sim *sim, struct call *c) {
    c->queued = true;
    c->next_ready = NULL;
    *sim->ready_tail = c;
    sim->ready_tail = &c->next_ready;
}

static void withdraw(struct call *c, enum cause cause);

void call_cancel_all(struct call *c, enum cause cause) {
    for (struct call *sub; (sub = c->subs);) {
        drop_sub(c, sub);
        if (sub->state == CALL_LIVE)
            withdraw(sub, cause);
    }
}

/* Measurements stop at the end of the run: what is cancelled in closing was in flight, and only the
 * audit counts it. */
static void meter_end(struct meter *m, struct call *c, ns_t now, uint32_t result, bool closing) {
    if (__builtin_expect(closing, 0)) {
        integral_add(&m->in_flight, now, -1);
        m->cut.n++;
        m->cut.sojourn += (uint64_t)(now - c->start);
        return;
    }
    meter_depart(m, now, c->start, c->req->cell, result, c->outcome);
    if (__builtin_expect(now > c->deadline, 0) && outcome_good(c->outcome))
        m->cells[c->req->cell * m->results + result].late++;
    if (__builtin_expect(c->quality < 1, 0) && outcome_good(c->outcome))
        m->cells[c->req->cell * m->results + result].lost += 1 - (double)c->quality;
}

static void end(struct call *c, enum outcome outcome) {
    struct node *n = c->node;
    struct sim *sim = n->sim;
    assert(c->state == CALL_LIVE && "a call was finished twice");
    c->state = CALL_DONE;
    c->outcome = (uint8_t)outcome;
    if (event_pending(&c->timer))
        event_cancel(&sim->clock, &c->timer);
    meter_end(&n->meter, c, sim->clock.now, c->result, sim->closing);
    if (c->via) {
        c->via->in_flight--;
        if (__builtin_expect(c->via->ended != NULL, 0))
            c->via->ended(c->via);
        if (c->via->meter)
            meter_end(c->via->meter, c, sim->clock.now, 0, sim->closing);
    }
    if (__builtin_expect(sim->watched, 0) && sim->observer)
        sim->observer->finished(sim->observer, c);
    if (c->parent) {
        if (!c->queued)
            ready_push(sim, c);
    } else if (!c->queued)
        call_free(c);
    if (__builtin_expect(n->idle_hook != NULL, 0) && n->meter.in_flight.value == 0)
        n->idle_hook(n);
}

void call_finish(struct call *c, enum outcome outcome) {
    if (c->subs)
        call_cancel_all(c, CAUSE_GONE);
    end(c, outcome);
}

void call_pass(struct call *mine, const struct call *sub) {
    mine->quality = sub->quality;
    call_finish(mine, sub->outcome);
}

static void become_orphan(struct call *c) {
    if (!c->holds) {
        c->holds = true;
        c->req->refs++;
    }
}

/* `c` has no parent any more. */
static void withdraw(struct call *c, enum cause cause) {
    struct node *n = c->node;
    bool gone = c->travelling || !n->type->ops.cancel || n->type->ops.cancel(n, c, cause);
    assert((gone || cause != CAUSE_CRASH) && "a component refused to crash");
    if (!gone) {
        become_orphan(c);
        return;
    }
    call_cancel_all(c, cause);
    end(c, OUTCOME_CANCELLED);
}

static void unlink_from_parent(struct call *sub) {
    assert(sub->parent && "only a caller withdraws a call");
    drop_sub(sub->parent, sub);
}

void call_cancel(struct call *sub, enum cause cause) {
    unlink_from_parent(sub);
    if (sub->state == CALL_LIVE)
        withdraw(sub, cause);
}

void call_detach(struct call *sub) {
    unlink_from_parent(sub);
    if (sub->state == CALL_LIVE)
        become_orphan(sub);
}

void call_shared(const struct call *member, const struct call *of, ns_t since) {
    struct sim *sim = member->node->sim;
    if (sim->watched && sim->observer && sim->observer->shared)
        sim->observer->shared(sim->observer, member, of, since);
}

void call_detach_all(struct call *c) {
    while (c->subs)
        call_detach(c->subs);
}

static void crash_one(void *ctx, void *object) {
    struct call *c = object;
    (void)ctx;
    if (c->state != CALL_LIVE)
        return;
    if (!c->travelling && c->node->type->ops.cancel)
        c->node->type->ops.cancel(c->node, c, CAUSE_CRASH);
    if (c->node->sim->closing && c->parent)
        unlink_from_parent(c);
    call_cancel_all(c, c->node->sim->closing ? CAUSE_CRASH : CAUSE_GONE);
    end(c, c->node->sim->closing ? OUTCOME_CANCELLED : OUTCOME_ERROR);
}

void node_crash(struct node *n) {
    pool_each(&n->calls, crash_one, NULL);
}

/* ---- ready list */

static void forward_milestone(struct call *c, enum milestone what) {
    struct call *up = c->parent;
    if (!up || up->state != CALL_LIVE)
        return;
    if (up->node->type->ops.milestone)
        up->node->type->ops.milestone(up->node, up, c, what);
    else
        call_milestone(up, what);
}

void call_milestone(struct call *c, enum milestone what) {
    if (!c->node->wanted)
        return;
    c->milestones |= (uint8_t)what;
    if (!c->queued)
        ready_push(c->node->sim, c);
}

static void deliver_one(struct call *c) {
    while (
        c->milestones) { /* still marked as queued: a listener may withdraw it, the memory stays */
        unsigned bit = c->milestones & -(unsigned)c->milestones;
        c->milestones = (uint8_t)(c->milestones & ~bit);
        forward_milestone(c, (enum milestone)bit);
    }
    c->queued = false;
    if (c->state != CALL_DONE)
        return;
    struct call *up = c->parent;
    if (up) {
        drop_sub(up, c);
        if (up->state == CALL_LIVE)
            up->node->type->ops.reply(up->node, up, c);
    }
    call_free(c);
}

void call_deliver(struct sim *sim) {
    while (sim->ready) {
        struct call *c = sim->ready;
        sim->ready = c->next_ready;
        if (!sim->ready)
            sim->ready_tail = &sim->ready;
        deliver_one(c);
    }
}

bool call_phase_watched(struct call *c, enum phase phase, ns_t spent) {
    struct sim *sim = c->node->sim;
    if (sim->observer && !sim->closing)
        sim->observer->phase(sim->observer, c, phase, spent);
    return !sim->closing; /* what the end of the run cuts short is no sample */
}

void call_wake(struct call *c, struct delay_line *line, ns_t delay, void (*fire)(struct event *)) {
    struct clock *clock = &c->node->sim->clock;
    c->timer.fire = fire;
    if (line)
        line_at(clock, line, &c->timer, clock->now + delay);
    else
        event_at(clock, &c->timer, clock->now + delay);
}
