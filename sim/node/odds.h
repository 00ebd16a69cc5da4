/* By chance or not: the probabilities with which clients throttle themselves, and the counts of the
 * last while that they come from.
 *
 * The counts are kept in parts, in the manner of Envoy: a part begins with the first call after the
 * last one is `width` old, and leaves as a whole when it is as old as the window. */
#ifndef NINES_NODE_ODDS_H
#define NINES_NODE_ODDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/time.h"

struct part {
    ns_t began;
    uint64_t all, good;
};

struct recent {
    ns_t window, width;
    struct part *part; /* a ring */
    uint32_t cap, first, n;
    struct part sum;
};

/* Room for all parts that the window can have: window / width + 2. */
void recent_init(struct recent *r, struct arena *a, ns_t window, ns_t width);

/* Forgets what is too old. */
void recent_roll(struct recent *r, ns_t now);

/* Adds to the present part. */
void recent_add(struct recent *r, ns_t now, uint64_t all, uint64_t good);

/* How old the oldest part is. */
static inline ns_t recent_age(const struct recent *r, ns_t now) {
    return r->n ? now - r->part[r->first].began : 0;
}

bool recent_check(const struct recent *r);

/* Google SRE, "Handling Overload": what k times the accepted ones would not cover. */
static inline double odds_sre(double requests, double accepts, double k) {
    double p = (requests - k * accepts) / (requests + 1);
    return p > 0 ? p : 0;
}

/* Envoy admission control: what falls short of the success rate that is wanted. */
double odds_envoy(double n, double successes, double threshold, double aggression, double most);

#endif
