/* What the slow requests spend their time on: by component and kind of time.
 *
 * While the run goes on, the critical path (core/trail.h) of every user's request that ends well is
 * added to a ledger: one page for each latency, to under 1 %, of each cell (segment in which it
 * arrived x class). Afterwards any band of them can be read: the slowest 1 %, those around the
 * median. Replicas of one component share a column. It watches every call, which about
 * doubles the time that a run takes, and changes nothing about it. */
#ifndef NINES_CORE_BLAME_H
#define NINES_CORE_BLAME_H

#include "core/metric.h"
#include "core/trail.h"

/* Keeps a ledger of the run to come, in sim->blame. */
void blame_watch(struct sim *sim);

/* A part of the requests between two latency quantiles, such as .99 to 1: sums over them. */
struct blame_band {
    double from, to; /* shares of the requests, from the fastest */
    double n;        /* requests; a page that lies partly in the band counts in part */
    double total;    /* ns */
    double fastest;  /* ns: where the band begins */
    double *ns;      /* [column * SPENDS + what]: on the heap */
};

uint32_t blame_columns(const struct sim *sim);
const char *blame_column(const struct sim *sim, uint32_t column); /* "pod[*].rank" */

/* Sums the pages of these segments and classes (masks); `from` and `to` have been set. */
void blame_read(const struct sim *sim, uint64_t segments, uint64_t classes, struct blame_band *b);
void blame_band_release(struct blame_band *b);

/* A request as it went: the first one of its page. NULL: there is none in the band. From back to
 * front. */
struct exemplar {
    uint64_t id;
    uint16_t class;
    ns_t arrival, latency;
    struct stretch *path;
    uint32_t n;
};
const struct exemplar *blame_exemplar(const struct sim *sim, double quantile);

/* Of metric blame.p99: the share of the time of the slowest 1 % that these nodes take. */
double blame_value(const struct sim *sim, const struct metric_query *q, enum metric_lack *lack);
uint64_t blame_sample(const struct sim *sim, const struct metric_query *q);

/* Is every replica of what the query names in it? Blame is not kept for single ones. */
bool blame_bound(const struct sim *sim, const struct metric_query *q, struct error *e);

#endif
