#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/rng_gsl.h"
#define zig_exponential_x edges_as_printed /* the program has its own copy of that table */
#include "base/ziggurat.inc"
#undef zig_exponential_x

enum { DRAWS = 4000000 };
static const double SIGMAS =
    4.5; /* one false alarm in 150,000 estimates, were the seeds not fixed */

static void reference_values(void **state) {
    (void)state;
    /* Published outputs of splitmix64 for the seed 1234567. */
    const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                 4593380528125082431u, 16408922859458223821u};
    struct rng r = {1234567};
    for (size_t i = 0; i < 5; i++)
        assert_true(rng_next(&r) == expected[i]);
}

static void keys_differ(void **state) {
    (void)state;
    assert_true(rng_key(1, 2) != rng_key(2, 1));
    assert_true(rng_hash("pod[1]") != rng_hash("pod[2]"));
    assert_true(rng_hash("") != rng_hash("a"));
    assert_true(rng_hash("ab") == rng_hash("ab"));
    /* One flipped bit of the word flips half of the key's bits. */
    double flips = 0;
    for (uint64_t w = 0; w < 1000; w++)
        for (int b = 0; b < 64; b++)
            flips += __builtin_popcountll(rng_key(7, w) ^ rng_key(7, w ^ (uint64_t)1 << b));
    assert_true(fabs(flips / 64000 - 32) < SIGMAS * 4 / sqrt(64000));
}

static void units_stay_inside(void **state) {
    (void)state;
    struct rng r = {3};
    double sum = 0;
    for (int i = 0; i < 1000000; i++) {
        double u = rng_unit(&r), v = rng_open(&r);
        assert_true(u >= 0 && u < 1 && v > 0 && v < 1);
        sum += u;
    }
    assert_true(fabs(sum / 1e6 - 0.5) < SIGMAS * sqrt(1.0 / 12e6));
}

static double chi_squared_tail(const double *count, size_t n, double expected) {
    double chi = 0;
    for (size_t i = 0; i < n; i++)
        chi += (count[i] - expected) * (count[i] - expected) / expected;
    return gsl_cdf_chisq_Q(chi, (double)(n - 1));
}

static void below_is_uniform(void **state) {
    (void)state;
    struct rng r = {5};
    for (uint64_t n = 1; n <= 40; n++) {
        double count[40] = {0};
        for (int i = 0; i < 40000; i++) {
            uint64_t k = rng_below(&r, n);
            assert_true(k < n);
            count[k]++;
        }
        if (n > 1)
            assert_true(chi_squared_tail(count, n, 40000.0 / (double)n) > 1e-5);
    }
    /* Three quarters of 2^64: without rejection the lower results would come twice as often. */
    uint64_t n = (uint64_t)3 << 62;
    double count[12] = {0};
    for (int i = 0; i < 120000; i++)
        count[rng_below(&r, n) / (n / 12)]++;
    assert_true(chi_squared_tail(count, 12, 10000) > 1e-5);
}

/* ---- ziggurat: the tables */

static long double f_exp(long double x) {
    return expl(-x);
}
static long double f_norm(long double x) {
    return expl(-0.5L * x * x);
}
static long double inv_exp(long double y) {
    return -logl(y);
}
static long double inv_norm(long double y) {
    return sqrtl(-2 * logl(y));
}
static long double tail_exp(long double x) {
    return expl(-x);
}
static long double tail_norm(long double x) {
    return sqrtl(acosl(-1) / 2) * erfcl(x / sqrtl(2));
}

struct shape {
    long double (*f)(long double), (*inv)(long double), (*tail)(long double);
};

/* Builds the layers from the edge of the tail upwards; returns by how much the last one misses the
 * top. */
static long double layers(const struct shape *s, long double edge, long double x[257]) {
    long double v = edge * s->f(edge) + s->tail(edge);
    x[0] = v / s->f(edge);
    x[1] = edge;
    x[256] = 0;
    for (int i = 2; i <= 255; i++) {
        long double y = s->f(x[i - 1]) + v / x[i - 1];
        if (y >= 1)
            return 1;
        x[i] = s->inv(y);
    }
    return s->f(x[255]) + v / x[255] - 1;
}

static void check_tables(const struct shape *s, long double lo, long double hi, const double *tx,
                         const double *tf) {
    long double x[257];
    for (int i = 0; i < 200; i++) {
        long double mid = (lo + hi) / 2;
        if (layers(s, mid, x) > 0)
            lo = mid;
        else
            hi = mid;
    }
    layers(s, hi, x);
    for (int i = 0; i <= 256; i++) {
        assert_true(fabsl(tx[i] - x[i]) <= 0x1p-52L * x[i]);
        assert_true(fabsl(tf[i] - s->f(x[i])) <= 0x1p-52L * s->f(x[i]));
    }
}

static void tables_are_right(void **state) {
    (void)state;
    check_tables(&(struct shape){f_exp, inv_exp, tail_exp}, 5, 10, zig_exponential_x,
                 zig_exponential_f);
    check_tables(&(struct shape){f_norm, inv_norm, tail_norm}, 2, 5, zig_normal_x, zig_normal_f);
}

/* ---- ziggurat: the draws */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double minus_expm1(double x) {
    return -expm1(-x);
}

/* Kolmogorov-Smirnov: sqrt(n) D exceeds 2.5 with probability 7e-6. */
static void check_ks(double *x, size_t n, double (*cdf)(double)) {
    double worst = 0;
    qsort(x, n, sizeof *x, by_value);
    for (size_t i = 0; i < n; i++) {
        double f = cdf(x[i]);
        worst = fmax(worst, fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
    }
    assert_true(worst * sqrt((double)n) < 2.5);
}

static void check_count(double count, double n, double p) {
    assert_true(fabs(count - n * p) < SIGMAS * sqrt(n * p * (1 - p)));
}

/* `moment` 1-4 and the variance of each power, both of the exact law. */
static void check_moments(const double *x, size_t n, const double moment[4],
                          const double variance[4]) {
    for (int k = 0; k < 4; k++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += pow(x[i], k + 1);
        assert_true(fabs(sum / (double)n - moment[k]) < SIGMAS * sqrt(variance[k] / (double)n));
    }
}

static void exponential_is_exact(void **state) {
    (void)state;
    struct rng r = {11};
    double *x = malloc(DRAWS * sizeof *x);
    for (size_t i = 0; i < DRAWS; i++)
        x[i] = rng_exponential(&r);
    check_moments(x, DRAWS, (double[]){1, 2, 6, 24}, (double[]){1, 20, 684, 39744});
    for (double t = 0.5; t < 12; t += 0.5) {
        double count = 0;
        for (size_t i = 0; i < DRAWS; i++)
            count += x[i] > t;
        check_count(count, DRAWS, exp(-t));
    }
    check_ks(x, DRAWS, minus_expm1);
    assert_true(x[0] >= 0);
    free(x);
}

static void normal_is_exact(void **state) {
    (void)state;
    struct rng r = {12};
    double *x = malloc(DRAWS * sizeof *x), edge = zig_normal_x[1], beyond = 0;
    double *tail = malloc(DRAWS * sizeof *tail);
    for (size_t i = 0; i < DRAWS; i++)
        x[i] = rng_normal(&r);
    check_moments(x, DRAWS, (double[]){0, 1, 0, 3}, (double[]){1, 2, 15, 96});
    for (double t = -4.5; t < 4.6; t += 0.25) {
        double count = 0;
        for (size_t i = 0; i < DRAWS; i++)
            count += x[i] > t;
        check_count(count, DRAWS, gsl_cdf_ugaussian_Q(t));
    }
    /* The tail by itself, scaled to be uniform. */
    size_t n = 0;
    for (size_t i = 0; i < DRAWS; i++)
        if (fabs(x[i]) > edge)
            tail[n++] = gsl_cdf_ugaussian_Q(fabs(x[i])) / gsl_cdf_ugaussian_Q(edge);
    for (size_t i = 0; i < n; i++)
        beyond += tail[i];
    assert_true(n > 500);
    assert_true(fabs(beyond / (double)n - 0.5) < SIGMAS * sqrt(1.0 / 12 / (double)n));
    check_ks(x, DRAWS, gsl_cdf_ugaussian_P);
    free(tail);
    free(x);
}

/* The law must hold in each layer, not only on average over them: successive draws are independent,
 * too. */
static void draws_are_not_correlated(void **state) {
    (void)state;
    struct rng r = {13};
    double last = rng_normal(&r), sum = 0, squares = 0;
    for (int i = 0; i < 1000000; i++) {
        double x = rng_normal(&r);
        sum += x * last;
        squares += (x * x - 1) * (last * last - 1);
        last = x;
    }
    assert_true(fabs(sum / 1e6) < SIGMAS / 1e3);
    assert_true(fabs(squares / 1e6) < SIGMAS * 2 / 1e3);
}

static void gsl_runs_on_it(void **state) {
    (void)state;
    struct rng r = {21}, twin = {21};
    gsl_rng g = rng_gsl(&r);
    assert_true(gsl_rng_get(&g) == rng_next(&twin));
    assert_true(gsl_rng_uniform(&g) == rng_unit(&twin));
    assert_true(r.state == twin.state);
    double sum = 0;
    for (int i = 0; i < 100000; i++)
        sum += gsl_ran_binomial(&g, 0.3, 20);
    assert_true(fabs(sum / 1e5 - 6) < SIGMAS * sqrt(20 * 0.3 * 0.7 / 1e5));
    sum = 0;
    for (int i = 0; i < 100000; i++)
        sum += gsl_ran_gaussian_ziggurat(&g, 1);
    assert_true(fabs(sum / 1e5) < SIGMAS / sqrt(1e5));
    gsl_rng *own = gsl_rng_alloc(rng_gsl_type);
    gsl_rng_set(own, 1);
    unsigned long first = gsl_rng_get(own);
    gsl_rng_set(own, 2);
    assert_true(gsl_rng_get(own) != first);
    gsl_rng_free(own);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_values),  cmocka_unit_test(keys_differ),
        cmocka_unit_test(units_stay_inside), cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(tables_are_right),  cmocka_unit_test(exponential_is_exact),
        cmocka_unit_test(normal_is_exact),   cmocka_unit_test(draws_are_not_correlated),
        cmocka_unit_test(gsl_runs_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
