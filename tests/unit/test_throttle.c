#include <stdio.h>

#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *throttle, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(43)};
    build_class(m.sim, "high", 1);
    build_class(m.sim, "low", 0);
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.throttle = build_node(m.sim, &throttle_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.throttle);
    return m;
}

static double shed_in(struct model *m, double from, double to) {
    double shed = driver_outcomes(m->driver, from, to, OUTCOME_SHED), all = shed;
    for (int o = 0; o < OUTCOMES; o++)
        all += o == OUTCOME_SHED ? 0 : driver_outcomes(m->driver, from, to, (enum outcome)o);
    return shed / all;
}

/* What counts as accepted is what the backend took on: errors do, unless it is said otherwise. */
static void accepted_calls_are_let_pass(void **state) {
    (void)state;
    static const struct {
        const char *spec, *leaf;
        bool passes;
    } cases[] = {{"", "says='ok 0s'", true},
                 {"", "says='error 0s'", true},
                 {"", "says='shed 0s'", false},
                 {"", "says='timeout 0s'", false},
                 {"", "says='limited 0s'", false},
                 {"accepted={ok}", "says='error 0s'", false},
                 {"accepted={shed}", "says='shed 0s'", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model m = model(cases[i].spec, cases[i].leaf);
        driver_calls(m.driver, 0, .01, 1000, "low");
        build_run(m.sim, m.driver, 0, 10);
        if (cases[i].passes)
            assert_int_equal(leaf_count(m.leaf), 1000);
        else /* the n-th is sent with probability 1 / n: 7.5 in all, deviation 2.4 */
            assert_true(leaf_count(m.leaf) <= 18 && leaf_count(m.leaf) >= 2);
        assert_near(build_metric(m.sim, "throttle:throttled") * 10, 1000 - leaf_count(m.leaf),
                    1e-9);
        sim_free(m.sim);
    }
}

/* One in four is accepted, so half as many again as that is sent: 1 - 2 / 4. */
static void it_sends_k_times_what_is_accepted(void **state) {
    (void)state;
    struct sim *sim = build_new(5);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *limiter = build_node(sim, &limiter_type, "rate=250, burst=10", leaf, NULL);
    struct node *throttle = build_node(sim, &throttle_type, "window=10s", limiter, NULL);
    struct node *driver = build_driver(sim, throttle);
    driver_calls(driver, 0, .001, 40000, NULL);
    build_run(sim, driver, 0, 40);
    struct model m = {sim, leaf, throttle, driver};
    assert_near(shed_in(&m, 20, 40), .5, .02);
    assert_near(driver_outcomes(driver, 20, 40, OUTCOME_OK), 250 * 20, 25);
    sim_free(sim);
}

/* With a larger k more is tried. */
static void k_is_live(void **state) {
    (void)state;
    struct sim *sim = build_new(5);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *limiter = build_node(sim, &limiter_type, "rate=100, burst=10", leaf, NULL);
    struct node *throttle = build_node(sim, &throttle_type, "window=5s, k=1.1", limiter, NULL);
    struct node *driver = build_driver(sim, throttle);
    driver_calls(driver, 0, .001, 60000, NULL);
    build_set(throttle, 30, "k", "4");
    build_run(sim, driver, 0, 60);
    struct model m = {sim, leaf, throttle, driver};
    assert_near(shed_in(&m, 20, 30), 1 - .11, .02);
    assert_near(shed_in(&m, 50, 60), 1 - .4, .03);
    sim_free(sim);
}

/* The first one after it is sent for certain. */
static void it_forgets_after_the_window(void **state) {
    (void)state;
    struct model m = model("window=10s", "says='shed 0s'");
    driver_calls(m.driver, 0, .001, 1000, "low");
    driver_calls(m.driver, 9, .001, 500, "low");
    driver_call(m.driver, 21, "low");
    build_run(m.sim, m.driver, 0, 30);
    uint32_t sent = leaf_count(m.leaf);
    assert_true(sent < 30);
    assert_near(leaf_time(m.leaf, sent - 1), 21, 0);
    sim_free(m.sim);
}

/* What is refused to one priority is not held against the other. */
static void priorities_may_count_apart(void **state) {
    (void)state;
    for (int apart = 0; apart < 2; apart++) {
        struct sim *sim = build_new(9);
        build_class(sim, "high", 1);
        build_class(sim, "low", 0);
        struct node *leaf = build_node(sim, &leaf_type, "", NULL);
        struct node *shed = build_node(sim, &shed_type, "when='in_flight >= 0', window=1ms", leaf,
                                       NULL); /* all that is low */
        struct node *throttle =
            build_node(sim, &throttle_type, apart ? "per=priority" : "per=all", shed, NULL);
        struct node *driver = build_driver(sim, throttle);
        for (int i = 0; i < 10000; i++)
            driver_call(driver, .0009 * i, i % 10 ? "low" : "high");
        build_run(sim, driver, 0, 9);
        if (apart)
            assert_int_equal(driver_outcomes(driver, 0, 9, OUTCOME_OK), 1000);
        else
            assert_true(driver_outcomes(driver, 0, 9, OUTCOME_OK) < 600);
        sim_free(sim);
    }
}

static void leaving_and_crashing(void **state) {
    (void)state;
    struct model m = model("", "says='ok 1s'");
    driver_call(m.driver, 0, "low")->cancel_after = 500 * MS;
    driver_call(m.driver, 1, "low");
    build_crash(m.throttle, 1.5);
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 2), "cancelled error");
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &throttle_type, "k=.5", NULL), "1..");
    assert_says(build_refusal(sim, &throttle_type, "window=0s", NULL), "it must lie in");
    assert_says(build_refusal(sim, &throttle_type, "per=class", NULL), "\"priority\"");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_calls_are_let_pass),
        cmocka_unit_test(it_sends_k_times_what_is_accepted),
        cmocka_unit_test(k_is_live),
        cmocka_unit_test(it_forgets_after_the_window),
        cmocka_unit_test(priorities_may_count_apart),
        cmocka_unit_test(leaving_and_crashing),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
