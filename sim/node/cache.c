/* A cache with a fixed hit ratio: a hit is answered, a miss asks the store. */
#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_LOOKUP, PURPOSE_HIT };
enum { RESULT_HIT, RESULT_MISS };
static const char *const result_names[] = {"hit", "miss", NULL};

struct cache {
    struct node base;
    struct edge store;
    double hit_ratio;
    struct quantity *lookup;
    ns_t refill;
    ns_t warm; /* when the last flush will be forgotten */
    struct delay_line line;
    uint64_t lookups, hits, misses;
};

struct cache_call {
    struct call base;
    ns_t began;
};

static struct cache *cache_of(struct node *n) {
    return container_of(n, struct cache, base);
}
static struct cache_call *mine(struct call *c) {
    return container_of(c, struct cache_call, base);
}

/* After a flush the contents come back in a straight line. */
static double ratio_now(const struct cache *k, ns_t now) {
    if (now >= k->warm)
        return k->hit_ratio;
    return k->hit_ratio * (1 - (double)(k->warm - now) / (double)k->refill);
}

static void decide(struct cache *k, struct call *c) {
    struct rng r = call_rng(c, PURPOSE_HIT);
    k->lookups++;
    if (rng_unit(&r) < ratio_now(k, k->base.sim->clock.now)) {
        k->hits++;
        call_finish(c, OUTCOME_OK);
        return;
    }
    k->misses++;
    c->result = RESULT_MISS;
    call_send(c, &k->store);
}

static void spend(struct call *c) {
    call_phase(c, PHASE_SERVICE, c->node->sim->clock.now - mine(c)->began);
}

static void looked_up(struct event *ev) {
    struct call *c = call_of_timer(ev);
    spend(c);
    decide(cache_of(c->node), c);
}

static void accept(struct node *n, struct call *c) {
    struct cache *k = cache_of(n);
    ns_t lookup = quantity_ns(k->lookup, c, PURPOSE_LOOKUP);
    mine(c)->began = n->sim->clock.now;
    if (lookup > 0)
        call_wake(c, quantity_fixed(k->lookup) && !n->gate.active ? &k->line : NULL, lookup,
                  looked_up);
    else
        decide(k, c);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)n, (void)cause;
    if (event_pending(&c->timer))
        spend(c);
    return true;
}

static void flush(struct node *n) {
    struct cache *k = cache_of(n);
    k->warm = n->sim->clock.now + k->refill;
}

static bool seal(struct node *n, struct error *e) {
    (void)e;
    line_init(&cache_of(n)->line);
    return true;
}

static const struct param params[] = {
    PARAM(RATIO, "hit_ratio", struct cache, hit_ratio, NULL, "share of lookups that are answered",
          .flags = REQUIRED | LIVE, .max = 1),
    PARAM(QUANTITY, "lookup", struct cache, lookup, "0", "time of a lookup, hit or miss",
          .flags = LIVE | WORK, .unit = UNIT_TIME),
    PARAM(
        TIME, "refill", struct cache, refill, "60s",
        "after a flush the hit ratio climbs back from 0 in a straight line within this time; 0: at "
        "once"),
    PARAM(NODE, "store", struct cache, store, NULL, "what is asked on a miss",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(RATIO, "hit_ratio", struct cache, hits, "share of lookups that were hits",
           .offset2 = offsetof(struct cache, lookups)),
    METRIC(COUNTER, "hits", struct cache, hits, "lookups that were answered"),
    METRIC(COUNTER, "misses", struct cache, misses, "lookups that went on to the store"),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct cache *k = cache_of(n);
    uint64_t calls = meter_totals(&n->meter).arrived;
    return (k->lookups == k->hits + k->misses && k->lookups <= calls) ||
           error_set(e, "%llu lookups were %llu hits and %llu misses of %llu calls",
                     (unsigned long long)k->lookups, (unsigned long long)k->hits,
                     (unsigned long long)k->misses, (unsigned long long)calls);
}

const struct node_type cache_type = {
    .kind = "cache",
    .summary = "answers a fixed share of the calls itself and asks its store for the rest",
    .example = "cache { hit_ratio = 0.8, lookup = \"2ms\", store }",
    .params = params,
    .metrics = metrics,
    .results = result_names,
    .size = sizeof(struct cache),
    .call_size = sizeof(struct cache_call),
    .ops = {.seal = seal,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .flush = flush,
            .check = check},
};
