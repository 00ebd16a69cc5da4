/* A load balancer over replicas or named targets. */
#include <stdlib.h>
#include <string.h>

#include "core/group.h"
#include "core/sim.h"
#include "node/registry.h"

enum policy { ROUND_ROBIN, RANDOM, LEAST_REQUEST, RING_HASH };
static const char *const policies[] = {"round_robin", "random", "least_request", "ring_hash", NULL};
enum { PURPOSE_PICK, PURPOSE_KEYLESS };

struct ring_point {
    uint64_t hash;
    uint32_t target;
};

struct balance {
    struct node base;
    struct edge_list targets;
    int policy;
    int64_t choice_count;
    int64_t minimum_ring_size;
    const char *key;
    int fact;
    uint32_t next;           /* round robin */
    struct ring_point *ring; /* sorted by hash */
    uint32_t n_points;
    uint32_t
        *slice; /* first point at or after the start of each of 2^slice_bits parts of the circle */
    uint32_t slice_bits;
    uint64_t refused;
};

static struct balance *balance_of(struct node *n) {
    return container_of(n, struct balance, base);
}

/* The k-th target that is ready, counted from 0. */
static uint32_t nth_ready(const struct balance *b, uint32_t k) {
    if (targets_ready(&b->targets) == b->targets.n)
        return k;
    for (uint32_t i = 0;; i++)
        if (target_ready(&b->targets, i) && k-- == 0)
            return i;
}

static uint32_t pick_round_robin(struct balance *b) {
    for (;;) {
        uint32_t i = b->next;
        b->next = i + 1 == b->targets.n ? 0 : i + 1;
        if (target_ready(&b->targets, i))
            return i;
    }
}

static uint32_t pick_random(const struct balance *b, struct rng *r) {
    return nth_ready(b, (uint32_t)rng_below(r, targets_ready(&b->targets)));
}

/* Draws with replacement, fewest calls under way wins, the first drawn on a tie (Envoy's
 * N_CHOICES). */
static uint32_t pick_least(const struct balance *b, struct rng *r) {
    uint32_t best = pick_random(b, r);
    for (int64_t k = 1; k < b->choice_count; k++) {
        uint32_t other = pick_random(b, r);
        if (edge_in_flight(&b->targets.at[other]) < edge_in_flight(&b->targets.at[best]))
            best = other;
    }
    return best;
}

static uint32_t pick_ring(struct balance *b, uint64_t hash) {
    uint32_t i = b->slice[hash >> (64 - b->slice_bits)];
    while (i < b->n_points && b->ring[i].hash < hash)
        i++;
    for (;; i++) { /* clockwise, past those that take no calls */
        if (i == b->n_points)
            i = 0;
        if (target_ready(&b->targets, b->ring[i].target))
            return b->ring[i].target;
    }
}

static uint64_t hash_of(struct balance *b, struct call *c) {
    double key = c->req->fact[b->fact] + 0; /* -0 is 0 */
    uint64_t bits;                          /* all of them: a key may have a fraction, or be huge */
    memcpy(&bits, &key, sizeof bits);
    if (key == key)
        return rng_mix(bits + RNG_GOLDEN);
    struct rng r = call_rng(c, PURPOSE_KEYLESS); /* a request without the fact goes anywhere */
    return rng_next(&r);
}

static void accept(struct node *n, struct call *c) {
    struct balance *b = balance_of(n);
    if (targets_ready(&b->targets) == 0) {
        if (targets_wait(&b->targets, c))
            return;
        b->refused++;
        call_finish(c, OUTCOME_ERROR);
        return;
    }
    struct rng r = call_rng(c, PURPOSE_PICK);
    uint32_t i = b->policy == ROUND_ROBIN     ? pick_round_robin(b)
                 : b->policy == RANDOM        ? pick_random(b, &r)
                 : b->policy == LEAST_REQUEST ? pick_least(b, &r)
                                              : pick_ring(b, hash_of(b, c));
    call_send(c, &b->targets.at[i]);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)n, (void)cause;
    targets_wait_over(c);
    return true;
}

static bool init(struct node *n, struct error *e) {
    (void)e;
    targets_open(n, &balance_of(n)->targets);
    return true;
}

static int by_hash(const void *x, const void *y) {
    const struct ring_point *a = x, *b = y;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->target < b->target ? -1 : a->target > b->target;
}

/* The places on the ring are a function of the targets' addresses: the same in every replication,
 * as in life. */
static void make_ring(struct balance *b) {
    struct arena *arena = &b->base.sim->arena;
    uint32_t each = (uint32_t)((b->minimum_ring_size + b->targets.n - 1) / b->targets.n);
    b->n_points = each * b->targets.n;
    b->ring = arena_alloc(arena, b->n_points * sizeof *b->ring);
    for (uint32_t t = 0, k = 0; t < b->targets.n; t++)
        for (uint32_t i = 0; i < each; i++)
            b->ring[k++] =
                (struct ring_point){rng_key(rng_hash(b->targets.at[t].to->address), i), t};
    qsort(b->ring, b->n_points, sizeof *b->ring, by_hash);
    for (b->slice_bits = 1; (1u << b->slice_bits) < b->n_points; b->slice_bits++)
        ;
    b->slice = arena_alloc(arena, sizeof *b->slice << b->slice_bits);
    for (uint32_t s = 0, k = 0; s < 1u << b->slice_bits; s++) {
        while (k < b->n_points && b->ring[k].hash < (uint64_t)s << (64 - b->slice_bits))
            k++;
        b->slice[s] = k;
    }
}

static bool seal(struct node *n, struct error *e) {
    struct balance *b = balance_of(n);
    if (b->policy != RING_HASH)
        return true;
    if (!b->key)
        return error_set(
            e, "policy = \"ring_hash\" wants a key: the fact of a request that is hashed, "
               "such as key = \"user_id\"");
    b->fact = sim_find_fact(n->sim, b->key);
    if (b->fact < 0)
        return error_set(e, "key = \"%s\": no workload gives requests this fact", b->key);
    make_ring(b);
    return true;
}

static const struct param params[] = {
    PARAM(NODES, "targets", struct balance, targets, NULL, "replicas { … }, or components",
          .flags = REQUIRED | CHILD | GROUP),
    PARAM(CHOICE, "policy", struct balance, policy, "round_robin", "how a target is chosen",
          .choices = policies),
    PARAM(INTEGER, "choice_count", struct balance, choice_count, "2",
          "least_request: targets drawn, with replacement, of which the one with the fewest calls "
          "wins",
          .min = 1, .max = 100),
    PARAM(TEXT, "key", struct balance, key, NULL, "ring_hash: the fact that is hashed"),
    PARAM(INTEGER, "minimum_ring_size", struct balance, minimum_ring_size, "1024",
          "ring_hash: points on the ring, shared equally and rounded up", .min = 1, .max = 8388608),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "refused", struct balance, refused, "calls that found no target ready"),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct balance *b = balance_of(n);
    uint32_t able = 0;
    for (uint32_t i = 0; i < b->targets.n; i++)
        able += target_ready(&b->targets, i);
    return (able == targets_ready(&b->targets) && b->next < b->targets.n) ||
           error_set(e, "%u targets are ready, %u are counted; target %u of %u is next", able,
                     targets_ready(&b->targets), b->next, b->targets.n);
}

const struct node_type balance_type = {
    .kind = "balance",
    .summary = "spreads calls over replicas or other targets",
    .follows =
        "Envoy load balancers (round robin, random, least request with N choices, ring hash)",
    .example =
        "balance { policy = \"least_request\", replicas { name = \"pod\", count = 3, build = … } }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct balance),
    .call_size = sizeof(struct waiting_call),
    .ops = {.init = init,
            .seal = seal,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .check = check},
};
