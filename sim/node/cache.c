/* A cache: what it knows it answers, for the rest it asks its store. By a fixed ratio, or by keys
 * with contents of its own (cache_keyed.c). */
#include "node/cache.h"

#include <string.h>

#include "node/registry.h"

static const char *const result_names[] = {"hit", "miss", "stale", "coalesced", "refresh", NULL};

/* After a flush the contents come back in a straight line. */
static double ratio_now(const struct cache *k, const struct call *c, ns_t now) {
    double ratio = quantity_fixed(k->hit_ratio) ? k->hit_ratio->value
                                                : quantity_general(k->hit_ratio, c, PURPOSE_RATIO);
    if (now >= k->warm)
        return ratio;
    return ratio * (1 - (double)(k->warm - now) / (double)k->refill);
}

/* What was found is near enough to be taken for what was asked, and may not be it. */
static void hit(struct cache *k, struct call *c) {
    k->hits++;
    if (!k->wrong_hit_ratio) {
        call_finish(c, OUTCOME_OK);
        return;
    }
    struct rng r = call_rng(c, PURPOSE_WRONG);
    bool wrong = rng_unit(&r) < quantity_draw(k->wrong_hit_ratio, c, PURPOSE_WRONG + (1 << 16));
    k->wrong += wrong;
    if (wrong)
        c->quality = (float)k->wrong_hit_quality;
    call_finish(c, wrong && k->wrong_hit_quality < 1 ? OUTCOME_DEGRADED : OUTCOME_OK);
}

static void decide(struct cache *k, struct call *c) {
    if (k->key) {
        keyed_decide(k, c);
        return;
    }
    struct rng r = call_rng(c, PURPOSE_HIT);
    k->lookups++;
    if (rng_unit(&r) < ratio_now(k, c, k->base.sim->clock.now)) {
        hit(k, c);
        return;
    }
    k->misses++;
    c->result = RESULT_MISS;
    call_send(c, &k->store);
}

static void spend(struct call *c) {
    call_phase(c, PHASE_SERVICE, c->node->sim->clock.now - cache_call_of(c)->began);
}

static void looked_up(struct event *ev) {
    struct call *c = call_of_timer(ev);
    spend(c);
    decide(cache_of(c->node), c);
}

static void accept(struct node *n, struct call *c) {
    struct cache *k = cache_of(n);
    struct cache_call *m = cache_call_of(c);
    ns_t lookup = quantity_ns(k->lookup, c, PURPOSE_LOOKUP);
    m->began = n->sim->clock.now;
    m->role = ROLE_LOOKS;
    if (lookup > 0)
        call_wake(c, quantity_fixed(k->lookup) && !n->gate.active ? &k->line : NULL, lookup,
                  looked_up);
    else
        decide(k, c);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct cache *k = cache_of(n);
    if (k->key)
        keyed_reply(k, c, sub);
    else
        call_pass(c, sub);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    if (cache_call_of(c)->role != ROLE_LOOKS)
        return keyed_cancel(cache_of(n), c, cause);
    if (event_pending(&c->timer))
        spend(c);
    return true;
}

static void flush(struct node *n) {
    struct cache *k = cache_of(n);
    if (k->key)
        keyed_flush(k);
    k->warm = n->sim->clock.now + k->refill;
}

static bool init(struct node *n, struct error *e) {
    struct cache *k = cache_of(n);
    if (k->key)
        return keyed_init(k, e);
    return k->hit_ratio ||
           error_set(e, "'hit_ratio' is missing: the share of lookups that are answered (or "
                        "give key and capacity)");
}

static bool seal(struct node *n, struct error *e) {
    struct cache *k = cache_of(n);
    line_init(&k->line);
    return !k->key || keyed_seal(k, e);
}

static void start(struct node *n) {
    struct cache *k = cache_of(n);
    if (k->key)
        keyed_start(k);
    else if (!k->starts_warm)
        k->warm = n->sim->clock.now + k->refill;
}

static void changed(struct node *n, const struct param *p) {
    struct cache *k = cache_of(n);
    if (k->key && !strcmp(p->name, "hit_ratio"))
        sim_fail(n->sim, "%s: %s: its hit ratio is a result; set its capacity or flush it",
                 n->where, n->address);
    else if (k->key)
        keyed_set(k, p);
}

static void release(struct node *n) {
    keyed_release(cache_of(n));
}

static const struct param params[] = {
    PARAM(QUANTITY, "hit_ratio", struct cache, hit_ratio, NULL,
          "share of lookups that are answered; without a key", .flags = LIVE | ONE_OF, .max = 1,
          .unit = UNIT_RATIO),
    PARAM(QUANTITY, "lookup", struct cache, lookup, "0", "time of a lookup, hit or miss",
          .flags = LIVE | WORK, .unit = UNIT_TIME),
    PARAM(
        TIME, "refill", struct cache, refill, "60s",
        "after a flush the hit ratio climbs back from 0 in a straight line within this time; 0: at "
        "once; without a key",
        .needs = "hit_ratio"),
    PARAM(BOOL, "warm", struct cache, starts_warm, "true",
          "false: the run begins as if it had just been flushed", .needs = "hit_ratio"),
    PARAM(QUANTITY, "wrong_hit_ratio", struct cache, wrong_hit_ratio, NULL,
          "share of the hits that answer another question, as those of a semantic cache whose "
          "threshold of similarity is low; by class where classes differ",
          .flags = LIVE, .max = 1, .unit = UNIT_RATIO, .needs = "hit_ratio"),
    PARAM(RATIO, "wrong_hit_quality", struct cache, wrong_hit_quality, "0",
          "what such an answer is worth; below 1 it is degraded", .flags = LIVE, .max = 1,
          .needs = "wrong_hit_ratio"),
    PARAM(NODE, "store", struct cache, store, NULL, "what is asked on a miss",
          .flags = REQUIRED | CHILD),
    PARAM(TEXT, "key", struct cache, key, NULL,
          "the fact that entries are found by; the cache then has contents and the hit ratio is a "
          "result",
          .flags = EARLY | ONE_OF, .needs = "capacity"),
    PARAM(NUMBER, "capacity", struct cache, capacity, NULL,
          "how many entries fit, or how much of size", .flags = LIVE, .unit = UNIT_SIZE,
          .max = 1e18, .needs = "key"),
    PARAM(TEXT, "size", struct cache, size, NULL,
          "the fact that says how much of the capacity an entry takes; 1 without it",
          .flags = EARLY, .needs = "key"),
    PARAM(CHOICE, "eviction", struct cache, eviction, "lru",
          "who goes when it is full; none: nobody, and nothing more comes in",
          .choices = eviction_names, .needs = "key"),
    PARAM(QUANTITY, "ttl", struct cache, ttl, NULL,
          "how long an entry is fresh, drawn whenever it begins: a distribution gives jitter. What "
          "is older takes up room until it is written again or evicted. For ever without it",
          .flags = LIVE, .unit = UNIT_TIME, .needs = "key"),
    PARAM(CHOICE, "ttl_from", struct cache, ttl_from, "write",
          "when the ttl begins: as the answer comes from the store, or at every use",
          .choices = ttl_from_names, .needs = "ttl"),
    PARAM(QUANTITY, "negative_ttl", struct cache, negative_ttl, NULL,
          "how long failures are kept and given again; not at all without it", .flags = LIVE,
          .unit = UNIT_TIME, .needs = "key"),
    PARAM(OUTCOMES, "negative_on", struct cache, negative_on, "error",
          "which failures negative_ttl is for", .needs = "negative_ttl"),
    PARAM(TIME, "stale_while_revalidate", struct cache, stale_while_revalidate, "0s",
          "so long beyond its ttl an entry is still given, while one fetch goes on in the "
          "background",
          .flags = LIVE, .needs = "ttl"),
    PARAM(TIME, "stale_if_error", struct cache, stale_if_error, "0s",
          "so long beyond its ttl an entry is given when the store fails", .flags = LIVE,
          .needs = "ttl"),
    PARAM(RATIO, "stale_quality", struct cache, stale_quality, "1",
          "what a stale answer is worth; below 1 it is degraded", .flags = LIVE, .max = 1,
          .needs = "ttl"),
    PARAM(BOOL, "coalesce", struct cache, coalesce, "false",
          "calls for a key that is being fetched wait for that answer and share it, failures too",
          .needs = "key"),
    PARAM(CHOICE, "on_leader_cancel", struct cache, on_leader_cancel, "continue",
          "when the call that fetches for others is withdrawn: its fetch goes on, all that wait "
          "fail with an error, or the one that has waited longest asks anew",
          .choices = leader_cancel_names, .needs = "coalesce"),
    PARAM(INTEGER, "prefill", struct cache, prefill, "0",
          "keys 1 to this are there from the start, fresh; 1 as the last one used", .max = 1e7,
          .needs = "key"),
    {0},
};

static const struct metric metrics[] = {
    METRIC(RATIO, "hit_ratio", struct cache, hits, "share of lookups that were hits",
           .offset2 = offsetof(struct cache, lookups)),
    METRIC(COUNTER, "hits", struct cache, hits, "lookups that were answered"),
    METRIC(COUNTER, "misses", struct cache, misses, "lookups that went on to the store"),
    METRIC(RATIO, "miss_ratio", struct cache, misses, "share of lookups that went on to the store",
           .offset2 = offsetof(struct cache, lookups)),
    METRIC(COUNTER, "wrong_hits", struct cache, wrong, "hits that answered another question"),
    METRIC(RATIO, "wrong_hit_ratio", struct cache, wrong, "share of the hits that did",
           .offset2 = offsetof(struct cache, hits)),
    METRIC(COUNTER, "coalesced", struct cache, coalesced,
           "lookups that waited for another call's fetch"),
    METRIC(RATIO, "coalesced_ratio", struct cache, coalesced,
           "share of lookups that waited for another call's fetch",
           .offset2 = offsetof(struct cache, lookups)),
    METRIC(COUNTER, "negative_hits", struct cache, negative, "hits that gave a failure again"),
    METRIC(COUNTER, "stale", struct cache, stale, "answers that were older than their ttl"),
    METRIC(PER, "staleness", struct cache, stale_ns,
           "age of stale answers beyond their ttl, on average",
           .offset2 = offsetof(struct cache, stale_s), .unit = UNIT_TIME),
    METRIC(COUNTER, "refreshes", struct cache, refreshes, "fetches in the background"),
    METRIC(COUNTER, "evictions", struct cache, contents.evictions,
           "entries that had to go, or to stay out, for others"),
    METRIC(INTEGRAL, "entries", struct cache, entries, "entries held, fresh or not"),
    {0},
};

/* By share each lookup was a hit or a miss. By key it may also have joined a fetch, or have been
 * given what is stale, which may also happen after a miss. */
static bool check(struct node *n, struct error *e) {
    const struct cache *k = cache_of(n);
    uint64_t told = k->hits + k->misses + k->coalesced, most = told + k->stale;
    uint64_t calls = meter_totals(&n->meter).arrived;
    return (told <= k->lookups && k->lookups <= most && k->lookups <= calls) ||
           error_set(e,
                     "%llu lookups of %llu calls were %llu hits, %llu misses, %llu coalesced and "
                     "at most %llu stale",
                     (unsigned long long)k->lookups, (unsigned long long)calls,
                     (unsigned long long)k->hits, (unsigned long long)k->misses,
                     (unsigned long long)k->coalesced, (unsigned long long)k->stale);
}

const struct node_type cache_type = {
    .kind = "cache",
    .summary = "answers what it knows and asks its store for the rest: a fixed share of the calls, "
               "or by keys",
    .follows = "W-TinyLFU: Caffeine; stale answers: RFC 5861; coalescing: Go singleflight",
    .example = "cache { hit_ratio = 0.8, lookup = \"2ms\", store }\n"
               "cache { name = \"semantic\", hit_ratio = { simple = 0.4, complex = 0.1 }, lookup = "
               "\"200ms\",\n  wrong_hit_ratio = \"3%\", model }\n"
               "cache { key = \"user_id\", capacity = 10000, eviction = \"lru\", ttl = \"60s\", "
               "coalesce = true, store }",
    .params = params,
    .metrics = metrics,
    .results = result_names,
    .size = sizeof(struct cache),
    .call_size = sizeof(struct cache_call),
    .ops = {.init = init,
            .seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .flush = flush,
            .check = check,
            .release = release},
};
