#include "check.h"

#include "node/odds.h"

static void vectors(void **state) {
    (void)state;
    assert_near(odds_envoy(100, 95, .95, 1, .8), 0, 1e-12);
    assert_near(odds_envoy(100, 90, .95, 1, .8), .052110, 5e-7);
    assert_near(odds_envoy(100, 50, .95, 1, .8), .468994, 5e-7);
    assert_near(odds_envoy(100, 0, .95, 1, .8), .8, 0);
    assert_near(odds_envoy(100, 50, .95, 2, .8), .684832, 5e-7);
    assert_near(odds_envoy(0, 0, .95, 1, .8), 0, 0);
    assert_near(odds_sre(100, 100, 2), 0, 0);
    assert_near(odds_sre(100, 40, 2), .198020, 5e-7);
    assert_near(odds_sre(100, 0, 2), .990099, 5e-7);
    assert_near(odds_sre(1000, 200, 2), .599401, 5e-7);
    assert_near(odds_sre(0, 0, 2), 0, 0);
}

/* Parts of 10, a window of 30: a part goes when its beginning is 30 old. */
static void parts_leave_whole(void **state) {
    (void)state;
    struct arena a = {0};
    struct recent r;
    recent_init(&r, &a, 30, 10);
    assert_int_equal(recent_age(&r, 5), 0);
    recent_add(&r, 5, 1, 1);  /* 5.. */
    recent_add(&r, 14, 1, 0); /* the same */
    recent_add(&r, 15, 1, 1); /* 15.. */
    recent_add(&r, 34, 1, 0); /* 34.. */
    assert_int_equal(r.sum.all, 4);
    assert_int_equal(r.sum.good, 2);
    assert_int_equal(recent_age(&r, 34), 29);
    recent_roll(&r, 35);
    assert_int_equal(r.sum.all, 2);
    assert_int_equal(r.sum.good, 1);
    assert_true(recent_check(&r));
    recent_roll(&r, 45);
    assert_int_equal(r.sum.all, 1);
    recent_roll(&r, 64);
    assert_int_equal(r.n, 0);
    arena_release(&a);
}

/* However calls come, what is counted is what lies in parts that are young enough. */
static void the_ring_is_large_enough(void **state) {
    (void)state;
    struct rng rng = {3};
    for (ns_t width = 1; width < 40; width++) {
        struct arena a = {0};
        struct recent r;
        recent_init(&r, &a, 97, width);
        for (ns_t now = 0; now < 2000; now += (ns_t)rng_below(&rng, 3)) {
            recent_add(&r, now, 1, 0);
            assert_true(recent_check(&r));
            assert_true(recent_age(&r, now) < 97);
        }
        arena_release(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(parts_leave_whole),
        cmocka_unit_test(the_ring_is_large_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
