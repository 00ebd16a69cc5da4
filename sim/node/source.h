/* What all workloads have in common: classes, facts, the way in. */
#ifndef NINES_NODE_SOURCE_H
#define NINES_NODE_SOURCE_H

#include "core/schema.h"

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
    bool listens;  /* set by init: requests have a call of the source's own, which hears the answer.
                      It sends them by itself, not by source_send, and keeps the node's meter for
                      them: no source_seal */
    struct source_class *classes;
    uint32_t n_classes;
    struct source_fact *facts;
    uint32_t n_facts;
    uint64_t sent;
};

static inline struct source *source_of(struct node *n) {
    return container_of(n, struct source, base);
}

/* The parameters every source has. */
#define SOURCE_PARAMS                                                                              \
    PARAM(NODE, "to", struct source, entry, NULL,                                                  \
          "where requests go; default: the scenario's entry", .flags = CHILD),                     \
        PARAM(TIME, "deadline", struct source, deadline, "0s",                                     \
              "answers later than this do not count as goodput; inherited by every call; 0: none")

/* Reads classes and facts; for ops.init. `shares`: classes carry a share (otherwise the source says
 * which class each request has). */
bool source_read(struct source *s, bool shares, struct error *e);

/* Opens a request of a class (index into s->classes), or of one drawn by share (-1); facts are
 * drawn. NULL: the model is full. The caller may set more facts before source_send. */
struct call *source_open(struct source *s, int class);
void source_send(struct source *s, struct call *root);

/* Users who do not listen have no calls of their own: what they see is what their edge sees. To be
 * called when sealing. */
void source_seal(struct source *s);

#endif
