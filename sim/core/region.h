/* Regions and plain groups: a scope for names around a part of the model.
 *
 * Calls pass through. What belongs to one is found when the model is wired, as a scenario makes the
 * parts first and the whole afterwards: all that can be reached from its child, but for what is in
 * another one already (the first to reach something has it) and what was made in an outer scope.
 * Calls to those leave the region. Groups may lie in groups and regions; regions lie in nothing:
 * one that is reached from another region is called across the border. */
#ifndef NINES_CORE_REGION_H
#define NINES_CORE_REGION_H

#include "core/schema.h"

struct region {
    struct node base;
    struct edge child;
    struct scope scope;
};

extern const struct node_type region_type, group_type;

static inline struct region *region_of(struct node *n) {
    return container_of(n, struct region, base);
}

enum { MAX_REGIONS = 64 }; /* of a model: they are bits of masks */

/* Puts all that regions and groups reach into their scopes; of a model whose order is known. */
bool region_enclose(struct sim *sim, struct error *e);

/* The scope that a region or group opens; NULL for other components. */
struct scope *region_scope(struct node *n);

/* The region in which a node stands; the node itself if it is one; NULL: in none. */
struct node *region_around(struct node *n);

/* The regions of a model, in the order of the file; for lists of names. */
struct node *region_at(const struct sim *sim, int i); /* NULL: no more */

#endif
