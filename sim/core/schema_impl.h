/* Private to the schema: schema.c looks things up, schema_read.c reads values, schema_children.c
 * what they say of other components. */
#ifndef NINES_CORE_SCHEMA_IMPL_H
#define NINES_CORE_SCHEMA_IMPL_H

#include "core/schema.h"

static inline void *schema_field(void *base, const struct param *p) {
    return (char *)base + p->offset;
}

/* Among `params`, by the first `len` bytes of `name`; NULL: none. */
const struct param *schema_param(const struct param *params, const char *name, size_t len);

/* "unknown key 'x'; did you mean 'y'?" Returns false. */
bool schema_unknown(const struct param *params, const char *key, struct error *e);

/* Joins `at` to the component that `v` is; `what` begins the message. */
bool schema_read_edge(struct edge *at, struct node *owner, const char *what, const struct value *v,
                      struct error *e);

/* A list as the value of a key: NAMED, or by address for an agent. */
bool schema_read_edges(struct sim *sim, struct edge_list *at, struct node *owner,
                       const struct param *p, const struct value *v, struct error *e);
bool schema_read_ref(struct sim *sim, struct node **at, const struct node *owner,
                     const struct param *p, const struct value *v, struct error *e);

/* The list that takes all positional entries of a table, or NULL; then each of them is a child. */
const struct param *schema_list_child(const struct param *params);
bool schema_read_list(struct sim *sim, void *base, struct node *node, const struct param *p,
                      const struct table *t, struct error *e);
bool schema_read_child(void *base, struct node *node, const struct param *params,
                       const struct entry *en, struct error *e);

#endif
