#include "check.h"

static void it_answers_with_its_quality(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver =
        build_driver(sim, build_node(sim, &degraded_type, "quality=.75, after=2ms", NULL));
    driver_call(driver, 1, NULL);
    build_run(sim, driver, 0, 10);
    assert_int_equal(driver_arrival(driver, 0)->outcome, OUTCOME_DEGRADED);
    assert_int_equal(driver_arrival(driver, 0)->done, 1002 * MS);
    assert_near((double)driver_arrival(driver, 0)->quality, .75, 0);
    assert_near(build_metric(sim, "degraded:service.mean"), .002, 1e-12);
    assert_near(build_metric(sim, "availability"), 1, 0);
    sim_free(sim);
}

static void by_default_at_once_and_half(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *degraded = build_node(sim, &degraded_type, "", NULL);
    struct node *driver = build_driver(sim, degraded);
    build_set(degraded, 2, "quality", "90%");
    driver_calls(driver, 1, 2, 2, NULL);
    build_run(sim, driver, 0, 10);
    assert_int_equal(driver_arrival(driver, 0)->done, NS_PER_S);
    assert_near((double)driver_arrival(driver, 0)->quality, .5, 0);
    assert_near((double)driver_arrival(driver, 1)->quality, .9, 1e-7);
    assert_near(build_metric(sim, "degraded:quality"), .7, 1e-7);
    assert_near(build_metric(sim, "quality"), .7, 1e-7);
    sim_free(sim);
}

static void time_may_be_random(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver =
        build_driver(sim, build_node(sim, &degraded_type, "after=exponential{mean=10ms}", NULL));
    driver_calls(driver, 0, .01, 10000, NULL);
    build_run(sim, driver, 0, 200);
    assert_near(build_metric(sim, "latency.mean"), .01, 4 * .01 / 100);
    sim_free(sim);
}

static void it_can_be_withdrawn(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver = build_driver(sim, build_node(sim, &degraded_type, "after=10ms", NULL));
    driver_call(driver, 1, NULL)->cancel_after = 4 * MS;
    build_run(sim, driver, 0, 10);
    assert_string_equal(driver_story(driver, 1), "cancelled");
    assert_near(build_metric(sim, "degraded:service.mean"), .004, 1e-12);
    sim_free(sim);
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver = build_driver(sim, build_node(sim, &degraded_type, "after=10ms", NULL));
    driver_calls(driver, 2, .004, 2, NULL);
    build_run(sim, driver, 0, 2.01);
    assert_string_equal(driver_story(driver, 2), "- -");
    sim_free(sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    assert_says(build_refusal(sim, &degraded_type, "quality=1.5", NULL), "0..1");
    assert_says(build_refusal(sim, &degraded_type, "", leaf, NULL), "no child");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_with_its_quality),
        cmocka_unit_test(by_default_at_once_and_half),
        cmocka_unit_test(time_may_be_random),
        cmocka_unit_test(it_can_be_withdrawn),
        cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
