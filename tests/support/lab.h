/* Scenario texts in tests: written to a temporary file, run through the language and the lab. */
#ifndef NINES_TESTS_LAB_H
#define NINES_TESTS_LAB_H

#include "bind/host.h"
#include "lab/study.h"

struct lab {
    struct scenario_maker *maker;
    struct study study;
    char path[64];
};

/* Runs the base case of `text`; prints the error and returns false when it cannot. Release in any
 * case. */
bool lab_run(struct lab *l, const char *text, uint64_t seed, int64_t replications, int jobs);
/* The same with options of any kind. */
bool lab_study(struct lab *l, const char *text, const struct study_options *o);
void lab_release(struct lab *l);

/* Index of a metric among the queries; ends the program when it is not there. */
uint32_t lab_query(const struct lab *l, const char *metric);

/* Values of a metric, one a replication, in a new array; NULL when it is not among the queries. */
double *lab_values(struct lab *l, const char *metric, uint32_t *n);

/* True when sanitizers or an emulator make everything slow: tests shorten what they run. */
bool lab_quick(void);

#endif
