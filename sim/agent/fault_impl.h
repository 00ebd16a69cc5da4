/* Private to the faults: fault.c acts, fault_target.c finds what an address means, fault_read.c
 * reads the scenario. */
#ifndef NINES_AGENT_FAULT_IMPL_H
#define NINES_AGENT_FAULT_IMPL_H

#include "agent/fault.h"
#include "core/schema.h"

struct fault {
    struct agent agent;
    struct event event;
    struct sim *sim;
    enum fault_kind kind;
    const char *where, *target, *text; /* target: a list of them with commas, for messages */
    const char **targets;
    uint32_t n_targets;
    ns_t from, to;                 /* since the end of warm-up; NS_NEVER: to the end */
    const struct quantity *amount; /* factor, rate or delay: constant or signal */
    double now;                    /* its present value */
    struct value value;            /* set */
    const char *path;              /* set: of the parameter, within each node's own type */
    struct node **nodes;
    uint32_t n;
    struct edge **edges;
    uint32_t n_edges, cap_edges;
    struct param_kept *saved; /* set: what was there before, one per node */
    bool active;
    uint64_t turned;                    /* set: when it was switched on, in events */
    const struct quantity *mtbf, *mttr; /* random */
    bool splits;                        /* random: stands for one fault per target */
    struct rng rng;
    double retransmit;    /* loss, cut */
    int64_t count;        /* lose */
    int pick;             /* lose: which replicas */
    struct group *group;  /* lose: of replicas; NULL: servers */
    struct fault **part;  /* lose, of replicas: one fault each; `active` says which are down */
    ns_t every, downtime; /* restart */
    struct rng picks;
};

enum pick { PICK_RANDOM, PICK_LAST };

/* A fault that may act on a gate: the gate's list of those is what its state is computed from. */
struct effect {
    struct effect *next;
    const struct fault *fault;
};

/* The parameter that a set fault changes in `n`, or NULL: components of several kinds may have one
 * of that name. */
const struct param *fault_param(const struct fault *f, const struct node *n);

/* For sim_seal: finds the targets, checks that the fault fits them. */
bool fault_seal(struct agent *a, struct sim *sim, struct error *e);
void fault_start(struct agent *a, struct sim *sim);

/* Faults that change a parameter, and bring it back. */
static inline bool fault_sets(const struct fault *f) {
    return f->kind == FAULT_SET || (f->kind == FAULT_LOSE && !f->group);
}

/* Parts of a fault that stand for some of its targets: fault_split.c. */
bool fault_split(struct fault *f, struct error *e);

/* Which nodes an address means for this fault; a replica that is slow or down: all in it. */
bool fault_may_fit(const struct fault *f, const struct node *n);
void fault_add_target(struct fault *f, struct node *n);
void fault_add_effect(struct fault *f, struct gate *g);

#endif
