#include "core/group.h"

#include <math.h>
#include <string.h>

#include "core/sim.h"

static void leave_state(struct replica *r, ns_t now) {
    struct group *g = r->group;
    if (r->state == REPLICA_READY) {
        g->n_ready--;
        integral_add(&g->ready, now, -1);
    }
}

static void enter_state(struct replica *r, enum replica_state state) {
    struct group *g = r->group;
    ns_t now = g->base.sim->clock.now;
    bool was = r->state != REPLICA_ABSENT, is = state != REPLICA_ABSENT;
    leave_state(r, now);
    r->state = state;
    if (state == REPLICA_READY) {
        g->n_ready++;
        r->ready_at = now;
        integral_add(&g->ready, now, 1);
    }
    if (was != is)
        integral_add(&g->provisioned, now, is ? 1 : -1);
}

static void became_idle(struct node *root) {
    struct replica *r = container_of(root->scope, struct replica, scope);
    root->idle_hook = NULL;
    if (r->state == REPLICA_DRAINING)
        enter_state(r, REPLICA_ABSENT);
}

static void drain(struct replica *r) {
    if (event_pending(&r->event))
        event_cancel(&r->group->base.sim->clock, &r->event);
    if (r->state == REPLICA_STARTING || r->scope.root->meter.in_flight.value == 0) {
        enter_state(r, REPLICA_ABSENT);
        return;
    }
    enter_state(r, REPLICA_DRAINING);
    r->scope.root->idle_hook = became_idle;
}

static void started(struct event *ev) {
    enter_state(container_of(ev, struct replica, event), REPLICA_READY);
}

/* Cold starts belong to no call: each draws from the replica's own key and how often the group has
 * started one. */
static ns_t cold_start(struct replica *r) {
    struct group *g = r->group;
    const struct quantity *q = g->cold_start;
    g->started++;
    if (!q)
        return 0;
    if (q->kind != QUANTITY_DIST)
        return ns_from_s(quantity_at(q, ns_to_s(sim_time(g->base.sim))));
    struct rng rng = {rng_key(rng_key(g->base.salt, r->scope.index), g->started)};
    return ns_from_s(q->scale * dist_draw(q->dist, &rng));
}

static void start(struct replica *r) {
    struct clock *clock = &r->group->base.sim->clock;
    if (r->state == REPLICA_DRAINING) { /* called back before it had left */
        r->scope.root->idle_hook = NULL;
        enter_state(r, REPLICA_READY);
        return;
    }
    ns_t delay = cold_start(r);
    enter_state(r, delay ? REPLICA_STARTING : REPLICA_READY);
    if (delay)
        event_at(clock, &r->event, clock->now + delay);
}

void targets_open(struct node *n, struct edge_list *l) {
    if (!l->group)
        return;
    const struct group *g = group_of(l->group);
    l->n = (uint32_t)g->max;
    l->at = arena_alloc(&n->sim->arena, l->n * sizeof *l->at);
    for (uint32_t i = 0; i < l->n; i++)
        edge_join(&l->at[i], n, g->at[i].scope.root);
}

void group_scale(struct group *g, int64_t count) {
    int64_t have = 0;
    for (int64_t i = 0; i < g->max; i++)
        have += g->at[i].state == REPLICA_STARTING || g->at[i].state == REPLICA_READY;
    for (int64_t i = 0; i < g->max && have < count; i++)
        if (g->at[i].state == REPLICA_ABSENT || g->at[i].state == REPLICA_DRAINING) {
            start(&g->at[i]);
            have++;
        }
    for (int64_t i = g->max - 1; i >= 0 && have > count; i--)
        if (g->at[i].state == REPLICA_STARTING || g->at[i].state == REPLICA_READY) {
            drain(&g->at[i]);
            have--;
        }
}

bool group_reserve(struct group *g, struct error *e) {
    if (g->max == 0)
        g->max = g->count;
    if (g->count > g->max)
        return error_set(e, "count = %lld is above max = %lld", (long long)g->count,
                         (long long)g->max);
    if (g->max < 1 || g->max > 100000)
        return error_set(e, "max = %lld: it must lie in 1..100000", (long long)g->max);
    g->built = g->max;
    g->at = arena_alloc(&g->base.sim->arena, (size_t)g->max * sizeof *g->at);
    return true;
}

void group_enter(struct group *g, uint32_t i) {
    struct sim *sim = g->base.sim;
    struct replica *r = &g->at[i];
    r->group = g;
    r->scope = (struct scope){.parent = sim->scope, .owner = &g->base, .index = i + 1};
    event_init(&r->event, started);
    sim->scope = &r->scope;
}

void group_leave(struct group *g, uint32_t i, struct node *root) {
    g->at[i].scope.root = root;
    g->base.sim->scope = g->at[i].scope.parent;
}

/* Both may have been set from outside after the replicas were built. */
static bool seal(struct node *n, struct error *e) {
    const struct group *g = group_of(n);
    if (g->max != g->built)
        return error_set(
            e, "max = %lld: %lld replicas have been built; give max in the file or as a knob",
            (long long)g->max, (long long)g->built);
    return g->count <= g->max ||
           error_set(e, "count = %lld is above max = %lld; set max to what it may grow to",
                     (long long)g->count, (long long)g->max);
}

static void begin(struct node *n) {
    struct group *g = group_of(n);
    for (int64_t i = 0; i < g->count; i++)
        enter_state(&g->at[i], REPLICA_READY); /* the run begins with a warm fleet */
}

static void changed(struct node *n, const struct param *p) {
    struct group *g = group_of(n);
    if (strcmp(p->name, "count"))
        return;
    if (g->count > g->max) {
        sim_fail(n->sim, "%s: %s: count = %lld is above max = %lld; set max to what it may grow to",
                 n->where, n->address, (long long)g->count, (long long)g->max);
        return;
    }
    group_scale(g, g->count);
}

double group_price(const struct node *n) {
    return n->type == &replicas_type ? ((const struct group *)(const void *)n)->hourly : 0;
}

static const struct param params[] = {
    PARAM(INTEGER, "count", struct group, count, NULL, "replicas that run",
          .flags = REQUIRED | LIVE, .min = 0, .max = 1e5),
    PARAM(INTEGER, "max", struct group, max, "0", "replicas that may ever run; 0: count",
          .max = 1e5),
    PARAM(QUANTITY, "cold_start", struct group, cold_start, NULL,
          "from the order to start a replica until it takes calls", .unit = UNIT_TIME),
    PARAM(
        VALUE, "price", struct group, price, NULL,
        "what one replica is made of, such as { vcpu = 12 } or { gpu = \"A10G\" }, or USD an hour; "
        "paid while provisioned, cold start included"),
    PARAM(
        CALLBACK, "build", struct group, build, NULL,
        "function(i) that returns replica i: what it makes is its own, what it captures is shared",
        .flags = REQUIRED),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "replicas", struct group, ready, "replicas that take calls"),
    METRIC(INTEGRAL, "provisioned", struct group, provisioned,
           "replicas that are paid for: starting, ready or draining"),
    METRIC(COUNTER, "started", struct group, started, "replicas started after the beginning"),
    {0},
};

const uint64_t *group_provisioned_marks(const struct node *n) {
    return n->marks + 2;
}

static bool check(struct node *n, struct error *e) {
    const struct group *g = group_of(n);
    int64_t ready = 0, paid = 0;
    for (int64_t i = 0; i < g->max; i++) {
        const struct replica *r = &g->at[i];
        const struct node *root = r->scope.root;
        ready += r->state == REPLICA_READY;
        paid += r->state != REPLICA_ABSENT;
        if (event_pending(&r->event) != (r->state == REPLICA_STARTING) ||
            (root->idle_hook != NULL) != (r->state == REPLICA_DRAINING) ||
            (root->idle_hook && !root->meter.in_flight.value))
            return error_set(e, "replica %lld is in state %d and waits for something else",
                             (long long)i + 1, (int)r->state);
    }
    return (ready == g->n_ready && ready == g->ready.value && paid == g->provisioned.value) ||
           error_set(e, "%lld replicas are ready, %u are counted; %lld are there, %lld are counted",
                     (long long)ready, g->n_ready, (long long)paid,
                     (long long)g->provisioned.value);
}

const struct node_type replicas_type = {
    .kind = "replicas",
    .summary = "a group of equal replicas, each with its own scope pod[1], pod[2], …",
    .example =
        "replicas { name = \"pod\", count = 3, build = function(i) return station { … } end }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct group),
    .flags = NODE_RESOURCE,
    .ops = {.seal = seal, .start = begin, .set = changed, .check = check},
};
