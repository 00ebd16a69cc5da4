/* Asynchronous replication: writes at one component reach its copies a while later.
 *
 * Each write is sent to each copy at once, and is applied there when its lag has passed; its reply
 * to the user waits for none of that. A read at a copy misses the writes that have not been applied
 * there yet. How stale it is, is the age of the oldest of those: the copy is what the original was
 * so long ago, or better. A copy that misses nothing has a staleness of 0.
 *
 * While the link, the copy or the original is down nothing gets through: what was under way is
 * lost, what is written waits in the log of the original, and after a connection has been tried
 * again all of it is sent, as fast as the link carries it. */
#include <math.h>
#include <string.h>

#include "agent/registry.h"
#include "core/region.h"
#include "core/sim.h"

enum { PURPOSE_WRITE = 0x77726974 };

struct link;

struct replication {
    struct node base;
    struct node *from;
    struct edge_list to;
    struct quantity *lag;
    double rate, share, bandwidth; /* writes a second; of the calls at `from`; writes a second */
    ns_t reconnect;
    bool in_order;

    struct link *link; /* one a copy */
    struct pool pool;
    struct gate_ear ear; /* at `from` */
    struct event next;   /* write of the rate */
    struct rng rng;      /* of their gaps: they belong to no call */
    uint64_t writes, resent, reads, fresh;
    struct integral behind;
    struct spreads staleness, delay;
};

/* To one copy. */
struct link {
    struct replication *of;
    struct edge *edge;
    struct list pending;  /* writes that have not been applied, in the order they were made */
    struct write *unsent; /* the first of those that are not under way */
    struct event pump;    /* the next one may be sent */
    ns_t last;            /* when the latest of those under way arrives */
    struct gate_ear ear;
    struct rng rng;
};

struct write {
    struct list place;
    struct link *link;
    struct event event; /* arrives */
    ns_t time;
    uint64_t serial;
    bool sent;
};

static struct replication *replication_of(struct node *n) {
    return container_of(n, struct replication, base);
}
static struct write *write_at(struct list *l) {
    return container_of(l, struct write, place);
}
static struct clock *clock_of(const struct link *l) {
    return &l->of->base.sim->clock;
}

/* ---- the link */

static bool cut(const struct link *l) {
    const struct gate *way = &l->edge->gate;
    return way->down || way->loss >= 1 || l->edge->to->gate.down || l->of->from->gate.down;
}

/* From when it is sent until it is applied, if nothing comes in between. */
static ns_t draw_lag(struct link *l) {
    const struct replication *r = l->of;
    const struct quantity *q = r->lag;
    double s = q->kind == QUANTITY_DIST ? q->scale * dist_draw(q->dist, &l->rng)
                                        : quantity_at(q, ns_to_s(sim_time(r->base.sim)));
    return ns_from_s(s * node_slow(&r->base) + l->edge->gate.added + l->edge->to->gate.added);
}

static struct write *first_unsent(struct link *l, struct list *from) {
    for (struct list *at = from; at != &l->pending; at = at->next)
        if (!write_at(at)->sent)
            return write_at(at);
    return NULL;
}

static void send(struct link *l, struct write *w) {
    ns_t at = clock_of(l)->now + draw_lag(l);
    if (l->of->in_order && at < l->last)
        at = l->last;
    l->last = at;
    w->sent = true;
    event_at(clock_of(l), &w->event, at);
    l->unsent = first_unsent(l, w->place.next);
}

static void pump(struct event *ev) {
    struct link *l = container_of(ev, struct link, pump);
    ns_t now = clock_of(l)->now;
    while (l->unsent) {
        if (cut(l)) {
            event_at(clock_of(l), ev, now + l->of->reconnect);
            return;
        }
        send(l, l->unsent);
        if (l->of->bandwidth > 0) {
            event_at(clock_of(l), ev, now + ns_from_s(1 / l->of->bandwidth));
            return;
        }
    }
}

static void kick(struct link *l) {
    if (!event_pending(&l->pump))
        pump(&l->pump);
}

static void applied(struct write *w) {
    struct replication *r = w->link->of;
    ns_t now = clock_of(w->link)->now;
    spreads_add(&r->delay, r->base.sim->segment, now - w->time);
    integral_add(&r->behind, now, -1);
    list_remove(&w->place);
    pool_put(&r->pool, w);
}

/* What was under way when the link broke is lost, and in a stream all that came behind it. */
static bool lost(const struct write *w) {
    struct link *l = w->link;
    double rate = l->edge->gate.error_rate;
    return cut(l) || (l->of->in_order && l->pending.next != &w->place) ||
           (rate > 0 && rng_unit(&l->rng) < rate);
}

static void arrive(struct event *ev) {
    struct write *w = container_of(ev, struct write, event);
    struct link *l = w->link;
    if (!lost(w)) {
        applied(w);
        return;
    }
    l->of->resent++;
    w->sent = false;
    if (!l->unsent || w->serial < l->unsent->serial)
        l->unsent = w;
    if (!event_pending(&l->pump))
        event_at(clock_of(l), &l->pump, clock_of(l)->now + l->of->reconnect);
}

/* ---- writes and reads */

static void write(struct replication *r) {
    ns_t now = r->base.sim->clock.now;
    r->writes++;
    for (uint32_t i = 0; i < r->to.n; i++) {
        struct link *l = &r->link[i];
        struct write *w = pool_get(&r->pool);
        *w = (struct write){.link = l, .time = now, .serial = r->writes};
        event_init(&w->event, arrive);
        list_append(&l->pending, &w->place);
        integral_add(&r->behind, now, 1);
        if (!l->unsent)
            l->unsent = w;
        kick(l);
    }
}

static void schedule(struct replication *r) {
    double gap = r->rate > 0 ? rng_exponential(&r->rng) / r->rate : (double)INFINITY;
    if (gap < 4e9)
        event_at(&r->base.sim->clock, &r->next, r->base.sim->clock.now + ns_from_s(gap));
}

static void write_now(struct event *ev) {
    struct replication *r = container_of(ev, struct replication, next);
    schedule(r);
    if (!r->from->gate.down)
        write(r);
}

static void heard_call(struct gate_ear *ear, struct call *c) {
    struct replication *r = container_of(ear, struct replication, ear);
    struct rng own = {rng_key(c->key ^ r->base.salt, PURPOSE_WRITE)};
    if (rng_unit(&own) < r->share)
        write(r);
}

static void heard_read(struct gate_ear *ear, struct call *c) {
    struct link *l = container_of(ear, struct link, ear);
    struct replication *r = l->of;
    bool fresh = list_empty(&l->pending);
    ns_t age = fresh ? 0 : c->node->sim->clock.now - write_at(l->pending.next)->time;
    r->reads++;
    r->fresh += fresh;
    spreads_add(&r->staleness, r->base.sim->segment, age);
}

/* ---- set-up */

/* A fault of the link between two regions finds the edges by their home. */
static bool attach(struct node *n, struct error *e) {
    struct replication *r = replication_of(n);
    if (r->from->type->flags & NODE_UNCALLED)
        return error_set(e, "from: '%s' (%s) is not called, and keeps nothing", r->from->address,
                         r->from->type->kind);
    for (uint32_t i = 0; i < r->to.n; i++) {
        if (r->to.at[i].to == r->from)
            return error_set(e, "to: '%s' is where the writes come from", r->from->address);
        r->to.at[i].home = region_around(r->from);
    }
    return true;
}

static bool seal(struct node *n, struct error *e) {
    struct replication *r = replication_of(n);
    if (r->lag->kind > QUANTITY_SIGNAL)
        return error_set(e, "lag: it wants a duration, a distribution or a signal: a copy knows "
                            "nothing of requests");
    pool_init(&r->pool, sizeof(struct write));
    r->link = arena_alloc(&n->sim->arena, r->to.n * sizeof *r->link);
    r->rng.state = rng_key(n->salt, rng_hash("writes"));
    event_init(&r->next, write_now);
    r->ear.heard = heard_call;
    if (r->share > 0)
        gate_listen(&r->from->gate, &r->ear);
    for (uint32_t i = 0; i < r->to.n; i++) {
        struct link *l = &r->link[i];
        *l = (struct link){.of = r, .edge = &r->to.at[i], .ear.heard = heard_read};
        l->rng.state = rng_key(n->salt, rng_hash(l->edge->to->address));
        list_init(&l->pending);
        event_init(&l->pump, pump);
        gate_listen(&l->edge->to->gate, &l->ear);
    }
    return true;
}

static void start(struct node *n) {
    struct replication *r = replication_of(n);
    if (!(r->share > 0))
        schedule(r);
}

/* Gaps have no memory: a new rate begins one afresh. */
static void changed(struct node *n, const struct param *p) {
    struct replication *r = replication_of(n);
    if (strcmp(p->name, "writes") || r->share > 0)
        return;
    if (event_pending(&r->next))
        event_cancel(&n->sim->clock, &r->next);
    schedule(r);
}

static void release(struct node *n) {
    pool_release(&replication_of(n)->pool);
}

static bool check(struct node *n, struct error *e) {
    struct replication *r = replication_of(n);
    int64_t behind = 0;
    for (uint32_t i = 0; i < r->to.n; i++) {
        struct link *l = &r->link[i];
        if (l->unsent != first_unsent(l, l->pending.next) ||
            (l->unsent && !event_pending(&l->pump)))
            return error_set(e, "copy %u: a write is forgotten", i + 1);
        for (struct list *at = l->pending.next; at != &l->pending; at = at->next, behind++)
            if (write_at(at)->sent != event_pending(&write_at(at)->event))
                return error_set(e, "copy %u: a write is under way and is not", i + 1);
    }
    return (behind == r->behind.value && behind == r->pool.live) ||
           error_set(e, "%lld writes are to be applied, %lld are counted, %u are there",
                     (long long)behind, (long long)r->behind.value, r->pool.live);
}

static const struct param params[] = {
    PARAM(REF, "from", struct replication, from, NULL, "where writes are made", .flags = REQUIRED),
    PARAM(NODES, "to", struct replication, to, NULL,
          "its copies, a list of addresses: each call there is a read", .flags = REQUIRED),
    PARAM(QUANTITY, "lag", struct replication, lag, "0s",
          "from when a write is sent until it is applied at a copy, drawn for each copy",
          .flags = WORK, .unit = UNIT_TIME),
    PARAM(NUMBER, "writes", struct replication, rate, "1",
          "writes a second, at random, while `from` is up; with `share` they are calls instead",
          .flags = LIVE, .max = 1e6),
    PARAM(RATIO, "share", struct replication, share, "0",
          "share of the calls at `from` that are writes; 0: `writes` says how many there are",
          .max = 1),
    PARAM(NUMBER, "bandwidth", struct replication, bandwidth, "0",
          "writes a second that the link to a copy carries; 0: any number", .flags = LIVE,
          .max = 1e9),
    PARAM(TIME, "reconnect", struct replication, reconnect, "1s",
          "between attempts to get through while the link or one of its ends is down",
          .flags = LIVE, .min = 1e-3, .max = 1e6),
    PARAM(BOOL, "in_order", struct replication, in_order, "true",
          "a copy applies writes in the order in which they were made: none overtakes another"),
    {0},
};

static const struct metric metrics[] = {
    METRIC(SPREAD, "staleness", struct replication, staleness,
           "age of the oldest write that a read at a copy misses; 0 when it misses none"),
    METRIC(RATIO, "fresh", struct replication, fresh, "share of reads at copies that miss nothing",
           .offset2 = offsetof(struct replication, reads)),
    METRIC(SPREAD, "delay", struct replication, delay,
           "from a write until it is applied at a copy, of those applied"),
    METRIC(INTEGRAL, "behind", struct replication, behind,
           "writes that are not applied yet, all copies together, mean over time"),
    METRIC(COUNTER, "writes", struct replication, writes, "writes made"),
    METRIC(COUNTER, "resent", struct replication, resent,
           "writes that were lost on the way and are sent again"),
    {0},
};

const struct node_type replication_type = {
    .kind = "replication",
    .summary = "copies writes from one component to others, some time later",
    .follows = "asynchronous replication of a log (PostgreSQL streaming, MySQL binlog)",
    .example = "replication { name = \"copy\", from = \"us.store\", to = { \"eu.store\" }, lag = "
               "exponential { mean = \"1s\" } }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct replication),
    .flags = NODE_AGENT | NODE_RESOURCE,
    .ops = {.attach = attach,
            .seal = seal,
            .start = start,
            .set = changed,
            .release = release,
            .check = check},
};
