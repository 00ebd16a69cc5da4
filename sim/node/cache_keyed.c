/* A cache that knows its keys: entries that grow old and are evicted, one fetch for many. */
#include <math.h>
#include <string.h>

#include "node/cache.h"

enum ttl_from { FROM_WRITE, FROM_USE };
enum leader_cancel { LEADER_CONTINUE, LEADER_FAIL_ALL, LEADER_PROMOTE };
const char *const ttl_from_names[] = {"write", "access", NULL};
const char *const leader_cancel_names[] = {"continue", "fail_all", "promote", NULL};

static ns_t after(ns_t now, ns_t d) {
    return d < NS_LIMIT - now ? now + d : NS_NEVER;
}

static ns_t expiry(const struct quantity *ttl, const struct call *c) {
    ns_t now = c->node->sim->clock.now;
    return ttl ? after(now, ns_from_s(quantity_draw(ttl, c, PURPOSE_TTL))) : NS_NEVER;
}

static void count_entries(struct cache *k) {
    int64_t more = (int64_t)k->contents.items.live - k->entries.value;
    if (more)
        integral_add(&k->entries, k->base.sim->clock.now, more);
}

static double fact(const struct call *c, int index, const char *name) {
    double x = c->req->fact[index];
    if (isnan(x))
        sim_fail(c->node->sim,
                 "%s: %s: a request of class '%s' has no fact '%s'; give it in the workload",
                 c->node->where, c->node->address, c->node->sim->classes[c->req->class].name, name);
    return x;
}

static uint64_t key_of_number(double x) {
    uint64_t bits;
    x += 0.0; /* there is one zero */
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* ---- answering */

/* Writes an answer of the store. */
static void keep(struct cache *k, struct call *c, enum outcome outcome, ns_t expires) {
    double size = k->size ? fact(c, k->size_fact, k->size) : 1;
    struct item *it = contents_put(&k->contents, cache_call_of(c)->key, size);
    if (it) {
        it->outcome = (uint8_t)outcome;
        it->expires = expires;
    }
    count_entries(k);
}

static void finish_stale(struct cache *k, struct call *c, ns_t age) {
    k->stale++;
    k->stale_ns += (uint64_t)age;
    k->stale_s += NS_PER_S;
    c->result = RESULT_STALE;
    c->quality = (float)k->stale_quality;
    call_finish(c, k->stale_quality < 1 ? OUTCOME_DEGRADED : OUTCOME_OK);
}

static void finish_hit(struct cache *k, struct call *c, struct item *it) {
    k->hits++;
    contents_use(&k->contents, it);
    if (k->ttl_from == FROM_USE && it->outcome == OUTCOME_OK)
        it->expires = expiry(k->ttl, c);
    if (it->outcome != OUTCOME_OK)
        k->negative++;
    c->result = RESULT_HIT;
    call_finish(c, (enum outcome)it->outcome);
}

/* ---- fetching for several */

static void lead(struct cache *k, struct call *c) {
    struct cache_call *m = cache_call_of(c);
    m->role = ROLE_LEADS;
    keymap_put(&k->flights, m->key, c);
    m->fetch = call_send(c, &k->store);
}

/* Moves those who wait for `c` into a list of their own, and forgets that it leads. */
static void disband(struct cache *k, struct call *c, struct list *waiters) {
    struct cache_call *m = cache_call_of(c);
    keymap_remove(&k->flights, m->key);
    m->role = ROLE_ASKS;
    list_init(waiters);
    if (!list_empty(&m->waiters)) {
        list_insert_before(&m->waiters, waiters);
        list_remove(&m->waiters);
    }
}

static struct call *next_waiter(struct list *waiters) {
    if (list_empty(waiters))
        return NULL;
    struct call *w = call_of_wait(waiters->next);
    list_remove(&w->wait);
    call_phase(w, PHASE_WAIT, w->node->sim->clock.now - cache_call_of(w)->began);
    return w;
}

static void refresh(struct cache *k, const struct call *why, uint64_t key) {
    struct sim *sim = k->base.sim;
    struct call *c = call_open(&k->base, ORIGIN_DERIVED);
    if (!c)
        return;
    request_classify(sim, c->req, why->req->class);
    memcpy(c->req->fact, why->req->fact, sim->n_facts * sizeof *c->req->fact);
    c->key = c->req->key = rng_key(why->key ^ k->base.salt, PURPOSE_REFRESH);
    c->result = RESULT_REFRESH;
    cache_call_of(c)->key = key;
    list_init(&cache_call_of(c)->waiters);
    k->refreshes++;
    call_begin(c);
    lead(k, c);
}

static void miss(struct cache *k, struct call *c) {
    struct cache_call *m = cache_call_of(c);
    struct call *leader = k->coalesce ? keymap_get(&k->flights, m->key) : NULL;
    if (leader) {
        k->coalesced++;
        c->result = RESULT_COALESCED;
        m->role = ROLE_WAITS;
        m->began = k->base.sim->clock.now;
        list_append(&cache_call_of(leader)->waiters, &c->wait);
        return;
    }
    k->misses++;
    c->result = RESULT_MISS;
    if (k->coalesce) {
        list_init(&m->waiters);
        lead(k, c);
        return;
    }
    m->role = ROLE_ASKS;
    call_send(c, &k->store);
}

void keyed_decide(struct cache *k, struct call *c) {
    struct cache_call *m = cache_call_of(c);
    ns_t now = k->base.sim->clock.now;
    m->key = key_of_number(fact(c, k->key_fact, k->key));
    k->lookups++;
    struct item *it = contents_find(&k->contents, m->key);
    if (it && now < it->expires) {
        finish_hit(k, c, it);
        return;
    }
    if (it && it->outcome == OUTCOME_OK && now - it->expires < k->stale_while_revalidate) {
        contents_use(&k->contents, it);
        if (!keymap_get(&k->flights, m->key))
            refresh(k, c, m->key);
        finish_stale(k, c, now - it->expires);
        return;
    }
    miss(k, c);
}

/* ---- what the store says */

/* How old, beyond its ttl, what may be given instead of a failure is; -1: there is nothing. */
static ns_t spare(const struct cache *k, uint64_t key) {
    const struct item *it = k->stale_if_error ? contents_find(&k->contents, key) : NULL;
    ns_t age = it && it->outcome == OUTCOME_OK ? k->base.sim->clock.now - it->expires : -1;
    return age < k->stale_if_error ? age : -1;
}

/* A failure to be remembered; not in place of what another call has fetched in the meantime. */
static bool to_be_kept(const struct cache *k, uint64_t key, enum outcome failure) {
    const struct item *it = contents_find(&k->contents, key);
    bool better = it && it->outcome == OUTCOME_OK && k->base.sim->clock.now < it->expires;
    return k->negative_ttl && k->negative_on >> failure & 1 && !better;
}

static void finish_as(struct cache *k, struct call *c, const struct call *sub, ns_t age) {
    if (age >= 0)
        finish_stale(k, c, age);
    else
        call_pass(c, sub);
}

/* A degraded answer is passed on and not kept. */
void keyed_reply(struct cache *k, struct call *c, const struct call *sub) {
    struct cache_call *m = cache_call_of(c);
    struct list waiters;
    list_init(&waiters);
    if (m->role == ROLE_LEADS)
        disband(k, c, &waiters);
    ns_t age = outcome_good(sub->outcome) || c->result == RESULT_REFRESH ? -1 : spare(k, m->key);
    if (sub->outcome == OUTCOME_OK)
        keep(k, c, OUTCOME_OK, expiry(k->ttl, c));
    else if (age < 0 && to_be_kept(k, m->key, (enum outcome)sub->outcome))
        keep(k, c, (enum outcome)sub->outcome, expiry(k->negative_ttl, c));
    for (struct list *l = waiters.next; l != &waiters; l = l->next)
        call_shared(call_of_wait(l), c, cache_call_of(call_of_wait(l))->began);
    finish_as(k, c, sub, age);
    for (struct call *w; (w = next_waiter(&waiters));)
        finish_as(k, w, sub, age);
}

/* ---- leaving */

static void promote(struct cache *k, struct list *waiters) {
    struct call *w = next_waiter(waiters);
    if (!w)
        return;
    struct cache_call *m = cache_call_of(w);
    list_init(&m->waiters);
    if (!list_empty(waiters)) {
        list_insert_before(waiters, &m->waiters);
        list_remove(waiters);
    }
    lead(k, w);
}

static bool leader_leaves(struct cache *k, struct call *c, enum cause cause) {
    struct list waiters;
    if (cause != CAUSE_CRASH && k->on_leader_cancel == LEADER_CONTINUE)
        return false;
    disband(k, c, &waiters);
    if (cause == CAUSE_CRASH) {
        while (!list_empty(&waiters)) /* their turn comes */
            list_remove(waiters.next);
        return true;
    }
    call_cancel(cache_call_of(c)->fetch, cause); /* before another one begins */
    if (k->on_leader_cancel == LEADER_PROMOTE)
        promote(k, &waiters);
    for (struct call *w; k->on_leader_cancel == LEADER_FAIL_ALL && (w = next_waiter(&waiters));)
        call_finish(w, OUTCOME_ERROR);
    return true;
}

bool keyed_cancel(struct cache *k, struct call *c, enum cause cause) {
    struct cache_call *m = cache_call_of(c);
    if (m->role == ROLE_LEADS)
        return leader_leaves(k, c, cause);
    if (m->role == ROLE_WAITS)
        list_remove(&c->wait);
    return true;
}

/* ---- life */

/* What is being fetched is written when it comes. */
void keyed_flush(struct cache *k) {
    contents_clear(&k->contents);
    count_entries(k);
}

void keyed_set(struct cache *k, const struct param *p) {
    if (strcmp(p->name, "capacity"))
        return;
    contents_resize(&k->contents, k->capacity);
    count_entries(k);
}

bool keyed_init(struct cache *k, struct error *e) {
    if (k->hit_ratio)
        return error_set(e, "'hit_ratio' and 'key' exclude each other: with keys the ratio is a "
                            "result");
    if (k->negative_on & (1u << OUTCOME_OK | 1u << OUTCOME_DEGRADED))
        return error_set(e, "negative_on: ok and degraded are no failures");
    if (k->size && k->prefill)
        return error_set(e, "prefill: with 'size' it is not known how much the keys would take");
    return true;
}

static bool find_fact(struct sim *sim, const char *name, int *index, struct error *e) {
    *index = name ? sim_find_fact(sim, name) : -1;
    return !name || *index >= 0 || error_set(e, "no workload gives requests the fact '%s'", name);
}

/* Only now: both may have been set from outside. */
bool keyed_seal(struct cache *k, struct error *e) {
    struct sim *sim = k->base.sim;
    if (!(k->capacity > 0))
        return error_set(e, "'capacity' is missing: how many entries fit, or how much of 'size'");
    if (!k->size && k->capacity < 1)
        return error_set(e, "capacity = %g: not one entry fits", k->capacity);
    if (k->prefill && k->ttl && k->ttl->kind != QUANTITY_CONSTANT && k->ttl->kind != QUANTITY_DIST)
        return error_set(e, "prefill: with it the ttl has to be a duration or a distribution, as "
                            "no request has asked for what is there");
    contents_init(&k->contents, (enum eviction)k->eviction, k->capacity, k->size != NULL,
                  rng_key(k->base.salt, 0x65766963u));
    return find_fact(sim, k->key, &k->key_fact, e) && find_fact(sim, k->size, &k->size_fact, e);
}

static ns_t first_expiry(const struct cache *k, int64_t key) {
    const struct quantity *q = k->ttl;
    struct rng r = {rng_key(k->base.salt, (uint64_t)key)};
    if (!q)
        return NS_NEVER;
    double ttl = q->kind == QUANTITY_DIST ? q->scale * dist_draw(q->dist, &r) : q->value;
    return after(k->base.sim->clock.now, ns_from_s(ttl));
}

void keyed_start(struct cache *k) {
    for (int64_t i = (int64_t)fmin((double)k->prefill, k->capacity); i >= 1; i--) {
        struct item *it = contents_put(&k->contents, key_of_number((double)i), 1);
        if (it) {
            it->outcome = OUTCOME_OK;
            it->expires = first_expiry(k, i);
        }
    }
    count_entries(k);
}

void keyed_release(struct cache *k) {
    contents_release(&k->contents);
    keymap_release(&k->flights);
}
