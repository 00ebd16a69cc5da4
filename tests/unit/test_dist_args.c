/* Arguments of distributions: what is solved for is what was asked for, and what is refused says
 * why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/dist.h"

static struct dist *named(enum dist_kind kind, const char *n0, double v0, const char *n1,
                          double v1) {
    struct dist_arg args[2] = {{n0, v0}, {n1, v1}};
    struct error e = {""};
    struct dist *d =
        dist_new(&(struct dist_spec){.kind = kind, .args = args, .n_args = n1 ? 2 : 1}, &e);
    if (!d)
        fail_msg("%s", e.text);
    return d;
}

static void near(double got, double expected, const char *what, double a, double b) {
    if (!(fabs(got - expected) <= 1e-9 * fabs(expected)))
        fail_msg("%s of (%g, %g) is %.12g", what, a, b, got);
}

/* ---- what was asked for */

static void mean_and_cv(void **state) {
    (void)state;
    const enum dist_kind kinds[] = {DIST_LOGNORMAL, DIST_GAMMA,   DIST_WEIBULL,
                                    DIST_PARETO,    DIST_UNIFORM, DIST_HYPEREXPONENTIAL};
    const double means[] = {1e-9, 0.02, 1, 5e6};
    const double cvs[] = {1e-6, 1e-3, 0.01, 0.1, 0.5, 0.9, 1, 1.1, 2, 10, 30};
    for (int k = 0; k < 6; k++)
        for (int m = 0; m < 4; m++)
            for (int c = 0; c < 11; c++) {
                double mean = means[m], cv = cvs[c];
                if ((kinds[k] == DIST_UNIFORM && cv > 0.57) ||
                    (kinds[k] == DIST_HYPEREXPONENTIAL && cv < 1))
                    continue;
                struct dist *d = named(kinds[k], "mean", mean, "cv", cv);
                near(dist_mean(d), mean, dist_types[kinds[k]].name, mean, cv);
                if (kinds[k] ==
                    DIST_UNIFORM) /* limits as doubles do not hold a cv of 10^-6 better */
                    assert_true(fabs(sqrt(dist_variance(d)) / mean - cv) < 1e-15);
                else
                    near(sqrt(dist_variance(d)) / mean, cv, dist_types[kinds[k]].name, mean, cv);
                dist_free(d);
            }
}

static void erlang_takes_the_nearest_k(void **state) {
    (void)state;
    for (int k = 1; k < 50; k++) {
        struct dist *d =
            named(DIST_ERLANG, "mean", 3, "cv", 1.01 / sqrt(k) > 1 ? 1 : 1.01 / sqrt(k));
        near(dist_mean(d), 3, "erlang", 3, k);
        if (k < 20) /* 1 / 1.01^2 of k rounds to k */
            near(dist_variance(d), 9.0 / k, "erlang", 3, k);
        dist_free(d);
    }
}

static void two_quantiles(void **state) {
    (void)state;
    const enum dist_kind kinds[] = {DIST_LOGNORMAL, DIST_GAMMA, DIST_WEIBULL, DIST_PARETO};
    const struct {
        const char *name;
        double p;
    } q[] = {{"p1", 0.01},  {"p10", 0.1},    {"p50", 0.5},      {"p90", 0.9},
             {"p99", 0.99}, {"p999", 0.999}, {"p99.99", 0.9999}};
    const double ratios[] = {1 + 1e-7, 1.0001, 1.05, 1.7, 10, 1e4, 1e9};
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 7; i++)
            for (int j = i + 1; j < 7; j++)
                for (int r = 0; r < 7; r++) {
                    double x = 0.003, y = x * ratios[r];
                    const char *what = dist_types[kinds[k]].name;
                    struct dist *d = named(kinds[k], q[j].name, y, q[i].name, x); /* any order */
                    near(dist_quantile(d, q[i].p), x, what, q[i].p, ratios[r]);
                    near(dist_quantile(d, q[j].p), y, what, q[j].p, ratios[r]);
                    dist_free(d);
                }
}

/* Fits may ask for extremes; they are met, or refused in words, but never silently wrong. */
static void extreme_quantiles(void **state) {
    (void)state;
    const double ratios[] = {1 + 1e-14, 1 + 1e-10, 1e20, 1e100, 1e300};
    const char *const names[][2] = {{"p50", "p51"}, {"p1", "p9999"}, {"p01", "p02"}};
    const double p[][2] = {{0.5, 0.51}, {0.01, 0.9999}, {0.01, 0.02}};
    for (int kind = DIST_LOGNORMAL; kind <= DIST_PARETO; kind++)
        for (int n = 0; n < 3; n++)
            for (int r = 0; r < 5; r++) {
                struct dist_arg args[2] = {{names[n][0], 1}, {names[n][1], ratios[r]}};
                struct error e = {""};
                struct dist *d = dist_new(
                    &(struct dist_spec){.kind = (enum dist_kind)kind, .args = args, .n_args = 2},
                    &e);
                assert_true((d != NULL) != error_is(&e));
                if (!d) {
                    assert_non_null(strstr(e.text, dist_types[kind].name));
                    continue;
                }
                near(log(dist_quantile(d, p[n][1])) + 1, log(ratios[r]) + 1, dist_types[kind].name,
                     p[n][1], ratios[r]);
                dist_free(d);
            }
}

static void normal_is_of_the_whole_curve(void **state) {
    (void)state;
    struct dist *d = named(DIST_NORMAL, "p50", 0.05, "p99", 0.08); /* hardly cut: 3.9 sds */
    assert_true(fabs(dist_quantile(d, 0.5) / 0.05 - 1) < 1e-4);
    assert_true(fabs(dist_quantile(d, 0.99) / 0.08 - 1) < 1e-4);
    dist_free(d);
    d = named(DIST_NORMAL, "mean", 1, "cv", 1);
    assert_true(dist_mean(d) > 1.2); /* conditioned on being positive */
    dist_free(d);
}

static void other_arguments(void **state) {
    (void)state;
    struct dist *d = named(DIST_EXPONENTIAL, "rate", 20, NULL, 0);
    near(dist_mean(d), 0.05, "exponential", 20, 0);
    dist_free(d);
    d = named(DIST_EXPONENTIAL, "p999", 0.05, NULL, 0);
    near(dist_quantile(d, 0.999), 0.05, "exponential", 0.999, 0);
    dist_free(d);
    d = named(DIST_LOGNORMAL, "mean", 2, "sd", 3);
    near(dist_mean(d), 2, "lognormal", 2, 3);
    near(dist_variance(d), 9, "lognormal", 2, 3);
    dist_free(d);
    d = named(DIST_LOGNORMAL, "mu", 1, "sigma", 0.5);
    near(dist_quantile(d, 0.5), exp(1), "lognormal", 1, 0.5);
    dist_free(d);
    d = named(DIST_GAMMA, "shape", 3, "mean", 6);
    near(dist_variance(d), 12, "gamma", 3, 6);
    dist_free(d);
    d = named(DIST_WEIBULL, "shape", 1, "mean", 6);
    near(dist_quantile(d, 0.5), 6 * log(2), "weibull", 1, 6);
    dist_free(d);
    d = named(DIST_PARETO, "shape", 3, "scale", 2);
    near(dist_mean(d), 3, "pareto", 3, 2);
    near(dist_variance(d), 3, "pareto", 3, 2);
    dist_free(d);
    d = named(DIST_ERLANG, "k", 4, "rate", 8);
    near(dist_mean(d), 0.5, "erlang", 4, 8);
    dist_free(d);
}

static void positional(void **state) {
    (void)state;
    const struct {
        enum dist_kind kind;
        double v0, v1, mean;
    } cases[] = {
        {DIST_CONSTANT, 3, NAN, 3},
        {DIST_EXPONENTIAL, 3, NAN, 3},
        {DIST_UNIFORM, 1, 4, 2.5},
        {DIST_LOGNORMAL, 3, 0.5, 3},
        {DIST_GAMMA, 3, 0.5, 3},
        {DIST_WEIBULL, 3, 0.5, 3},
        {DIST_PARETO, 3, 2, 3},
        {DIST_ERLANG, 4, 3, 3},
        {DIST_HYPEREXPONENTIAL, 3, 2, 3},
        {DIST_UNIFORM_INT, 1, 5, 3},
        {DIST_ZIPF, 3, 0, 2},
        {DIST_NORMAL, 100, 1, 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dist_arg args[2] = {{NULL, cases[i].v0}, {NULL, cases[i].v1}};
        struct error e = {""};
        struct dist *d = dist_new(&(struct dist_spec){.kind = cases[i].kind,
                                                      .args = args,
                                                      .n_args = isnan(cases[i].v1) ? 1 : 2},
                                  &e);
        if (!d)
            fail_msg("%s", e.text);
        near(dist_mean(d), cases[i].mean, dist_types[cases[i].kind].name, cases[i].v0, cases[i].v1);
        dist_free(d);
    }
}

static void no_spread_is_a_constant(void **state) {
    (void)state;
    const enum dist_kind kinds[] = {DIST_LOGNORMAL, DIST_GAMMA,  DIST_WEIBULL, DIST_PARETO,
                                    DIST_NORMAL,    DIST_ERLANG, DIST_UNIFORM};
    for (int i = 0; i < 7; i++) {
        struct dist *d = named(kinds[i], "mean", 3, "cv", 0);
        assert_true(dist_kind(d) == DIST_CONSTANT && dist_mean(d) == 3 && dist_variance(d) == 0);
        dist_free(d);
        d = named(kinds[i], "mean", 0, "cv", 0.5);
        assert_true(dist_kind(d) == DIST_CONSTANT && dist_mean(d) == 0);
        dist_free(d);
    }
    struct dist *d = named(DIST_UNIFORM_INT, "min", 4, "max", 4);
    assert_true(dist_kind(d) == DIST_CONSTANT && dist_mean(d) == 4);
    dist_free(d);
    d = named(DIST_ZIPF, "n", 1, "s", 1);
    assert_true(dist_kind(d) == DIST_CONSTANT && dist_mean(d) == 1);
    dist_free(d);
}

/* ---- refusals */

static void expect(const struct dist_spec *spec, const char *text) {
    struct error e = {""};
    struct dist *d = dist_new(spec, &e);
    if (d || !strstr(e.text, text)) {
        dist_free(d);
        fail_msg("wanted: %s\n   got: %s", text, d ? "a distribution" : e.text);
    }
}

static void refuse(enum dist_kind kind, const char *n0, double v0, const char *n1, double v1,
                   const char *text) {
    struct dist_arg args[2] = {{n0, v0}, {n1, v1}};
    expect(&(struct dist_spec){.kind = kind, .args = args, .n_args = n1 ? 2 : 1}, text);
}

static void names(void **state) {
    (void)state;
    refuse(DIST_GAMMA, "men", 1, "cv", 1,
           "gamma: unknown argument 'men'; did you mean 'mean'? It takes mean, cv | shape, scale");
    refuse(DIST_GAMMA, "queue", 1, "cv", 1, "gamma: unknown argument 'queue'. It takes mean, cv |");
    refuse(DIST_EXPONENTIAL, "cv", 1, NULL, 0, "exponential: unknown argument 'cv'");
    refuse(DIST_UNIFORM, "p50", 1, "p99", 2, "uniform: unknown argument 'p50'");
    refuse(DIST_LOGNORMAL, "p100", 1, "p50", 2, "unknown argument 'p100'");
    refuse(DIST_LOGNORMAL, "p0", 1, "p50", 2, "unknown argument 'p0'");
    refuse(DIST_LOGNORMAL, "p", 1, "p50", 2, "unknown argument 'p'");
    refuse(DIST_LOGNORMAL, "p5x", 1, "p50", 2, "unknown argument 'p5x'");
    refuse(DIST_LOGNORMAL, "p99.", 1, "p5O", 2, "unknown argument 'p5O'; did you mean 'p50'?");
    refuse(DIST_GAMMA, "mean", 1, "mean", 1, "gamma: argument 'mean' is given twice");
    refuse(DIST_GAMMA, "p5", 1, "p05", 2, "gamma: argument 'p05' is given twice");
}

static void combinations(void **state) {
    (void)state;
    refuse(DIST_GAMMA, "mean", 1, NULL, 0, "gamma: takes mean, cv | shape, scale | ");
    refuse(DIST_GAMMA, "mean", 1, NULL, 0, ", not mean");
    refuse(DIST_GAMMA, "cv", 1, "scale", 2, ", not cv and scale");
    refuse(DIST_LOGNORMAL, "p50", 1, "mean", 2, ", not mean and p50");
    expect(&(struct dist_spec){.kind = DIST_LOGNORMAL}, "lognormal: takes mean, cv | mean, sd");
    expect(&(struct dist_spec){.kind = DIST_LOGNORMAL}, ", not nothing");
    struct dist_arg three[] = {{"p50", 1}, {"p90", 2}, {"p99", 3}};
    expect(&(struct dist_spec){.kind = DIST_WEIBULL, .args = three, .n_args = 3},
           "weibull: three quantiles are one too many");
    struct dist_arg loose[] = {{NULL, 1}, {NULL, 2}, {NULL, 3}};
    expect(&(struct dist_spec){.kind = DIST_UNIFORM, .args = loose, .n_args = 3},
           "uniform: too many unnamed arguments; it takes min, max | mean, cv");
    expect(&(struct dist_spec){.kind = DIST_EMPIRICAL, .args = loose, .n_args = 1}, "empirical");
    struct dist_arg mixed[] = {{NULL, 1}, {"cv", 2}};
    expect(&(struct dist_spec){.kind = DIST_GAMMA, .args = mixed, .n_args = 2},
           "gamma: name all arguments or none");
}

static void values(void **state) {
    (void)state;
    refuse(DIST_EXPONENTIAL, "mean", -1, NULL, 0, "exponential: mean (-1) must not be negative");
    refuse(DIST_EXPONENTIAL, "mean", NAN, NULL, 0,
           "exponential: mean must be a finite number, not nan");
    refuse(DIST_EXPONENTIAL, "mean", INFINITY, NULL, 0, "not inf");
    refuse(DIST_EXPONENTIAL, "rate", 0, NULL, 0, "exponential: rate (0) must be positive");
    refuse(DIST_EXPONENTIAL, "rate", 1e-320, NULL, 0, "beyond the range of numbers");
    refuse(DIST_EXPONENTIAL, "p99", 0, NULL, 0, "exponential: p99 (0) must be positive");
    refuse(DIST_GAMMA, "mean", 1, "cv", -0.5, "gamma: cv (-0.5) must not be negative");
    refuse(DIST_GAMMA, "shape", 0, "mean", 1, "gamma: shape (0) must be positive");
    refuse(DIST_LOGNORMAL, "p50", 0.005, "p99", 0.003,
           "lognormal: p99 (0.003) must be larger than p50 (0.005)");
    refuse(DIST_LOGNORMAL, "p99", 0.005, "p50", 0.005,
           "p99 (0.005) must be larger than p50 (0.005)");
    refuse(DIST_LOGNORMAL, "mu", 800, "sigma", 1, "beyond the range of numbers");
    refuse(DIST_LOGNORMAL, "mu", 1, "sigma", -1, "lognormal: sigma (-1) must not be negative");
    refuse(DIST_UNIFORM, "min", 2, "max", 1, "uniform: max (1) must not be below min (2)");
    refuse(DIST_UNIFORM, "min", -2, "max", 1, "uniform: min (-2) must not be negative");
    refuse(DIST_UNIFORM, "mean", 2, "cv", 0.6, "uniform: cv (0.6) must be at most 0.577");
    refuse(DIST_UNIFORM_INT, "min", 1.5, "max", 3, "whole numbers");
    refuse(DIST_UNIFORM_INT, "min", 5, "max", 3, "uniform_int: max (3) must not be below min (5)");
    refuse(DIST_PARETO, "shape", 0.9, "mean", 3, "pareto: shape (0.9) must be above 1");
    refuse(DIST_PARETO, "shape", 2, "min", 0, "pareto: min (0) must be positive");
    refuse(DIST_ERLANG, "mean", 1, "cv", 1.2, "erlang: cv (1.2) must be at most 1");
    refuse(DIST_ERLANG, "mean", 1, "cv", 1e-5, "too many");
    refuse(DIST_ERLANG, "k", 2.5, "mean", 1, "erlang: k (2.5) must be a whole number");
    refuse(DIST_HYPEREXPONENTIAL, "mean", 1, "cv", 0.9,
           "hyperexponential: cv (0.9) must be at least 1");
    refuse(DIST_ZIPF, "n", 0, "s", 1, "zipf: n (0) must be a whole number from 1 to 1e12");
    refuse(DIST_ZIPF, "n", 2e12, "s", 1, "zipf: n (2e+12)");
    refuse(DIST_ZIPF, "n", 10, "s", -1, "zipf: s (-1) must not be negative");
    refuse(DIST_ZIPF, "n", 10, "s", 1001, "at most 1000");
    refuse(DIST_CONSTANT, "value", -1, NULL, 0, "constant: value (-1) must not be negative");
    refuse(DIST_NORMAL, "mean", -1, "sd", 1, "normal: mean (-1) must not be negative");
}

static void arrays(void **state) {
    (void)state;
    const double v[] = {1, 2, 3}, bad[] = {1, NAN, 3}, minus[] = {1, 2, -3}, zero[] = {0, 0, 0},
                 down[] = {3, 2, 1};
#define SPEC(k, ...) (&(struct dist_spec){.kind = k, __VA_ARGS__})
    expect(SPEC(DIST_EMPIRICAL, .values = NULL), "empirical: needs values");
    expect(SPEC(DIST_EMPIRICAL, .values = bad, .n_values = 3), "empirical: value 2 (nan)");
    expect(SPEC(DIST_EMPIRICAL, .values = minus, .n_values = 3), "empirical: value 3 (-3)");
    expect(SPEC(DIST_EMPIRICAL, .values = v, .n_values = 3, .weights = v, .n_weights = 3),
           "empirical: takes no weights");
    expect(SPEC(DIST_GAMMA, .values = v, .n_values = 3), "gamma: takes no list of values");
    expect(SPEC(DIST_HISTOGRAM, .values = down, .n_values = 3, .weights = v, .n_weights = 2),
           "histogram: edge 2 (2) must be larger than edge 1 (3)");
    expect(SPEC(DIST_HISTOGRAM, .values = v, .n_values = 3, .weights = v, .n_weights = 3),
           "histogram: 3 counts do not go with 3 edges");
    expect(SPEC(DIST_HISTOGRAM, .values = v, .n_values = 1), "histogram: 0 counts");
    expect(SPEC(DIST_HISTOGRAM, .values = v, .n_values = 3, .weights = zero, .n_weights = 2),
           "histogram: the counts add up to 0");
    expect(
        SPEC(DIST_HYPEREXPONENTIAL, .values = v, .n_values = 3, .weights = minus, .n_weights = 3),
        "hyperexponential: weight 3 (-3)");
    expect(SPEC(DIST_HYPEREXPONENTIAL, .values = zero, .n_values = 3, .weights = v, .n_weights = 3),
           "hyperexponential: mean 1 (0) must be positive");
    expect(SPEC(DIST_MIXTURE, .weights = v, .n_weights = 0), "mixture: 0 weights");
}

/* Whatever goes wrong the parts are freed; the address sanitizer would tell. */
static void parts_are_taken_over(void **state) {
    (void)state;
    const double good[] = {1, 1}, bad[] = {1, -1};
    for (int i = 0; i < 6; i++) {
        struct dist *parts[] = {dist_constant(1), i == 1 ? NULL : dist_constant(2)};
        struct dist_arg arg = {"mean", 1};
        struct dist_spec spec = {.kind = i == 2   ? DIST_GAMMA
                                         : i == 5 ? DIST_KINDS
                                                  : DIST_MIXTURE,
                                 .parts = parts,
                                 .weights = i == 3 ? bad : good,
                                 .n_weights = 2,
                                 .args = &arg,
                                 .n_args = i == 4};
        struct error e = {""};
        struct dist *d = dist_new(&spec, &e);
        assert_true((d != NULL) == (i == 0) && error_is(&e) == (i != 0));
        dist_free(d);
    }
}

static void every_family_is_described(void **state) {
    (void)state;
    for (int k = 0; k < DIST_KINDS; k++) {
        const struct dist_type *t = &dist_types[k];
        assert_true(t->name && t->summary && t->arguments && t->example);
        assert_true(strncmp(t->example, t->name, strlen(t->name)) == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_and_cv),
        cmocka_unit_test(erlang_takes_the_nearest_k),
        cmocka_unit_test(two_quantiles),
        cmocka_unit_test(extreme_quantiles),
        cmocka_unit_test(normal_is_of_the_whole_curve),
        cmocka_unit_test(other_arguments),
        cmocka_unit_test(positional),
        cmocka_unit_test(no_spread_is_a_constant),
        cmocka_unit_test(names),
        cmocka_unit_test(combinations),
        cmocka_unit_test(values),
        cmocka_unit_test(arrays),
        cmocka_unit_test(parts_are_taken_over),
        cmocka_unit_test(every_family_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
