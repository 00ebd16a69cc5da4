#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "base/rng.h"
#include "base/stats.h"

static void near(double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%.17g is not %.17g", got, expected);
}

static void student(void **state) {
    (void)state;
    near(stats_student(0.95, 9), 2.2621571627982, 1e-10);
    near(stats_student(0.99, 1), 63.6567411628715, 1e-8);
    near(stats_student(0.95, 1e9), 1.95996398454, 1e-8);
}

static void estimate(void **state) {
    (void)state;
    const double x[] = {1, 2, NAN, 3, 4, 5};
    struct estimate e = stats_estimate(x, 6, 0.95);
    assert_int_equal(e.used, 5);
    near(e.mean, 3, 0);
    near(e.sd, sqrt(2.5), 1e-15);
    near(e.ci.lo, 3 - 2.7764451051978 * sqrt(0.5), 1e-10);
    near(e.ci.hi, 3 + 2.7764451051978 * sqrt(0.5), 1e-10);
    e = stats_estimate(x, 1, 0.95);
    assert_true(e.mean == 1 && isnan(e.sd) && e.ci.lo == -INFINITY && e.ci.hi == INFINITY);
    e = stats_estimate(x + 2, 1, 0.95);
    assert_true(e.used == 0 && isnan(e.mean) && e.ci.hi == INFINITY);
    const double same[] = {7, 7, 7};
    e = stats_estimate(same, 3, 0.95);
    assert_true(e.sd == 0 && e.ci.lo == 7 && e.ci.hi == 7);
    const double wild[] = {1, INFINITY, 2};
    e = stats_estimate(wild, 3, 0.95);
    assert_true(e.mean == INFINITY && e.ci.lo == -INFINITY && e.ci.hi == INFINITY);
}

/* 95 % of the intervals must cover, within what 20,000 trials can tell. */
static void estimate_covers(void **state) {
    (void)state;
    struct rng r = {1};
    double hits = 0;
    enum { TRIALS = 20000 };
    for (int t = 0; t < TRIALS; t++) {
        double x[6];
        for (int i = 0; i < 6; i++)
            x[i] = 10 + 3 * rng_normal(&r);
        struct estimate e = stats_estimate(x, 6, 0.95);
        hits += e.ci.lo <= 10 && 10 <= e.ci.hi;
    }
    near(hits / TRIALS, 0.95, 4.5 * sqrt(0.95 * 0.05 / TRIALS));
}

/* The interval's ends are the shares at which the observed count is just in the tail: checked by
 * the binomial law itself. */
static void binomial(void **state) {
    (void)state;
    const size_t cases[][2] = {{1, 10},     {5, 10}, {9, 10}, {3, 1000},
                               {500, 1000}, {2, 30}, {29, 30}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned k = (unsigned)cases[i][0], n = (unsigned)cases[i][1];
        struct interval ci = stats_binomial(k, n, 0.95);
        near(gsl_cdf_binomial_Q(k - 1, ci.lo, n), 0.025, 1e-9);
        near(gsl_cdf_binomial_P(k, ci.hi, n), 0.025, 1e-9);
    }
    struct interval none = stats_binomial(0, 0, 0.95), zero = stats_binomial(0, 20, 0.95),
                    all = stats_binomial(20, 20, 0.95);
    assert_true(none.lo == 0 && none.hi == 1 && zero.lo == 0 && all.hi == 1);
    near(zero.hi, 1 - pow(0.025, 1.0 / 20), 1e-12);
    near(all.lo, pow(0.025, 1.0 / 20), 1e-12);
}

static void binomial_of_many(void **state) {
    (void)state;
    const double n = 1e7;
    for (double share = 0.0001; share < 1; share *= 7) { /* tends to the normal interval */
        double k = floor(share * n), se = sqrt(share * (1 - share) / n);
        struct interval ci = stats_binomial((size_t)k, (size_t)n, 0.95);
        near((ci.hi - ci.lo) / (2 * 1.96 * se), 1, 0.02);
        assert_true(ci.lo < k / n && k / n < ci.hi);
    }
}

static void mser5_finds_the_ramp(void **state) {
    (void)state;
    double x[2000];
    struct rng r = {2};
    bool found;
    for (int i = 0; i < 2000; i++) /* decays to a level, with noise */
        x[i] = 100 * exp(-i / 30.0) + rng_normal(&r);
    size_t cut = stats_mser5(x, 2000, &found);
    assert_true(found && cut % 5 == 0 && cut >= 60 && cut <= 400);
    for (int i = 0; i < 2000; i++) /* nothing to delete, or hardly */
        x[i] = 5;
    assert_int_equal(stats_mser5(x, 2000, &found), 0);
    assert_true(found);
    for (int i = 0; i < 2000; i++) /* never settles */
        x[i] = i;
    assert_int_equal(stats_mser5(x, 2000, &found), 1000);
    assert_false(found);
    assert_int_equal(stats_mser5(x, 19, &found), 0);
    assert_false(found);
}

/* Against the definition, computed the slow way. */
static void mser5_is_the_minimum(void **state) {
    (void)state;
    struct rng r = {3};
    for (int trial = 0; trial < 200; trial++) {
        double x[203], batch[40] = {0}, least = INFINITY;
        size_t best = 0;
        for (int i = 0; i < 203; i++) {
            x[i] = rng_exponential(&r) + (i < 40 ? 3 * rng_unit(&r) : 0);
            if (i < 200)
                batch[i / 5] += x[i] / 5;
        }
        for (size_t d = 0; d <= 20; d++) {
            double mean = 0, squares = 0, n = 40 - (double)d;
            for (size_t i = d; i < 40; i++)
                mean += batch[i] / n;
            for (size_t i = d; i < 40; i++)
                squares += (batch[i] - mean) * (batch[i] - mean);
            if (squares / (n * n) < least) {
                least = squares / (n * n);
                best = d;
            }
        }
        bool found;
        assert_int_equal(stats_mser5(x, 203, &found), 5 * best);
        assert_int_equal(found, best < 20);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student),
        cmocka_unit_test(estimate),
        cmocka_unit_test(estimate_covers),
        cmocka_unit_test(binomial),
        cmocka_unit_test(binomial_of_many),
        cmocka_unit_test(mser5_finds_the_ramp),
        cmocka_unit_test(mser5_is_the_minimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
