/* Nodes and the edges between them: the static side of a model.
 *
 * A component is a `struct node_type`: tables of parameters and metrics, and a few functions. A
 * node is an instance of one, built from a scenario table, then sealed into an acyclic graph with
 * all the others. Nodes live in the simulation's arena and are freed with it. */
#ifndef NINES_CORE_NODE_H
#define NINES_CORE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "core/event.h"
#include "core/meter.h"

struct call;
struct edge_list;
struct metric;
struct node;
struct param;
struct quantity;
struct request;
struct scope;
struct sim;

/* Why a caller withdraws a call. */
enum cause {
    CAUSE_QUEUED,   /* take it out if no work on it has begun, otherwise let the work finish */
    CAUSE_DEADLINE, /* its deadline has passed: stop the work */
    CAUSE_LOSER,    /* another attempt has won */
    CAUSE_GONE,     /* the caller itself has ended */
    CAUSE_CRASH     /* the node went down: must obey */
};

/* Things a caller may want to know before the answer (bits of a mask). */
enum milestone { MILESTONE_SERVICE = 1, MILESTONE_FIRST_TOKEN = 2 };

/* Questions to a node about its present state. */
enum probe { PROBE_IN_FLIGHT, PROBE_QUEUE, PROBE_UTILIZATION };

struct node_ops {
    /* The type's own set-up after its parameters were read; may refuse. */
    bool (*init)(struct node *, struct error *);
    /* Agents: what is named by its address is known, and all that workloads reach has been wired;
     * the last moment to make edges. May refuse. */
    bool (*attach)(struct node *, struct error *);
    /* Of who chooses among targets: a health check is going to probe the first *n of these edges'
     * callees (NULL: one does already), and then tells what it has found, each good answer too. */
    const struct edge_list *(*probed)(struct node *, uint32_t *n);
    void (*verdict)(struct node *, uint32_t target, bool healthy);
    /* After the graph is sealed: classes, facts, addresses and children are known; may refuse. */
    bool (*seal)(struct node *, struct error *);
    /* The clock stands at the beginning of warm-up. */
    void (*start)(struct node *);
    void (*accept)(struct node *, struct call *);
    void (*reply)(struct node *, struct call *mine, struct call *sub);
    /* Withdraws a call: put right your own books (queue, server, timer) and return true, or return
     * false to let it finish as an orphan. NULL: nothing to put right. CAUSE_CRASH must return
     * true. */
    bool (*cancel)(struct node *, struct call *, enum cause);
    void (*milestone)(struct node *, struct call *mine, struct call *sub,
                      enum milestone); /* NULL forwards */
    /* A live parameter has changed; `p` says which (core has stored the new value). */
    void (*set)(struct node *, const struct param *p);
    bool (*probe)(struct node *, enum probe, double *answer); /* NULL asks the only child */
    void (*flush)(struct node *);   /* contents are lost; NULL: has none */
    void (*release)(struct node *); /* heap memory of the type's own */
    /* For the full audit, between events: do its own books agree with each other and with its
     * calls? False with one sentence on what does not; must change nothing. NULL: has none. */
    bool (*check)(struct node *, struct error *);
    /* What the constructor yields instead of the node itself (a chain that is only its policy);
     * NULL: the node. */
    struct node *(*stand_in)(struct node *);
};

enum node_flags {
    NODE_ANONYMOUS = 1, /* structural: an unnamed one gets a number instead of an error */
    NODE_SOURCE = 2,    /* creates requests; a workload */
    NODE_RESOURCE = 4,  /* is referred to but never called (pool, replicas) */
    NODE_KEEPS = 8,     /* keeps calls that have no timer, sub-call or list: its check finds them */
    NODE_AGENT = 16, /* acts on its own clock: stands in scenario.agents, is never called. One that
                        sends no calls either is a NODE_RESOURCE as well, and has no meter */
    NODE_RACES = 32  /* may send the same again while it still waits for an answer */
};
enum { NODE_UNCALLED = NODE_SOURCE | NODE_RESOURCE | NODE_AGENT };

struct node_type {
    const char *kind;
    const char *summary;        /* one line */
    const char *follows;        /* the system whose semantics it has, NULL if none in particular */
    const char *example;        /* a line or two of Lua */
    const struct param *params; /* ends with a NULL name */
    const struct metric *metrics; /* NULL or ends with a NULL name */
    const char *const *results;   /* names of results, NULL if it has none */
    size_t size, call_size;
    unsigned flags;
    struct node_ops ops;
};

/* Faults act on a node (or an edge) through its gate, and who listens to a node does so there.
 * Everything is neutral unless `active`. */
struct effect;

/* Hears of each call that a node takes in; embedded in what the listener owns. */
struct gate_ear {
    void (*heard)(struct gate_ear *, struct call *);
    struct gate_ear *next;
};

struct gate {
    bool active;            /* a fault acts here, or somebody listens */
    struct effect *effects; /* of the faults that may act here; see agent/fault.c */
    int down;               /* how many faults hold it down */
    double slow;            /* factor on what the node itself draws */
    double error_rate;      /* share of calls that fail on arrival */
    double added;           /* seconds before the call arrives */
    double loss;            /* share of transmissions that get lost; 1: the way is cut */
    double retransmit; /* seconds until the first of those is sent again; then twice that … */
    struct gate_ear *ears;
};

/* A component in a replica: when the replica is not there, the component is not, and neither is
 * what it has. Means and shares are taken over the time in which it is. */
struct presence {
    int gone;              /* of how many replicas that it lies in */
    struct integral there; /* 1 while it is */
    struct away {          /* what a share is taken of, while it is not: not to be counted */
        struct away *next;
        const struct metric *share;
        struct integral capacity;
    } * away;
};

struct edge {
    struct node *to;
    struct node *from;
    struct meter *meter; /* NULL while the callee has this one caller: then the callee's meter is
                            the edge's; that of a source itself on its own edge */
    struct gate gate;
    int64_t in_flight;
    void (*ended)(struct edge *); /* called when a call over it has ended; NULL: nobody asked */
    uint32_t
        ordinal; /* among the callee's callers, from 0: keys the draws of those after the first */
    struct node *home; /* the region whose users send over it, where that is not the home of `from`:
                          faults of the link between regions find it by that */
};

struct node {
    const struct node_type *type;
    struct sim *sim;
    struct gate gate;
    uint64_t salt; /* of this address: keys draws */
    struct meter meter;
    struct pool calls;
    bool wanted;                      /* someone above listens to milestones */
    void (*idle_hook)(struct node *); /* called when the last call leaves; NULL: nobody asked */
    /* cold */
    uint32_t id;
    uint32_t callers;
    const char *name; /* given or default; unique within its scope */
    bool named;
    bool sealed, visiting;
    struct scope *scope;
    struct node *home; /* of a source: the region in which its users are; NULL: none */
    const char *where; /* "file.lua:12" */
    char *address;     /* "pod[3].rank", known after sealing */
    struct edge **out; /* the node's edges, collected when sealed */
    uint32_t n_out;
    struct presence *presence; /* NULL: in no replica */
    uint64_t *marks; /* values of its integral and counter metrics at segment boundaries */
};

/* A naming scope: the file (parent NULL), one replica of a group, a region or a plain group. */
struct scope {
    struct scope *parent;
    struct node *owner; /* the replicas, region or group node; NULL for the file */
    uint32_t index;     /* of a replica, from 1; else 0 */
    struct node *root;  /* what the replica's build returned; NULL for the others */
};

/* Is `n` made in `s`, or in a scope below it? */
bool scope_holds(const struct scope *s, const struct node *n);

/* New node of a type, all zero but for the base. `where` is copied. Parameters are read by
 * schema_read. */
struct node *node_new(struct sim *sim, const struct node_type *type, const char *where);

/* From now on `ear` hears of the calls that come in; when sealing. */
static inline void gate_listen(struct gate *g, struct gate_ear *ear) {
    ear->next = g->ears;
    g->ears = ear;
    g->active = true;
}

/* Joins `e` (inside `from`) to `to`. */
static inline void edge_join(struct edge *e, struct node *from, struct node *to) {
    e->from = from;
    e->to = to;
    e->gate.slow = 1;
}

/* "scenario.lua:12: station 'rank'" for messages. Written into a buffer of the caller. */
const char *node_label(const struct node *n, char *buffer, size_t size);

/* Factor of slow faults on what this node draws. */
static inline double node_slow(const struct node *n) {
    return n->gate.active ? n->gate.slow : 1;
}

/* Asks a node; nodes without an answer of their own ask their only child. False: nobody knows. */
bool node_probe(struct node *n, enum probe what, double *answer);

/* Calls under way over an edge. */
static inline int64_t edge_in_flight(const struct edge *e) {
    return e->in_flight;
}

#endif
