/* Between cache.c, which has the lookup and the fixed ratio, and cache_keyed.c, which has what
 * belongs to a cache that knows its keys. */
#ifndef NINES_NODE_CACHE_H
#define NINES_NODE_CACHE_H

#include "core/schema.h"
#include "core/sim.h"
#include "node/contents.h"

enum { PURPOSE_LOOKUP, PURPOSE_HIT, PURPOSE_RATIO, PURPOSE_TTL, PURPOSE_REFRESH, PURPOSE_WRONG };
enum { RESULT_HIT, RESULT_MISS, RESULT_STALE, RESULT_COALESCED, RESULT_REFRESH };

struct cache {
    struct node base;
    struct edge store;
    struct quantity *lookup;
    struct delay_line line;
    uint64_t lookups, hits, misses;

    /* by a fixed ratio */
    struct quantity *hit_ratio;
    ns_t refill;
    ns_t warm; /* when the last flush will be forgotten */
    bool starts_warm;
    struct quantity *wrong_hit_ratio; /* of the hits */
    double wrong_hit_quality;
    uint64_t wrong;

    /* by keys */
    const char *key, *size;
    int key_fact, size_fact; /* -1: none */
    double capacity;
    int eviction, ttl_from, on_leader_cancel;
    int64_t prefill;
    struct quantity *ttl, *negative_ttl;
    uint32_t negative_on;
    ns_t stale_while_revalidate, stale_if_error;
    double stale_quality;
    bool coalesce;
    struct contents contents;
    struct keymap flights; /* key -> the call that fetches it for others as well */
    struct integral entries;
    uint64_t coalesced, stale, negative, refreshes;
    uint64_t stale_ns, stale_s; /* age of stale answers beyond their time; 1e9 for each of them */
};

/* What a call is about. */
enum role {
    ROLE_LOOKS, /* it is being looked up */
    ROLE_ASKS,  /* the store, for itself alone */
    ROLE_LEADS, /* asks the store for all that wait for the key */
    ROLE_WAITS  /* for the leader */
};

struct cache_call {
    struct call base;
    ns_t began; /* of the lookup; of waiting */
    uint64_t key;
    struct call *fetch;  /* of a leader */
    struct list waiters; /* of a leader */
    uint8_t role;
};

static inline struct cache *cache_of(struct node *n) {
    return container_of(n, struct cache, base);
}
static inline struct cache_call *cache_call_of(struct call *c) {
    return container_of(c, struct cache_call, base);
}

bool keyed_init(struct cache *k, struct error *e);
bool keyed_seal(struct cache *k, struct error *e);
void keyed_start(struct cache *k);
void keyed_decide(struct cache *k, struct call *c);
void keyed_reply(struct cache *k, struct call *c, const struct call *sub);
bool keyed_cancel(struct cache *k, struct call *c,
                  enum cause cause); /* one that is not looked up */
void keyed_flush(struct cache *k);
void keyed_set(struct cache *k, const struct param *p);
void keyed_release(struct cache *k);

extern const char *const ttl_from_names[], *const leader_cancel_names[];

#endif
