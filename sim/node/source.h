/* What all workloads have in common: classes, facts, the way in. */
#ifndef NINES_NODE_SOURCE_H
#define NINES_NODE_SOURCE_H

#include "core/schema.h"

enum { PURPOSE_CLASS, PURPOSE_FACTS }; /* facts: PURPOSE_FACTS + index */

struct source_fact {
    uint32_t index;
    const struct quantity *q;
};

struct source_class {
    uint16_t index;
    double upto;               /* cumulative share */
    struct source_fact *facts; /* those of the class, after those of the workload */
    uint32_t n_facts;
};

struct source {
    struct node base;
    struct edge entry;
    struct value classes_value, facts_value;
    ns_t deadline; /* 0: none */
    struct source_class *classes;
    uint32_t n_classes;
    struct source_fact *facts;
    uint32_t n_facts;
    uint64_t sent;
};

static inline struct source *source_of(struct node *n) {
    return container_of(n, struct source, base);
}

/* Classes with shares, and facts; then what every source has. */
#define SOURCE_CLASSES                                                                             \
    PARAM(VALUE, "classes", struct source, classes_value, NULL,                                    \
          "name = { share = …, priority = 0, and facts of the class }; shares add up to 1",        \
          .flags = EARLY),                                                                         \
        PARAM(VALUE, "facts", struct source, facts_value, NULL,                                    \
              "what each request carries: name = quantity", .flags = EARLY)
#define SOURCE_PARAMS                                                                              \
    PARAM(NODE, "to", struct source, entry, NULL,                                                  \
          "where requests go; default: the scenario's entry", .flags = CHILD),                     \
        PARAM(REF, "region", struct source, base.home, NULL,                                       \
              "where the users are: a region or its address", .ref_kind = "region"),               \
        PARAM(TIME, "deadline", struct source, deadline, "0s",                                     \
              "answers later than this do not count as goodput; inherited by every call; 0: none")

/* Reads classes and facts; for ops.init. `shares`: classes carry a share (otherwise the source says
 * which class each request has). */
bool source_read(struct source *s, bool shares, struct error *e);

/* Reads another table of facts: name = quantity. `what` is the parameter, for messages. */
bool source_read_facts(struct source *s, const struct value *v, const char *what,
                       struct source_fact **out, uint32_t *n, struct error *e);

/* The index into s->classes of a class that the source has. */
int source_class_of(const struct source *s, uint16_t class);

/* Gives the first call of a new request its class (index into s->classes, or -1: drawn by share),
 * facts and deadline. Users who only send open it over their edge (source_open), and what they see
 * is what their edge sees: source_seal, when sealing. Users who hear the answer open a call of
 * their own and keep the node's meter for it. */
void source_fill(struct source *s, struct call *root, int class);
void source_seal(struct source *s);

/* NULL: the model is full. The caller may set more facts before call_enter. */
static inline struct call *source_open(struct source *s, int class) {
    struct call *root = call_open_over(&s->entry, ORIGIN_USER);
    if (root)
        source_fill(s, root, class);
    return root;
}

#endif
