/* Servers (cores, threads, GPUs) that serve the queues of one or several stations.
 *
 * A station has its own, or shares those of a `pool`. When one becomes free, the waiting call that
 * is next among all stations starts: the most important if priorities are at play, then the one
 * that joined first. */
#ifndef NINES_NODE_SERVERS_H
#define NINES_NODE_SERVERS_H

#include "core/schema.h"

struct station;

struct servers {
    int64_t n; /* may change while running; those above it finish what they do */
    int64_t busy;
    uint64_t joined; /* counter for the order of joining */
    struct station **station;
    uint32_t n_stations;
    struct integral busy_time, capacity;
    struct node *owner; /* whose slow faults stretch the work: the pool, or NULL */
};

void servers_init(struct servers *s, int64_t n);
void servers_join(struct servers *s, struct station *st, struct sim *sim);
static inline bool servers_free(const struct servers *s) {
    return s->busy < s->n;
}
void servers_take(struct servers *s, ns_t now);
void servers_give(struct servers *s, ns_t now); /* starts who is next */
void servers_fill(struct servers *s);           /* starts as many as can be */
void servers_resize(struct servers *s, int64_t n, ns_t now);

/* A pool node: servers that stations share by `on`. */
struct pool_node {
    struct node base;
    int64_t count;
    struct servers servers;
};

#endif
