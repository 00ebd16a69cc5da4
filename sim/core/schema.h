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
    GROUP = 16,  /* PARAM_NODES: one `replicas` may stand for the list */
    WORK = 32,   /* the node's own work, which a slow fault stretches */
    EARLY = 64,  /* read while the file runs: --set, which comes after it, is too late */
    ONE_OF = 128 /* one of those of a table that carry this has to be given; the component checks */
};

struct edge_list {
    struct edge *at;
    const char **names; /* NAMED only */
    uint32_t n;
    struct node *group; /* GROUP: the replicas node, or NULL */
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
    const char *ref_kind; /* PARAM_REF: what kind it must be, NULL: any */
    const char *excludes; /* parameters of the same table that may not be given besides, separated
                             by blanks; "name=a/b": not with these choices; the component checks */
    const char *needs;    /* the parameter of the same table without which this one means nothing:
                             refused unless that one is there, and neither 0, false nor its
                             first choice; "name=a/b": unless it is one of these choices */
};

/* PARAM(KIND, "name", struct t, field, default or NULL, "help" [, .flags = …, .min = …, …]) */
#define PARAM(kind_, name_, type_, field_, def_, ...)                                              \
    {                                                                                              \
        .name = name_, .kind = PARAM_##kind_, .offset = offsetof(type_, field_), .def = def_,      \
        .help = __VA_ARGS__                                                                        \
    }

enum metric_kind {
    METRIC_COUNTER,  /* uint64_t: events, given as a rate and used in shares */
    METRIC_INTEGRAL, /* struct integral: time average */
    METRIC_SHARE,    /* struct integral over a double capacity at offset2, e.g. utilisation */
    METRIC_RATIO,    /* uint64_t over the uint64_t at offset2: a share of at most 1 */
    METRIC_PER       /* the same where it may be above 1, such as attempts per call */
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

/* Is what a parameter needs there? */
bool schema_stands(const void *base, const struct param *params, const char *need);

/* Current value of a numeric parameter (number, integer, ratio, time, constant quantity), base
 * units; NaN if it has none. */
double schema_number(const struct node *n, const struct param *p);

const struct metric *schema_metric(const struct node_type *type, const char *name); /* NULL: none */

#endif
