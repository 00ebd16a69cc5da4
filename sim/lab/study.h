/* A study: some cases of a scenario, each run in a number of independent replications, on several
 * threads.
 *
 * What is measured is a list of *queries* (metric expressions) that is evaluated once per
 * replication; estimates and intervals come from those values. Replication i of every case uses the
 * same random numbers, so cases are compared pair by pair. A study with a single replication cuts
 * it into batches instead and has intervals by sectioning, where the batches are not correlated.
 *
 * With claims or a precision to reach, replications are added until everything is decided: a look
 * at the first n of each case, then at half as many again (lab/looks.h). What is decided depends on
 * the replications 1 … n alone, and therefore not on the number of threads. */
#ifndef NINES_LAB_STUDY_H
#define NINES_LAB_STUDY_H

#include "base/hist.h"
#include "base/stats.h"
#include "core/metric.h"
#include "lab/batches.h"
#include "lab/drift.h"
#include "lab/scenario.h"
#include "lab/series.h"
#include "lab/why.h"

enum { WARMUP_FILE = -1, WARMUP_AUTO = -2 };

struct study_options {
    uint64_t seed;
    int64_t replications;     /* the first look; 0: what the file says */
    int64_t max_replications; /* the last look; 0: `replications` if that is given, otherwise what
                                 the file says. Without claims and precision there is one look */
    double
        precision; /* > 0: the half-width that the intervals of the first case shall have: a share
                      of mean, P50 and P99 of latency and of goodput, a distance for shares */
    ns_t warmup;   /* WARMUP_FILE, WARMUP_AUTO, or a time */
    ns_t duration; /* <= 0: what the file says */
    int jobs;      /* threads; 0: as many as there are processors */
    const char *const
        *cases; /* "base" or names; others that claims speak of are added when `claims` is set */
    uint32_t n_cases;
    bool claims;
    bool all_nodes;   /* metrics of every replica, not only pooled */
    bool full_audit;  /* check everything after every event: slow */
    double slowest;   /* > 0: explain what this share of the requests spend their time on: slow */
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
    double *value;    /* one a query */
    uint8_t *lack;    /* enum metric_lack */
    uint64_t *sample; /* requests or calls behind the value; 0 for what is no property of calls */
    uint64_t *ended;  /* the same, whatever their outcome */
    struct estimate *interval; /* of a single replication, by batches; otherwise NULL */
    uint8_t *interval_lack;    /* enum interval_lack */
    struct drift *drift;       /* one a node; NULL when the length was not known */
    uint32_t nodes;
    uint64_t at_start, offered, finished, at_end;
    uint64_t by_outcome[OUTCOMES];
    uint64_t events;
    ns_t measured;
    bool full; /* stopped by max_in_flight */
    struct series series;
    struct hist *latency; /* all, then by class */
    struct why why;       /* when it was asked for */
};

/* A node that has no steady state. */
struct growth {
    const char *node;
    double per_second, share; /* calls that pile up; and as a share of those that arrive */
};

struct case_result {
    const char *name;
    struct replication *rep;
    uint32_t n;
    bool open;            /* wants more replications */
    struct growth *grows; /* saturated nodes behind which none is, the fastest first */
    uint32_t n_grows;
    bool *withheld;  /* queries that have no steady state; NULL when nothing grows */
    const char *why; /* one sentence about it */
};

struct decision;

struct study {
    struct scenario
        scenario; /* sealed but not run: for names and structure; its case is the first one */
    const struct scenario_maker *maker;
    uint64_t seed;
    ns_t duration; /* <= 0: what the file says */
    struct query *queries;
    uint32_t n_queries, cap_queries;
    struct case_result *cases;
    uint32_t n_cases;
    uint32_t looks;             /* how many there were */
    bool at_limit;              /* and the last one was the last there may be */
    struct decision *decisions; /* one a claim, when claims were asked for */
    double precision;           /* that was asked for; 0: none */
    const char *imprecise;      /* query whose interval is still too wide; NULL: none */
    uint32_t batches;           /* > 0: intervals of the single replication come from them */
    ns_t warmup;
    bool warmup_auto;  /* by MSER-5 */
    bool warmup_found; /* it found one; otherwise half the pilot was taken */
    uint32_t n_hists;  /* per replication: 1 + classes, or 1 */
    struct series_names names;
    ns_t window;
    double slowest; /* share that is explained; 0: none */
    double wall_s;
};

bool study_run(const struct scenario_maker *m, const struct study_options *o, struct study *s,
               struct error *e);
void study_release(struct study *s);

/* Index of the query that an expression needs, -1 when it is not among them (the label `case` is
 * ignored). */
int study_query(const struct study *s, const struct expr *x);
struct case_result *study_case(const struct study *s, const char *name); /* NULL: was not run */

/* Mean over replications with its 95 % interval; of a single one, by batches. Without an interval
 * ci is (-inf, inf); `used` = 0: there is no value. */
struct estimate study_estimate(const struct study *s, const struct case_result *c, uint32_t query);
/* Why there is no value, or no interval; NULL when there are both. "cause: what to do". */
const char *study_why(const struct study *s, const struct case_result *c, uint32_t query);
/* Requests or calls behind the value, over all replications; 0 where that says nothing. */
uint64_t study_sample(const struct case_result *c, uint32_t query);

/* ---- parts, in files of their own */

/* Makes the list of queries: what every summary shows, and what claims and slo speak of. */
bool queries_make(struct study *s, bool all_nodes, struct error *e);

/* Length of the warm-up by MSER-5 on pilots without faults; *found is false when they were too
 * short to tell, and half of them is taken. Whole seconds. */
bool warmup_find(const struct scenario_maker *m, uint64_t seed, ns_t duration, int jobs,
                 ns_t *warmup, bool *found, struct error *e);

/* Builds, runs and reads one replication. `progress` may be NULL. */
bool replication_run(const struct study *s, const struct scenario_request *request,
                     struct sim_progress *progress, struct replication *r, struct error *e);
void replication_release(struct replication *r, uint32_t n_hists);

/* Finds the saturated nodes of a case, and the queries that have no steady state because of them:
 * mean and percentiles of latency and wait, of those nodes and of what calls them. */
bool saturation_find(struct study *s, struct case_result *c, struct error *e);

/* The listed query that is furthest from the precision asked for; -1 when all meet it. */
int precision_lacks(const struct study *s, const struct case_result *c);

#endif
