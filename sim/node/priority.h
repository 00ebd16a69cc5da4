/* Who gets how much: priorities, panic and zones, as integers the way Envoy works them out.
 *
 * Pure functions of how many hosts there are and how many of them are healthy. The documents of
 * Envoy print some of these numbers otherwise, by rounding; this is what its code does. */
#ifndef NINES_NODE_PRIORITY_H
#define NINES_NODE_PRIORITY_H

#include <stdbool.h>
#include <stdint.h>

/* One level of priority; 0 is called first. */
struct priority {
    uint32_t hosts, healthy;
    uint32_t load; /* percent of the calls; those of all levels make 100 */
    bool panic;    /* calls go to all of its hosts */
};

/* `factor` is the overprovisioning factor in percent: 140 lets 71.4 % of the hosts do for all. A
 * level panics when less than `threshold` (0..1) of its hosts are healthy, unless the healthy ones
 * of all levels suffice for everything. */
void priority_share(struct priority *p, uint32_t n, uint32_t factor, double threshold);

/* The level of a call, by a number that is different for each. */
static inline uint32_t priority_of(const struct priority *p, uint32_t n, uint64_t hash) {
    uint32_t place = (uint32_t)(hash % 100) + 1, i = 0;
    for (uint32_t upto = p[0].load; i + 1 < n && place > upto; upto += p[i].load)
        i++;
    return i;
}

enum zone_routing {
    ZONE_OFF,     /* all zones alike */
    ZONE_DIRECT,  /* everything stays in the caller's zone */
    ZONE_RESIDUAL /* what has room stays, the rest goes where there is room left */
};

/* `callers[n]` and `hosts[n]` by zone, hosts being the healthy ones; `local` is the zone asked for.
 * `part` is the share that stays, in 1/10,000; `upto[n]` what is left in each other zone, added up
 * from zone to zone, in 1/10,000 of all. */
enum zone_routing zone_share(const double *callers, const uint32_t *hosts, uint32_t n,
                             uint32_t local, uint32_t *part, uint32_t *upto);

#endif
