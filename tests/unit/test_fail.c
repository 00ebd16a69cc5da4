#include <stdio.h>

#include "check.h"

static void it_fails_as_told(void **state) {
    (void)state;
    static const enum outcome outcomes[] = {OUTCOME_ERROR,   OUTCOME_TIMEOUT, OUTCOME_SHED,
                                            OUTCOME_LIMITED, OUTCOME_OPEN,    OUTCOME_CANCELLED,
                                            OUTCOME_INVALID};
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        struct sim *sim = build_new(1);
        char spec[64];
        snprintf(spec, sizeof spec, "outcome=%s, after=1s", outcome_names[outcomes[i]]);
        struct node *driver = build_driver(sim, build_node(sim, &fail_type, spec, NULL));
        driver_call(driver, 1, NULL);
        build_run(sim, driver, 0, 10);
        assert_int_equal(driver_arrival(driver, 0)->outcome, outcomes[i]);
        assert_int_equal(driver_arrival(driver, 0)->done, 2 * NS_PER_S);
        assert_near(build_metric(sim, "fail:service.mean"), 1, 1e-12);
        sim_free(sim);
    }
}

static void by_default_an_error_at_once(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver = build_driver(sim, build_node(sim, &fail_type, "", NULL));
    driver_calls(driver, 1, 0, 3, NULL);
    build_run(sim, driver, 0, 10);
    assert_string_equal(driver_story(driver, 3), "error error error");
    assert_int_equal(driver_arrival(driver, 2)->done, NS_PER_S);
    assert_near(build_metric(sim, "availability"), 0, 0);
    sim_free(sim);
}

static void it_can_be_withdrawn(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver = build_driver(sim, build_node(sim, &fail_type, "after=10ms", NULL));
    driver_call(driver, 1, NULL)->cancel_after = 4 * MS;
    build_run(sim, driver, 0, 10);
    assert_string_equal(driver_story(driver, 1), "cancelled");
    assert_near(build_metric(sim, "fail:service.mean"), .004, 1e-12);
    sim_free(sim);
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver = build_driver(sim, build_node(sim, &fail_type, "after=10ms", NULL));
    driver_calls(driver, 2, .004, 2, NULL);
    build_run(sim, driver, 0, 2.01);
    assert_string_equal(driver_story(driver, 2), "- -");
    sim_free(sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &fail_type, "outcome=ok", NULL), "one of \"error\"");
    assert_says(build_refusal(sim, &fail_type, "outcome=eror", NULL), "did you mean \"error\"");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_fails_as_told),    cmocka_unit_test(by_default_an_error_at_once),
        cmocka_unit_test(it_can_be_withdrawn), cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
