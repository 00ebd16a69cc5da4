/* Draws of every family against its mean, variance, quantiles and cdf. All limits are statements of
 * confidence (4.5 standard errors); seeds are fixed. test_dist_args.c tests arguments and what
 * solves for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dist.h"

enum { DRAWS = 200000 };
static const double SIGMAS = 4.5;

static struct dist *make(const struct dist_spec *spec) {
    struct error e = {""};
    struct dist *d = dist_new(spec, &e);
    if (!d)
        fail_msg("%s", e.text);
    return d;
}

/* A family with up to two named arguments. */
static struct dist *two(enum dist_kind kind, const char *n0, double v0, const char *n1, double v1) {
    struct dist_arg args[2] = {{n0, v0}, {n1, v1}};
    return make(&(struct dist_spec){.kind = kind, .args = args, .n_args = n1 ? 2 : 1});
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static const double shares[] = {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999};
enum { SHARES = sizeof shares / sizeof *shares };

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: %s", what, #condition);                                                  \
    } while (0)

/* The quantile is the smallest x with cdf(x) >= p. */
static void check_inverse(const char *what, const struct dist *d, double p, bool steps) {
    double q = dist_quantile(d, p), f = dist_cdf(d, q);
    if (steps) {
        CHECK(f >= p * (1 - 1e-14));
        CHECK(dist_cdf(d, nextafter(q, -1)) < p * (1 + 1e-14));
    } else
        CHECK(fabs(f - p) <= 1e-9 * fmin(p, 1 - p));
}

static void check_moments(const char *what, const struct dist *d, const double *x) {
    double mean = 0, m2 = 0, m4 = 0, truth = dist_variance(d);
    for (int i = 0; i < DRAWS; i++)
        mean += x[i] / DRAWS;
    for (int i = 0; i < DRAWS; i++) {
        double s = (x[i] - dist_mean(d)) * (x[i] - dist_mean(d));
        m2 += s / DRAWS;
        m4 += s * s / DRAWS;
    }
    CHECK(fabs(mean - dist_mean(d)) <= SIGMAS * sqrt(truth / DRAWS) + 1e-10 * mean);
    /* The error of the variance is estimated from the draws, which needs a fourth moment not far
     * from them. */
    CHECK(fabs(m2 - truth) <= SIGMAS * sqrt((m4 - m2 * m2) / DRAWS) + 1e-10 * truth);
}

static void check_counts(const char *what, const struct dist *d, const double *sorted) {
    for (int k = 0; k < SHARES; k++) {
        double q = dist_quantile(d, shares[k]), f = dist_cdf(d, q), count = 0;
        while (count < DRAWS && sorted[(int)count] <= q)
            count++;
        CHECK(fabs(count - DRAWS * f) <= SIGMAS * sqrt(DRAWS * f * (1 - f)) + 1e-6);
    }
}

/* Kolmogorov-Smirnov: for a continuous law sqrt(n) D exceeds 2.5 with probability 7e-6, for others
 * more rarely. With jumps the law is compared at the draws and just below them. */
static void check_ks(const char *what, const struct dist *d, const double *sorted) {
    double worst = 0;
    for (int i = 0; i < DRAWS;) {
        int j = i;
        while (j < DRAWS && sorted[j] == sorted[i])
            j++;
        double at = dist_cdf(d, sorted[i]), below = dist_cdf(d, nextafter(sorted[i], -1));
        worst = fmax(worst, fmax(fabs(at - (double)j / DRAWS), fabs(below - (double)i / DRAWS)));
        i = j;
    }
    CHECK(worst * sqrt(DRAWS) < 2.5);
}

static void check(const char *what, struct dist *d, bool steps) {
    static double x[DRAWS]; /* the one test at a time */
    struct rng r = {rng_hash(what)};
    for (int i = 0; i < DRAWS; i++) {
        x[i] = dist_draw(d, &r);
        CHECK(x[i] >= 0 && isfinite(x[i]));
    }
    if (dist_variance(d) < INFINITY)
        check_moments(what, d, x);
    qsort(x, DRAWS, sizeof *x, by_value);
    check_counts(what, d, x);
    check_ks(what, d, x);
    for (int k = 0; k < SHARES; k++)
        check_inverse(what, d, shares[k], steps);
    CHECK(dist_cdf(d, -1) == 0 && dist_cdf(d, INFINITY) == 1 && isnan(dist_cdf(d, NAN)));
    CHECK(isnan(dist_quantile(d, 0)) && isnan(dist_quantile(d, 1)) && isnan(dist_quantile(d, NAN)));
    dist_free(d);
}

static void constants(void **state) {
    (void)state;
    check("constant", two(DIST_CONSTANT, "value", 0.005, NULL, 0), true);
    check("constant 0", two(DIST_CONSTANT, "value", 0, NULL, 0), true);
    struct dist *d = dist_constant(3);
    struct rng r = {1};
    assert_true(dist_kind(d) == DIST_CONSTANT && dist_draw(d, &r) == 3 && dist_mean(d) == 3 &&
                dist_variance(d) == 0 && r.state == 1);
    dist_free(d);
    dist_free(NULL);
}

static void one_parameter(void **state) {
    (void)state;
    check("exponential", two(DIST_EXPONENTIAL, "mean", 0.05, NULL, 0), false);
    check("uniform", two(DIST_UNIFORM, "min", 0.008, "max", 0.010), false);
    check("uniform from 0", two(DIST_UNIFORM, "min", 0, "max", 1e9), false);
}

static void lognormals(void **state) {
    (void)state;
    check("lognormal narrow", two(DIST_LOGNORMAL, "p50", 0.003, "p99", 0.005), false);
    check("lognormal wide", two(DIST_LOGNORMAL, "mean", 0.02, "cv", 1), false);
}

static void gammas(void **state) {
    (void)state;
    check("gamma below 1", two(DIST_GAMMA, "shape", 0.3, "scale", 2), false);
    check("gamma 1", two(DIST_GAMMA, "shape", 1, "scale", 2), false);
    check("gamma above 1", two(DIST_GAMMA, "mean", 0.02, "cv", 0.5), false);
    check("gamma large", two(DIST_GAMMA, "mean", 0.02, "cv", 0.001), false);
    check("gamma larger", two(DIST_GAMMA, "mean", 0.02, "cv", 0.0005), false);
    check("gamma largest", two(DIST_GAMMA, "shape", 1e9, "scale", 1), false);
}

static void weibulls(void **state) {
    (void)state;
    check("weibull early", two(DIST_WEIBULL, "shape", 0.7, "mean", 30), false);
    check("weibull late", two(DIST_WEIBULL, "mean", 0.02, "cv", 0.3), false);
}

static void paretos(void **state) {
    (void)state;
    check("pareto light", two(DIST_PARETO, "shape", 6, "min", 0.01), false);
    check("pareto without variance", two(DIST_PARETO, "shape", 1.5, "mean", 10e3), false);
    struct dist *d = two(DIST_PARETO, "shape", 0.8, "min", 1);
    assert_true(dist_mean(d) == INFINITY && dist_variance(d) == INFINITY);
    check("pareto without mean", d, false);
}

static void normals(void **state) {
    (void)state;
    check("normal", two(DIST_NORMAL, "mean", 0.05, "sd", 0.01), false);
    check("normal half", two(DIST_NORMAL, "mean", 0, "sd", 2), false);
    check("normal cut", two(DIST_NORMAL, "mean", 1, "cv", 1), false);
    check("normal tail", two(DIST_NORMAL, "p90", 0.1, "p99", 1), false);
    check("normal far tail", two(DIST_NORMAL, "p998", 1e-3, "p999", 1), false);
    check("normal hardly below", two(DIST_NORMAL, "p60", 0.01, "p99", 3), false);
    struct dist *d = two(DIST_NORMAL, "mean", 0.05, "sd", 1e-12); /* not cut at all */
    assert_true(fabs(dist_mean(d) / 0.05 - 1) < 1e-15);
    assert_true(fabs(dist_variance(d) / 1e-24 - 1) < 1e-9);
    dist_free(d);
}

static void stages(void **state) {
    (void)state;
    check("erlang 1", two(DIST_ERLANG, "k", 1, "mean", 0.02), false);
    check("erlang 4", two(DIST_ERLANG, "k", 4, "rate", 200), false);
    check("erlang 5", two(DIST_ERLANG, "k", 5, "mean", 1), false);
    check("erlang 6", two(DIST_ERLANG, "k", 6, "mean", 1), false);
    check("erlang cv", two(DIST_ERLANG, "mean", 0.02, "cv", 0.1), false);
    check("hyperexponential", two(DIST_HYPEREXPONENTIAL, "mean", 0.02, "cv", 1.5), false);
    const double means[] = {1, 5, 20}, weights[] = {7, 0, 3};
    check("hyperexponential of three",
          make(&(struct dist_spec){.kind = DIST_HYPEREXPONENTIAL,
                                   .values = means,
                                   .n_values = 3,
                                   .weights = weights,
                                   .n_weights = 3}),
          false);
}

static void samples(void **state) {
    (void)state;
    const double values[] = {4, 1, 9, 4, 0, 2.5, 11};
    struct dist *d =
        make(&(struct dist_spec){.kind = DIST_EMPIRICAL, .values = values, .n_values = 7});
    assert_true(dist_quantile(d, 0.5) == 4 && dist_quantile(d, 3.0 / 7) == 2.5 &&
                dist_quantile(d, 0.0001) == 0 && dist_quantile(d, 0.9999) == 11);
    assert_true(dist_cdf(d, 4) == 5.0 / 7 && dist_cdf(d, 3.9) == 3.0 / 7);
    assert_true(fabs(dist_mean(d) - 4.5) < 1e-14);
    check("empirical", d, true);
    const double edges[] = {0, 10, 20, 50, 100}, counts[] = {5, 0, 3, 2};
    d = make(&(struct dist_spec){
        .kind = DIST_HISTOGRAM, .values = edges, .n_values = 5, .weights = counts, .n_weights = 4});
    assert_true(dist_quantile(d, 0.5) == 10); /* not 20: nothing lies between */
    assert_true(fabs(dist_mean(d) - 0.5 * 5 - 0.3 * 35 - 0.2 * 75) < 1e-13);
    check("histogram", d, false);
}

static void mixtures(void **state) {
    (void)state;
    struct dist *parts[] = {dist_constant(0.001), two(DIST_EXPONENTIAL, "mean", 0.05, NULL, 0),
                            two(DIST_UNIFORM, "min", 1, "max", 2),
                            two(DIST_PARETO, "shape", 1, "min", 1)};
    const double weights[] = {70, 20, 10, 0};
    struct dist *d = make(&(struct dist_spec){
        .kind = DIST_MIXTURE, .parts = parts, .weights = weights, .n_weights = 4});
    assert_true(fabs(dist_mean(d) - (0.7 * 0.001 + 0.2 * 0.05 + 0.1 * 1.5)) < 1e-15);
    assert_true(dist_quantile(d, 0.5) == 0.001);
    check("mixture", d, true);
    struct dist *heavy[] = {dist_constant(1), two(DIST_PARETO, "shape", 1, "min", 1)};
    d = make(&(struct dist_spec){
        .kind = DIST_MIXTURE, .parts = heavy, .weights = (double[]){1, 1}, .n_weights = 2});
    assert_true(dist_mean(d) == INFINITY && dist_variance(d) == INFINITY);
    check("mixture without mean", d, true);
}

/* The alias table must hold for many unequal weights, most of them tiny or 0. */
static void many_weights(void **state) {
    (void)state;
    enum { N = 3000 };
    static double edges[N + 1], counts[N];
    struct rng r = {77};
    for (int i = 0; i <= N; i++)
        edges[i] = i;
    for (int i = 0; i < N; i++)
        counts[i] = i % 3 ? pow(rng_unit(&r), 20) : 0;
    struct dist *d = make(&(struct dist_spec){.kind = DIST_HISTOGRAM,
                                              .values = edges,
                                              .n_values = N + 1,
                                              .weights = counts,
                                              .n_weights = N});
    for (int i = 0; i < DRAWS; i++)
        assert_true(counts[(int)dist_draw(d, &r)] > 0);
    check("histogram of 3000", d, false);
}

static void integers(void **state) {
    (void)state;
    check("uniform_int", two(DIST_UNIFORM_INT, "min", 1, "max", 6), true);
    check("uniform_int wide", two(DIST_UNIFORM_INT, "min", 1, "max", 5e6), true);
    check("uniform_int widest", two(DIST_UNIFORM_INT, "min", 0, "max", 0x1p53), true);
}

static void zipfs(void **state) {
    (void)state;
    check("zipf 0", two(DIST_ZIPF, "n", 1000, "s", 0), true);
    check("zipf flat", two(DIST_ZIPF, "n", 50, "s", 1e-9), true);
    check("zipf .7", two(DIST_ZIPF, "n", 1e6, "s", 0.7), true);
    check("zipf 1", two(DIST_ZIPF, "n", 1e6, "s", 1), true);
    check("zipf 1 of 2", two(DIST_ZIPF, "n", 2, "s", 1), true);
    check("zipf 1.0000001", two(DIST_ZIPF, "n", 100, "s", 1.0000001), true);
    check("zipf 1.2", two(DIST_ZIPF, "n", 1e4, "s", 1.2), true);
    check("zipf 5", two(DIST_ZIPF, "n", 1e12, "s", 5), true);
    check("zipf 1e12", two(DIST_ZIPF, "n", 1e12, "s", 0.9), true);
    check("zipf 8", two(DIST_ZIPF, "n", 1000, "s", 8), true);
}

/* Rank by rank, where steps are large: chi-squared against the definition. */
static void zipf_ranks(void **state) {
    (void)state;
    const double exponents[] = {0, 0.5, 0.99, 1, 1.01, 2, 3.5};
    for (size_t k = 0; k < sizeof exponents / sizeof *exponents; k++) {
        struct dist *d = two(DIST_ZIPF, "n", 12, "s", exponents[k]);
        double count[13] = {0}, chi = 0, all = 0;
        struct rng r = {k};
        for (int i = 0; i < DRAWS; i++)
            count[(int)dist_draw(d, &r)]++;
        for (int i = 1; i <= 12; i++)
            all += pow(i, -exponents[k]);
        for (int i = 1; i <= 12; i++) {
            double expected = DRAWS * pow(i, -exponents[k]) / all;
            chi += (count[i] - expected) * (count[i] - expected) / expected;
        }
        assert_true(gsl_cdf_chisq_Q(chi, 11) > 1e-5);
        dist_free(d);
    }
}

/* The cdf, mean and variance against plain summation, at a million ranks. */
static void zipf_sums(void **state) {
    (void)state;
    const double exponents[] = {0, 0.3, 0.999, 1, 1.5, 2, 3, 4, 10, 100};
    for (size_t k = 0; k < sizeof exponents / sizeof *exponents; k++) {
        double s = exponents[k];
        struct dist *d = two(DIST_ZIPF, "n", 1e6, "s", s);
        long double sum = 0, first = 0, second = 0, all = 0;
        for (int i = 1000000; i >= 1; i--) {
            long double w = powl(i, -s);
            all += w;
            first += (i - 1) * w;
            second += (long double)(i - 1) * (i - 1) * w;
        }
        double mean = (double)(1 + first / all);
        double variance = (double)(second / all - (first / all) * (first / all));
        assert_true(fabs(dist_mean(d) / mean - 1) < 1e-12);
        assert_true(fabs(dist_variance(d) / variance - 1) < 1e-11);
        for (int i = 1; i <= 1000000; i++) {
            sum += powl(i, -s);
            if (i < 200 || i % 9973 == 0)
                assert_true(fabs(dist_cdf(d, i) / (double)(sum / all) - 1) < 1e-13);
        }
        dist_free(d);
    }
}

/* The same generator state gives the same draws, and nothing else is consumed. */
static void draws_are_repeatable(void **state) {
    (void)state;
    struct dist *d = two(DIST_GAMMA, "mean", 1, "cv", 2);
    struct rng a = {5}, b = {5};
    for (int i = 0; i < 1000; i++)
        assert_true(dist_draw(d, &a) == dist_draw(d, &b));
    assert_true(a.state == b.state);
    dist_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants),  cmocka_unit_test(one_parameter),
        cmocka_unit_test(lognormals), cmocka_unit_test(gammas),
        cmocka_unit_test(weibulls),   cmocka_unit_test(paretos),
        cmocka_unit_test(normals),    cmocka_unit_test(stages),
        cmocka_unit_test(samples),    cmocka_unit_test(mixtures),
        cmocka_unit_test(integers),   cmocka_unit_test(many_weights),
        cmocka_unit_test(zipfs),      cmocka_unit_test(zipf_ranks),
        cmocka_unit_test(zipf_sums),  cmocka_unit_test(draws_are_repeatable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
