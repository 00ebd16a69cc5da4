#include "core/group.h"

#include <math.h>
#include <string.h>

#include "core/gate.h"
#include "core/sim.h"

void group_listen(struct group *g, struct group_ear *ear) {
    ear->next = g->ears;
    g->ears = ear;
}

static void count_ready(struct replica *r, bool ready) {
    struct group *g = r->group;
    g->n_ready += ready ? 1 : -1u;
    integral_add(&g->ready, g->base.sim->clock.now, ready ? 1 : -1);
    for (struct group_ear *ear = g->ears; ear; ear = ear->next)
        ear->changed(ear, (uint32_t)(r - g->at), ready);
}

static bool works(enum replica_state state) {
    return state == REPLICA_READY || state == REPLICA_DRAINING;
}

static void enter_state(struct replica *r, enum replica_state state) {
    struct group *g = r->group;
    enum replica_state from = r->state;
    bool was = from != REPLICA_ABSENT, is = state != REPLICA_ABSENT;
    r->state = state;
    if (works(from) != works(state))
        group_turn_parts(r, works(state));
    if (was != is)
        integral_add(&g->provisioned, g->base.sim->clock.now, is ? 1 : -1);
    if ((from == REPLICA_READY) != (state == REPLICA_READY))
        count_ready(r, state == REPLICA_READY);
}

static void become_ready(struct replica *r) {
    r->since = r->group->base.sim->clock.now;
    enter_state(r, REPLICA_READY);
    group_go_on(r->group);
}

/* ---- leaving */

static void gone(struct replica *r) {
    bool evicted = r->evicted;
    r->evicted = false;
    if (event_pending(&r->event))
        event_cancel(&r->group->base.sim->clock, &r->event);
    enter_state(r, REPLICA_ABSENT);
    if (evicted) /* another one may have waited for the room */
        group_scale(r->group, r->group->count);
}

static void became_idle(struct node *root) {
    struct replica *r = container_of(root->scope, struct replica, scope);
    root->idle_hook = NULL;
    if (r->state == REPLICA_DRAINING)
        gone(r);
}

static void drain(struct replica *r) {
    if (event_pending(&r->event))
        event_cancel(&r->group->base.sim->clock, &r->event);
    if (r->state == REPLICA_STARTING || r->scope.root->meter.in_flight.value == 0) {
        enter_state(r, REPLICA_ABSENT);
        return;
    }
    r->scope.root->idle_hook = became_idle; /* who hears of it may take the last call away */
    enter_state(r, REPLICA_DRAINING);
}

static void each_part(struct replica *r, void (*act)(struct node *)) {
    for (struct replica_part *p = r->parts; p; p = p->next)
        act(p->node);
}

static void go_down(struct node *n) {
    n->gate.down++;
    gate_settle(&n->gate);
}

static void come_back(struct node *n) {
    n->gate.down--;
    gate_settle(&n->gate);
}

/* All of it is down before the first call ends, so that nobody is let in in passing. */
static void machine_goes(struct event *ev) {
    struct replica *r = container_of(ev, struct replica, event);
    struct node *root = r->scope.root;
    r->group->cut_off += (uint64_t)root->meter.in_flight.value;
    root->idle_hook = NULL;
    each_part(r, go_down);
    each_part(r, node_crash);
    each_part(r, come_back);
    gone(r);
}

void group_evict(struct group *g, uint32_t i, ns_t notice) {
    struct replica *r = &g->at[i];
    struct clock *clock = &g->base.sim->clock;
    g->lost++;
    drain(r);
    if (r->state == REPLICA_ABSENT) { /* it had nothing to finish */
        group_scale(g, g->count);
        return;
    }
    r->evicted = true;
    event_init(&r->event, machine_goes);
    event_at(clock, &r->event, clock->now + notice);
}

void group_replace(struct group *g) {
    g->lost--;
    group_scale(g, g->count);
}

/* ---- starting */

static void started(struct event *ev) {
    struct replica *r = container_of(ev, struct replica, event);
    struct group *g = r->group;
    g->cold_time += (uint64_t)(g->base.sim->clock.now - r->ordered);
    g->cold_starts += NS_PER_S;
    become_ready(r);
}

static void lose_contents(struct node *n) {
    if (n->type->ops.flush)
        n->type->ops.flush(n);
}

/* Cold starts belong to no call: each draws from the replica's own key and how often the group has
 * started one. */
static ns_t cold_start(struct replica *r) {
    struct group *g = r->group;
    uint64_t key = rng_key(rng_key(g->base.salt, r->scope.index), ++g->started);
    return cold_start_draw(&g->cold, key, ns_to_s(sim_time(g->base.sim)));
}

static void start(struct replica *r) {
    struct clock *clock = &r->group->base.sim->clock;
    if (r->state == REPLICA_DRAINING) { /* called back before it had left */
        r->scope.root->idle_hook = NULL;
        become_ready(r);
        return;
    }
    ns_t delay = cold_start(r);
    each_part(r, lose_contents);
    r->ordered = clock->now;
    event_init(&r->event, started);
    if (delay) {
        enter_state(r, REPLICA_STARTING);
        event_at(clock, &r->event, clock->now + delay);
    } else
        started(&r->event);
}

void targets_open(struct node *n, struct edge_list *l) {
    struct arena *arena = &n->sim->arena;
    l->n = 0;
    for (uint32_t p = 0; p < l->n_parts; p++) {
        struct edge_part *part = &l->part[p];
        part->first = l->n;
        part->n = part->is_group ? (uint32_t)group_of(part->given)->max : 1;
        l->n += part->n;
    }
    l->at = arena_alloc(arena, l->n * sizeof *l->at);
    l->replica = arena_alloc(arena, l->n * sizeof *l->replica);
    for (uint32_t p = 0; p < l->n_parts; p++)
        for (uint32_t i = 0; i < l->part[p].n; i++) {
            const struct edge_part *part = &l->part[p];
            struct replica *r = part->is_group ? &group_of(part->given)->at[i] : NULL;
            l->replica[part->first + i] = r;
            edge_join(&l->at[part->first + i], n, r ? r->scope.root : part->given);
        }
}

uint32_t targets_ready(const struct edge_list *l) {
    uint32_t n = 0;
    for (uint32_t p = 0; p < l->n_parts; p++)
        n += l->part[p].is_group ? group_of(l->part[p].given)->n_ready : 1;
    return n;
}

void group_scale(struct group *g, int64_t count) {
    int64_t have = 0;
    for (int64_t i = 0; i < g->max; i++)
        have += g->at[i].state == REPLICA_STARTING || g->at[i].state == REPLICA_READY;
    for (int64_t i = 0; i < g->max && have < count - g->lost; i++)
        if (g->at[i].state == REPLICA_ABSENT ||
            (g->at[i].state == REPLICA_DRAINING && !g->at[i].evicted)) {
            have++;
            start(&g->at[i]);
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
    struct group *g = group_of(n);
    list_init(&g->waiting);
    if (!cold_start_read(&g->cold, n->sim, &g->cold_start, e))
        return false;
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
    group_find_parts(g);
    for (int64_t i = 0; i < g->max; i++)
        group_turn_parts(&g->at[i], false);
    for (int64_t i = 0; i < g->count; i++) { /* the run begins with a warm fleet */
        g->at[i].ordered = g->at[i].since = n->sim->clock.now;
        enter_state(&g->at[i], REPLICA_READY);
    }
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
    PARAM(VALUE, "cold_start", struct group, cold_start, NULL,
          "from the order to start a replica until it takes calls: a duration, a distribution, a "
          "signal, or a table of parts that are added up: scheduling, image_pull (of which "
          "image_cached is the share that needs none), model_load, warm_up, readiness"),
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
    METRIC(PER, "cold_start", struct group, cold_time,
           "how long those that became ready had taken, mean",
           .offset2 = offsetof(struct group, cold_starts), .unit = UNIT_TIME),
    METRIC(INTEGRAL, "activator_queue", struct group, queue,
           "calls that wait because no replica is ready, mean over time"),
    METRIC(COUNTER, "cut_off", struct group, cut_off,
           "calls that ended because the machine of their replica was taken away"),
    {0},
};

const uint64_t *group_provisioned_marks(const struct node *n) {
    return n->marks + 2;
}

const struct integral *group_provisioned(const struct node *n) {
    return &((const struct group *)(const void *)n)->provisioned;
}

static bool check(struct node *n, struct error *e) {
    const struct group *g = group_of(n);
    int64_t ready = 0, paid = 0;
    for (int64_t i = 0; i < g->max; i++) {
        const struct replica *r = &g->at[i];
        const struct node *root = r->scope.root;
        ready += r->state == REPLICA_READY;
        paid += r->state != REPLICA_ABSENT;
        if (event_pending(&r->event) != (r->state == REPLICA_STARTING || r->evicted) ||
            (r->evicted && r->state != REPLICA_DRAINING) ||
            (root->idle_hook != NULL) != (r->state == REPLICA_DRAINING) ||
            (root->idle_hook && !root->meter.in_flight.value))
            return error_set(e, "replica %lld is in state %d and waits for something else",
                             (long long)i + 1, (int)r->state);
    }
    int64_t waiting = 0;
    for (const struct list *l = g->waiting.next; l != &g->waiting; l = l->next)
        waiting++;
    if (waiting != g->queue.value || (waiting && (g->n_ready || !g->waker)))
        return error_set(e, "%lld calls wait for a replica, %lld are counted, %u are ready",
                         (long long)waiting, (long long)g->queue.value, g->n_ready);
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
