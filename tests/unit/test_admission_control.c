#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *admission, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(47)};
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.admission = build_node(m.sim, &admission_control_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.admission);
    return m;
}

static double shed_in(struct model *m, double from, double to, int calls) {
    return driver_outcomes(m->driver, from, to, OUTCOME_SHED) / (double)calls;
}

/* Refused calls are no samples, so with a share q of failures it settles at the odds of n much
 * larger than 1: 1 - (1 - q) / threshold. */
static void what_falls_short_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *spec, *leaf;
        double shed;
    } cases[] = {{"", "fails=4%", 0},
                 {"", "fails=50%", 1 - .5 / .95},
                 {"sr_threshold=50%", "fails=40%", 0},
                 {"", "fails=1", .8},
                 {"max_rejection_probability=30%", "fails=1", .3},
                 {"aggression=2", "fails=50%", .688},
                 {"success_criteria={error}", "fails=1", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model m = model(cases[i].spec, cases[i].leaf);
        driver_calls(m.driver, 0, .001, 60000, NULL);
        build_run(m.sim, m.driver, 0, 60);
        assert_near(shed_in(&m, 30, 60, 30000), cases[i].shed, .02);
        assert_near(build_metric(m.sim, "admission_control:rejected") * 60,
                    driver_outcomes(m.driver, 0, 60, OUTCOME_SHED), 1e-6);
        sim_free(m.sim);
    }
}

/* The failures of the first second are known until its beginning is 30 s old. */
static void the_window_slides(void **state) {
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct model m = model("max_rejection_probability=1", "fails=1");
        driver_calls(m.driver, 0, .0005, 1990, NULL);
        driver_calls(m.driver, late ? 30.995 : 29.9, .001, 10, NULL);
        build_run(m.sim, m.driver, 0, 100);
        uint32_t errors = driver_outcomes(m.driver, 29, 40, OUTCOME_ERROR);
        if (late) /* the first is let pass for certain, and begins a new count */
            assert_int_equal(driver_arrival(m.driver, 1990)->outcome, OUTCOME_ERROR);
        else
            assert_true(errors < 5);
        sim_free(m.sim);
    }
}

static void few_calls_are_all_admitted(void **state) {
    (void)state;
    struct model m = model("rps_threshold=50", "fails=1");
    driver_calls(m.driver, 0, .025, 4000, NULL);  /* 40 a second */
    driver_calls(m.driver, 100, .01, 6000, NULL); /* 100 a second, of which 50 are let pass */
    build_run(m.sim, m.driver, 0, 160);
    assert_int_equal(driver_outcomes(m.driver, 0, 100, OUTCOME_SHED), 0);
    assert_near(shed_in(&m, 130, 160, 3000), .5, .05);
    sim_free(m.sim);
}

/* Who gives up has seen no good answer. */
static void those_who_leave_count_as_failures(void **state) {
    (void)state;
    struct model m = model("", "says='ok 10ms'");
    for (int i = 0; i < 2000; i++)
        driver_call(m.driver, .001 * i, NULL)->cancel_after = 5 * MS;
    build_run(m.sim, m.driver, 0, 10);
    assert_near(shed_in(&m, 1, 2, 1000), .8, .05);
    sim_free(m.sim);
}

static void a_crash_is_survived(void **state) {
    (void)state;
    struct model m = model("", "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 3, NULL);
    build_crash(m.admission, .5);
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 4), "error error error ok");
    sim_free(m.sim);
}

static void the_threshold_is_live(void **state) {
    (void)state;
    struct model m = model("sr_threshold=40%", "fails=50%");
    driver_calls(m.driver, 0, .001, 60000, NULL);
    build_set(m.admission, 30, "sr_threshold", "1");
    build_run(m.sim, m.driver, 0, 60);
    assert_near(shed_in(&m, 0, 30, 30000), 0, .01);
    assert_near(shed_in(&m, 30, 60, 30000), .5, .03);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &admission_control_type, "aggression=.5", NULL), "1..");
    assert_says(build_refusal(sim, &admission_control_type, "sr_threshold=95", NULL), "0..1");
    sim_free(sim);
    struct model m = model("sr_threshold=0", "");
    assert_says(build_seal_refusal(m.sim, m.driver), "above 0");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_falls_short_is_refused),
        cmocka_unit_test(the_window_slides),
        cmocka_unit_test(few_calls_are_all_admitted),
        cmocka_unit_test(those_who_leave_count_as_failures),
        cmocka_unit_test(a_crash_is_survived),
        cmocka_unit_test(the_threshold_is_live),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
