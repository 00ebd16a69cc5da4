/* Simulation against theory: tables of systems whose answers are known.
 *
 * Each system runs in independent replications with warm-up removed; each check asks whether the
 * expected value lies within the 99.99 % confidence interval of their mean (Student t), and whether
 * the interval is narrow enough to mean something. No tolerance is tuned. The seeds are fixed: a
 * right program passes always or never; over the choice of seeds one of some 110 checks of a right
 * program is off with a probability of about 1 %. */
#ifndef NINES_TESTS_ORACLE_H
#define NINES_TESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

enum { ORACLE_REPLICATIONS = 30, ORACLE_CHECKS = 10 };

struct oracle_check {
    const char *metric;
    double expected;
    double narrow; /* the interval's half-width is to be below this share of the value; 0: 5 % */
};

struct oracle {
    const char *id;
    const char *model; /* what stands in the scenario's table: workload, entry, faults */
    double warmup, duration;
    struct oracle_check check[ORACLE_CHECKS]; /* up to the first without a metric */
};

/* Runs all, prints theory and simulation side by side, and fails the test if any check is off. */
void oracle_run(const struct oracle *systems, size_t n);

/* The same for values that the test has gathered by itself, one a replication: is it right? */
bool oracle_compare(const char *id, const struct oracle_check *check, const double *x, size_t n);

/* What becomes of a duration under sanitizers: the interval widens by itself, and is not asked to
 * be narrow. */
double oracle_shortened(double seconds);

#endif
