/* What the slow requests of a study spend their time on, and what those around the median do. */
#ifndef NINES_LAB_WHY_H
#define NINES_LAB_WHY_H

#include "base/stats.h"
#include "core/blame.h"

struct study;
struct case_result;

enum { WHY_EXAMPLES = 3 };

/* A request as it went, with names of its own: the run it is from is gone. */
struct why_line {
    char *node;
    ns_t from, to; /* since its arrival */
    enum spend what;
};
struct why_example {
    double quantile;
    uint64_t id;
    char *class;
    ns_t arrival, latency; /* arrival: since the end of warm-up */
    struct why_line *line; /* in the order of time; neighbours of one kind are joined */
    uint32_t n;
};

/* Of one replication, on the heap. */
struct why {
    struct blame_band slow, middle;
    char **column; /* of the first replication only, as are the examples */
    uint32_t n_columns;
    struct why_example example[WHY_EXAMPLES];
    uint32_t n_examples;
};

/* Reads the ledger of a run that has ended: the slowest `share` of the requests, and the tenth of
 * them around the median. `first`: with names and examples. `w` is zero, and its owner's at any
 * moment. */
void why_take(struct why *w, const struct sim *sim, double share, bool first);
void why_release(struct why *w);

/* Share of the time of the slow (or the middle) requests that went into one column and kind, over
 * the replications of a case. */
struct estimate why_share(const struct case_result *c, uint32_t column, enum spend what,
                          bool middle);

#endif
