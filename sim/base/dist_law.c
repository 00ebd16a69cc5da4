/* The cdf of every family, and its inverse. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "dist_impl.h"

/* ---- cdf */

static size_t count_below(const double *x, size_t n, double limit) { /* how many are <= limit */
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (x[mid] <= limit)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Very small shapes spread over the whole range of doubles, where a ratio of two may overflow. */
static double pareto_cdf(const struct dist *d, double x) {
    double ratio = x / d->b;
    return x <= d->b ? 0 : -expm1(-d->a * (isfinite(ratio) ? log(ratio) : log(x) - log(d->b)));
}

static double pareto_quantile(const struct dist *d, double p) {
    double power = -log1p(-p) / d->a;
    return power < 700 ? d->b * exp(power) : exp(log(d->b) + power);
}

static double gamma_cdf(const struct dist *d, double x) {
    double ratio = x / d->b;
    if (ratio > 1e-300 || x == 0)
        return dist_gamma_cdf(d->a, ratio, false);
    int sign; /* the first term of the series, in logarithms */
    return exp(d->a * (log(x) - log(d->b)) - lgamma_r(d->a + 1, &sign));
}

static double truncated_cdf(const struct dist *d, double x) {
    double z = (x - d->a) / d->b, all = gsl_cdf_ugaussian_Q(d->c);
    if (d->c > 0) /* both tails small: from the far side */
        return 1 - gsl_cdf_ugaussian_Q(z) / all;
    return (gsl_cdf_ugaussian_P(z) - gsl_cdf_ugaussian_P(d->c)) / all;
}

static double bucket_cdf(const struct dist *d, double x) {
    if (x < d->x[0])
        return 0;
    size_t i = count_below(d->x, d->n + 1, x);
    if (i > d->n)
        return 1;
    double before = i > 1 ? d->sum[i - 2] : 0;
    return before + d->weight[i - 1] * ((x - d->x[i - 1]) / (d->x[i] - d->x[i - 1]));
}

static double hyper_cdf(const struct dist *d, double x) {
    double sum = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += d->weight[i] * -expm1(-x / d->x[i]);
    return sum;
}

static double mixture_cdf(const struct dist *d, double x) {
    double sum = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += d->weight[i] * dist_cdf(d->part[i], x);
    return fmin(sum, 1);
}

double dist_cdf(const struct dist *d, double x) {
    double a = d->a, b = d->b;
    if (isnan(x) || x < 0)
        return isnan(x) ? NAN : 0;
    if (isinf(x))
        return 1;
    switch (d->kind) {
    case DIST_CONSTANT:
        return x >= a;
    case DIST_EXPONENTIAL:
        return -expm1(-x / a);
    case DIST_UNIFORM:
        return x <= a ? 0 : x >= b ? 1 : (x - a) / (b - a);
    case DIST_LOGNORMAL:
        return x > 0 ? gsl_cdf_ugaussian_P((log(x) - a) / b) : 0;
    case DIST_GAMMA:
        return gamma_cdf(d, x);
    case DIST_WEIBULL:
        return -expm1(-pow(x / b, a));
    case DIST_PARETO:
        return pareto_cdf(d, x);
    case DIST_NORMAL:
        return truncated_cdf(d, x);
    case DIST_ERLANG:
        return dist_gamma_cdf(b, x / a, false);
    case DIST_HYPEREXPONENTIAL:
        return hyper_cdf(d, x);
    case DIST_EMPIRICAL:
        return (double)count_below(d->x, d->n, x) / (double)d->n;
    case DIST_HISTOGRAM:
        return bucket_cdf(d, x);
    case DIST_MIXTURE:
        return mixture_cdf(d, x);
    case DIST_ZIPF:
        return dist_zipf_cdf(d, x);
    case DIST_UNIFORM_INT:
        return x < a ? 0 : x >= b ? 1 : (floor(x) - a + 1) / (b - a + 1);
    case DIST_KINDS:
        break;
    }
    return NAN;
}

/* ---- quantile */

/* The smallest double with cdf(x) >= p, by bisection on the bits: those of non-negative doubles are
 * in their order, so that 63 steps do for any magnitude, and jumps of the cdf (constants in a
 * mixture) need no care. */
static double search(const struct dist *d, double p) {
    uint64_t lo = 0, hi;
    double x = INFINITY;
    memcpy(&hi, &x, sizeof hi);
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        memcpy(&x, &mid, sizeof x);
        if (dist_cdf(d, x) >= p)
            hi = mid;
        else
            lo = mid + 1;
    }
    memcpy(&x, &lo, sizeof x);
    return x;
}

static double truncated_quantile(const struct dist *d, double p) {
    double above = (1 - p) * gsl_cdf_ugaussian_Q(d->c);
    double z =
        above < 0.5
            ? gsl_cdf_ugaussian_Qinv(above)
            : gsl_cdf_ugaussian_Pinv(gsl_cdf_ugaussian_P(d->c) + p * gsl_cdf_ugaussian_Q(d->c));
    return fmax(d->a + d->b * z, 0);
}

static double bucket_quantile(const struct dist *d, double p) {
    size_t lo = 0, hi = d->n - 1;
    while (lo < hi) { /* the first bucket by whose end p is reached; it is not empty */
        size_t mid = lo + (hi - lo) / 2;
        if (d->sum[mid] >= p)
            hi = mid;
        else
            lo = mid + 1;
    }
    double before = lo > 0 ? d->sum[lo - 1] : 0;
    double place = d->weight[lo] > 0 ? fmin((p - before) / d->weight[lo], 1) : 1;
    return d->x[lo] + place * (d->x[lo + 1] - d->x[lo]);
}

/* Smallest whole i from 1 to n with i / n >= p, with the same division as in the cdf. */
static double rank_of(double p, double n) {
    double i = fmin(fmax(ceil(p * n), 1), n);
    while (i > 1 && (i - 1) / n >= p)
        i--;
    while (i < n && i / n < p)
        i++;
    return i;
}

double dist_quantile(const struct dist *d, double p) {
    double a = d->a, b = d->b;
    if (!(p > 0 && p < 1))
        return NAN;
    switch (d->kind) {
    case DIST_CONSTANT:
        return a;
    case DIST_EXPONENTIAL:
        return a * -log1p(-p);
    case DIST_UNIFORM:
        return a + p * (b - a);
    case DIST_LOGNORMAL:
        return exp(a + b * gsl_cdf_ugaussian_Pinv(p));
    case DIST_GAMMA:
        return exp(log(b) + dist_gamma_log_quantile(a, p));
    case DIST_WEIBULL:
        return b * pow(-log1p(-p), 1 / a);
    case DIST_PARETO:
        return pareto_quantile(d, p);
    case DIST_NORMAL:
        return truncated_quantile(d, p);
    case DIST_ERLANG:
        return a * exp(dist_gamma_log_quantile(b, p));
    case DIST_EMPIRICAL:
        return d->x[(size_t)rank_of(p, (double)d->n) - 1];
    case DIST_HISTOGRAM:
        return bucket_quantile(d, p);
    case DIST_ZIPF:
        return dist_zipf_quantile(d, p);
    case DIST_UNIFORM_INT:
        return a - 1 + rank_of(p, b - a + 1);
    case DIST_HYPEREXPONENTIAL:
    case DIST_MIXTURE:
        return search(d, p);
    case DIST_KINDS:
        break;
    }
    return NAN;
}
