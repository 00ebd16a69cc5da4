/* Estimates and their intervals. Pure functions; none allocates unless it says so. */
#ifndef NINES_BASE_STATS_H
#define NINES_BASE_STATS_H

#include <stdbool.h>
#include <stddef.h>

struct interval {
    double lo, hi;
};

/* Mean and 95 % confidence interval (Student t, n - 1 degrees of freedom) of n independent values.
 * NaN values are skipped; *used counts the rest. With fewer than 2 the interval is (-inf, inf). */
struct estimate {
    double mean, sd;
    struct interval ci;
    size_t used;
};
struct estimate stats_estimate(const double *x, size_t n, double confidence);

/* Interval of an estimate `whole` of one long run by sectioning: the same statistic of n equal
 * batches of it, whose squared distances from `whole` measure its error; Student t, n - 1 degrees
 * of freedom. `used` is n. Means and quantiles alike (Asmussen & Glynn, Stochastic Simulation,
 * 2007, III.5). n < 2: no interval. */
struct estimate stats_sections(double whole, const double *batch, size_t n, double confidence);

/* Are successive values correlated? One-sided test by von Neumann's ratio, which for independent
 * normal values has mean 0 and variance (n - 2) / (n^2 - 1) in the form of Fishman (Principles of
 * Discrete Event Simulation, 1978, section 5.9); `level` is how often independent values are called
 * correlated. Values without spread, or fewer than 3: false. */
bool stats_correlated(const double *x, size_t n, double level);

/* Clopper-Pearson interval of a share: k successes in n trials. n = 0 gives (0, 1). */
struct interval stats_binomial(size_t k, size_t n, double confidence);

/* P(T > t), Student's law. */
double stats_student_tail(double t, double freedom);

/* MSER-5 (White, Cobb & Spratt, WSC 2000): batches n observations by five, and returns how many
 * observations to delete from the front, i.e. the truncation that minimises the squared standard
 * error of what remains. Searches the first half only; *found is false when the minimum lies at
 * that border, which means the series is too short to tell. Fewer than 20 observations: 0 and not
 * found. `x` is overwritten by batch means. */
size_t stats_mser5(double *x, size_t n, bool *found);

/* Two-sided Student t quantile, e.g. 2.262 for confidence .95 and 9 degrees of freedom. */
double stats_student(double confidence, double freedom);

#endif
