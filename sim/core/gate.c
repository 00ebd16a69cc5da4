#include "core/gate.h"

#include <math.h>

#include "core/sim.h"

/* far from the purposes that components number from 0 */
enum { PURPOSE_GATE = 1000, PURPOSE_LOSS = 1 << 22 };

static bool gate_fails(const struct gate *g, const struct call *c, uint64_t purpose) {
    if (g->down)
        return true;
    if (g->error_rate <= 0)
        return false;
    struct rng r = call_rng(c, PURPOSE_GATE + purpose);
    return rng_unit(&r) < g->error_rate;
}

/* As Linux sends TCP segments again (tcp_retries2, TCP_RTO_MAX): 15 times, after a time that
 * doubles up to two minutes. */
enum { MOST_LOST = 15 };
static const double LONGEST_RETRANSMIT = 120;

static void take_in(struct call *c) {
    for (struct gate_ear *ear = c->node->gate.ears; ear; ear = ear->next)
        ear->heard(ear, c);
    c->node->type->ops.accept(c->node, c);
}

static void arrive(struct call *c) {
    if (c->travelling) {
        c->travelling = false;
        call_phase(c, PHASE_NETWORK, c->node->sim->clock.now - c->start);
    }
    if (c->node->gate.down || (c->via && c->via->gate.down) || c->lost > MOST_LOST)
        call_finish(c, OUTCOME_ERROR);
    else
        take_in(c);
}

static void arrive_late(struct event *e) {
    arrive(call_of_timer(e));
}

static bool gate_loses(const struct gate *g, const struct call *c, uint64_t purpose) {
    if (g->loss <= 0)
        return false;
    struct rng r = call_rng(c, PURPOSE_LOSS + purpose + ((uint64_t)c->lost << 32));
    return rng_unit(&r) < g->loss;
}

static void transmit(struct call *c);

static void transmit_again(struct event *e) {
    transmit(call_of_timer(e));
}

/* On the way: what gets lost is sent again, what gets through may take its time. */
static void transmit(struct call *c) {
    const struct gate *node = &c->node->gate, *edge = &c->via->gate;
    double wait = node->added + edge->added;
    void (*then)(struct event *) = arrive_late;
    if (gate_loses(edge, c, c->via->from->id) || gate_loses(node, c, 0)) {
        wait = ldexp(fmax(node->retransmit, edge->retransmit), c->lost++);
        wait = fmin(wait, LONGEST_RETRANSMIT);
        if (c->lost <= MOST_LOST)
            then = transmit_again;
    }
    if (wait > 0) {
        c->travelling = true;
        call_wake(c, NULL, ns_from_s(wait), then);
    } else
        arrive(c);
}

void gate_accept(struct call *c) {
    const struct gate *node = &c->node->gate, *edge = &c->via->gate;
    if (gate_fails(edge, c, c->via->from->id) || gate_fails(node, c, 0))
        call_finish(c, OUTCOME_ERROR);
    else
        transmit(c);
}
