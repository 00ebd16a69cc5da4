/* A pool of servers that several stations share. */
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"
#include "node/station.h"

static struct pool_node *pool_of(struct node *n) {
    return container_of(n, struct pool_node, base);
}

static bool init(struct node *n, struct error *e) {
    (void)e;
    servers_init(&pool_of(n)->servers, pool_of(n)->count);
    return true;
}

/* The number may have been set from outside since then. */
static bool seal(struct node *n, struct error *e) {
    (void)e;
    servers_resize(&pool_of(n)->servers, pool_of(n)->count, n->sim->clock.now);
    return true;
}

static void changed(struct node *n, const struct param *p) {
    (void)p;
    servers_resize(&pool_of(n)->servers, pool_of(n)->count, n->sim->clock.now);
}

static bool probe(struct node *n, enum probe what, double *answer) {
    const struct servers *s = &pool_of(n)->servers;
    *answer = (double)s->busy / (double)s->n;
    return what == PROBE_UTILIZATION;
}

static const struct param params[] = {
    PARAM(INTEGER, "servers", struct pool_node, count, NULL, "servers to share",
          .flags = REQUIRED | LIVE | WORK, .min = 1, .max = 1e6),
    {0},
};

static const struct metric metrics[] = {
    METRIC(SHARE, "utilization", struct pool_node, servers.busy_time,
           "share of the servers that are busy",
           .offset2 = offsetof(struct pool_node, servers.capacity)),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct servers *s = &pool_of(n)->servers;
    int64_t busy = 0;
    for (uint32_t i = 0; i < s->n_stations; i++)
        busy += s->station[i]->busy.value;
    if (s->busy != busy || s->busy_time.value != busy)
        return error_set(e, "%lld servers are busy, its stations have %lld busy",
                         (long long)s->busy, (long long)busy);
    return (s->n == pool_of(n)->count && s->capacity.value == s->n) ||
           error_set(e, "it has %lld servers instead of %lld", (long long)s->n,
                     (long long)pool_of(n)->count);
}

const struct node_type pool_type = {
    .kind = "pool",
    .summary = "servers (cores, threads) that several stations share through on = …",
    .example = "local cpu = pool { name = \"cpu\", servers = 12 }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct pool_node),
    .flags = NODE_RESOURCE,
    .ops = {.init = init, .seal = seal, .set = changed, .probe = probe, .check = check},
};
