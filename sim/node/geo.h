/* Private to geo: geo.c chooses and travels, geo_read.c reads tables by the names of regions. */
#ifndef NINES_NODE_GEO_H
#define NINES_NODE_GEO_H

#include "core/schema.h"

enum geo_policy { NEAREST, WEIGHTED, FAILOVER };
extern const char *const geo_policies[];

/* From the users of one region to one region. */
struct path {
    struct quantity *rtt;
    struct delay_line line; /* of one way, while the round trip is constant */
    double far;             /* mean round trip */
};

/* What the name service said from a moment on. */
struct record {
    ns_t since;
    uint64_t healthy; /* mask of regions */
};

struct geo {
    struct node base;
    struct edge_list regions; /* by row: from users in no region, then from those in each region */
    int policy;
    struct value rtt, weights, residency;
    struct quantity *local_rtt;
    ns_t ttl, propagation;
    double ignore_ttl;
    const char *key;

    uint32_t n; /* regions */
    bool checked;
    int fact;            /* of the key, -1: none */
    struct path *path;   /* as the edges */
    uint32_t *order;     /* by row: regions from the best to the worst */
    uint64_t *allowed;   /* by row */
    double *weight;      /* of each region */
    uint8_t *row;        /* by node: who sends requests from where */
    uint64_t believed;   /* what the checks say now */
    struct record *past; /* oldest first; as far back as anyone remembers */
    uint32_t n_past, cap_past;
    struct integral healthy;
    uint64_t diverted, stale, refused;
};

static inline struct geo *geo_of(struct node *n) {
    return container_of(n, struct geo, base);
}

/* All regions, as a mask. */
static inline uint64_t geo_all(const struct geo *g) {
    return g->n == 64 ? UINT64_MAX : ((uint64_t)1 << g->n) - 1;
}

/* Index of a region by the first `len` bytes of `name`; g->n: there is none. */
uint32_t geo_region(const struct geo *g, const char *name, size_t len);

/* Reads rtt, weights and residency; `path`, `weight` and `allowed` have been allocated. */
bool geo_read(struct geo *g, struct error *e);
bool geo_weigh(struct geo *g, struct error *e); /* weights alone */

#endif
