/* Values of metrics in one replication: from a reference such as pod[*]:latency.p99{phase=fault} to
 * a number.
 *
 * Built in for every node: latency, wait, service, network, backoff, stall (distributions: they
 * need a statistic), offered, throughput, goodput (per second), availability, share{outcome=…},
 * in_flight, quality (mean of what good answers are worth) and `calls` (a count). Without an
 * address they are those of the users: the calls of all workloads. Components add their own through
 * their metric tables. Calls count in the phase in which their request arrived; counters and time
 * averages in the phase in which they happened. */
#ifndef NINES_CORE_METRIC_H
#define NINES_CORE_METRIC_H

#include "core/address.h"
#include "core/condition.h"
#include "core/schema.h"

enum metric_what {
    WHAT_LATENCY, /* and other distributions: `phase` says which */
    WHAT_PHASE,
    WHAT_CALLS,
    WHAT_OFFERED,
    WHAT_THROUGHPUT,
    WHAT_GOODPUT,
    WHAT_AVAILABILITY,
    WHAT_QUALITY,
    WHAT_SHARE,
    WHAT_IN_FLIGHT,
    WHAT_COST,
    WHAT_BLAME, /* core/blame.h */
    WHAT_OWN    /* of the component: `own` per node's type */
};

enum metric_stat { STAT_NONE, STAT_MEAN, STAT_SD, STAT_MIN, STAT_MAX, STAT_PERCENTILE };

struct metric_query {
    enum metric_what what;
    enum metric_stat stat;
    double p;
    enum phase phase;
    bool cost_per_request;
    bool whole; /* no address: of all the system */
    struct node_set nodes;
    const char *own;
    enum metric_kind own_kind;
    uint64_t segments, classes; /* masks */
    uint32_t outcomes;
    bool outcomes_given;
    uint64_t results;
    enum unit unit;
};

/* Resolves a reference against a sealed model. The label `case` is not looked at. False with an
 * error: unknown metric (did you mean), a statistic is missing, unknown class, phase or result.
 */
bool metric_bind(struct sim *sim, const struct metric_ref *ref, struct metric_query *out,
                 struct error *e);

/* Why a value is not there. */
enum metric_lack { LACK_NOTHING, LACK_SAMPLES, LACK_FEW };
const char *metric_lack_text(enum metric_lack lack);

/* Pooled over the query's nodes; NaN with a reason when the sample cannot support it (a percentile
 * wants at least five values beyond it). After sim_run. */
double metric_value(const struct sim *sim, const struct metric_query *q, enum metric_lack *lack);

/* The largest (sign > 0) or smallest value of any single node. */
double metric_extreme(const struct sim *sim, const struct metric_query *q, int sign,
                      enum metric_lack *lack);

/* Sums behind a value; the difference of two of them is what happened in between. */
struct metric_sums {
    uint64_t arrivals, finished, chosen, good, late, sum;
    double lost;          /* quality */
    double top, bottom;   /* of in_flight, cost and what components measure */
    uint64_t first, last; /* + 1, ns since the beginning of the span; 0: not in it */
    struct hist hist;     /* of distributions */
};

/* All that happened since the beginning of the run, while it is running; `out->hist` has been
 * initialised by metric_hist_init, and is emptied first. */
void metric_read(const struct sim *sim, const struct metric_query *q, struct metric_sums *out);
void metric_hist_init(const struct metric_query *q, struct hist *h);

/* A value from sums over a span of time, in seconds; also one that is not to be trusted, with
 * LACK_FEW: monitoring shows it all the same. */
double metric_of_sums(const struct metric_query *q, const struct metric_sums *s, double span,
                      enum metric_lack *lack);

/* Merges the histograms of a latency, or of a component's own distribution, into `into` (bits
 * HIST_FINE for whole-system queries, else HIST_COARSE). */
void metric_histogram(const struct metric_query *q, struct hist *into);

/* Number of values behind a distribution metric, calls behind the others. */
uint64_t metric_sample(const struct metric_query *q);

#endif
