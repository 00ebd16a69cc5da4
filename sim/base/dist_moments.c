/* Mean and variance of every family, and with them the last check of its parameters. */
#include <gsl/gsl_sf_erf.h>
#include <math.h>

#include "dist_impl.h"

static void weighted_moments(struct dist *d,
                             void (*part)(const struct dist *d, size_t i, double m[2])) {
    double mean = 0, variance = 0, m[2];
    for (size_t i = 0; i < d->n; i++)
        if (d->weight[i] > 0) { /* 0 times an infinite mean is nothing */
            part(d, i, m);
            mean += d->weight[i] * m[0];
        }
    for (size_t i = 0; i < d->n; i++)
        if (d->weight[i] > 0) {
            part(d, i, m);
            double off = isfinite(mean) ? m[0] - mean : INFINITY;
            variance += d->weight[i] * (m[1] + off * off);
        }
    d->mean = mean;
    d->variance = variance;
}

static void hyper_part(const struct dist *d, size_t i, double m[2]) {
    m[0] = d->x[i];
    m[1] = d->x[i] * d->x[i];
}

static void bucket_part(const struct dist *d, size_t i, double m[2]) {
    double width = d->x[i + 1] - d->x[i];
    m[0] = d->x[i] + width / 2;
    m[1] = width * width / 12;
}

static void mixture_part(const struct dist *d, size_t i, double m[2]) {
    m[0] = d->part[i]->mean;
    m[1] = d->part[i]->variance;
}

static void sample_moments(struct dist *d) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += d->x[i] / (double)d->n;
    for (size_t i = 0; i < d->n; i++)
        squares += (d->x[i] - sum) * (d->x[i] - sum);
    d->mean = sum;
    d->variance = squares / (double)d->n;
}

/* Johnson, Kotz & Balakrishnan, "Continuous univariate distributions" 1, 10.1: with h the hazard at
 * the limit. */
static void truncated_moments(struct dist *d) {
    double h = gsl_sf_hazard(d->c);
    d->mean = d->b * (h - d->c);
    d->variance = d->b * d->b * (1 - h * (h - d->c));
}

static void pareto_moments(struct dist *d) {
    d->mean = d->a > 1 ? d->b * (d->a / (d->a - 1)) : INFINITY;
    double m = d->b / (d->a - 1);
    d->variance = d->c > 0 ? m * m * d->a / d->c : INFINITY;
}

static void set_moments(struct dist *d, double mean, double variance) {
    d->mean = mean;
    d->variance = variance;
}

static void moments(struct dist *d) {
    double a = d->a, b = d->b, m;
    switch (d->kind) {
    case DIST_CONSTANT:
        set_moments(d, a, 0);
        break;
    case DIST_EXPONENTIAL:
        set_moments(d, a, a * a);
        break;
    case DIST_UNIFORM:
        set_moments(d, a + (b - a) / 2, (b - a) * (b - a) / 12);
        break;
    case DIST_LOGNORMAL:
        m = exp(a + b * b / 2);
        set_moments(d, m, m * m * expm1(b * b));
        break;
    case DIST_GAMMA:
        set_moments(d, a * b, a * b * b);
        break;
    case DIST_WEIBULL:
        m = b * tgamma(1 + 1 / a);
        set_moments(d, m, m * m * expm1(dist_weibull_spread(a)));
        break;
    case DIST_PARETO:
        pareto_moments(d);
        break;
    case DIST_NORMAL:
        truncated_moments(d);
        break;
    case DIST_ERLANG:
        set_moments(d, a * b, a * a * b);
        break;
    case DIST_HYPEREXPONENTIAL:
        weighted_moments(d, hyper_part);
        break;
    case DIST_EMPIRICAL:
        sample_moments(d);
        break;
    case DIST_HISTOGRAM:
        weighted_moments(d, bucket_part);
        break;
    case DIST_MIXTURE:
        weighted_moments(d, mixture_part);
        break;
    case DIST_UNIFORM_INT:
        set_moments(d, a + (b - a) / 2, (b - a) * (b - a + 2) / 12);
        break;
    case DIST_ZIPF: /* set with its constants */
    case DIST_KINDS:
        break;
    }
}

/* A law narrower than the distance of two doubles is a constant, and as such has a cdf that steps
 * at it. */
static void narrow(struct dist *d) {
    bool two_parameters = d->kind >= DIST_LOGNORMAL && d->kind <= DIST_NORMAL;
    if (two_parameters && sqrt(d->variance) < 1e-15 * d->mean) {
        d->kind = DIST_CONSTANT;
        d->a = d->mean;
        d->variance = 0;
    }
}

bool dist_finish(struct dist *d, struct error *e) {
    const char *family = dist_types[d->kind].name;
    bool usable = isfinite(d->a) && isfinite(d->b) && isfinite(d->c);
    if (d->kind == DIST_GAMMA || d->kind == DIST_WEIBULL || d->kind == DIST_PARETO)
        usable = usable && d->a > 0 && d->b > 0;
    if (usable)
        moments(d);
    /* Infinite moments are a matter of the tail, and allowed only where the law has them. */
    bool tail = d->kind == DIST_PARETO || d->kind == DIST_MIXTURE;
    if (!usable || isnan(d->mean) || isnan(d->variance) || (!tail && !isfinite(d->mean)))
        return error_set(e, "%s: these arguments ask for values beyond the range of numbers",
                         family);
    narrow(d);
    return true;
}
