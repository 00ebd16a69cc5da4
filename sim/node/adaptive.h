/* Between adaptive_concurrency.c, where calls come and go, and adaptive_params.c, which has the
 * tables of what can be set. */
#ifndef NINES_NODE_ADAPTIVE_H
#define NINES_NODE_ADAPTIVE_H

#include "core/schema.h"
#include "node/concurrency.h"

enum algorithm { AIMD, VEGAS, GRADIENT2, GRADIENT };
extern const char *const adaptive_algorithms[];

/* A part of the limit that a class is sure of. */
struct partition {
    double share; /* below 0: not named, which is sure of nothing */
    int64_t inside;
};

struct adaptive {
    struct node base;
    struct edge inner;
    int algorithm;
    struct aimd aimd;
    struct vegas vegas;
    struct gradient2 gradient2;
    struct windowed windowed;
    struct gradient gradient;
    uint32_t drop_on, ignore;
    struct value partitions_value;

    struct partition *partition; /* by class; NULL: none */
    double estimate;
    struct integral limit, inside;
    struct rng rng; /* jitter belongs to no call */
    uint64_t rejected, rtt_ns, rtt_s;

    /* gradient */
    struct event update, measure;
    struct hist samples;
    bool measuring; /* the no-load RTT, at min_concurrency */
    double min_rtt;
    ns_t epoch;       /* samples of calls from before it are not counted */
    int64_t deferred; /* the limit after measuring */
    int stuck;
};

extern const struct param adaptive_params[];

#endif
