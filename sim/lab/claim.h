/* Deciding conditions: holds, fails or undecided, by where the confidence interval lies. */
#ifndef NINES_LAB_CLAIM_H
#define NINES_LAB_CLAIM_H

#include "lab/study.h"

struct decision {
    enum verdict verdict;
    double value;       /* of the left side, mean over replications; NaN: none */
    struct interval ci; /* 95 %, whatever confidence decided */
    size_t n;           /* replications used */
    double confidence;  /* of the interval that decided */
    double bound;       /* of the right side, base units */
    enum unit unit;     /* of value and bound */
    bool final;         /* more replications are not worth while: decided, or without any value */
    char why[200];      /* undecided, or forced: the reason; "" otherwise */
};

/* Decides `c` where metrics without a `case` label belong to case `in_case`, by the replications
 * that there are. The interval of the (paired) difference to the bound decides, at `confidence`; a
 * fraction is decided by its binomial interval, a single replication against a number by its
 * batches. An upper or equal bound on a latency fails whatever the values when it has no steady
 * state because a node is saturated, when a run was stopped by max_in_flight, and when nobody was
 * answered. */
struct decision claim_decide(const struct study *s, const struct condition *c, const char *in_case,
                             double confidence);

#endif
