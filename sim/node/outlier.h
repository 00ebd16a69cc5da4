/* Outlier detection: targets that fail more than the others are left out for a while.
 *
 * Two detectors look at every answer (so many failures in a row), two at the end of every interval
 * (a success rate far below the others', a share of failures). Who is ejected comes back at an
 * interval's end, after a time that grows with every ejection. */
#ifndef NINES_NODE_OUTLIER_H
#define NINES_NODE_OUTLIER_H

#include "core/call.h"
#include "core/schema.h"

/* What is known of one target. */
struct outlier_host {
    uint64_t good, all, last_good, last_all; /* answers of this interval and of the last one */
    int64_t failures, gateway_failures;      /* in a row */
    int64_t times;                           /* of the base ejection time, that the next takes */
    ns_t ejected_at, jitter;
    ns_t returned_at; /* -1: never */
};

struct outlier {
    bool on;
    int64_t consecutive_5xx, consecutive_gateway;
    ns_t interval, base_time, max_time, max_jitter;
    double max_percent;
    bool always_one, check_returns;
    int64_t rate_hosts, rate_volume, rate_factor;
    double failure_threshold;
    int64_t failure_hosts, failure_volume;
    double enforce_5xx, enforce_gateway, enforce_rate, enforce_failure;

    struct outlier_host *host;
    double *rate; /* of those with enough answers; `who` they are */
    uint32_t *who;
    struct event sweep;
    struct rng rng; /* enforcing and jitter belong to no call */
    struct integral ejected;
    uint64_t ejections, overflow;
};

extern const struct param outlier_params[];

/* ---- pure */

/* Below it a success rate is an outlier: the mean less `factor` population standard deviations. */
double outlier_threshold(const double *rate, uint32_t n, double factor);

/* May one more be ejected? */
bool outlier_allowed(int64_t ejected, int64_t hosts, double max_percent, bool always_one);

/* How long one is out that is ejected for the `times`-th time running. */
ns_t outlier_time(int64_t times, ns_t base, ns_t max);

/* ---- of a balancer */

struct balance;

bool outlier_open(struct balance *b, struct error *e);
void outlier_start(struct balance *b);

/* Target `i` has answered, or was given up by a deadline (OUTCOME_TIMEOUT). */
void outlier_result(struct balance *b, uint32_t i, enum outcome outcome);

/* A target is no host any more; an active health check has succeeded. */
void outlier_forget(struct balance *b, uint32_t i);
void outlier_checked(struct balance *b, uint32_t i);

bool outlier_check(const struct balance *b, struct error *e);

#endif
