#include "node/batch.h"

#include <string.h>

/* ---- the queue */

void batch_enqueue(struct batch *b, struct call *c) {
    struct batch_call *m = batch_call_of(c);
    m->waits = true;
    m->in = NULL;
    m->joined = b->base.sim->clock.now;
    queue_push(&b->queue, &m->waiter);
    list_append(&b->ages, &m->age);
    integral_add(&b->queued, m->joined, 1);
}

void batch_unqueue(struct batch *b, struct batch_call *m) {
    m->waits = false;
    queue_remove(&b->queue, &m->waiter);
    list_remove(&m->age);
    integral_add(&b->queued, b->base.sim->clock.now, -1);
}

static ns_t oldest(const struct batch *b) {
    return container_of(b->ages.next, struct batch_call, age)->joined;
}

/* ---- when, and how many */

/* Batches that may be under way. */
static int64_t room(const struct batch *b) {
    if (b->instances)
        return b->instances;
    double n = b->servers ? schema_number(b->to.to, b->servers) : 1;
    return n >= 1 ? (int64_t)n : 1;
}

/* How many go now; 0: wait for more until the oldest has waited long enough. As in Triton
 * (dynamic_batch_scheduler.cc, GetDynamicBatch): the largest preferred size that is there, unless
 * the delay has been exceeded; a delay of 0 never is. */
static int64_t ready(const struct batch *b) {
    int64_t n = b->queue.n < b->max_size ? b->queue.n : b->max_size, best = 0,
            largest = b->max_size;
    bool exceeded = b->max_delay > 0 && b->base.sim->clock.now - oldest(b) >= b->max_delay;
    for (uint32_t i = 0; i < b->n_preferred; i++) {
        largest = b->preferred[i] < b->max_size ? b->preferred[i] : b->max_size;
        if (b->preferred[i] <= n)
            best = b->preferred[i];
    }
    if (best && !exceeded)
        return best;
    return exceeded || b->max_delay == 0 || n >= largest ? n : 0;
}

/* ---- batches */

void batch_add_facts(struct batch *b, struct call *batch, const struct call *item, double sign) {
    double *sum = batch->req->fact;
    for (uint32_t i = 0; i < b->base.sim->n_facts; i++)
        sum[i] += sign * item->req->fact[i];
    sum[b->size_fact] = batch_call_of(batch)->n;
}

static void take(struct batch *b, struct call *batch, struct batch_call *item) {
    struct call *c = &item->waiter.base;
    batch_unqueue(b, item);
    call_phase(c, PHASE_WAIT, b->base.sim->clock.now - item->joined);
    item->in = batch_call_of(batch);
    list_append(&batch_call_of(batch)->items, &c->wait);
    batch_call_of(batch)->n++;
    batch_add_facts(b, batch, c, 1);
}

/* False: the model is full. */
static bool send(struct batch *b, int64_t n) {
    struct sim *sim = b->base.sim;
    struct call *c = call_open(&b->base, ORIGIN_DERIVED);
    if (!c)
        return false;
    struct batch_call *m = batch_call_of(c),
                      *first = container_of(queue_peek(&b->queue), struct batch_call, waiter);
    m->is_batch = true;
    m->waits = m->started = false;
    m->n = 0;
    list_init(&m->items);
    request_classify(sim, c->req, first->waiter.base.req->class);
    c->key = c->req->key = rng_key(first->waiter.base.key ^ b->base.salt, 1);
    c->result = RESULT_BATCH;
    memset(c->req->fact, 0, sim->n_facts * sizeof *c->req->fact);
    for (int64_t i = 0; i < n; i++)
        take(b, c, container_of(queue_peek(&b->queue), struct batch_call, waiter));
    b->batches++;
    b->items += (uint64_t)n;
    integral_add(&b->running, sim->clock.now, 1);
    call_begin(c);
    call_send(c, &b->to);
    return true;
}

void batch_form(struct batch *b) {
    struct clock *clock = &b->base.sim->clock;
    while (b->queue.n && b->running.value < room(b)) {
        int64_t n = ready(b);
        ns_t until = oldest(b) + b->max_delay;
        if (!n && event_pending(&b->timer) && b->timer.time == until)
            return;
        event_cancel(clock, &b->timer);
        if (!n)
            event_at(clock, &b->timer, until);
        if (!n || !send(b, n))
            return;
    }
}
