/* Parameters and metrics as tables: everything the outside needs to know about a component.
 *
 * From them come parsing and validation of a scenario's table, error messages, defaults, help, the
 * reference, live changes by faults and signals, and metric paths. */
#ifndef NINES_CORE_SCHEMA_H
#define NINES_CORE_SCHEMA_H

#include "core/quantity.h"
#include "core/value.h"

enum param_kind {
    PARAM_NUMBER,    /* double */
    PARAM_INTEGER,   /* int64_t */
    PARAM_RATIO,     /* double, 0..1 */
    PARAM_TIME,      /* ns_t */
    PARAM_QUANTITY,  /* struct quantity * */
    PARAM_RATE,      /* struct quantity *: constant or signal only, per second */
    PARAM_BOOL,      /* bool */
    PARAM_CHOICE,    /* int: index into choices */
    PARAM_TEXT,      /* const char * */
    PARAM_OUTCOMES,  /* uint32_t: mask of 1 << outcome, from a list of names */
    PARAM_NODE,      /* struct edge: a child */
    PARAM_NODES,     /* struct edge_list: children */
    PARAM_REF,       /* struct node *: watched or used, no graph edge */
    PARAM_CONDITION, /* struct condition * */
    PARAM_CALLBACK,  /* struct callback * */
    PARAM_TABLE,     /* nested keys: `sub`, same struct */
    PARAM_VALUE      /* struct value: read by the component itself */
};

enum param_flags {
    REQUIRED = 1,
    LIVE = 2,  /* may change while running: faults, signals, sweeps */
    CHILD = 4, /* positional entries go here (PARAM_NODE in order, PARAM_NODES all that are left) */
    NAMED = 8, /* PARAM_NODES given as { name = node } */
    GROUP = 16,   /* PARAM_NODES: any of them may be a `replicas`, which stands for all it has */
    WORK = 32,    /* the node's own work, which a slow fault stretches */
    EARLY = 64,   /* read while the file runs: --set, which comes after it, is too late */
    ONE_OF = 128, /* one of those of a table with this has to be given; the component checks */
    SWITCH = 256, /* PARAM_TABLE: its field is a bool, true once the table is given */
    MADE = 512    /* PARAM_NODES: edges that the component makes itself; no scenario gives them */
};

/* An entry of a list with GROUP as it was given: a component or a group. */
struct edge_part {
    struct node *given;
    bool is_group;
    uint32_t first, n; /* its edges in the list */
};

struct edge_list {
    struct edge *at;
    const char **names; /* NAMED only */
    uint32_t n;
    struct edge_part *part;   /* GROUP: what was given; targets_open makes the edges */
    struct replica **replica; /* GROUP: of each edge, NULL for that of a component */
    uint32_t n_parts;
};

struct param {
    const char *name;
    enum param_kind kind;
    size_t offset;
    const char *def; /* as spelled in a scenario; NULL: zero, or none */
    const char *help;
    unsigned flags;
    double min, max; /* base units; both 0: no limit but the kind's own */
    enum unit unit;
    const char *const *choices; /* ends with NULL */
    const struct param *sub;
    const char *ref_kind; /* PARAM_REF, PARAM_NODES: what kind it must be, or kinds as in
                             "balance or geo"; NULL: any */
    const char *needs;    /* the parameter of the same table without which this one means nothing:
                             refused unless that one is there, and neither 0 nor false */
    unsigned only;        /* `needs` is a choice: bits of those with which this one means something;
                             0: any */
};

/* PARAM(KIND, "name", struct t, field, default or NULL, "help" [, .flags = …, .min = …, …]) */
#define PARAM(kind_, name_, type_, field_, def_, ...)                                              \
    {                                                                                              \
        .name = name_, .kind = PARAM_##kind_, .offset = offsetof(type_, field_), .def = def_,      \
        .help = __VA_ARGS__                                                                        \
    }

enum metric_kind {
    METRIC_COUNTER,  /* uint64_t: events, given as a rate and used in shares */
    METRIC_INTEGRAL, /* struct integral: time average; over replicas, of those that are there */
    METRIC_SHARE,    /* struct integral over a double capacity at offset2, e.g. utilisation */
    METRIC_RATIO,    /* uint64_t over the uint64_t at offset2: a share of at most 1 */
    METRIC_PER,      /* the same where it may be above 1, such as attempts per call */
    METRIC_SPREAD,   /* struct spreads: a distribution of durations, made when sealing */
    METRIC_FIRST, /* struct moments: from the beginning of the run, or of a phase, until the state
                     is first entered; if it is not, all of that time */
    METRIC_LAST   /* beside it, the same field: until it is last left; all of the time if it still
                     lasts at   the end, 0 if it was never entered */
};

enum { MAX_METRICS = 16 }; /* of a type */

struct metric {
    const char *name;
    enum metric_kind kind;
    size_t offset, offset2;
    const char *help;
    enum unit unit;
};

/* METRIC(KIND, "name", struct t, field, "help" [, .offset2 = …, .unit = …]) */
#define METRIC(kind_, name_, type_, field_, ...)                                                   \
    {                                                                                              \
        .name = name_, .kind = METRIC_##kind_, .offset = offsetof(type_, field_),                  \
        .help = __VA_ARGS__                                                                        \
    }

/* Reads a table into `base` by `params`: unknown keys, wrong types, ranges and missing keys are
 * refused. `node` is the owner for edges and live signals, NULL for plain structs. Children with
 * REQUIRED | CHILD may still be missing afterwards: schema_open_child finds them and sim_seal
 * refuses them. */
bool schema_read(struct sim *sim, void *base, struct node *node, const struct param *params,
                 const struct table *t, struct error *e);

/* Is a component of this kind what a reference, or a list of children, wants? */
bool schema_wants(const struct param *p, const char *kind);

/* Makes a node of a type from a table: name, parameters, init. */
struct node *schema_build(struct sim *sim, const struct node_type *type, const char *where,
                          const struct table *t, struct error *e);

/* The first required positional child that has none yet, or NULL: a policy that can guard what
 * follows. */
struct edge *schema_open_child(struct node *n);

/* The callee of its one edge; NULL when it has none or several (or may have: a list of children).
 */
struct node *schema_only_child(struct node *n);

/* Calls `visit` for every edge with a callee. */
void schema_edges(struct node *n, void (*visit)(void *ctx, struct edge *e), void *ctx);
/* Calls `visit` for every node it refers to without an edge. */
void schema_refs(struct node *n, void (*visit)(void *ctx, struct node *ref), void *ctx);

/* "queue.limit" among the parameters; *base of nested tables is the same struct. NULL with an error
 * ("did you mean"). */
const struct param *schema_find(const struct node_type *type, const char *path, struct error *e);

/* Gives a parameter a value; `live`: refuses those without LIVE and tells the component. */
bool schema_set(struct node *n, const struct param *p, const struct value *v, bool live,
                struct error *e);

/* Keeps and brings back the raw value of a parameter that no edge hangs on; `tell`: the component
 * hears of it. */
struct param_kept {
    struct value any; /* the largest of them */
};
void schema_save(const struct node *n, const struct param *p, struct param_kept *out);
void schema_restore(struct node *n, const struct param *p, const struct param_kept *in, bool tell);

/* Does a slow fault have anything to stretch here? */
bool schema_works(const struct node_type *type);

/* Is there a value, and is it neither 0 nor false, nor the first of several choices? Components,
 * tables and the like: true. */
bool schema_given(const void *base, const struct param *p);

/* Current value of a numeric parameter (number, integer, ratio, time, constant quantity), base
 * units; NaN if it has none. */
double schema_number(const struct node *n, const struct param *p);

/* Where a node keeps a metric of the kind METRIC_SPREAD. */
static inline struct spreads *schema_spreads(struct node *n, const struct metric *m) {
    return (struct spreads *)(void *)((char *)n + m->offset);
}

const struct metric *schema_metric(const struct node_type *type, const char *name); /* NULL: none */

/* What a metric has come to by now: a count or an area; and that of what it is a share of, or the
 * time over which it is a mean. A component in a replica has neither while that is not there. What
 * happened between two moments is the difference; moments belong to the segment that ends now.
 * Distributions are kept by segment and have no marks. */
void schema_mark(const struct node *n, const struct metric *m, uint64_t mark[2]);

#endif
