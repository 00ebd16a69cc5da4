/* Gamma (draws, quantiles, fitting) and the one function of the Weibull law that needs care. */
#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stddef.h>

#include "dist_impl.h"

static double log_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign); /* lgamma writes a global */
}

/* Marsaglia & Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000. GSL
 * has it too, but with normals of 24 bits. A shape below 1 is drawn one higher and corrected by a
 * power of a uniform. */
double dist_gamma_draw(double shape, struct rng *r) {
    double boost = 1;
    if (shape < 1) {
        boost = exp(-rng_exponential(r) / shape);
        shape += 1;
    }
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = rng_normal(r), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        double u = rng_open(r);
        if (u < 1 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + d * (1 - v + log(v)))
            return boost * d * v;
    }
}

/* ---- root finding */

bool dist_solve(double (*f)(double x, void *ctx), void *ctx, double lo, double hi, double *x) {
    _Alignas(max_align_t) char state[256]; /* of a solver that GSL need not allocate */
    gsl_root_fsolver on_stack = {.type = gsl_root_fsolver_brent, .state = state};
    gsl_root_fsolver *solver = &on_stack;
    gsl_function function = {f, ctx};
    assert(solver->type->size <= sizeof state);
    bool ok = gsl_root_fsolver_set(solver, &function, lo, hi) == GSL_SUCCESS;
    int status = GSL_CONTINUE;
    for (int i = 0; ok && status == GSL_CONTINUE && i < 500; i++) {
        ok = gsl_root_fsolver_iterate(solver) == GSL_SUCCESS;
        *x = gsl_root_fsolver_root(solver);
        status = gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
                                        gsl_root_fsolver_x_upper(solver), 1e-15, 1e-15);
    }
    return ok && isfinite(*x);
}

/* ---- cdf */

/* mu - log(1 + mu), which cancels for small mu. */
static double log_gap(double mu) {
    if (fabs(mu) > 0.1)
        return mu - log1p(mu);
    double sum = 0, power = mu * mu;
    for (int j = 2; j < 18; j++, power *= -mu)
        sum += power / j;
    return sum;
}

/* Temme, "The asymptotic expansion of the incomplete gamma functions", SIAM J. Math. Anal. 10(4),
 * 1979, with the coefficients expanded at eta = 0. From a shape of 10^4 on it is good to rounding
 * wherever the cdf is neither 0 nor 1; gsl_cdf_gamma_P loses digits there, and at 10^6 returns
 * values outside of [0, 1]. */
static double temme(double shape, double x, bool upper) {
    static const double c0[] = {-1.0 / 3,
                                1.0 / 12,
                                -2.0 / 135,
                                1.0 / 864,
                                1.0 / 2835,
                                -139.0 / 777600,
                                1.0 / 25515,
                                -571.0 / 261273600,
                                -1.85406221071516e-6,
                                8.296711340953086e-7};
    static const double c1[] = {-1.0 / 540, -1.0 / 288, 1.0 / 378, -77.0 / 77760,
                                2.0576131687242798e-4};
    static const double c2[] = {4.1335978835978836e-3, -2.6813271604938272e-3};
    double mu = (x - shape) / shape, half = log_gap(mu), eta = copysign(sqrt(2 * half), mu);
    double k0 = 0, k1 = 0;
    for (int i = 9; i >= 0; i--)
        k0 = k0 * eta + c0[i];
    for (int i = 4; i >= 0; i--)
        k1 = k1 * eta + c1[i];
    double k = k0 + (k1 + (c2[0] + c2[1] * eta) / shape) / shape;
    double rest = exp(-shape * half) / sqrt(2 * M_PI * shape) * k;
    double z = eta * sqrt(shape / 2);
    double f = upper ? 0.5 * erfc(z) + rest : 0.5 * erfc(-z) - rest;
    return fmin(fmax(f, 0), 1);
}

double dist_gamma_cdf(double shape, double x, bool upper) {
    if (x <= 0)
        return upper;
    if (shape > 1e4)
        return fabs(x / shape - 1) > 0.5 ? (double)((x > shape) != upper) : temme(shape, x, upper);
    return upper ? gsl_cdf_gamma_Q(x, shape, 1) : gsl_cdf_gamma_P(x, shape, 1);
}

/* ---- quantiles */

/* Cornish-Fisher expansion, Goldberg & Levine (Ann. Math. Stat. 17, 1946) for chi squared with 2
 * shape degrees of freedom. At a shape of 10^5 what is left out is below 10^-14 of the quantile. */
static double large_shape(double shape, double p) {
    double z = gsl_cdf_ugaussian_Pinv(p), nu = 2 * shape, z2 = z * z;
    double x = nu + z * sqrt(2 * nu) + 2 * (z2 - 1) / 3 + z * (z2 - 7) / (9 * sqrt(2 * nu)) -
               (6 * z2 * z2 + 14 * z2 - 32) / (405 * nu) +
               z * (9 * z2 * z2 + 256 * z2 - 433) / (4860 * nu * sqrt(2 * nu));
    return log(x / 2);
}

struct wanted {
    double shape, p;
};

static double excess(double y, void *ctx) {
    const struct wanted *w = ctx;
    double x = exp(y);
    return w->p < 0.5 ? dist_gamma_cdf(w->shape, x, false) - w->p
                      : (1 - w->p) - dist_gamma_cdf(w->shape, x, true);
}

double dist_gamma_log_quantile(double shape, double p) {
    if (shape > 1e5)
        return large_shape(shape, p);
    /* P(x) = x^shape / Gamma(shape + 1) (1 - O(x)) from below: P(x) is never larger than that
     * power, hence a lower limit, which for tiny x is the answer itself. */
    double lo = (log(p) + log_gamma(shape + 1)) / shape;
    if (lo < -40)
        return lo;
    struct wanted w = {shape, p};
    double hi = fmax(lo, log(shape)) + 1, y = lo;
    while (excess(hi, &w) < 0)
        hi += 1;
    if (excess(lo, &w) >= 0) /* only by rounding */
        return lo;
    dist_solve(excess, &w, lo, hi, &y);
    return y;
}

struct fit {
    double ratio, p0, p1;
};

/* Decreases in the shape: a larger shape is a narrower law. In logarithms of both, or the ends of
 * the bracket would decide where Brent looks. */
static double too_wide(double log_shape, void *ctx) {
    const struct fit *f = ctx;
    double shape = exp(log_shape);
    return log(dist_gamma_log_quantile(shape, f->p1) - dist_gamma_log_quantile(shape, f->p0)) -
           log(f->ratio);
}

bool dist_gamma_fit(double ratio, const struct quantile q[2], double *shape) {
    struct fit f = {ratio, q[0].p, q[1].p};
    double z = gsl_cdf_ugaussian_Pinv(q[1].p) - gsl_cdf_ugaussian_Pinv(q[0].p), y;
    if (ratio <
        1e-6 * z) { /* ratio = z / sqrt(shape) to one part in 10^6, and differences cancel */
        *shape = z / ratio * (z / ratio);
        return true;
    }
    double lo = 2 * log(z / ratio), hi = lo;
    for (int i = 0; i < 60 && !(too_wide(lo, &f) > 0); i++)
        lo -= 1;
    for (int i = 0; i < 60 && !(too_wide(hi, &f) < 0); i++)
        hi += 1;
    if (!dist_solve(too_wide, &f, lo, hi, &y))
        return false;
    *shape = exp(y);
    return true;
}

/* ---- Weibull */

/* With e = 1 / shape: log G(1 + 2e) - 2 log G(1 + e). For small e the difference cancels, so there
 * it is summed from log G(1 + x) = -gamma x + sum_{j >= 2} zeta(j) (-x)^j / j (Abramowitz &
 * Stegun 6.1.33). */
double dist_weibull_spread(double shape) {
    double e = 1 / shape;
    if (e > 0.05)
        return log_gamma(1 + 2 * e) - 2 * log_gamma(1 + e);
    static const double zeta[] = {1.6449340668482264, 1.2020569031595942, 1.0823232337111382,
                                  1.0369277551433699, 1.0173430619844491, 1.0083492773819228,
                                  1.0040773561979443, 1.0020083928260822, 1.0009945751278181,
                                  1.0004941886041195, 1.0002460865533080, 1.0001227133475785,
                                  1.0000612481350587, 1.0000305882363070, 1.0000152822594086};
    double sum = 0, power = e * e, two = 4;
    for (int i = 0; i < (int)(sizeof zeta / sizeof *zeta); i++, power *= -e, two *= 2)
        sum += zeta[i] * power * (two - 2) / (i + 2);
    return sum;
}
