/* Machines that the provider takes away: a notice, some time to drain, the end, and a new one.
 *
 * Each replica has its own exponential lifetime, or with `at_once` a share of them gets notice at
 * the same moment, as when a provider wants a whole kind of machine back. Lifetimes have no memory:
 * notices come as a Poisson stream of as many as there may be replicas, and one that meets a place
 * where none runs meets nobody. */
#include <math.h>

#include "agent/registry.h"
#include "core/group.h"
#include "core/sim.h"

struct spot {
    struct node base;
    struct node *of;
    ns_t mtbf, notice, delay;
    double at_once;

    struct group *group;
    struct event event;
    struct rng rng;
    struct list orders; /* replacements that were not ordered yet, first come, first served */
    struct pool pool;   /* of them */
    uint32_t *running;  /* room for the indices of all */
    uint64_t reclaims, notices;
};

struct order {
    struct spot *spot;
    struct event event;
    struct list link;
};

static struct spot *spot_of(struct node *n) {
    return container_of(n, struct spot, base);
}

/* ---- one machine */

static void replace(struct event *ev) {
    struct order *o = container_of(ev, struct order, event);
    struct spot *s = o->spot;
    list_remove(&o->link);
    pool_put(&s->pool, o);
    group_replace(s->group);
}

static void give_notice(struct spot *s, uint32_t i) {
    struct clock *clock = &s->base.sim->clock;
    s->notices++;
    group_evict(s->group, i, s->notice);
    if (s->delay == 0) {
        group_replace(s->group);
        return;
    }
    struct order *o = pool_get(&s->pool);
    o->spot = s;
    event_init(&o->event, replace);
    list_append(&s->orders, &o->link);
    event_at(clock, &o->event, clock->now + s->delay);
}

/* ---- who is next */

static bool runs(const struct spot *s, uint32_t i) {
    enum replica_state state = s->group->at[i].state;
    return state == REPLICA_STARTING || state == REPLICA_READY;
}

static void reclaim_one(struct spot *s) {
    uint32_t i = (uint32_t)rng_below(&s->rng, (uint64_t)s->group->max);
    if (!runs(s, i))
        return;
    s->reclaims++;
    give_notice(s, i);
}

/* The share is taken of those that run, and rounded up; who goes is drawn before anything starts
 * anew. */
static void reclaim_share(struct spot *s) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->group->max; i++)
        if (runs(s, i))
            s->running[n++] = i;
    uint32_t go = (uint32_t)ceil(s->at_once * n - 1e-9);
    s->reclaims += go > 0;
    for (uint32_t k = 0; k < go; k++) {
        uint32_t pick = k + (uint32_t)rng_below(&s->rng, n - k), i = s->running[pick];
        s->running[pick] = s->running[k];
        s->running[k] = i;
    }
    for (uint32_t k = 0; k < go; k++)
        give_notice(s, s->running[k]);
}

/* So that each one lives for `mtbf` in the mean, whether they go one by one or together. */
static void schedule(struct spot *s) {
    struct clock *clock = &s->base.sim->clock;
    double rate = s->at_once > 0 ? s->at_once : 1 / (double)s->group->max;
    double gap = ns_to_s(s->mtbf) * rate * rng_exponential(&s->rng);
    event_at(clock, &s->event, clock->now + ns_from_s(fmin(gap, 4e9)));
}

static void reclaim(struct event *ev) {
    struct spot *s = container_of(ev, struct spot, event);
    if (s->at_once > 0)
        reclaim_share(s);
    else
        reclaim_one(s);
    schedule(s);
}

static void start(struct node *n) {
    struct spot *s = spot_of(n);
    s->rng.state = rng_key(n->salt, 0x73706f74u);
    event_init(&s->event, reclaim);
    schedule(s);
}

/* What is left of the present gap has no memory either. */
static void changed(struct node *n, const struct param *p) {
    struct spot *s = spot_of(n);
    (void)p;
    if (event_pending(&s->event)) {
        event_cancel(&n->sim->clock, &s->event);
        schedule(s);
    }
}

static bool seal(struct node *n, struct error *e) {
    struct spot *s = spot_of(n);
    s->group = group_of(s->of);
    list_init(&s->orders);
    pool_init(&s->pool, sizeof(struct order));
    s->running = arena_alloc(&n->sim->arena, (size_t)s->group->max * sizeof *s->running);
    if (s->group->spot)
        return error_set(e, "%s is on the machines of %s already", s->group->base.address,
                         s->group->spot->address);
    s->group->spot = n;
    return true;
}

static void release(struct node *n) {
    if (spot_of(n)->group)
        pool_release(&spot_of(n)->pool);
}

static const struct param params[] = {
    PARAM(REF, "of", struct spot, of, NULL, "the replicas { … } that run on such machines",
          .flags = REQUIRED, .ref_kind = "replicas"),
    PARAM(TIME, "mtbf", struct spot, mtbf, NULL, "mean time until a replica gets notice",
          .flags = REQUIRED | LIVE, .min = 1e-3, .max = 4e9),
    PARAM(TIME, "notice", struct spot, notice, "120s",
          "from the notice, after which it takes no calls, until the machine goes", .flags = LIVE),
    PARAM(TIME, "replacement_delay", struct spot, delay, "0s",
          "from the notice until another one is ordered, which then has its cold start",
          .flags = LIVE),
    PARAM(RATIO, "at_once", struct spot, at_once, "0%",
          "share of the replicas that get notice together, rounded up, and the more seldom; 0: "
          "each for itself",
          .max = 1),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "reclaims", struct spot, reclaims, "times that machines were asked back"),
    METRIC(COUNTER, "notices", struct spot, notices, "replicas that got notice"),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct spot *s = spot_of(n);
    int64_t orders = 0;
    for (const struct list *l = s->orders.next; l != &s->orders; l = l->next)
        orders++;
    return (orders == s->group->lost && orders == s->pool.live && event_pending(&s->event)) ||
           error_set(e, "%lld replacements are to be ordered, the group misses %lld",
                     (long long)orders, (long long)s->group->lost);
}

const struct node_type spot_type = {
    .kind = "spot",
    .summary = "machines that are taken away: a notice, time to drain, the end, a replacement",
    .follows = "spot and preemptible machines of the clouds (two minutes of notice on AWS, 30 s on "
               "GCP and Azure)",
    .example = "spot { of = \"pod\", mtbf = \"6h\", notice = \"120s\", replacement_delay = \"90s\" "
               "}",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct spot),
    .flags = NODE_AGENT | NODE_RESOURCE,
    .ops = {.seal = seal, .start = start, .set = changed, .release = release, .check = check},
};
