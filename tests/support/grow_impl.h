/* Private to the growing of scenarios: grow.c makes components, grow_value.c values and conditions,
 * grow_scenario.c the rest. */
#ifndef NINES_TESTS_GROW_IMPL_H
#define NINES_TESTS_GROW_IMPL_H

#include "agent/registry.h"
#include "base/rng.h"
#include "grow.h"
#include "node/registry.h"

enum { MAX_MADE = 60, MAX_LOCALS = 12, NAMES = 3, MAX_NAMED = 4 };

/* A component with a name of its own: what faults and conditions can speak of. */
struct made {
    const struct node_type *type;
    const char *address, *caller; /* caller: NULL when unknown */
};

struct grower {
    struct arena *arena;
    struct rng rng;
    const struct node_type *featured;
    uint32_t serial;
    int budget;         /* components that may still be made */
    struct tree *block; /* where locals go */
    const char *scope;  /* "g1[*]." in a replica, "" in the file */
    const char *caller; /* address of whose child is being made */
    bool knob;          /* there is a knob `k.rate` */
    struct made made[MAX_MADE];
    uint32_t n_made;
    struct {
        const char *name;
        const struct node_type *type;
    } local[MAX_LOCALS]; /* that can be seen from here */
    uint32_t n_locals;
    const char *named[MAX_NAMED]; /* keys of the last table of named children */
    uint32_t n_named;
    uint32_t n_listed; /* children that the last component has by position */
    bool labelled;     /* a source that reads a file takes its column of classes */
    uint32_t n_classes, n_facts, n_phases;
    double duration;
    bool endless; /* the one source may end by itself: no duration is needed */
};

extern const char *const grow_classes[NAMES], *const grow_facts[NAMES], *const grow_phases[NAMES];

static inline bool chance(struct grower *g, double p) {
    return rng_unit(&g->rng) < p;
}
static inline uint32_t below(struct grower *g, uint32_t n) {
    return (uint32_t)rng_below(&g->rng, n);
}
/* Log-uniform. */
double grow_between(struct grower *g, double least, double most);

/* ---- values */

/* A number in base units, spelled with a unit. */
struct tree *grow_number(struct grower *g, const char *key, double x, enum unit unit);
/* A plain value for a parameter of a numeric kind, within its range; NULL for other kinds. */
struct tree *grow_plain(struct grower *g, const char *key, const struct param *p);
/* `plain` times a signal. */
struct tree *grow_signal(struct grower *g, const char *key, const char *plain);
/* `varied`: also what needs a call or a time to have a value. */
struct tree *grow_quantity(struct grower *g, const char *key, enum unit unit, bool varied);
/* A condition; `watched`: on what passes through a component, as in `when`. */
struct tree *grow_condition(struct grower *g, const char *key, bool watched);

/* ---- components */

struct tree *grow_component(struct grower *g, const char *key, int depth);
struct tree *grow_node(struct grower *g, const struct node_type *type, const char *key, int depth);
struct tree *grow_fault(struct grower *g, bool timed);
/* An address of something that the parameter wants and that means one component; NULL: none. */
const char *grow_made_of(struct grower *g, const struct param *p);

#endif
