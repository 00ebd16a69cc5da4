/* A message broker: producers have their answer when the message is stored, and consumers get it
 * when they can. */
#include "node/broker.h"

#include <math.h>
#include <string.h>

#include "node/registry.h"

static const char *const result_names[] = {"publish", "message", "delivery", NULL};
static const char *const on_failures[] = {"wait", "retry", "drop", NULL};

enum { PURPOSE_ACCEPT };

/* ---- producers */

/* By key, as equal keys have to stay in order; otherwise in turn. */
static struct partition *choose(struct broker *b, const struct request *r) {
    uint64_t n = (uint64_t)b->n_partitions;
    if (b->key_fact < 0)
        return &b->partition[b->turn++ % n];
    double x = r->fact[b->key_fact];
    uint64_t bits = 0;
    if (!isnan(x))
        memcpy(&bits, &(double){x + 0.0}, sizeof bits); /* -0 is 0 */
    return &b->partition[rng_mix(bits) % n];
}

/* The message is stored, the producer answered. */
static void store(struct broker *b, struct call *c) {
    struct sim *sim = b->base.sim;
    struct call *copy = call_open(&b->base, ORIGIN_DERIVED);
    if (!copy)
        return; /* the model is full, and the run ends */
    struct broker_call *m = broker_call_of(copy);
    m->role = ROLE_MESSAGE;
    m->in = NULL;
    m->stored = sim->clock.now;
    m->seq = ++b->seq;
    m->deliveries = 0;
    copy->result = RESULT_MESSAGE;
    copy->req->id = c->req->id;
    copy->key = copy->req->key = c->key;
    request_classify(sim, copy->req, c->req->class);
    if (sim->n_facts)
        memcpy(copy->req->fact, c->req->fact, sim->n_facts * sizeof *c->req->fact);
    m->at = choose(b, copy->req);
    b->stored++;
    call_begin(copy);
    call_finish(c, OUTCOME_OK);
    broker_show(b, m);
    broker_pump(b, m->at);
}

static void spend(struct call *c) {
    call_phase(c, PHASE_SERVICE, c->node->sim->clock.now - broker_call_of(c)->began);
}

static void written(struct event *ev) {
    struct call *c = call_of_timer(ev);
    spend(c);
    store(broker_of(c->node), c);
}

static void accept(struct node *n, struct call *c) {
    struct broker *b = broker_of(n);
    struct broker_call *m = broker_call_of(c);
    m->role = ROLE_PUBLISH;
    m->began = n->sim->clock.now;
    if (b->limit && broker_held(b) >= b->limit) {
        b->rejected++;
        call_finish(c, OUTCOME_ERROR);
        return;
    }
    ns_t takes = quantity_ns(b->accept, c, PURPOSE_ACCEPT);
    if (takes > 0)
        call_wake(c, quantity_fixed(b->accept) && !n->gate.active ? &b->accept_line : NULL, takes,
                  written);
    else
        store(b, c);
}

/* ---- consumers */

/* Its lease goes on, or it comes again after a while, or that was it. */
static void failed(struct broker *b, struct broker_call *m, const struct call *sub) {
    struct clock *clock = &b->base.sim->clock;
    bool waits = b->on_failure == FAILURE_WAIT && event_pending(&m->base.timer);
    if (!waits)
        event_cancel(clock, &m->base.timer);
    if (b->on_failure == FAILURE_DROP) {
        b->dropped++;
        call_pass(&m->base, sub);
        return;
    }
    m->state = MESSAGE_HIDDEN;
    m->at->hidden++;
    integral_add(&b->hidden, clock->now, 1);
    if (!waits)
        call_wake(&m->base, &b->retry_line, b->retry_delay, broker_visible);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct broker *b = broker_of(n);
    struct broker_call *d = broker_call_of(c);
    struct partition *p = d->at;
    if (d->role == ROLE_MESSAGE) { /* a dead letter */
        call_pass(c, sub);
        return;
    }
    integral_add(&b->working, n->sim->clock.now, -1);
    while (!list_empty(&d->items)) {
        struct broker_call *m = broker_call_of(call_of_wait(d->items.next));
        broker_unlease(b, m);
        if (!outcome_good(sub->outcome)) {
            failed(b, m, sub);
            continue;
        }
        b->consumed++;
        call_pass(&m->base, sub);
    }
    call_pass(c, sub);
    broker_pump_ready(b);
    broker_pump(b, p);
}

/* ---- leaving */

/* Only a crash takes a message, or a delivery, away. What is stored survives it. */
static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct broker *b = broker_of(n);
    struct broker_call *m = broker_call_of(c);
    ns_t now = n->sim->clock.now;
    (void)cause;
    if (m->role == ROLE_PUBLISH) {
        if (event_pending(&c->timer))
            spend(c);
        return true;
    }
    if (m->role == ROLE_DELIVERY) {
        integral_add(&b->working, now, -1);
        while (!list_empty(&m->items))
            broker_unlease(b, broker_call_of(call_of_wait(m->items.next)));
        return true;
    }
    if (m->state == MESSAGE_WAITS)
        broker_hide(b, m);
    else if (m->in)
        broker_unlease(b, m);
    else if (m->state == MESSAGE_HIDDEN) {
        m->at->hidden--;
        integral_add(&b->hidden, now, -1);
    }
    if (!n->sim->closing && m->state != MESSAGE_DEAD)
        broker_keep(b, m);
    return true;
}

/* ---- life */

static bool init(struct node *n, struct error *e) {
    (void)e;
    broker_of(n)->size_fact = sim_fact(n->sim, "batch_size");
    return true;
}

static void look(struct event *ev) {
    struct partition *p = container_of(ev, struct partition, timer);
    broker_pump(p->of, p);
}

static bool seal(struct node *n, struct error *e) {
    struct broker *b = broker_of(n);
    b->key_fact = b->key ? sim_find_fact(n->sim, b->key) : -1;
    if (b->key && b->key_fact < 0)
        return error_set(e, "key = \"%s\": no workload gives its requests a fact of that name",
                         b->key);
    if (!b->visibility && b->on_failure == FAILURE_WAIT)
        return error_set(e, "on_failure = \"wait\" is to wait for the end of visibility_timeout: "
                            "give one, or on_failure = \"retry\"");
    line_init(&b->accept_line);
    line_init(&b->lease_line);
    line_init(&b->retry_line);
    list_init(&b->ready);
    list_init(&b->kept);
    event_init(&b->reopen, broker_reopen);
    b->partition = arena_alloc(&n->sim->arena, (size_t)b->n_partitions * sizeof *b->partition);
    for (int64_t i = 0; i < b->n_partitions; i++) {
        struct partition *p = &b->partition[i];
        p->of = b;
        list_init(&p->waiting);
        list_init(&p->ready);
        event_init(&p->timer, look);
    }
    return true;
}

static void changed(struct node *n, const struct param *p) {
    (void)p;
    broker_pump_all(broker_of(n));
}

static bool probe(struct node *n, enum probe what, double *answer) {
    *answer = (double)broker_of(n)->backlog.value;
    return what == PROBE_QUEUE;
}

static void release(struct node *n) {
    if (broker_of(n)->copies.size)
        pool_release(&broker_of(n)->copies);
}

static const struct param params[] = {
    PARAM(QUANTITY, "accept", struct broker, accept, "0",
          "time until a message is stored and its producer has the answer", .flags = LIVE | WORK,
          .unit = UNIT_TIME),
    PARAM(INTEGER, "limit", struct broker, limit, "0",
          "messages that are stored at most; one more is answered with an error; 0: no limit",
          .flags = LIVE, .max = 1e9),
    PARAM(TEXT, "key", struct broker, key, NULL,
          "the fact that says which partition a message belongs to; messages of a partition then "
          "stay in order: one that failed holds up those behind it",
          .flags = EARLY),
    PARAM(INTEGER, "partitions", struct broker, n_partitions, "1",
          "queues side by side; without a key messages go to them in turn", .min = 1, .max = 1e5),
    PARAM(INTEGER, "concurrency", struct broker, concurrency, "1",
          "deliveries of a partition that are waited for at the same time; with a key, more than 1 "
          "gives up the order of what is under way",
          .flags = LIVE, .min = 1, .max = 1e9),
    PARAM(INTEGER, "consumers", struct broker, consumers, "0",
          "deliveries in all, busy until they are over, also those whose messages have gone back; "
          "0: no limit",
          .flags = LIVE, .max = 1e9),
    PARAM(INTEGER, "batch_size", struct broker, batch_size, "1",
          "messages of one delivery at most, all of one partition; they succeed or fail together",
          .flags = LIVE, .min = 1, .max = 1e9),
    PARAM(TIME, "max_wait", struct broker, max_wait, "0s",
          "so long a message waits for others to fill the batch", .flags = LIVE),
    PARAM(TIME, "visibility_timeout", struct broker, visibility, "30s",
          "so long a delivered message is hidden; not acknowledged by then it is delivered again, "
          "and the answer to the first delivery counts for nothing; 0: for as long as it takes",
          .flags = LIVE),
    PARAM(CHOICE, "on_failure", struct broker, on_failure, "wait",
          "a consumer has failed: its messages come again when their visibility timeout is over, "
          "or after retry_delay, or are given up (at most once)",
          .choices = on_failures),
    PARAM(TIME, "retry_delay", struct broker, retry_delay, "1s",
          "with on_failure = \"retry\": how long until it comes again", .flags = LIVE, .min = 1e-3,
          .max = 1e6),
    PARAM(INTEGER, "max_deliveries", struct broker, max_deliveries, "0",
          "deliveries after which a message is a dead letter; 0: no limit", .flags = LIVE,
          .max = 1e6),
    PARAM(NODE, "to", struct broker, to, NULL,
          "what consumes a delivery: a request with the fact batch_size and the sums of its "
          "messages' facts, of the class of the first",
          .flags = REQUIRED | CHILD),
    PARAM(NODE, "dead_letter", struct broker, dead, NULL,
          "where dead letters go, one by one; without it they are gone", .needs = "max_deliveries"),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "backlog", struct broker, backlog,
           "messages that wait to be delivered, mean over time"),
    METRIC(INTEGRAL, "not_visible", struct broker, hidden,
           "messages that are delivered, or hidden after a failure, mean over time"),
    METRIC(INTEGRAL, "working", struct broker, working, "deliveries under way, mean over time"),
    METRIC(COUNTER, "stored", struct broker, stored, "messages stored"),
    METRIC(COUNTER, "consumed", struct broker, consumed, "messages acknowledged"),
    METRIC(COUNTER, "deliveries", struct broker, deliveries, "deliveries begun"),
    METRIC(PER, "batch_size", struct broker, handed, "messages of a delivery, on average",
           .offset2 = offsetof(struct broker, deliveries)),
    METRIC(COUNTER, "redelivered", struct broker, redelivered,
           "messages delivered that had been before"),
    METRIC(COUNTER, "dead_lettered", struct broker, dead_lettered,
           "messages given up after max_deliveries"),
    METRIC(COUNTER, "dropped", struct broker, dropped, "messages given up after a failure"),
    METRIC(COUNTER, "rejected", struct broker, rejected, "messages refused because of the limit"),
    {0},
};

/* ---- full audit */

struct tally {
    int64_t waiting, leased, hidden, deliveries;
    bool odd;
};

static void look_at(void *ctx, void *object) {
    struct tally *t = ctx;
    struct call *c = object;
    const struct broker_call *m = broker_call_of(c);
    if (c->travelling)
        return;
    t->deliveries += m->role == ROLE_DELIVERY;
    if (m->role != ROLE_MESSAGE)
        return;
    t->waiting += m->state == MESSAGE_WAITS;
    t->leased += m->state == MESSAGE_LEASED;
    t->hidden += m->state == MESSAGE_HIDDEN;
    t->odd = t->odd || (m->state == MESSAGE_LEASED) != (m->in != NULL) ||
             (m->state == MESSAGE_HIDDEN && !event_pending(&c->timer)) ||
             (m->state == MESSAGE_DEAD && !c->subs);
}

static bool check(struct node *n, struct error *e) {
    const struct broker *b = broker_of(n);
    struct tally t = {0};
    int64_t waiting = 0, hidden = 0;
    pool_each(&n->calls, look_at, &t);
    for (int64_t i = 0; i < b->n_partitions; i++) {
        waiting += b->partition[i].n;
        hidden += b->partition[i].hidden;
    }
    if (t.odd)
        return error_set(e, "a message is neither waiting, nor delivered, nor hidden");
    if (t.waiting != waiting || t.waiting != b->backlog.value || t.hidden != hidden ||
        t.leased + t.hidden != b->hidden.value)
        return error_set(e,
                         "%lld messages wait and %lld do not; the partitions hold %lld, the "
                         "metrics %lld and %lld",
                         (long long)t.waiting, (long long)(t.leased + t.hidden), (long long)waiting,
                         (long long)b->backlog.value, (long long)b->hidden.value);
    return t.deliveries == b->working.value ||
           error_set(e, "%lld deliveries are under way, its metric says %lld",
                     (long long)t.deliveries, (long long)b->working.value);
}

const struct node_type queue_type = {
    .kind = "queue",
    .summary = "a message broker: producers are answered when the message is stored, consumers "
               "work on it when they can",
    .follows = "Amazon SQS without a key (visibility timeout, redrive after maxReceiveCount, "
               "batches of AWS Lambda); with a key SQS FIFO groups and Kafka partitions (in order, "
               "a failed message blocks); unlike SQS, an answer after the visibility timeout never "
               "counts, as a Kafka commit after a rebalance",
    .example = "queue { name = \"orders\", accept = \"5ms\", key = \"user_id\", partitions = 16,\n"
               "  max_deliveries = 5, station { name = \"worker\", servers = 16, service = "
               "\"50ms\" } }",
    .params = params,
    .metrics = metrics,
    .results = result_names,
    .size = sizeof(struct broker),
    .call_size = sizeof(struct broker_call),
    .flags = NODE_KEEPS,
    .ops = {.init = init,
            .seal = seal,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .probe = probe,
            .check = check,
            .release = release},
};
