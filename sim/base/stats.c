#include "stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

double stats_student(double confidence, double freedom) {
    return gsl_cdf_tdist_Qinv((1 - confidence) / 2, freedom);
}

double stats_student_tail(double t, double freedom) {
    return gsl_cdf_tdist_Q(t, freedom);
}

struct estimate stats_estimate(const double *x, size_t n, double confidence) {
    struct estimate e = {.mean = NAN, .sd = NAN, .ci = {-INFINITY, INFINITY}};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            sum += x[i];
            e.used++;
        }
    if (e.used == 0)
        return e;
    e.mean = sum / (double)e.used;
    if (e.used < 2 || !isfinite(e.mean))
        return e;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            squares += (x[i] - e.mean) * (x[i] - e.mean);
    double freedom = (double)(e.used - 1);
    e.sd = sqrt(squares / freedom);
    double half = e.sd > 0 ? stats_student(confidence, freedom) * e.sd / sqrt((double)e.used) : 0;
    e.ci = (struct interval){e.mean - half, e.mean + half};
    return e;
}

struct estimate stats_sections(double whole, const double *batch, size_t n, double confidence) {
    struct estimate e = {.mean = whole, .sd = NAN, .ci = {-INFINITY, INFINITY}, .used = n};
    double squares = 0;
    if (n < 2)
        return e;
    for (size_t i = 0; i < n; i++)
        squares += (batch[i] - whole) * (batch[i] - whole);
    double freedom = (double)(n - 1);
    e.sd = sqrt(squares / freedom);
    double half = e.sd > 0 ? stats_student(confidence, freedom) * e.sd / sqrt((double)n) : 0;
    e.ci = (struct interval){whole - half, whole + half};
    return e;
}

bool stats_correlated(const double *x, size_t n, double level) {
    double mean = 0, squares = 0, steps = 0, k = (double)n;
    for (size_t i = 0; i < n; i++)
        mean += x[i] / k;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    for (size_t i = 1; i < n; i++)
        steps += (x[i] - x[i - 1]) * (x[i] - x[i - 1]);
    if (n < 3 || !(squares > 1e-18 * k * mean * mean)) /* no spread, but for rounding */
        return false;
    return 1 - steps / (2 * squares) > gsl_cdf_ugaussian_Qinv(level) * sqrt((k - 2) / (k * k - 1));
}

/* The x at which the beta law's cdf (or its complement) reaches `tail`, by bisection to the last
 * bit: gsl_cdf_beta_Pinv was seen not to return for some large n. For n above 10^6
 * the cdf may be NaN close to the mean, where its continued fraction is slowest; there it is about
 * 1/2, beyond the tail. */
static double beta_tail(double tail, double a, double b, bool upper) {
    double lo = 0, hi = 1;
    for (int i = 0; i < 200; i++) {
        double mid = lo + (hi - lo) / 2;
        if (mid <= lo || mid >= hi)
            break;
        bool right =
            upper ? gsl_cdf_beta_Q(mid, a, b) < tail : !(gsl_cdf_beta_P(mid, a, b) <= tail);
        if (right)
            hi = mid;
        else
            lo = mid;
    }
    return lo + (hi - lo) / 2;
}

/* Clopper & Pearson, Biometrika 26 (1934), in terms of beta quantiles. */
struct interval stats_binomial(size_t k, size_t n, double confidence) {
    double tail = (1 - confidence) / 2, hits = (double)k, misses = (double)n - hits;
    struct interval share = {0, 1};
    if (n == 0 || k > n)
        return share;
    if (k > 0)
        share.lo = beta_tail(tail, hits, misses + 1, false);
    if (k < n)
        share.hi = beta_tail(tail, hits + 1, misses, true);
    return share;
}

size_t stats_mser5(double *x, size_t n, bool *found) {
    enum { BATCH = 5, LEAST = 20 };
    *found = false;
    if (n < LEAST)
        return 0;
    size_t batches = n / BATCH, border = batches / 2, best = border;
    for (size_t i = 0; i < batches; i++) {
        double sum = 0;
        for (size_t j = 0; j < BATCH; j++)
            sum += x[BATCH * i + j];
        x[i] = sum / BATCH;
    }
    /* From the back, so that mean and sum of squares of what remains grow by one batch a step
     * (Welford 1962). */
    double mean = 0, squares = 0, least = INFINITY;
    for (size_t d = batches, kept = 1; d-- > 0; kept++) {
        double delta = x[d] - mean;
        mean += delta / (double)kept;
        squares += delta * (x[d] - mean);
        double error = squares / ((double)kept * (double)kept);
        if (d <= border && error <= least) { /* of equals, the one that deletes least */
            least = error;
            best = d;
        }
    }
    *found = best < border;
    return BATCH * best;
}
