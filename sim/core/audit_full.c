/* The full audit: after every event, everything that is alive. */
#include <math.h>
#include <stdio.h>

#include "core/audit.h"
#include "core/schema.h"

struct walk {
    struct sim *sim;
    struct node *node;
    struct error *e;
    bool good;
    uint64_t live, sent;        /* calls of the node; those that came over an edge */
    uint64_t children, subs;    /* of all nodes: calls with a caller; entries in lists of subs */
    uint64_t holds, references; /* of all nodes; of all requests */
};

static bool linked(const struct list *l) {
    return l->next->prev == l && l->prev->next == l;
}

/* ---- calls: each answers with what is wrong, or NULL
 * ---------------------------------------------
 */

static const char *wrong_timer(const struct clock *k, const struct event *t) {
    if (!event_pending(t))
        return NULL;
    if (!t->fire || t->time < k->now)
        return "its timer should have fired";
    if (!t->line)
        return NULL;
    if (!linked(&t->link))
        return "its place in a delay line is broken";
    if (t->link.next == &t->line->waiting)
        return NULL;
    const struct event *next = container_of(t->link.next, struct event, link);
    bool in_order = event_pending(next) && next->line == t->line &&
                    (next->time > t->time || (next->time == t->time && next->seq > t->seq));
    return in_order ? NULL : "the delay line behind it is out of order";
}

static const char *wrong_caller(const struct call *c) {
    if (!c->parent)
        return c->holds ? NULL : "it has neither a caller nor a hold on its request";
    if (!c->via || c->parent->state != CALL_LIVE || c->parent->node != c->via->from)
        return "its caller is another one, or has ended";
    if (c->parent->req != c->req)
        return "its caller is about another request";
    if (c->deadline > c->parent->deadline)
        return "its deadline is later than its caller's";
    const struct call *first = c->parent->subs;
    return first && (first == c || c->prev->next == c)
               ? NULL
               : "its place among its caller's calls is broken";
}

static const char *wrong_request(const struct sim *sim, const struct call *c) {
    const struct request *r = c->req;
    if (!r->refs || r->class >= sim->n_classes || r->cell >= sim->n_segments * sim->n_classes ||
        r->cell % sim->n_classes != r->class)
        return "its request has ended, or is of no class";
    return c->start < r->arrival ? "it began before its request arrived" : NULL;
}

static const char *wrong_subs(struct walk *w, const struct call *c) {
    const struct call *last = NULL;
    for (const struct call *sub = c->subs; sub; last = sub, sub = sub->next, w->subs++) {
        if (sub->parent != c || sub->state != CALL_LIVE)
            return "what it waits for has ended, or waits for another one";
        if (last && sub->prev != last)
            return "the list of what it waits for is broken";
    }
    return !c->subs || c->subs->prev == last ? NULL : "the list of what it waits for is broken";
}

/* Its link is zero until it first stands in a queue, and points at itself after it left. */
static bool queued(const struct call *c) {
    return c->wait.next && !list_empty(&c->wait);
}

/* A node that keeps calls in structures of its own has to find them there by its own check. */
static bool waits(const struct call *c) {
    return event_pending(&c->timer) || c->subs || queued(c) || (c->node->type->flags & NODE_KEEPS);
}

static const char *wrong_call(struct walk *w, const struct call *c) {
    const struct sim *sim = w->sim;
    const char *what;
    if (c->state != CALL_LIVE || c->queued || c->milestones)
        return "it has ended, or has something to tell, and nobody was told";
    if (c->node != w->node || (c->via && c->via->to != w->node))
        return "it belongs to another component";
    if (c->start > sim->clock.now)
        return "it begins in the future";
    if ((what = wrong_timer(&sim->clock, &c->timer)) || (what = wrong_caller(c)) ||
        (what = wrong_request(sim, c)) || (what = wrong_subs(w, c)))
        return what;
    if (c->travelling && !event_pending(&c->timer))
        return "it is on its way and never arrives";
    if (queued(c) && !linked(&c->wait))
        return "its place in a queue is broken";
    return waits(c) ? NULL : "it waits for nothing and would never end";
}

static void look_at_call(void *ctx, void *object) {
    struct walk *w = ctx;
    const struct call *c = object;
    if (!w->good)
        return;
    w->live++;
    const char *what = wrong_call(w, c);
    if (what) {
        w->good = audit_bug(w->sim, w->node, w->e, "a call of request %llu: %s",
                            (unsigned long long)c->req->id, what);
        return;
    }
    w->sent += c->via != NULL;
    w->children += c->parent != NULL;
    w->holds += c->holds;
}

/* ---- nodes
 * -------------------------------------------------------------------------------------------
 */

/* Reads free objects, which the address sanitizer hides. */
__attribute__((no_sanitize("address"))) static bool pool_whole(const struct pool *p) {
    uint32_t idle = 0;
    for (void *o = p->free; o && idle <= p->slots; o = *(void **)o)
        idle++;
    return p->live <= p->slots && idle == p->slots - p->live;
}

static bool look_at_calls(struct walk *w) {
    struct node *n = w->node;
    w->live = w->sent = 0;
    pool_each(&n->calls, look_at_call, w);
    return w->good && (w->live == n->calls.live ||
                       audit_bug(w->sim, n, w->e, "its pool counts %u calls, it has %llu",
                                 n->calls.live, (unsigned long long)w->live));
}

static bool gate_possible(const struct gate *g) {
    if (!g->active)
        return !g->down && g->slow == 1 && g->error_rate == 0 && g->added == 0 && g->loss == 0;
    return g->down >= 0 && g->slow >= 0 && isfinite(g->slow) && g->error_rate >= 0 &&
           g->error_rate <= 1 && g->added >= 0 && g->loss >= 0 && g->loss <= 1 &&
           (g->loss == 0 || g->retransmit > 0);
}

/* Calls at the callee that came over one edge; it may have others of its own (batches, refreshes).
 */
struct passage {
    const struct edge *edge;
    int64_t n;
};

static void count_passage(void *ctx, void *object) {
    struct passage *p = ctx;
    const struct call *c = object;
    p->n += c->via == p->edge && c->state == CALL_LIVE;
}

static bool look_at_edges(struct walk *w, struct node *n) {
    for (uint32_t k = 0; k < n->n_out; k++) {
        const struct edge *x = n->out[k];
        bool own = x->to->callers > 1 || x->meter == &n->meter;
        if (x->from != n || own != (x->meter != NULL))
            return audit_bug(w->sim, n, w->e, "its edge to %s is another's", x->to->address);
        struct passage p = {x, 0};
        pool_each(&x->to->calls, count_passage, &p);
        if (x->in_flight != p.n || (x->meter && x->meter->in_flight.value != p.n))
            return audit_bug(w->sim, n, w->e, "%lld calls are on their way to %s, %lld are there",
                             (long long)x->in_flight, x->to->address, (long long)p.n);
        if (!gate_possible(&x->gate))
            return audit_bug(w->sim, n, w->e, "the fault gate to %s cannot be so", x->to->address);
    }
    return true;
}

static const void *at(const struct node *n, size_t offset) {
    return (const char *)n + offset;
}

static bool look_at_metrics(struct walk *w, struct node *n) {
    for (const struct metric *m = n->type->metrics; m && m->name; m++) {
        bool integral = m->kind == METRIC_INTEGRAL || m->kind == METRIC_SHARE;
        const struct integral *g = at(n, m->offset);
        if (integral && g->value < 0)
            return audit_bug(w->sim, n, w->e, "metric %s is %lld", m->name, (long long)g->value);
        const uint64_t *part = at(n, m->offset), *all = at(n, m->offset2);
        if (m->kind == METRIC_RATIO && *part > *all)
            return audit_bug(w->sim, n, w->e, "metric %s is %llu of %llu", m->name,
                             (unsigned long long)*part, (unsigned long long)*all);
    }
    return true;
}

static bool look_at_node(struct walk *w) {
    struct node *n = w->node;
    struct error why = {{0}};
    if (!look_at_calls(w) || !look_at_edges(w, n) || !look_at_metrics(w, n))
        return false;
    if (!gate_possible(&n->gate))
        return audit_bug(w->sim, n, w->e, "its fault gate cannot be so");
    if (n->type->ops.check && !n->type->ops.check(n, &why))
        return audit_bug(w->sim, n, w->e, "%s", why.text);
    return true;
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------
 */

static void look_at_request(void *ctx, void *object) {
    struct walk *w = ctx;
    w->references += ((const struct request *)object)->refs;
}

static bool look_at_requests(struct walk *w) {
    const struct sim *sim = w->sim;
    if (!pool_whole(&sim->requests))
        return audit_bug(sim, NULL, w->e, "the pool of requests has lost some, or has some twice");
    if (sim->requests.live != sim->live_requests || sim->live_requests > sim->limits.max_in_flight)
        return audit_bug(sim, NULL, w->e, "%llu requests are counted, %u are there",
                         (unsigned long long)sim->live_requests, sim->requests.live);
    pool_each(&w->sim->requests, look_at_request, w);
    return w->references == w->holds ||
           audit_bug(sim, NULL, w->e, "requests are held %llu times by %llu calls",
                     (unsigned long long)w->references, (unsigned long long)w->holds);
}

bool audit_full(struct sim *sim, struct error *e) {
    struct walk w = {.sim = sim, .e = e, .good = true};
    ns_t now = sim->clock.now;
    if (sim->ready)
        return audit_bug(sim, NULL, e, "replies were not delivered");
    if (sim->cut[sim->segment] > now || sim->cut[sim->segment + 1] < now)
        return audit_bug(sim, NULL, e, "segment %u of the run is not the present one",
                         sim->segment);
    for (uint32_t i = 0; i < sim->n_order; i++) /* before anybody goes through them */
        if (!pool_whole(&sim->order[i]->calls))
            return audit_bug(sim, sim->order[i], e,
                             "its pool of calls has lost some, or has some twice");
    for (uint32_t i = 0; i < sim->n_order; i++) {
        w.node = sim->order[i];
        if (!look_at_node(&w))
            return false;
    }
    if (w.children != w.subs)
        return audit_bug(sim, NULL, e, "%llu calls have a caller, callers have %llu",
                         (unsigned long long)w.children, (unsigned long long)w.subs);
    return look_at_requests(&w) && audit_now(sim, e);
}
