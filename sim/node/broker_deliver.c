#include "node/broker.h"

#include <string.h>

/* ---- the partition */

void broker_show(struct broker *b, struct broker_call *m) {
    struct partition *p = m->at;
    struct list *before = p->waiting.next;
    m->state = MESSAGE_WAITS;
    m->began = b->base.sim->clock.now;
    if (p->n && broker_call_of(call_of_wait(p->waiting.prev))->seq < m->seq)
        before = &p->waiting; /* a new one */
    while (before != &p->waiting && broker_call_of(call_of_wait(before))->seq < m->seq)
        before = before->next; /* passes only what is older */
    list_insert_before(before, &m->base.wait);
    p->n++;
    integral_add(&b->backlog, m->began, 1);
}

void broker_hide(struct broker *b, struct broker_call *m) {
    list_remove(&m->base.wait);
    m->at->n--;
    integral_add(&b->backlog, b->base.sim->clock.now, -1);
}

/* ---- leases */

void broker_unlease(struct broker *b, struct broker_call *m) {
    struct broker_call *d = m->in;
    list_remove(&m->base.wait);
    m->in = NULL;
    integral_add(&b->hidden, b->base.sim->clock.now, -1);
    if (list_empty(&d->items))
        m->at->busy--;
}

void broker_again(struct broker *b, struct broker_call *m) {
    struct call *c = &m->base;
    if (!b->max_deliveries || m->deliveries < b->max_deliveries) {
        broker_show(b, m);
        return;
    }
    b->dead_lettered++;
    m->state = MESSAGE_DEAD;
    if (b->dead.to)
        call_send(c, &b->dead);
    else
        call_finish(c, OUTCOME_ERROR);
}

void broker_visible(struct event *ev) {
    struct broker_call *m = broker_call_of(call_of_timer(ev));
    struct broker *b = broker_of(m->base.node);
    struct partition *p = m->at;
    if (m->state == MESSAGE_HIDDEN) {
        p->hidden--;
        integral_add(&b->hidden, b->base.sim->clock.now, -1);
    } else
        broker_unlease(b, m);
    broker_again(b, m); /* which may have been the last of it */
    broker_pump(b, p);
}

/* ---- deliveries */

static void take(struct broker *b, struct broker_call *d, struct broker_call *m) {
    struct sim *sim = b->base.sim;
    double *sum = d->base.req->fact;
    broker_hide(b, m);
    call_phase(&m->base, PHASE_WAIT, sim->clock.now - m->began);
    m->state = MESSAGE_LEASED;
    m->in = d;
    b->redelivered += m->deliveries++ > 0;
    list_append(&d->items, &m->base.wait);
    integral_add(&b->hidden, sim->clock.now, 1);
    for (uint32_t i = 0; i < sim->n_facts; i++)
        sum[i] += m->base.req->fact[i];
    if (b->visibility)
        call_wake(&m->base, &b->lease_line, b->visibility, broker_visible);
}

/* False: the model is full. */
static bool deliver(struct broker *b, struct partition *p, uint32_t n) {
    struct sim *sim = b->base.sim;
    struct call *c = call_open(&b->base, ORIGIN_DERIVED);
    if (!c)
        return false;
    struct broker_call *d = broker_call_of(c),
                       *first = broker_call_of(call_of_wait(p->waiting.next));
    d->role = ROLE_DELIVERY;
    d->at = p;
    list_init(&d->items);
    request_classify(sim, c->req, first->base.req->class);
    c->key = first->deliveries ? rng_key(first->base.key ^ b->base.salt, first->deliveries)
                               : first->base.key;
    c->req->key = c->key;
    c->result = RESULT_DELIVERY;
    memset(c->req->fact, 0, sim->n_facts * sizeof *c->req->fact);
    for (uint32_t i = 0; i < n; i++)
        take(b, d, broker_call_of(call_of_wait(p->waiting.next)));
    c->req->fact[b->size_fact] = n;
    c->attempt = (uint16_t)(first->deliveries < UINT16_MAX ? first->deliveries : UINT16_MAX);
    p->busy++;
    b->deliveries++;
    b->handed += n;
    integral_add(&b->working, sim->clock.now, 1);
    call_begin(c);
    call_send(c, &b->to);
    return true;
}

/* How many go now; 0: wait for more until the oldest has waited long enough. */
static uint32_t due(const struct broker *b, const struct partition *p) {
    if (p->n >= b->batch_size)
        return (uint32_t)b->batch_size;
    ns_t oldest = broker_call_of(call_of_wait(p->waiting.next))->stored;
    return b->base.sim->clock.now - oldest >= b->max_wait ? p->n : 0;
}

static void look_at(struct broker *b, struct partition *p, ns_t time) {
    struct clock *clock = &b->base.sim->clock;
    if (event_pending(&p->timer) && p->timer.time == time)
        return;
    event_cancel(clock, &p->timer);
    event_at(clock, &p->timer, time);
}

enum { LOOK_AGAIN_MS = 100 }; /* consumers of a broker that is down */

void broker_pump(struct broker *b, struct partition *p) {
    const struct sim *sim = b->base.sim;
    bool ordered = b->key_fact >= 0;
    while (p->n && p->busy < b->concurrency && !(ordered && p->hidden) && !sim->closing) {
        if (b->base.gate.down) {
            look_at(b, p, sim->clock.now + LOOK_AGAIN_MS * (NS_PER_S / 1000));
            return;
        }
        uint32_t n = due(b, p);
        if (!n) {
            look_at(b, p, broker_call_of(call_of_wait(p->waiting.next))->stored + b->max_wait);
            return;
        }
        if (b->consumers && b->working.value >= b->consumers) {
            if (list_empty(&p->ready))
                list_append(&b->ready, &p->ready);
            return;
        }
        if (!deliver(b, p, n))
            return;
    }
}

void broker_pump_ready(struct broker *b) {
    while (!list_empty(&b->ready) && !(b->consumers && b->working.value >= b->consumers)) {
        struct partition *p = container_of(b->ready.next, struct partition, ready);
        list_remove(&p->ready);
        broker_pump(b, p);
        if (b->base.sim->full)
            return;
    }
}

void broker_pump_all(struct broker *b) {
    broker_pump_ready(b);
    for (int64_t i = 0; i < b->n_partitions; i++)
        broker_pump(b, &b->partition[i]);
}

/* ---- crashes */

struct kept {
    struct list link;
    struct partition *at;
    ns_t stored;
    uint64_t seq, key, id;
    uint32_t deliveries;
    uint16_t class;
    double fact[];
};

/* While a crash goes through the calls no new ones can be made. */
void broker_keep(struct broker *b, const struct broker_call *m) {
    struct sim *sim = b->base.sim;
    const struct request *r = m->base.req;
    if (!b->copies.size)
        pool_init(&b->copies, sizeof(struct kept) + sim->n_facts * sizeof(double));
    struct kept *k = pool_get(&b->copies);
    *k = (struct kept){.at = m->at,
                       .stored = m->stored,
                       .seq = m->seq,
                       .key = m->base.key,
                       .id = r->id,
                       .deliveries = m->deliveries,
                       .class = r->class};
    memcpy(k->fact, r->fact, sim->n_facts * sizeof *k->fact);
    list_append(&b->kept, &k->link);
    if (!event_pending(&b->reopen))
        event_at(&sim->clock, &b->reopen, sim->clock.now);
}

void broker_reopen(struct event *ev) {
    struct broker *b = container_of(ev, struct broker, reopen);
    struct sim *sim = b->base.sim;
    while (!list_empty(&b->kept)) {
        struct kept *k = container_of(b->kept.next, struct kept, link);
        struct call *c = call_open(&b->base, ORIGIN_DERIVED);
        if (!c)
            return;
        struct broker_call *m = broker_call_of(c);
        m->role = ROLE_MESSAGE;
        m->in = NULL;
        m->at = k->at;
        m->stored = k->stored;
        m->seq = k->seq;
        m->deliveries = k->deliveries;
        c->result = RESULT_MESSAGE;
        c->req->id = k->id;
        c->key = c->req->key = k->key;
        request_classify(sim, c->req, k->class);
        memcpy(c->req->fact, k->fact, sim->n_facts * sizeof *k->fact);
        list_remove(&k->link);
        pool_put(&b->copies, k);
        call_begin(c);
        broker_again(b, m);
    }
    broker_pump_all(b);
}
