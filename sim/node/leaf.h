/* What components have in common that answer by themselves after a time: they differ only in the
 * answer. */
#ifndef NINES_NODE_LEAF_H
#define NINES_NODE_LEAF_H

#include "core/schema.h"

struct leaf {
    struct node base;
    struct quantity *after;
    struct delay_line line;
    void (*answer)(struct call *); /* set by init; ends the call */
};

struct leaf_call {
    struct call base;
    ns_t began;
};

static inline struct leaf *leaf_of(struct node *n) {
    return container_of(n, struct leaf, base);
}

bool leaf_seal(struct node *n, struct error *e);
void leaf_accept(struct node *n, struct call *c);
bool leaf_cancel(struct node *n, struct call *c, enum cause cause);

/* The parameter `after`, with what it means here. */
#define LEAF_PARAM(help_)                                                                          \
    PARAM(QUANTITY, "after", struct leaf, after, "0", help_, .flags = LIVE | WORK,                 \
          .unit = UNIT_TIME)

#endif
