/* Intervals from a single run, by batches: the measured span is cut into 20 equal parts.
 *
 * Long enough, they are about independent. Whether they are is asked of all of them (von Neumann's
 * ratio, base/stats.h); the interval then comes from 10 pairs, between which there is even less
 * correlation. Pairs instead of batches cost little: Student's t is 2.26 instead of 2.09.
 *
 * Means, rates and shares are sectioned: distances of the pairs' values from that of the whole run.
 * The percentile of a short part is no miniature of the percentile of the run (what makes a P99 are
 * a few long spells), so percentiles go by a mean as well: the share of the values of each part
 * that lie above the percentile of the whole; none further out than P90 (or P10). Its interval is
 * turned into one of the percentile by the distribution of the whole run, as by Woodruff (J.
 * American Statistical Association 47, 1952); it need not be symmetric.
 *
 * No interval is better than a wrong one: it is withheld with a reason. */
#ifndef NINES_LAB_BATCHES_H
#define NINES_LAB_BATCHES_H

#include "base/stats.h"
#include "core/metric.h"

/* How many; how many there must be at least in the span that a query asks about; how often
 * independent batches may be called correlated. */
enum { BATCHES_MOST = 20, BATCHES_LEAST = 10 };
#define BATCHES_LEVEL 0.1

enum interval_lack {
    INTERVAL_KNOWN,
    INTERVAL_UNCUT,      /* the length of the run was not known beforehand */
    INTERVAL_FEW,        /* too few whole batches */
    INTERVAL_EMPTY,      /* a batch without a value */
    INTERVAL_CORRELATED, /* what one batch does depends on the one before */
    INTERVAL_SPELLS,     /* too few spells beyond a percentile */
    INTERVAL_EXTREME     /* an extreme, a count, a moment, blame: no mean over batches */
};

/* 95 % interval of a query whose value over the whole run is `whole`, after the run of a simulation
 * that was sealed with limits.batches. */
enum interval_lack batches_interval(const struct sim *sim, enum expr_kind kind,
                                    const struct metric_query *q, double whole,
                                    struct estimate *out);

#endif
