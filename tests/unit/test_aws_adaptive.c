#include "check.h"

#include "node/cubic.h"

/* ---- the rules */

static void cubic_comes_back_after_k(void **state) {
    (void)state;
    struct cubic c = {0};
    assert_near(cubic_throttled(&c, 10, 100), 7, 1e-12);
    assert_near(c.k, 1.957434, 5e-7);
    assert_near(cubic_answered(&c, 100), 7, 1e-12);
    assert_near(cubic_answered(&c, 100 + c.k), 10, 1e-12);
    assert_near(cubic_answered(&c, 102 + c.k), 13.2, 1e-12);
    struct cubic fresh = {0};
    assert_near(cubic_answered(&fresh, 5), 50, 1e-12);
}

/* A rate is known when the first answer of a later half second comes, and counts that one. */
static void answers_are_counted_by_half_seconds(void **state) {
    (void)state;
    struct rate_clock r = {0};
    for (int i = 0; i < 4; i++)
        assert_near(rate_clock_answer(&r, .1 * i), 0, 0);
    assert_near(rate_clock_answer(&r, .5), .8 * 10, 1e-12);
    assert_near(rate_clock_answer(&r, .9), .8 * 10, 1e-12);
    assert_near(rate_clock_answer(&r, 2.6), .8 * 2 / 2. + .2 * 8, 1e-12);
}

/* ---- the component */

struct model {
    struct sim *sim;
    struct node *leaf, *aws, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(53)};
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.aws = build_node(m.sim, &aws_adaptive_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.aws);
    return m;
}

static void without_throttling_nothing_waits(void **state) {
    (void)state;
    struct model m = model("", "says='error 1ms'");
    driver_calls(m.driver, 0, 0, 1000, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(driver_arrival(m.driver, 999)->done, MS);
    assert_near(build_metric(m.sim, "aws_adaptive:active"), 0, 0);
    sim_free(m.sim);
}

/* Throttled at .5 s, where 10 a second are measured (6 answers in .5 s: .8 x 12 = 9.6): 6.72 a
 * second from then on, of which there is none yet. */
static void tokens_are_waited_for(void **state) {
    (void)state;
    struct model m = model("", "says='ok 0s, ok 0s, ok 0s, ok 0s, ok 0s, limited 0s, ok 10s'");
    driver_calls(m.driver, 0, .1, 6, NULL);
    driver_calls(m.driver, .5, 0, 3, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 9), "ok ok ok ok ok limited ok ok ok");
    /* before, the rate was the least, .5, or that of the cubic, below 1: all in all .5 x .5 */
    double gap = 1 / 6.72, had = .5 * .5;
    for (uint32_t i = 0; i < 3; i++)
        assert_near(leaf_time(m.leaf, 6 + i), .5 + (i + 1 - had) * gap, .02);
    assert_near(leaf_time(m.leaf, 8) - leaf_time(m.leaf, 7), gap, 1e-6);
    assert_near(build_metric(m.sim, "aws_adaptive:throttled") * 20, 1, 1e-9);
    assert_near(build_metric(m.sim, "aws_adaptive:active"), 19.5 / 20, 1e-9);
    sim_free(m.sim);
}

static void who_waits_may_leave(void **state) {
    (void)state;
    struct model m = model("", "says='limited 0s, ok 0s'");
    driver_call(m.driver, 0, NULL); /* .5 a second from now on */
    driver_call(m.driver, 1, NULL)->cancel_after = 500 * MS;
    driver_calls(m.driver, 1, 0, 2, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 4), "limited cancelled ok ok");
    assert_near(leaf_time(m.leaf, 1), 2, 1e-6);
    /* two answers in two seconds: .8 a second, of which the double is the most */
    assert_near(leaf_time(m.leaf, 2), 2 + 1 / 1.6, 1e-6);
    sim_free(m.sim);
}

static void a_crash_empties_the_queue(void **state) {
    (void)state;
    struct model m = model("", "says='limited 0s, ok 0s'");
    driver_call(m.driver, 0, NULL);
    driver_calls(m.driver, 1, 0, 3, NULL);
    build_crash(m.aws, 1.5);
    driver_calls(m.driver, 10, 0, 3, NULL);
    build_run(m.sim, m.driver, 0, 10.5); /* ends amid the others */
    assert_string_equal(driver_story(m.driver, 7), "limited error error error ok - -");
    sim_free(m.sim);
}

/* It finds what the service accepts, and little of what it sends is refused. */
static void it_finds_the_rate(void **state) {
    (void)state;
    struct sim *sim = build_new(7);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *limiter = build_node(sim, &limiter_type, "rate=100, burst=10", leaf, NULL);
    struct node *aws = build_node(sim, &aws_adaptive_type, "", limiter, NULL);
    struct node *gate =
        build_node(sim, &bulkhead_type, "max_concurrent_calls=200", aws, NULL); /* 200 wait */
    struct node *driver = build_driver(sim, gate);
    driver_calls(driver, 0, .002, 60000, NULL);
    build_run(sim, driver, 0, 120);
    double ok = driver_outcomes(driver, 20, 110, OUTCOME_OK) / 90.;
    double refused = build_metric(sim, "limiter:limited") / build_metric(sim, "limiter:offered");
    assert_true(ok > 75 && ok < 100.5);
    assert_true(refused < .15);
    sim_free(sim);
}

static void what_throttles_can_be_said(void **state) {
    (void)state;
    static const char *const specs[] = {"", "throttled_on={ok}", "throttled_on={timeout}"};
    static const bool active[] = {true, false, true};
    static const char *const leaves[] = {"says='shed 0s'", "says='shed 0s'", "says='timeout 0s'"};
    for (int i = 0; i < 3; i++) {
        struct model m = model(specs[i], leaves[i]);
        driver_call(m.driver, 0, NULL);
        build_run(m.sim, m.driver, 0, 10);
        assert_near(build_metric(m.sim, "aws_adaptive:active"), active[i], 1e-9);
        sim_free(m.sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cubic_comes_back_after_k),
        cmocka_unit_test(answers_are_counted_by_half_seconds),
        cmocka_unit_test(without_throttling_nothing_waits),
        cmocka_unit_test(tokens_are_waited_for),
        cmocka_unit_test(who_waits_may_leave),
        cmocka_unit_test(a_crash_empties_the_queue),
        cmocka_unit_test(it_finds_the_rate),
        cmocka_unit_test(what_throttles_can_be_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
