/* Groups of replicas and their life cycles.
 *
 * All replicas are built before sealing, up to `max`; core owns the state of each one. Balancers
 * send to those that are ready, autoscalers move `count`, cost integrates what is provisioned. A
 * replica that is down (a fault) is still ready in its balancer's eyes until someone detects it, as
 * in life. */
#ifndef NINES_CORE_GROUP_H
#define NINES_CORE_GROUP_H

#include "core/cold_start.h"
#include "core/schema.h"

enum replica_state { REPLICA_ABSENT, REPLICA_STARTING, REPLICA_READY, REPLICA_DRAINING };

struct replica_part {
    struct replica_part *next;
    struct node *node;
};

struct replica {
    struct scope scope;
    struct group *group;
    enum replica_state state;
    bool evicted;        /* drains because its machine is taken away: nobody calls it back */
    struct event event;  /* start-up ends; the machine of an evicted one goes */
    ns_t ordered, since; /* when it was last told to start; when it became ready */
    struct replica_part
        *parts; /* all components in it, callers before callees; from the start on */
};

struct group {
    struct node base;
    int64_t count, max;
    struct value cold_start; /* as given; read when sealed */
    struct cold_start cold;  /* from the order to start until ready */
    struct value price;      /* table: what one replica is made of, or USD an hour */
    struct callback *build;  /* called by the scenario's reader, not by core */
    double hourly;           /* USD an hour for a replica, from the price */
    struct replica *at;      /* max of them */
    int64_t built;           /* how many `at` has room for */
    uint32_t n_ready;
    struct group_ear *ears;
    struct integral ready,
        provisioned; /* provisioned: from the order to start to the end of draining */
    uint64_t started;
    uint64_t cold_time, cold_starts; /* ns; number x 10^9, so that their ratio is in seconds */
    int64_t lost;                    /* evicted, and the order to replace it has not come */
    uint64_t cut_off;                /* calls that ended with their machine */
    struct node *scaler, *spot;      /* the agents that move `count`, take machines away; or NULL */
    struct group_waker *waker;       /* who starts replicas when a call finds none; NULL: nobody */
    struct list waiting;             /* calls that found none: first come, first served */
    struct integral queue;
};

/* Hears of replicas that begin or cease to take calls; embedded in what the listener owns. */
struct group_ear {
    void (*changed)(struct group_ear *, uint32_t index, bool ready);
    struct group_ear *next;
};

extern const struct node_type replicas_type;

void group_listen(struct group *g, struct group_ear *ear);

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

/* ---- lists of targets, in which groups may stand (PARAM_NODES with GROUP) */

/* Gives the list an edge from `n` to every target that may ever be: of a group, to each of its
 * replicas. For ops.init. */
void targets_open(struct node *n, struct edge_list *l);

/* Components are always ready. */
static inline bool target_ready(const struct edge_list *l, uint32_t i) {
    return !l->replica[i] || l->replica[i]->state == REPLICA_READY;
}
uint32_t targets_ready(const struct edge_list *l);

/* Starts or drains replicas until `count` are starting or ready: the lowest absent index starts
 * first, the highest ready drains first. Who moves a group's count sets the parameter, which comes
 * here. */
void group_scale(struct group *g, int64_t count);

/* ---- machines that are taken away */

/* Replica `i`, which is starting or ready, takes no calls from now on; what it still has after
 * `notice` ends in ERROR. It is not replaced before group_replace, which is called once for each,
 * orders another one; that one starts as soon as there is room for it. */
void group_evict(struct group *g, uint32_t i, ns_t notice);
void group_replace(struct group *g);

/* ---- calls that wait while no replica is ready
 *
 * What an activator does. Only where somebody starts replicas for them: then a call that finds none
 * waits in the group, and its node's `accept` gets it again as soon as there is one. The time is
 * PHASE_WAIT of that node, whose calls begin with a struct waiting_call. */

struct group_waker {
    void (*called)(struct group_waker *); /* the first call waits */
};

struct waiting_call {
    struct call base;
    struct group *at; /* where it waits; NULL: it does not */
    ns_t since;
};

/* For ops.accept: none of the targets is ready. False: nobody would come; refuse the call. */
bool targets_wait(const struct edge_list *l, struct call *c);
/* For ops.cancel: takes the call out; true: it was waiting. */
bool targets_wait_over(struct call *c);
/* For core/group.c: a replica has become ready. */
void group_go_on(struct group *g);

/* For core/group.c: finds what the replicas are made of; a replica comes or goes, with all of it.
 */
void group_find_parts(struct group *g);
void group_turn_parts(struct replica *r, bool there);

/* For cost: 0 and NULL for a node that is no priced group. */
double group_price(const struct node *n);
const uint64_t *group_provisioned_marks(const struct node *n);
const struct integral *group_provisioned(const struct node *n);

#endif
