#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hist.h"
#include "base/rng.h"

static const uint32_t widths[] = {HIST_COARSE, HIST_FINE};

static void check_value(uint32_t bits, uint64_t v) {
    struct hist h;
    hist_init(&h, bits);
    uint32_t i = hist_index(bits, v);
    uint64_t low = hist_low(&h, i), high = hist_high(&h, i);
    assert_true(low <= v && v <= high);
    assert_true(hist_index(bits, low) == i && hist_index(bits, high) == i);
    assert_true((double)(high - low) <= ldexp((double)low, -(int)bits));
    if (high < UINT64_MAX) {
        assert_true(hist_index(bits, high + 1) == i + 1);
        assert_true(hist_low(&h, i + 1) == high + 1);
    }
}

static void index_and_limits_are_inverse(void **state) {
    (void)state;
    struct rng r = {1};
    for (int w = 0; w < 2; w++) {
        for (uint64_t v = 0; v < 70000; v++)
            check_value(widths[w], v);
        for (int e = 0; e < 64; e++) {
            uint64_t power = (uint64_t)1 << e;
            for (uint64_t d = 0; d < 3; d++) {
                check_value(widths[w], power + d);
                check_value(widths[w], power - d);
            }
            for (int i = 0; i < 200; i++)
                check_value(widths[w], rng_next(&r) >> e);
        }
        check_value(widths[w], UINT64_MAX);
    }
}

static void empty(void **state) {
    (void)state;
    struct hist h;
    hist_init(&h, HIST_COARSE);
    assert_true(isnan(hist_quantile(&h, 0.5)) && isnan(hist_mean(&h)));
    hist_clear(&h);
    hist_add(&h, 1000);
    hist_clear(&h);
    assert_true(isnan(hist_quantile(&h, 0.5)) && h.total == 0);
    hist_release(&h);
    hist_release(&h);
}

static void small_values_are_exact(void **state) {
    (void)state;
    struct hist h;
    hist_init(&h, HIST_COARSE);
    for (uint64_t v = 1; v <= 100; v++)
        hist_add(&h, v);
    for (int k = 1; k <= 100; k++)
        assert_true(hist_quantile(&h, k / 100.0) == k);
    assert_true(hist_quantile(&h, 0) == 1);
    assert_true(hist_quantile(&h, 0.001) == 1 && hist_quantile(&h, 0.011) == 2);
    assert_true(hist_mean(&h) == 50.5);
    hist_release(&h);
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Whatever the values, a quantile is within 2^-bits of the value of that rank. */
static void quantile_error_is_bounded(void **state) {
    (void)state;
    enum { N = 20000 };
    uint64_t *v = malloc(N * sizeof *v);
    struct rng r = {2};
    for (int w = 0; w < 2; w++)
        for (int magnitude = 5; magnitude <= 62; magnitude += 3) {
            struct hist h;
            hist_init(&h, widths[w]);
            double sum = 0;
            for (int i = 0; i < N; i++) {
                v[i] = (uint64_t)(ldexp(rng_exponential(&r), magnitude - 5));
                hist_add(&h, v[i]);
                sum += (double)v[i];
            }
            qsort(v, N, sizeof *v, by_value);
            for (int k = 1; k < 1000; k++) {
                double exact = (double)v[(size_t)(k * (N / 1000)) - 1];
                double got = hist_quantile(&h, k / 1000.0);
                assert_true(fabs(got - exact) <= ldexp(exact, -(int)widths[w]));
            }
            assert_true(fabs(hist_quantile(&h, 1) / (double)v[N - 1] - 1) <=
                        ldexp(1, -(int)widths[w]));
            assert_true(fabs(hist_mean(&h) - sum / N) <= ldexp(sum / N, -(int)widths[w]));
            hist_release(&h);
        }
    free(v);
}

static void same(const struct hist *a, const struct hist *b) {
    assert_true(a->total == b->total && a->bits == b->bits);
    for (uint32_t i = 0; i < a->size || i < b->size; i++)
        assert_true((i < a->size ? a->count[i] : 0) == (i < b->size ? b->count[i] : 0));
}

/* Merging parts gives what adding everything to one gives, also from fine to coarse. */
static void merge_is_exact(void **state) {
    (void)state;
    for (int w = 0; w < 2; w++) {
        struct hist part[2], all, merged;
        struct rng r = {3};
        hist_init(&part[0], widths[w]);
        hist_init(&part[1], HIST_FINE);
        hist_init(&all, widths[w]);
        hist_init(&merged, widths[w]);
        for (int i = 0; i < 20000; i++) {
            uint64_t v = rng_next(&r) >> rng_below(&r, 64);
            hist_add(&part[i & 1], v);
            hist_add(&all, v);
        }
        hist_merge(&merged, &part[1]);
        hist_merge(&merged, &part[0]);
        same(&merged, &all);
        hist_merge(&merged, &(struct hist){.bits = HIST_FINE});
        same(&merged, &all);
        for (int i = 0; i < 2; i++)
            hist_release(&part[i]);
        hist_release(&all);
        hist_release(&merged);
    }
}

static void memory_follows_the_largest_value(void **state) {
    (void)state;
    struct hist h, big;
    hist_init(&h, HIST_COARSE);
    hist_init(&big, HIST_COARSE);
    hist_add(&h, 5);
    assert_true(h.size == 128);
    hist_add(&h, 100000000); /* 0.1 s */
    assert_true(h.size < 3000);
    hist_add(&big, (uint64_t)1 << 60);
    hist_clear(&big);
    hist_merge(&h, &big); /* nothing in it: nothing to grow for */
    assert_true(h.size < 3000 && h.total == 2);
    hist_release(&h);
    hist_release(&big);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_and_limits_are_inverse),
        cmocka_unit_test(empty),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(quantile_error_is_bounded),
        cmocka_unit_test(merge_is_exact),
        cmocka_unit_test(memory_follows_the_largest_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
