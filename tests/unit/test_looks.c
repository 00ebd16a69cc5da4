/* When replications are looked at, and what looking again costs in errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/rng.h"
#include "base/stats.h"
#include "lab/looks.h"

static void plan_is(uint32_t first, uint32_t limit, const uint32_t *want, int count) {
    struct looks l;
    looks_plan(&l, first, limit);
    assert_int_equal(l.count, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(l.n[i], want[i]);
}
#define PLAN_IS(first, limit, ...)                                                                 \
    plan_is(first, limit, (const uint32_t[]){__VA_ARGS__},                                         \
            sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void half_as_many_again(void **state) {
    (void)state;
    PLAN_IS(10, 200, 10, 15, 23, 35, 53, 80, 120, 180, 200);
    PLAN_IS(10, 10, 10);
    PLAN_IS(10, 4, 4);
    PLAN_IS(10, 11, 10, 11);
    PLAN_IS(10, 15, 10, 15);
    PLAN_IS(1, 1, 1);
    PLAN_IS(1, 5, 2, 3, 5);
    PLAN_IS(1, 6, 2, 3, 5, 6);
    struct looks l;
    looks_plan(&l, 1, 1000000);
    assert_true(l.count <= LOOKS_MOST && l.n[l.count - 1] == 1000000);
}

/* Prefix by prefix: a larger limit keeps the looks there were, but for the last. */
static void looks_are_nested(void **state) {
    (void)state;
    struct looks small, large;
    looks_plan(&small, 7, 60);
    looks_plan(&large, 7, 600);
    for (int i = 0; i < small.count - 1; i++) {
        assert_int_equal(small.n[i], large.n[i]);
        assert_true(looks_confidence(&small, i) == looks_confidence(&large, i));
    }
}

static void the_error_adds_up(void **state) {
    (void)state;
    const uint32_t limits[] = {10, 11, 40, 200, 1000000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct looks l;
        double sum = 0;
        looks_plan(&l, 10, limits[i]);
        for (int k = 0; k < l.count; k++) {
            assert_true(looks_confidence(&l, k) >= 0.95);
            sum += 1 - looks_confidence(&l, k);
        }
        assert_true(fabs(sum - 0.05) < 1e-12);
    }
}

/* A study of a claim whose bound is the true mean: does any look decide? */
static bool decides(struct rng *r, const struct looks *l, bool spend) {
    double x[200];
    uint32_t n = 0;
    for (int k = 0; k < l->count; k++) {
        for (; n < l->n[k]; n++)
            x[n] = rng_normal(r);
        struct estimate e = stats_estimate(x, n, spend ? looks_confidence(l, k) : 0.95);
        if (e.ci.lo > 0 || e.ci.hi < 0)
            return true;
    }
    return false;
}

/* Nine looks at 95 % each err far more often than 5 %; with the error spent over them they do not.
 * Both by 99.9 % intervals of the share. */
static void looking_again_is_paid_for(void **state) {
    (void)state;
    enum { STUDIES = 20000 };
    struct looks l;
    struct rng r = {7};
    size_t spent = 0, naive = 0;
    looks_plan(&l, 10, 200);
    for (int i = 0; i < STUDIES; i++) {
        spent += decides(&r, &l, true);
        naive += decides(&r, &l, false);
    }
    assert_true(stats_binomial(spent, STUDIES, 0.999).hi < 0.05);
    assert_true(stats_binomial(spent, STUDIES, 0.999).lo > 0.02); /* and little is wasted */
    assert_true(stats_binomial(naive, STUDIES, 0.999).lo > 0.10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_as_many_again),
        cmocka_unit_test(looks_are_nested),
        cmocka_unit_test(the_error_adds_up),
        cmocka_unit_test(looking_again_is_paid_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
