/* Stations that are not plain: a call may draw its work on arrival, be interrupted, be dropped, or
 * hold its server while the call below runs. */
#include <math.h>

#include "core/sim.h"
#include "node/station.h"

double station_stretch(const struct station *s) {
    double by = node_slow(&s->base) * station_warmth(s);
    return s->servers->owner ? by * node_slow(s->servers->owner) : by;
}

/* ---- what is in service */

/* A processor that is shared works as many servers as have work; otherwise each call in service has
 * one, but for those whose server is broken. */
void station_sync(struct station *s) {
    ns_t now = station_now(s);
    if (s->discipline == QUEUE_PS) {
        int64_t works = s->own.busy < station_up(s) ? s->own.busy : station_up(s);
        s->own.n = s->max_sharing > 0 ? s->max_sharing : INT64_MAX;
        integral_add(&s->busy, now, works - s->busy.value);
    } else if (!s->on)
        s->own.n = s->faults.n_all ? s->faults.machines - s->faults.broken_free : s->count;
}

static void take_server(struct station *s, struct station_call *m) {
    ns_t now = station_now(s);
    servers_take(s->servers, now);
    if (s->discipline != QUEUE_PS) {
        integral_add(&s->busy, now, 1);
        machine_take(s, m);
    }
    station_sync(s);
}

/* Without starting anyone. A broken server is none that was busy. */
static void leave_server(struct station *s, struct station_call *m) {
    ns_t now = station_now(s);
    struct call *c = station_theirs(m);
    if (s->flows && !m->broken && !m->holding)
        flow_leave(s, m);
    else if (event_pending(&c->timer))
        event_cancel(&s->base.sim->clock, &c->timer);
    if (s->discipline != QUEUE_PS && !m->broken)
        integral_add(&s->busy, now, -1);
    machine_give(s, m);
    if (!m->holding)
        m->served += now - m->began;
    m->serving = m->broken = m->holding = false;
}

static void note_service(struct call *c) {
    call_phase(c, PHASE_SERVICE, station_mine(c)->served);
}

/* One sample an interruption. */
static void note_stall(struct call *c) {
    call_phase(c, PHASE_STALL, station_now(station_of(c->node)) - station_mine(c)->began);
}

/* The server that a call has left is there for the next one. */
static void pass_on(struct station *s) {
    servers_give(s->servers, station_now(s));
    station_sync(s);
    flow_plan(s);
    station_settle(s);
}

void station_end(struct station *s, struct call *c, enum outcome outcome) {
    leave_server(s, station_mine(c));
    note_service(c);
    call_finish(c, outcome);
    pass_on(s);
}

/* ---- a call's way */

static double draw(const struct station *s, const struct call *c) {
    return quantity_draw(s->service, c, PURPOSE_SERVICE);
}

static void first_service(struct station *s, struct station_call *m) {
    struct call *c = station_theirs(m);
    call_phase(c, PHASE_WAIT, station_now(s) - m->began);
    call_milestone(c, MILESTONE_SERVICE);
    double seconds = s->early ? m->waiter.key : draw(s, c);
    m->left = m->whole = (double)ns_from_s(seconds * station_stretch(s));
    m->served = 0;
    m->begun = true;
}

void station_begin(struct station *s, struct call *c) {
    struct station_call *m = station_mine(c);
    ns_t now = station_now(s);
    if (event_pending(&c->timer)) /* its patience */
        event_cancel(&s->base.sim->clock, &c->timer);
    if (m->begun)
        note_stall(c);
    else
        first_service(s, m);
    m->began = now;
    m->serving = true;
    take_server(s, m);
    if (s->flows)
        flow_enter(s, m);
    else
        call_wake(c, s->constant ? &s->line : NULL, (ns_t)m->left, station_done);
}

/* The one that is interrupted waits ahead of its equals, whatever the limit of the queue. */
static bool interrupt_for(struct station *s, const struct station_call *m) {
    struct station_call *weak = flow_weaker(s, m);
    if (!weak)
        return false;
    leave_server(s, weak);
    s->servers->busy--;
    s->interrupted++;
    if (s->preempt == PREEMPT_RESTART)
        weak->left = weak->whole;
    weak->began = station_now(s);
    weak->waiter.key = weak->left * 1e-9;
    if (!s->queue.n)
        s->room.standing = station_now(s);
    integral_add(&s->queued, station_now(s), 1);
    queue_return(&s->queue, &weak->waiter);
    return true;
}

void station_accept(struct station *s, struct call *c) {
    struct station_call *m = station_mine(c);
    m->serving = m->begun = m->holding = m->broken = false;
    m->began = station_now(s);
    m->machine = 0;
    m->waiter.order = s->servers->joined++;
    if (s->early)
        m->waiter.key = draw(s, c);
    station_wake(s, c);
    bool room = servers_free(s->servers);
    if (!s->closed && !room && s->preempt != PREEMPT_NO)
        room = interrupt_for(s, m);
    if (room && !s->closed) {
        station_drops(s, 0); /* it hears of those who need not wait, too */
        station_begin(s, c);
    } else if (s->limit >= 0 && s->queue.n >= s->limit) {
        s->rejected++;
        call_finish(c, OUTCOME_ERROR);
    } else
        station_join(s, c);
}

/* One that has been on a server before is not asked how long it has waited. */
bool station_start_or_drop(struct station *s) {
    struct call *c = &station_peek(s)->base;
    const struct station_call *m = station_mine(c);
    station_leave_queue(s, c);
    if (!m->begun && station_drops(s, station_now(s) - m->began)) {
        station_shed(s, c);
        return false;
    }
    station_begin(s, c);
    return true;
}

void station_served(struct station *s, struct call *c) {
    struct station_call *m = station_mine(c);
    if (!s->inner.to) {
        station_end(s, c, OUTCOME_OK);
        return;
    }
    if (s->flows)
        flow_leave(s, m);
    m->served += station_now(s) - m->began;
    m->holding = true;
    note_service(c);
    call_send(c, &s->inner);
}

void station_reply(struct node *n, struct call *c, struct call *sub) {
    struct station *s = station_of(n);
    leave_server(s, station_mine(c));
    call_pass(c, sub);
    pass_on(s);
}

bool station_cancel(struct station *s, struct call *c, enum cause cause) {
    struct station_call *m = station_mine(c);
    if (cause == CAUSE_QUEUED && (m->serving || m->begun))
        return false;
    if (!m->serving) {
        station_leave_queue(s, c);
        if (m->begun) {
            note_stall(c);
            note_service(c);
        }
        station_settle(s);
        return true;
    }
    bool noted = m->holding;
    leave_server(s, m);
    if (!noted)
        note_service(c);
    else if (cause != CAUSE_CRASH) /* what is below leaves before the next one comes to it */
        call_cancel_all(c, cause);
    pass_on(s);
    return true;
}

/* ---- changes */

void station_resize(struct station *s) {
    ns_t now = station_now(s);
    if (!s->on) {
        integral_add(&s->own.capacity, now, s->count - s->own.capacity.value);
        station_machines(s);
    }
    station_sync(s);
    servers_fill(s->servers);
    flow_plan(s);
}

void station_gate(struct station *s) {
    s->closed = s->paused || s->faults.down || s->power != POWER_ON;
    flow_plan(s);
    if (!s->closed)
        servers_fill(s->servers);
}
