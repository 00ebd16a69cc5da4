/* Simulated time: integer nanoseconds. */
#ifndef NINES_BASE_TIME_H
#define NINES_BASE_TIME_H

#include <math.h>
#include <stdint.h>

typedef int64_t ns_t;

#define NS_PER_S 1000000000LL
#define NS_NEVER INT64_MAX
#define NS_LIMIT ((ns_t)1 << 62) /* 146 years: longer durations saturate here */

/* Seconds to nanoseconds, rounded to nearest; negative and NaN become 0, huge ones NS_LIMIT. */
static inline ns_t ns_from_s(double s) {
    if (!(s > 0))
        return 0;
    if (__builtin_expect(s >= 4.6e9, 0))
        return NS_LIMIT;
    return (ns_t)(s * 1e9 + 0.5);
}

static inline double ns_to_s(ns_t t) {
    return (double)t * 1e-9;
}

#endif
