/* Addresses of nodes: pod[3].rank, pod[1..4], eu.pod[*].model, *.
 *
 *   address = part {"." part};   part = name ["[" i | i".."j | "*" "]"] | "*"
 *
 * Only replicas, regions and groups open a scope; the latter two have no index, as in us.store. A
 * missing index means [*]. An address that ends at a replica means what its build returned; one
 * that ends at a region or group, the region or group itself. */
#ifndef NINES_CORE_ADDRESS_H
#define NINES_CORE_ADDRESS_H

#include "core/node.h"

struct node_set {
    struct node **at; /* in the arena */
    uint32_t n, cap;
};

/* All sealed nodes that `text` means, in the order of the graph. False with an error when the text
 * is no address or nothing matches (with a near miss). `replicas` and `pool` nodes match by their
 * own names too. */
bool address_find(struct sim *sim, const char *text, struct node_set *out, struct error *e);

/* "pod[3].rank" for a node in its scope. Written into the arena. */
char *address_of(struct sim *sim, const struct node *n);

/* The same with every index replaced by [*]: what replicas of one node have in common. */
void address_pooled(const struct node *n, char *out, size_t size);

/* Where it stands among its like: in no replica; in the first one, which then stands for all of
 * them where they are shown as one; in another one. */
enum place { PLACE_ALONE, PLACE_FIRST, PLACE_OTHER };
enum place address_place(const struct node *n);

#endif
