/* A study: some cases of a scenario, each run in a number of independent replications, on several
 * threads.
 *
 * What is measured is a list of *queries* (metric expressions) that is evaluated once per
 * replication; estimates and intervals come from those values. Replication i of every case uses the
 * same random numbers, so cases are compared pair by pair. The result does not depend on the number
 * of threads. */
#ifndef NINES_LAB_STUDY_H
#define NINES_LAB_STUDY_H

#include "base/hist.h"
#include "base/stats.h"
#include "core/metric.h"
#include "lab/scenario.h"
#include "lab/series.h"

struct study_options {
    uint64_t seed;
    int64_t replications; /* 0: what the file says */
    ns_t warmup;          /* < 0: what the file says */
    ns_t duration;        /* <= 0: what the file says */
    int jobs;             /* threads; 0: as many as there are processors */
    const char *const
        *cases; /* "base" or names; others that claims speak of are added when `claims` is set */
    uint32_t n_cases;
    bool claims;
    bool all_nodes;   /* metrics of every replica, not only pooled */
    bool full_audit;  /* check everything after every event: slow */
    uint32_t windows; /* > 0: sample this many windows of time series */
    void (*progress)(void *ctx, double share, ns_t simulated,
                     uint64_t events); /* now and then, from the calling thread */
    void *progress_ctx;
};

struct query {
    enum expr_kind kind; /* metric, max or min */
    struct metric_ref ref;
    const char *text; /* "latency.p99", "max(pod[*]:latency.p99)" */
    enum unit unit;
    bool listed; /* belongs to the default list; otherwise only a claim wants it */
};

struct replication {
    double *value; /* one a query */
    uint8_t *lack; /* enum metric_lack */
    uint64_t at_start, offered, finished, at_end;
    uint64_t by_outcome[OUTCOMES];
    uint64_t events;
    ns_t measured;
    bool full; /* stopped by max_in_flight */
    struct series series;
    struct hist *latency; /* all, then by class */
};

struct case_result {
    const char *name;
    struct replication *rep;
    uint32_t n;
};

struct study {
    struct scenario
        scenario; /* sealed but not run: for names and structure; its case is the first one */
    const struct scenario_maker *maker;
    uint64_t seed;
    struct query *queries;
    uint32_t n_queries, cap_queries;
    struct case_result *cases;
    uint32_t n_cases;
    ns_t warmup;
    bool warmup_found; /* "auto" found one; otherwise half the pilot was taken */
    uint32_t n_hists;  /* per replication: 1 + classes, or 1 */
    struct series_names names;
    ns_t window;
    double wall_s;
};

bool study_run(const struct scenario_maker *m, const struct study_options *o, struct study *s,
               struct error *e);
void study_release(struct study *s);

/* Index of the query that an expression needs, -1 when it is not among them (the label `case` is
 * ignored). */
int study_query(const struct study *s, const struct expr *x);
struct case_result *study_case(const struct study *s, const char *name); /* NULL: was not run */

struct estimate study_estimate(const struct study *s, const struct case_result *c, uint32_t query);
enum metric_lack study_lack(const struct case_result *c, uint32_t query);
/* Pooled over replications; index 0 all, then by class. The caller releases it. */
void study_histogram(const struct study *s, const struct case_result *c, uint32_t index,
                     struct hist *out);

/* ---- parts, in files of their own */

/* Makes the list of queries: what every summary shows, and what claims and slo speak of. */
bool queries_make(struct study *s, bool all_nodes, struct error *e);

/* Length of the warm-up by MSER-5 on a pilot without faults. */
bool warmup_find(const struct scenario_maker *m, uint64_t seed, ns_t duration, ns_t *warmup,
                 bool *found, struct error *e);

#endif
