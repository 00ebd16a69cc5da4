/* The choosers of a balancer: one host of a set. */
#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/balance.h"

/* ---- weights */

/* What slow start leaves of a weight: its share of the window that is over, to the power of
 * 1 / aggression. */
static double warmth(const struct balance *b, uint32_t i) {
    ns_t age = b->base.sim->clock.now - b->host[i].joined;
    if (age >= b->slow.window)
        return 1;
    double t = (double)(age > NS_PER_S / 1000 ? age : NS_PER_S / 1000) / (double)b->slow.window;
    return fmax(pow(t, 1 / b->slow.aggression), b->slow.least);
}

static double weight_now(const struct balance *b, uint32_t i) {
    double w = b->host[i].weight;
    if (b->policy == LEAST_REQUEST && b->bias > 0)
        w /= b->bias == 1 ? host_calls(b, i) + 1. : pow(host_calls(b, i) + 1., b->bias);
    return b->slow.window ? w * warmth(b, i) : w;
}

/* Until the last of the newcomers is warm, weights differ. */
static bool scheduled(const struct balance *b) {
    return b->uneven || b->base.sim->clock.now <= b->slow.until;
}

/* ---- what is made of a set */

static uint32_t calls_of(const void *ctx, uint32_t i) {
    return host_calls(ctx, i);
}

static void make_slots(struct balance *b, const struct host_set *s) {
    struct level *l = &b->level[s->level];
    for (uint32_t k = 0; k < s->n; k++) {
        uint32_t i = s->at[k];
        b->member[k] =
            (struct hash_member){rng_hash(b->targets.at[i].to->address), b->host[i].weight, i};
    }
    maglev_fill(l->slot, (uint32_t)b->table_size, b->member, s->n, b->turn);
    l->slots_of = s;
}

static void remake(struct balance *b, struct host_set *s) {
    s->stale = false;
    s->weight = 0;
    edf_clear(&s->edf);
    for (uint32_t k = 0; k < s->n; k++) {
        s->weight += b->host[s->at[k]].weight;
        if (s->upto)
            s->upto[k] = s->weight;
        if (s->edf.heap && scheduled(b))
            edf_add(&s->edf, s->at[k], weight_now(b, s->at[k]));
    }
    if (b->counts && s->queue.order)
        shortest_make(&s->queue, s->at, s->n, calls_of, b);
    if (b->policy == MAGLEV)
        make_slots(b, s);
}

/* ---- calls as they come and go */

static void moved(struct host_set *s, uint32_t i, uint32_t count, bool up) {
    if (s->stale || !s->queue.order || !shortest_has(&s->queue, i))
        return;
    if (up)
        shortest_up(&s->queue, i, count);
    else
        shortest_down(&s->queue, i, count);
}

static void moved_everywhere(struct balance *b, uint32_t i, uint32_t count, bool up) {
    const struct host *h = &b->host[i];
    b->active += up ? 1 : -1;
    moved(&b->level[h->level].able, i, count, up);
    moved(&b->level[h->level].all, i, count, up);
    if (b->zones.on)
        moved(&b->zones.set[h->zone], i, count, up);
}

static void ended(struct edge *e) {
    struct balance *b = balance_of(e->from);
    uint32_t i = (uint32_t)(e - b->targets.at);
    moved_everywhere(b, i, host_calls(b, i) + 1, false);
}

void pick_sent(struct balance *b, uint32_t i) {
    moved_everywhere(b, i, host_calls(b, i), true);
}

void pick_count(struct balance *b) {
    bool hashed = b->policy == RING_HASH || b->policy == MAGLEV;
    bool wanted = b->policy == JOIN_SHORTEST_QUEUE || (hashed && b->factor) ||
                  (b->policy == LEAST_REQUEST && b->selection == FULL_SCAN);
    if (!wanted || b->counts)
        return;
    b->counts = true;
    b->active = 0;
    for (uint32_t i = 0; i < b->targets.n; i++) {
        b->targets.at[i].ended = ended;
        b->active += edge_in_flight(&b->targets.at[i]);
    }
    hosts_stale(b);
}

/* ---- policies */

static uint32_t next_turn(const struct balance *b, struct host_set *s) {
    uint32_t i = edf_next(&s->edf);
    edf_again(&s->edf, weight_now(b, i));
    return i;
}

static uint32_t pick_round_robin(const struct balance *b, struct host_set *s) {
    if (scheduled(b))
        return next_turn(b, s);
    uint32_t k = s->next;
    s->next = k + 1 == s->n ? 0 : k + 1;
    return s->at[k];
}

static uint32_t pick_any(const struct host_set *s, struct rng *r) {
    return s->at[rng_below(r, s->n)];
}

static uint32_t pick_random(const struct balance *b, const struct host_set *s, struct rng *r) {
    if (!b->uneven)
        return pick_any(s, r);
    double x = rng_unit(r) * s->weight;
    uint32_t from = 0, to = s->n - 1;
    while (from < to) { /* the first with more than x up to it */
        uint32_t mid = (from + to) / 2;
        if (s->upto[mid] > x)
            to = mid;
        else
            from = mid + 1;
    }
    return s->at[from];
}

/* Equal weights: draws with replacement, fewest calls under way wins, the first drawn on a tie
 * (Envoy's N_CHOICES); or the least loaded of all, at random on a tie (FULL_SCAN). */
static uint32_t pick_least(const struct balance *b, struct host_set *s, struct rng *r) {
    if (scheduled(b))
        return next_turn(b, s);
    if (b->selection == FULL_SCAN)
        return shortest_pick(&s->queue, r);
    uint32_t best = pick_any(s, r);
    for (int64_t k = 1; k < b->choice_count; k++) {
        uint32_t other = pick_any(s, r);
        if (host_calls(b, other) < host_calls(b, best))
            best = other;
    }
    return best;
}

uint64_t pick_hash(const struct balance *b, const struct call *c) {
    double key = c->req->fact[b->fact] + 0; /* -0 is 0 */
    uint64_t bits;                          /* all of them: a key may have a fraction, or be huge */
    memcpy(&bits, &key, sizeof bits);
    if (key == key)
        return rng_mix(bits + RNG_GOLDEN);
    struct rng r = call_rng(c, PURPOSE_KEYLESS); /* a request without the fact goes anywhere */
    return rng_next(&r);
}

static bool in_set(const struct balance *b, const struct host_set *s, uint32_t i) {
    return s == &b->level[s->level].all ? b->host[i].in_all : b->host[i].in_able;
}

/* Clockwise, past those that take no calls. */
static uint32_t pick_ring(const struct balance *b, const struct host_set *s, uint64_t hash) {
    const struct ring *r = &b->level[s->level].ring;
    uint32_t i = ring_find(r, hash);
    for (uint32_t k = 0; k < r->n; k++, i = i + 1 == r->n ? 0 : i + 1)
        if (in_set(b, s, r->at[i].who))
            return r->at[i].who;
    return s->at[hash % s->n]; /* none of them has a point */
}

static uint32_t pick_slot(struct balance *b, const struct host_set *s, uint64_t hash) {
    struct level *l = &b->level[s->level];
    if (l->slots_of != s)
        make_slots(b, s);
    return l->slot[hash % (uint64_t)b->table_size];
}

/* Calls of a host over those it may have: its share of all that there are and of this one, times
 * the factor. */
static double overload(const struct balance *b, const struct host_set *s, uint32_t i) {
    double slots = floor(((double)(b->active + 1) * (double)b->factor + 99) / 100);
    double mine = fmax(ceil(slots * (b->host[i].weight / s->weight) - 1e-9), 1);
    return host_calls(b, i) / mine;
}

static uint32_t common_factor(uint32_t a, uint32_t b) {
    while (b) {
        uint32_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

/* Consistent hashing with bounded loads (Mirrokni, Thorup & Zadimoghaddam 2018): when its home has
 * no room a key jumps to others, in an order of its own that is always the same (random jumps:
 * Chen, Coleman & Shrivastava 2021); when nobody has room, to the least overloaded. */
static uint32_t within_bounds(const struct balance *b, const struct host_set *s, uint32_t home,
                              uint64_t hash) {
    double least = overload(b, s, home);
    uint32_t best = home, step = 1;
    if (least <= 1 || s->n == 1)
        return home;
    uint32_t at = (uint32_t)(rng_key(hash, 1) % s->n);
    step += (uint32_t)(rng_key(hash, 2) % (s->n - 1));
    while (common_factor(step, s->n) > 1)
        step = step % (s->n - 1) + 1;
    for (uint32_t k = 0; k < s->n; k++, at = (at + step) % s->n) {
        double x = overload(b, s, s->at[at]);
        if (x <= 1)
            return s->at[at];
        if (x < least) {
            least = x;
            best = s->at[at];
        }
    }
    return best;
}

static uint32_t pick_home(struct balance *b, struct host_set *s, uint64_t hash) {
    uint32_t home = b->policy == MAGLEV ? pick_slot(b, s, hash) : pick_ring(b, s, hash);
    return b->factor ? within_bounds(b, s, home, hash) : home;
}

uint32_t pick_host(struct balance *b, struct host_set *s, const struct call *c) {
    if (__builtin_expect(s->stale, 0))
        remake(b, s);
    struct rng r = call_rng(c, PURPOSE_PICK);
    switch ((enum policy)b->policy) {
    case ROUND_ROBIN:
        return pick_round_robin(b, s);
    case RANDOM:
        return pick_random(b, s, &r);
    case LEAST_REQUEST:
        return pick_least(b, s, &r);
    case JOIN_SHORTEST_QUEUE:
        return shortest_pick(&s->queue, &r);
    case RING_HASH:
    case MAGLEV:
        return pick_home(b, s, pick_hash(b, c));
    }
    return s->at[0];
}

/* ---- set-up */

/* The places on a ring are a function of the targets' addresses: the same in every replication, as
 * in life. */
static void open_ring(struct balance *b, uint32_t level) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->targets.n; i++)
        if (b->host[i].level == level)
            b->member[n++] =
                (struct hash_member){rng_hash(b->targets.at[i].to->address), b->host[i].weight, i};
    ring_make(&b->level[level].ring, &b->base.sim->arena, b->member, n, (uint64_t)b->ring_least,
              (uint64_t)b->ring_most);
}

void pick_open(struct balance *b) {
    struct arena *a = &b->base.sim->arena;
    if (b->policy == RING_HASH || b->policy == MAGLEV) {
        b->member = arena_alloc(a, b->targets.n * sizeof *b->member);
        b->turn = arena_alloc(a, b->targets.n * sizeof *b->turn);
    }
    for (uint32_t l = 0; l < b->n_levels; l++)
        if (b->policy == RING_HASH)
            open_ring(b, l);
        else if (b->policy == MAGLEV)
            b->level[l].slot = arena_alloc(a, (size_t)b->table_size * sizeof(uint32_t));
    pick_count(b);
}

bool pick_check(const struct balance *b, const struct host_set *s) {
    int64_t active = 0;
    for (uint32_t i = 0; b->counts && i < b->targets.n; i++)
        active += edge_in_flight(&b->targets.at[i]);
    if (b->counts && active != b->active)
        return false;
    return !b->counts || !s->queue.order || shortest_check(&s->queue, calls_of, b);
}
