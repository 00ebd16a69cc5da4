/* How often the intervals of a study cover the exact value: independent studies of M/M/c systems,
 * each by the default procedure, counted. */
#ifndef NINES_TESTS_COVERAGE_H
#define NINES_TESTS_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COVERAGE_MEAN, COVERAGE_P50, COVERAGE_P90, COVERAGE_P99, COVERAGE_METRICS };
extern const char *const coverage_names[COVERAGE_METRICS]; /* "mean", "p50", … */

struct coverage_system {
    int servers;
    double load;
    double requests; /* measured, on average, in one replication */
    double warmup;   /* s; 0: found automatically */
};

struct coverage {
    size_t studies;
    size_t intervals[COVERAGE_METRICS]; /* those that were not withheld */
    size_t hits[COVERAGE_METRICS];      /* and cover */
    double bias[COVERAGE_METRICS];      /* mean of estimate / exact - 1 */
    double width[COVERAGE_METRICS];     /* mean of half-width / exact */
};

/* Service takes 1 s on average. `replications` = 1: intervals by batches. Study i has the seed
 * `seed` + i. False when a study does not run. */
bool coverage_run(const struct coverage_system *system, size_t studies, int replications,
                  uint64_t seed, int jobs, struct coverage *out);

#endif
