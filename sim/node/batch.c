/* A dynamic batcher: calls wait for each other, go on together, and are answered together. */
#include "node/batch.h"

#include <math.h>

#include "node/registry.h"

static const char *const result_names[] = {"item", "batch", NULL};

static void delay_over(struct event *ev) {
    batch_form(container_of(ev, struct batch, timer));
}

static void accept(struct node *n, struct call *c) {
    struct batch *b = batch_of(n);
    batch_call_of(c)->is_batch = false;
    if (b->max_queue && b->queue.n >= b->max_queue) {
        b->rejected++;
        batch_call_of(c)->waits = false;
        batch_call_of(c)->in = NULL;
        call_finish(c, OUTCOME_ERROR);
        return;
    }
    batch_enqueue(b, c);
    batch_form(b);
}

/* Takes the items off a batch that ends; the next one. */
static struct call *next_item(struct batch_call *m) {
    if (list_empty(&m->items))
        return NULL;
    struct call *c = call_of_wait(m->items.next);
    list_remove(&c->wait);
    batch_call_of(c)->in = NULL;
    m->n--;
    return c;
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct batch *b = batch_of(n);
    for (struct call *item; (item = next_item(batch_call_of(c)));) {
        call_shared(item, c, c->start);
        call_pass(item, sub);
    }
    integral_add(&b->running, n->sim->clock.now, -1);
    call_pass(c, sub);
    batch_form(b);
}

static void milestone(struct node *n, struct call *c, struct call *sub, enum milestone what) {
    struct batch_call *m = batch_call_of(c);
    (void)n, (void)sub;
    m->started = true;
    for (struct list *l = m->items.next; l != &m->items; l = l->next)
        call_milestone(call_of_wait(l), what);
}

/* ---- leaving */

/* One that has not begun shrinks, and is given up when nobody is left in it; one that has begun
 * runs on. */
static void leave_batch(struct batch *b, struct call *c) {
    struct batch_call *m = batch_call_of(c)->in;
    struct call *batch = &m->waiter.base;
    list_remove(&c->wait);
    batch_call_of(c)->in = NULL;
    m->n--;
    if (m->started)
        return;
    batch_add_facts(b, batch, c, -1);
    if (m->n)
        return;
    integral_add(&b->running, b->base.sim->clock.now, -1);
    call_finish(batch, OUTCOME_CANCELLED);
    batch_form(b);
}

/* Everything here is to end: only the books are put right, and nothing is sent. */
static void crash(struct batch *b, struct batch_call *m) {
    if (m->is_batch) {
        while (next_item(m)) {
        }
        integral_add(&b->running, b->base.sim->clock.now, -1);
    } else if (m->waits)
        batch_unqueue(b, m);
    else if (m->in) {
        list_remove(&m->waiter.base.wait);
        m->in->n--;
        m->in = NULL;
    }
    if (!b->queue.n)
        event_cancel(&b->base.sim->clock, &b->timer);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct batch *b = batch_of(n);
    struct batch_call *m = batch_call_of(c);
    if (cause == CAUSE_CRASH)
        crash(b, m);
    else if (m->waits)
        batch_unqueue(b, m);
    else if (m->in) {
        if (cause == CAUSE_QUEUED && m->in->started)
            return false;
        leave_batch(b, c);
    }
    return true;
}

/* ---- life */

static bool read_preferred(struct batch *b, struct error *e) {
    const struct value *v = &b->preferred_value;
    if (v->type == VALUE_NIL)
        return true;
    if (v->type != VALUE_TABLE || !v->table.n || v->table.n > MOST_PREFERRED)
        return error_set(e, "preferred_batch_size: it wants a list of sizes such as { 4, 8 }");
    for (uint32_t i = 0; i < v->table.n; i++) {
        double x;
        if (!value_number(&v->table.at[i].value, UNIT_NONE, &x, "preferred_batch_size", e))
            return false;
        if (x != floor(x) || x < 1 || x > 1e9)
            return error_set(e, "preferred_batch_size: %g is no size of a batch", x);
        if (i && (int64_t)x <= b->preferred[i - 1])
            return error_set(e, "preferred_batch_size: the sizes must increase");
        b->preferred[b->n_preferred++] = (int64_t)x;
    }
    return true;
}

static bool init(struct node *n, struct error *e) {
    batch_of(n)->size_fact = sim_fact(n->sim, "batch_size");
    return read_preferred(batch_of(n), e);
}

static bool seal(struct node *n, struct error *e) {
    struct batch *b = batch_of(n);
    if (b->n_preferred && b->preferred[b->n_preferred - 1] > b->max_size)
        return error_set(e, "preferred_batch_size: %lld is more than max_batch_size (%lld)",
                         (long long)b->preferred[b->n_preferred - 1], (long long)b->max_size);
    b->servers = schema_find(b->to.to->type, "servers", &(struct error){{0}});
    queue_init(&b->queue, n->sim, (enum discipline)b->discipline, n->salt);
    list_init(&b->ages);
    event_init(&b->timer, delay_over);
    return true;
}

static void changed(struct node *n, const struct param *p) {
    (void)p;
    batch_form(batch_of(n));
}

static bool probe(struct node *n, enum probe what, double *answer) {
    *answer = batch_of(n)->queue.n;
    return what == PROBE_QUEUE;
}

static void release(struct node *n) {
    queue_release(&batch_of(n)->queue);
}

static const struct param params[] = {
    PARAM(INTEGER, "max_batch_size", struct batch, max_size, NULL, "items of a batch at most",
          .flags = REQUIRED | LIVE, .min = 1, .max = 1e9),
    PARAM(TIME, "max_queue_delay", struct batch, max_delay, "0s",
          "so long an item may wait for others; 0: what is there goes at once", .flags = LIVE),
    PARAM(VALUE, "preferred_batch_size", struct batch, preferred_value, NULL,
          "sizes that go at once, the largest that is there: a list such as { 4, 8 }; "
          "max_batch_size without it",
          .flags = EARLY),
    PARAM(INTEGER, "instances", struct batch, instances, "0",
          "batches under way at most; 0: as many as what it calls has servers, or 1", .flags = LIVE,
          .max = 1e9),
    PARAM(INTEGER, "max_queue_size", struct batch, max_queue, "0",
          "items that may wait; one more is answered with an error at once; 0: no limit",
          .flags = LIVE, .max = 1e9),
    PARAM(CHOICE, "discipline", struct batch, discipline, "fifo", "who goes first",
          .choices = discipline_names),
    PARAM(NODE, "to", struct batch, to, NULL,
          "what works on a batch: a request with the fact batch_size and the sums of its items' "
          "facts, of the class of its first item",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "queue", struct batch, queued, "items that wait, mean over time"),
    METRIC(COUNTER, "batches", struct batch, batches, "batches sent"),
    METRIC(PER, "batch_size", struct batch, items, "items of a batch as it was sent, on average",
           .offset2 = offsetof(struct batch, batches)),
    METRIC(INTEGRAL, "running", struct batch, running, "batches under way, mean over time"),
    METRIC(COUNTER, "rejected", struct batch, rejected, "items refused because the queue was full"),
    {0},
};

/* ---- full audit */

struct tally {
    int64_t waiting, going, batches, held; /* items that wait, and in batches; what these count */
    bool odd;
};

static void look(void *ctx, void *object) {
    struct tally *t = ctx;
    struct call *c = object;
    const struct batch_call *m = batch_call_of(c);
    if (c->travelling)
        return;
    if (m->is_batch) {
        t->batches++;
        t->held += m->n;
        return;
    }
    t->waiting += m->waits;
    t->going += m->in != NULL;
    t->odd = t->odd || m->waits == (m->in != NULL);
}

static bool check(struct node *n, struct error *e) {
    struct batch *b = batch_of(n);
    struct tally t = {0};
    pool_each(&n->calls, look, &t);
    if (t.odd || t.waiting != b->queue.n || b->queued.value != t.waiting)
        return error_set(e, "%lld items wait, the queue counts %u, its metric %lld",
                         (long long)t.waiting, b->queue.n, (long long)b->queued.value);
    if (!queue_check(&b->queue))
        return error_set(e, "the queue counts %u items, its lists hold others", b->queue.n);
    return (t.batches == b->running.value && t.held == t.going) ||
           error_set(e, "%lld batches hold %lld items, its metric says %lld, and %lld items go",
                     (long long)t.batches, (long long)t.held, (long long)b->running.value,
                     (long long)t.going);
}

const struct node_type batch_type = {
    .kind = "batch",
    .summary = "lets calls wait for each other and sends them on together",
    .follows = "NVIDIA Triton's dynamic batcher",
    .example = "batch { max_batch_size = 16, max_queue_delay = \"5ms\",\n"
               "  station { servers = 2, service = linear { \"6ms\", batch_size = \"1.2ms\" } } }",
    .params = params,
    .metrics = metrics,
    .results = result_names,
    .size = sizeof(struct batch),
    .call_size = sizeof(struct batch_call),
    .flags = NODE_KEEPS,
    .ops = {.init = init,
            .seal = seal,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .milestone = milestone,
            .set = changed,
            .probe = probe,
            .check = check,
            .release = release},
};
