/* Deciding conditions: holds, fails or undecided, by where the confidence interval lies. */
#ifndef NINES_LAB_CLAIM_H
#define NINES_LAB_CLAIM_H

#include "lab/study.h"

struct decision {
    enum verdict verdict;
    double value;       /* of the left side, mean over replications */
    struct interval ci; /* 95 % */
    size_t n;           /* replications used */
    double bound;       /* of the right side, base units */
    enum unit unit;     /* of value and bound */
    const char *why;    /* undecided, or forced: the reason; "" otherwise */
};

/* Decides `c` where metrics without a `case` label belong to case `in_case`. The 95 % interval of
 * the (paired) difference to the bound decides; a fraction is decided by its binomial interval. An
 * upper latency bound fails when a run ended saturated. */
struct decision claim_decide(const struct study *s, const struct condition *c, const char *in_case);

#endif
