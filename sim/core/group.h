/* Groups of replicas and their life cycles.
 *
 * All replicas are built before sealing, up to `max`; core owns the state of each one. Balancers
 * send to those that are ready, autoscalers move `count`, cost integrates what is provisioned. A
 * replica that is down (a fault) is still ready in its balancer's eyes until someone detects it, as
 * in life. */
#ifndef NINES_CORE_GROUP_H
#define NINES_CORE_GROUP_H

#include "core/schema.h"

enum replica_state { REPLICA_ABSENT, REPLICA_STARTING, REPLICA_READY, REPLICA_DRAINING };

struct replica {
    struct scope scope;
    struct group *group;
    enum replica_state state;
    ns_t ready_at;      /* when it last became ready, on the clock */
    struct event event; /* start-up ends; a drain is looked at again */
};

struct group {
    struct node base;
    int64_t count, max;
    struct quantity *cold_start; /* from the order to start until ready */
    struct value price;          /* table: what one replica is made of, or USD an hour */
    struct callback *build;      /* called by the scenario's reader, not by core */
    double hourly;               /* USD an hour for a replica, from the price */
    struct replica *at;          /* max of them */
    int64_t built;               /* how many `at` has room for */
    uint32_t n_ready;
    struct integral ready,
        provisioned; /* provisioned: from the order to start to the end of draining */
    uint64_t started;
};

extern const struct node_type replicas_type;

/* Opens the scope of replica `i` (from 0): nodes made until group_leave belong to it. */
void group_enter(struct group *g, uint32_t i);
void group_leave(struct group *g, uint32_t i, struct node *root);

/* Reserves `max` replicas; after the parameters are read, before anything is built. */
bool group_reserve(struct group *g, struct error *e);

static inline struct group *group_of(struct node *n) {
    return container_of(n, struct group, base);
}
static inline bool group_ready(const struct group *g, uint32_t i) {
    return g->at[i].state == REPLICA_READY;
}

/* ---- lists of targets, of which a group may stand for (PARAM_NODES with GROUP) */

/* Gives the list an edge from `n` to every replica that may ever be; nothing for plain targets. For
 * ops.init. */
void targets_open(struct node *n, struct edge_list *l);

/* Plain targets are always ready. */
static inline bool target_ready(const struct edge_list *l, uint32_t i) {
    return !l->group || group_ready(group_of(l->group), i);
}
static inline uint32_t targets_ready(const struct edge_list *l) {
    return l->group ? group_of(l->group)->n_ready : l->n;
}

/* Starts or drains replicas until `count` are starting or ready: the lowest absent index starts
 * first, the highest ready drains first. */
void group_scale(struct group *g, int64_t count);

/* For cost: 0 and NULL for a node that is no priced group. */
double group_price(const struct node *n);
const uint64_t *group_provisioned_marks(const struct node *n);

#endif
