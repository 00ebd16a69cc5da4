/* From a combination of arguments to the parameters of a family. */
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "dist_impl.h"

/* What a law of mean m with cv = 0, or with mean 0, comes to. */
static bool constant(struct dist *d, double value) {
    d->kind = DIST_CONSTANT;
    d->a = value;
    return true;
}

static double log_ratio(double large, double small) {
    double r = large / small;
    return r < 2 ? log1p((large - small) / small) : log(large) - log(small);
}

/* log(1 + cv^2) without overflow. */
static double log1p_square(double cv) {
    return cv < 1e8 ? log1p(cv * cv) : 2 * log(cv);
}

static bool value(struct dist *d, const struct asked *q, struct error *e) {
    (void)e;
    return constant(d, q->arg[ARG_VALUE]);
}

/* ---- exponential, erlang, hyperexponential */

static bool exponential(struct dist *d, const struct asked *q, struct error *e) {
    (void)e;
    d->a = q->given & ARG(RATE) ? 1 / q->arg[ARG_RATE]
           : q->n_q             ? q->q[0].value / -log1p(-q->q[0].p)
                                : q->arg[ARG_MEAN];
    return d->a > 0 || constant(d, 0);
}

static bool erlang(struct dist *d, const struct asked *q, struct error *e) {
    double k = q->arg[ARG_K], cv = q->arg[ARG_CV];
    if (q->given & ARG(CV)) {
        if (cv > 1)
            return error_set(e, "erlang: cv (%g) must be at most 1; hyperexponential takes more",
                             cv);
        if (cv == 0)
            return constant(d, q->arg[ARG_MEAN]);
        k = round(1 / (cv * cv));
    }
    if (k > 1e6)
        return error_set(e, "erlang: %g stages are too many (at most 1e6); take normal or gamma",
                         k);
    d->b = k;
    d->a = q->given & ARG(RATE) ? 1 / q->arg[ARG_RATE] : q->arg[ARG_MEAN] / k;
    return d->a > 0 || constant(d, 0);
}

/* ---- two parameters */

static bool uniform(struct dist *d, const struct asked *q, struct error *e) {
    d->a = q->arg[ARG_MIN];
    d->b = q->arg[ARG_MAX];
    if (q->given & ARG(CV)) {
        double m = q->arg[ARG_MEAN], half = m * q->arg[ARG_CV] * sqrt(3);
        if (half > m)
            return error_set(e,
                             "uniform: cv (%g) must be at most 0.577, or values would be negative",
                             q->arg[ARG_CV]);
        d->a = m - half;
        d->b = m + half;
    }
    if (d->a > d->b)
        return error_set(e, "uniform: max (%g) must not be below min (%g)", d->b, d->a);
    return d->a < d->b || constant(d, d->a);
}

static bool uniform_int(struct dist *d, const struct asked *q, struct error *e) {
    d->a = q->arg[ARG_MIN];
    d->b = q->arg[ARG_MAX];
    if (d->a != floor(d->a) || d->b != floor(d->b) || d->b > 0x1p53)
        return error_set(e, "uniform_int: min (%g) and max (%g) must be whole numbers up to 2^53",
                         d->a, d->b);
    if (d->a > d->b)
        return error_set(e, "uniform_int: max (%g) must not be below min (%g)", d->b, d->a);
    return d->a < d->b || constant(d, d->a);
}

static bool lognormal(struct dist *d, const struct asked *q, struct error *e) {
    (void)e;
    d->a = q->arg[ARG_MU];
    d->b = q->arg[ARG_SIGMA];
    if (q->n_q) {
        double z0 = gsl_cdf_ugaussian_Pinv(q->q[0].p), z1 = gsl_cdf_ugaussian_Pinv(q->q[1].p);
        d->b = log_ratio(q->q[1].value, q->q[0].value) / (z1 - z0);
        d->a = log(q->q[0].value) - z0 * d->b;
    } else if (q->given & ARG(MEAN)) {
        double m = q->arg[ARG_MEAN];
        double cv = q->given & ARG(CV) ? q->arg[ARG_CV] : m > 0 ? q->arg[ARG_SD] / m : 0;
        if (m == 0 || cv == 0)
            return constant(d, m);
        double s2 = log1p_square(cv);
        d->b = sqrt(s2);
        d->a = log(m) - s2 / 2;
    }
    return d->b > 0 || constant(d, exp(d->a));
}

static bool gamma_law(struct dist *d, const struct asked *q, struct error *e) {
    d->a = q->arg[ARG_SHAPE];
    d->b = q->arg[ARG_SCALE];
    if (q->n_q) {
        if (!dist_gamma_fit(log_ratio(q->q[1].value, q->q[0].value), q->q, &d->a))
            return error_set(e, "gamma: found no shape for which %s is %g and %s is %g",
                             q->q[0].name, q->q[0].value, q->q[1].name, q->q[1].value);
        d->b = exp(log(q->q[0].value) - dist_gamma_log_quantile(d->a, q->q[0].p));
    } else if (q->given & ARG(MEAN)) {
        double m = q->arg[ARG_MEAN], cv = q->arg[ARG_CV];
        if (m == 0 || (q->given & ARG(CV) && cv == 0))
            return constant(d, m);
        if (q->given & ARG(CV))
            d->a = 1 / cv / cv;
        d->b = m / d->a;
    }
    return true;
}

static double spread_above(double log_shape, void *ctx) {
    const double *wanted = ctx;
    return log(dist_weibull_spread(exp(log_shape))) - log(*wanted);
}

static bool weibull(struct dist *d, const struct asked *q, struct error *e) {
    d->a = q->arg[ARG_SHAPE];
    d->b = q->arg[ARG_SCALE];
    if (q->n_q) {
        double l0 = -log1p(-q->q[0].p), l1 = -log1p(-q->q[1].p);
        d->a = log(l1 / l0) / log_ratio(q->q[1].value, q->q[0].value);
        d->b = exp(log(q->q[0].value) - log(l0) / d->a);
    } else if (q->given & ARG(MEAN)) {
        double m = q->arg[ARG_MEAN], cv = q->arg[ARG_CV], y;
        if (m == 0 || (q->given & ARG(CV) && cv == 0))
            return constant(d, m);
        if (q->given & ARG(CV)) {
            double wanted = log1p_square(cv);
            if (!dist_solve(spread_above, &wanted, log(1e-5), fmax(1, 2 - log(cv)), &y))
                return error_set(e, "weibull: cv (%g) is too large", cv);
            d->a = exp(y);
        }
        int sign;
        d->b = exp(log(m) - lgamma_r(1 + 1 / d->a, &sign));
    }
    return true;
}

static bool pareto(struct dist *d, const struct asked *q, struct error *e) {
    double m = q->arg[ARG_MEAN], cv = q->arg[ARG_CV];
    d->a = q->arg[ARG_SHAPE];
    d->b = q->given & ARG(MIN) ? q->arg[ARG_MIN] : q->arg[ARG_SCALE];
    d->c = d->a - 2;
    if (q->n_q) {
        double l0 = -log1p(-q->q[0].p), l1 = -log1p(-q->q[1].p);
        d->a = (l1 - l0) / log_ratio(q->q[1].value, q->q[0].value);
        d->c = d->a - 2;
        d->b = exp(log(q->q[0].value) - l0 / d->a);
    } else if (q->given & ARG(MEAN)) {
        if (m == 0 || (q->given & ARG(CV) && cv == 0))
            return constant(d, m);
        if (q->given & ARG(CV)) { /* a (a - 2) = 1 / cv^2; a - 2 cancels for a large cv */
            d->a = 1 + hypot(1, 1 / cv);
            d->c = 1 / cv / cv / d->a;
        }
        if (d->a <= 1)
            return error_set(e, "pareto: shape (%g) must be above 1 for the mean to exist", d->a);
        d->b = m * ((d->a - 1) / d->a);
    }
    if (q->given & ARG(MIN) && d->b == 0)
        return error_set(e, "pareto: min (0) must be positive");
    return true;
}

static bool normal(struct dist *d, const struct asked *q, struct error *e) {
    (void)e;
    d->a = q->arg[ARG_MEAN];
    d->b = q->given & ARG(CV) ? d->a * q->arg[ARG_CV] : q->arg[ARG_SD];
    if (q->n_q) {
        double z0 = gsl_cdf_ugaussian_Pinv(q->q[0].p), z1 = gsl_cdf_ugaussian_Pinv(q->q[1].p);
        d->b = (q->q[1].value - q->q[0].value) / (z1 - z0);
        d->a = q->q[0].value - z0 * d->b;
    }
    if (d->b == 0)
        return constant(d, d->a);
    d->c = -d->a / d->b;
    return true;
}

/* Two exponentials whose shares of the mean are equal (balanced means; Whitt, Oper. Res. 30(1),
 * 1982). */
static bool hyperexponential(struct dist *d, const struct asked *q, struct error *e) {
    double m = q->arg[ARG_MEAN], cv = q->arg[ARG_CV];
    if (cv < 1)
        return error_set(e, "hyperexponential: cv (%g) must be at least 1; erlang takes less", cv);
    if (m == 0)
        return constant(d, 0);
    double c2 = cv * cv, root = sqrt((c2 - 1) / (c2 + 1));
    double rare = 1 / ((c2 + 1) * (1 + root)); /* (1 - root) / 2, which cancels for a large cv */
    double means[2] = {m / (1 + root), m / (2 * rare)}, weights[2] = {1 - rare, rare};
    return dist_tables(d,
                       &(struct dist_spec){.kind = DIST_HYPEREXPONENTIAL,
                                           .values = means,
                                           .weights = weights,
                                           .n_values = 2,
                                           .n_weights = 2},
                       e);
}

static bool zipf(struct dist *d, const struct asked *q, struct error *e) {
    return dist_zipf_init(d, q->arg[ARG_N], q->arg[ARG_S], e);
}

/* ---- the combinations */

#define FORMS(...)                                                                                 \
    (const struct dist_form[]) {                                                                   \
        __VA_ARGS__, {                                                                             \
            0, 0, NULL                                                                             \
        }                                                                                          \
    }

const struct dist_form *const dist_forms[DIST_KINDS] = {
    [DIST_CONSTANT] = FORMS({ARG(VALUE), 0, value}),
    [DIST_EXPONENTIAL] =
        FORMS({ARG(MEAN), 0, exponential}, {ARG(RATE), 0, exponential}, {0, 1, exponential}),
    [DIST_UNIFORM] = FORMS({ARG(MIN) | ARG(MAX), 0, uniform}, {ARG(MEAN) | ARG(CV), 0, uniform}),
    [DIST_LOGNORMAL] =
        FORMS({ARG(MEAN) | ARG(CV), 0, lognormal}, {ARG(MEAN) | ARG(SD), 0, lognormal},
              {0, 2, lognormal}, {ARG(MU) | ARG(SIGMA), 0, lognormal}),
    [DIST_GAMMA] =
        FORMS({ARG(MEAN) | ARG(CV), 0, gamma_law}, {ARG(SHAPE) | ARG(SCALE), 0, gamma_law},
              {ARG(SHAPE) | ARG(MEAN), 0, gamma_law}, {0, 2, gamma_law}),
    [DIST_WEIBULL] = FORMS({ARG(MEAN) | ARG(CV), 0, weibull}, {ARG(SHAPE) | ARG(SCALE), 0, weibull},
                           {ARG(SHAPE) | ARG(MEAN), 0, weibull}, {0, 2, weibull}),
    [DIST_PARETO] = FORMS({ARG(SHAPE) | ARG(MIN), 0, pareto}, {ARG(SHAPE) | ARG(SCALE), 0, pareto},
                          {ARG(SHAPE) | ARG(MEAN), 0, pareto}, {ARG(MEAN) | ARG(CV), 0, pareto},
                          {0, 2, pareto}),
    [DIST_NORMAL] =
        FORMS({ARG(MEAN) | ARG(SD), 0, normal}, {ARG(MEAN) | ARG(CV), 0, normal}, {0, 2, normal}),
    [DIST_ERLANG] = FORMS({ARG(K) | ARG(MEAN), 0, erlang}, {ARG(K) | ARG(RATE), 0, erlang},
                          {ARG(MEAN) | ARG(CV), 0, erlang}),
    [DIST_HYPEREXPONENTIAL] = FORMS({ARG(MEAN) | ARG(CV), 0, hyperexponential}),
    [DIST_ZIPF] = FORMS({ARG(N) | ARG(S), 0, zipf}),
    [DIST_UNIFORM_INT] = FORMS({ARG(MIN) | ARG(MAX), 0, uniform_int}),
};

const signed char dist_positional[DIST_KINDS][2] = {
    [DIST_CONSTANT] = {ARG_VALUE, -1},
    [DIST_EXPONENTIAL] = {ARG_MEAN, -1},
    [DIST_UNIFORM] = {ARG_MIN, ARG_MAX},
    [DIST_LOGNORMAL] = {ARG_MEAN, ARG_CV},
    [DIST_GAMMA] = {ARG_MEAN, ARG_CV},
    [DIST_WEIBULL] = {ARG_MEAN, ARG_CV},
    [DIST_PARETO] = {ARG_SHAPE, ARG_MIN},
    [DIST_NORMAL] = {ARG_MEAN, ARG_SD},
    [DIST_ERLANG] = {ARG_K, ARG_MEAN},
    [DIST_HYPEREXPONENTIAL] = {ARG_MEAN, ARG_CV},
    [DIST_EMPIRICAL] = {-1, -1},
    [DIST_HISTOGRAM] = {-1, -1},
    [DIST_MIXTURE] = {-1, -1},
    [DIST_ZIPF] = {ARG_N, ARG_S},
    [DIST_UNIFORM_INT] = {ARG_MIN, ARG_MAX},
};
