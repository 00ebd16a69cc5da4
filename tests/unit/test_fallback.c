#include <stdio.h>

#include "check.h"

static void the_next_one_is_asked(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *first = build_node(sim, &leaf_type, "name=first, says='ok 5ms, error 5ms'", NULL);
    struct node *second =
        build_node(sim, &leaf_type, "name=second, says='ok 3ms, error 3ms'", NULL);
    struct node *last = build_node(sim, &degraded_type, "quality=.9, after=1ms", NULL);
    struct node *f = build_node(sim, &fallback_type, "", first, second, last, NULL);
    struct node *driver = build_driver(sim, f);
    driver_calls(driver, 1, 1, 3, NULL);
    build_run(sim, driver, 0, 10);
    assert_string_equal(driver_story(driver, 3), "ok ok degraded");
    assert_int_equal(driver_arrival(driver, 0)->done, 1005 * MS);
    assert_int_equal(driver_arrival(driver, 1)->done, 2008 * MS);
    assert_int_equal(driver_arrival(driver, 2)->done, 3009 * MS);
    assert_near((double)driver_arrival(driver, 1)->quality, 1, 0);
    assert_near((double)driver_arrival(driver, 2)->quality, .9, 1e-7);
    assert_near(build_metric(sim, "fallback:fallback_ratio"), 2 / 3.0, 1e-12);
    assert_near(build_metric(sim, "fallback:fallbacks"), .3, 1e-12); /* a second */
    sim_free(sim);
}

static void the_last_answer_is_passed_on(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *first = build_node(sim, &leaf_type, "name=first, says='timeout 5ms'", NULL);
    struct node *second = build_node(sim, &leaf_type, "name=second, says='shed 1ms'", NULL);
    struct node *driver =
        build_driver(sim, build_node(sim, &fallback_type, "", first, second, NULL));
    driver_call(driver, 1, NULL);
    build_run(sim, driver, 0, 10);
    assert_string_equal(driver_story(driver, 1), "shed");
    assert_int_equal(driver_arrival(driver, 0)->done, 1006 * MS);
    sim_free(sim);
}

static void by_default_on_every_failure_of_below(void **state) {
    (void)state;
    static const struct {
        const char *outcome, *on;
        bool falls;
    } cases[] = {
        {"ok", "", false},
        {"degraded", "", false},
        {"error", "", true},
        {"timeout", "", true},
        {"shed", "", true},
        {"limited", "", true},
        {"open", "", true},
        {"invalid", "", false},
        {"error", "on=open", false},
        {"open", "on=open", true},
        {"timeout", "on={open,timeout}", true},
        {"shed", "on={open,timeout}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        char says[64];
        snprintf(says, sizeof says, "name=first, says='%s 1ms'", cases[i].outcome);
        struct node *first = build_node(sim, &leaf_type, says, NULL);
        struct node *second = build_node(sim, &leaf_type, "name=second", NULL);
        struct node *driver =
            build_driver(sim, build_node(sim, &fallback_type, cases[i].on, first, second, NULL));
        driver_call(driver, 1, NULL);
        build_run(sim, driver, 0, 10);
        assert_int_equal(leaf_count(second), cases[i].falls);
        assert_string_equal(driver_story(driver, 1), cases[i].falls ? "ok" : cases[i].outcome);
        sim_free(sim);
    }
}

/* A backend below both fails the substitute independently of the first: 1/4 of the calls, not 1/2.
 */
static void tries_are_independent(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "fails=.5", NULL);
    struct node *driver = build_driver(sim, build_node(sim, &fallback_type, "", leaf, leaf, NULL));
    driver_calls(driver, 0, .001, 20000, NULL);
    build_run(sim, driver, 0, 100);
    double failed = driver_outcomes(driver, 0, 100, OUTCOME_ERROR) / 20000.0;
    assert_near(failed, .25, 4 * sqrt(.25 * .75 / 20000));
    assert_near(build_metric(sim, "fallback:fallback_ratio"), .5, 4 * sqrt(.25 / 20000));
    sim_free(sim);
}

static void it_can_be_withdrawn(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *first = build_node(sim, &leaf_type, "name=first, says='error 5ms'", NULL);
    struct node *second = build_node(sim, &leaf_type, "name=second, says='ok 5ms'", NULL);
    struct node *driver =
        build_driver(sim, build_node(sim, &fallback_type, "", first, second, NULL));
    driver_call(driver, 1, NULL)->cancel_after = 4 * MS;
    driver_call(driver, 2, NULL)->cancel_after = 7 * MS;
    driver_call(driver, 3, NULL)->cancel_after = 5 * MS; /* planned before: wins the tie */
    driver_call(driver, 4, NULL);
    build_run(sim, driver, 0, 4.007);
    assert_string_equal(driver_story(driver, 4), "cancelled cancelled cancelled -");
    assert_int_equal(leaf_count(second), 2);
    sim_free(sim);
}

static void a_crash_below_is_an_error(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *first = build_node(sim, &leaf_type, "name=first, says='ok 1s'", NULL);
    struct node *second = build_node(sim, &leaf_type, "name=second", NULL);
    struct node *driver =
        build_driver(sim, build_node(sim, &fallback_type, "", first, second, NULL));
    driver_call(driver, 1, NULL);
    build_crash(first, 1.5);
    build_run(sim, driver, 0, 10);
    assert_string_equal(driver_story(driver, 1), "ok");
    assert_int_equal(driver_arrival(driver, 0)->done, 1500 * MS);
    sim_free(sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &fallback_type, "", NULL), "at least one child");
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    assert_says(build_refusal(sim, &fallback_type, "on=errors", leaf, NULL),
                "did you mean \"error\"");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_one_is_asked),
        cmocka_unit_test(the_last_answer_is_passed_on),
        cmocka_unit_test(by_default_on_every_failure_of_below),
        cmocka_unit_test(tries_are_independent),
        cmocka_unit_test(it_can_be_withdrawn),
        cmocka_unit_test(a_crash_below_is_an_error),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
