#include <stdio.h>

#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *adaptive, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(41)};
    build_class(m.sim, "live", 1);
    build_class(m.sim, "batch", 0);
    build_class(m.sim, "other", 0);
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.adaptive = build_node(m.sim, &adaptive_concurrency_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.adaptive);
    return m;
}

static double limit_in(struct model *m, const char *phase) {
    char text[80];
    snprintf(text, sizeof text, "adaptive_concurrency:limit{phase=%s}", phase);
    return build_metric(m->sim, text);
}

static void what_is_above_the_limit_is_shed(void **state) {
    (void)state;
    struct model m =
        model("algorithm=aimd, aimd={initial_limit=2, min_limit=2, max_limit=2}", "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 4, "live");
    driver_call(m.driver, 1, "live");
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 5), "ok ok shed shed ok");
    assert_int_equal(leaf_count(m.leaf), 3);
    assert_near(build_metric(m.sim, "adaptive_concurrency:rejected"), .2, 1e-12);
    assert_near(build_metric(m.sim, "adaptive_concurrency:limit"), 2, 1e-12);
    assert_near(build_metric(m.sim, "adaptive_concurrency:utilization"), 3 / 20., 1e-12);
    sim_free(m.sim);
}

/* One more after each answer while half of it is in use. */
static void aimd_grows_with_use(void **state) {
    (void)state;
    struct model m = model("algorithm=aimd, aimd={initial_limit=2, min_limit=1}", "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 2, "live"); /* at 1 s: 1 in flight of 2, 2 of 3: limit 4 */
    driver_calls(m.driver, 2, 0, 6, "live");
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(driver_outcomes(m.driver, 2, 3, OUTCOME_OK), 4);
    assert_int_equal(driver_outcomes(m.driver, 2, 3, OUTCOME_SHED), 2);
    sim_free(m.sim);
}

static void drops_shrink_it(void **state) {
    (void)state;
    static const struct {
        const char *spec, *leaf;
        double limit;
    } cases[] = {{"", "says='error 1s'", 18},
                 {"", "says='ok 5s'", 20}, /* 2 of 20 are in flight: nothing to learn */
                 {"", "says='ok 5001ms'", 18},
                 {"drop_on=timeout", "says='error 1s'", 20},
                 {"ignore=error", "says='error 1s'", 20},
                 {"", "says='invalid 1s'", 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char spec[120];
        snprintf(spec, sizeof spec, "algorithm=aimd, aimd={min_limit=1}%s%s",
                 *cases[i].spec ? ", " : "", cases[i].spec);
        struct model m = model(spec, cases[i].leaf);
        driver_call(m.driver, 0, "live");
        struct span end = {"end", ns_from_s(9), ns_from_s(10)};
        build_run_phases(m.sim, m.driver, 0, 10, &end, 1);
        assert_near(limit_in(&m, "end"), cases[i].limit, 1e-9);
        sim_free(m.sim);
    }
}

/* The first answer is one of no load, the second has no queue: by beta. */
static void vegas_is_the_default(void **state) {
    (void)state;
    struct model m = model("vegas={initial_limit=2}", "says='ok 100ms'");
    driver_calls(m.driver, 0, 0, 2, "live");
    struct span end = {"end", ns_from_s(1), ns_from_s(2)};
    build_run_phases(m.sim, m.driver, 0, 2, &end, 1);
    assert_near(limit_in(&m, "end"), 8, 1e-9);
    assert_near(build_metric(m.sim, "adaptive_concurrency:min_rtt"), .1, 1e-9);
    sim_free(m.sim);
}

/* Windows close at the first answer after a second; each adds smoothing x queue_size. */
static void gradient2_moves_once_a_window(void **state) {
    (void)state;
    struct model m = model("algorithm=gradient2, gradient2={initial_limit=20, min_limit=1}, "
                           "windowed={window_size=5}",
                           "says='ok 100ms'");
    for (int i = 0; i < 60; i++)
        driver_calls(m.driver, .05 * i, 0, 10, "live"); /* 20 in flight, so 10 to 20 when let in */
    struct span phases[] = {{"a", ns_from_s(1), ns_from_s(1.1)},
                            {"b", ns_from_s(1.2), ns_from_s(2)},
                            {"c", ns_from_s(2.3), ns_from_s(3)}};
    build_run_phases(m.sim, m.driver, 0, 3, phases, 3);
    assert_near(limit_in(&m, "a"), 20, 1e-9); /* the first window was that of one answer */
    assert_near(limit_in(&m, "b"), 20, 1e-9); /* 20.8 */
    assert_near(limit_in(&m, "c"), 21, 1e-9); /* 21.6 */
    assert_near(build_metric(m.sim, "adaptive_concurrency:min_rtt"), .1, 1e-9);
    sim_free(m.sim);
}

#define GRADIENT "algorithm=gradient, gradient={min_rtt_calc_params={"

static void envoy_measures_first(void **state) {
    (void)state;
    struct model m = model(GRADIENT "request_count=6, interval=10s, jitter=0}}", "says='ok 100ms'");
    for (int i = 0; i < 100; i++)
        driver_calls(m.driver, .1 * i, 0, 10, "live");
    struct span phases[] = {{"measuring", 0, ns_from_s(.2)},
                            {"first", ns_from_s(.2), ns_from_s(.3)}};
    build_run_phases(m.sim, m.driver, 0, 10, phases, 2);
    assert_int_equal(driver_outcomes(m.driver, 0, .05, OUTCOME_OK), 3);
    assert_near(limit_in(&m, "measuring"), 3, 1e-9);
    assert_near(limit_in(&m, "first"), 3, 1e-9); /* and the first update: 3 x 1.25 + 1.9 */
    assert_int_equal(driver_outcomes(m.driver, .35, .45, OUTCOME_OK), 5);
    assert_near(build_metric(m.sim, "adaptive_concurrency:min_rtt"), .1, .001);
    assert_int_equal(driver_outcomes(m.driver, 9, 9.1, OUTCOME_OK), 10); /* it has grown */
    sim_free(m.sim);
}

/* After `interval` it measures again at min_concurrency, then goes on where it was; calls that were
 * sent before do not count. */
static void envoy_measures_again(void **state) {
    (void)state;
    struct model m = model(GRADIENT "request_count=3, interval=2s, jitter=0}}", "says='ok 100ms'");
    for (int i = 0; i < 80; i++)
        driver_calls(m.driver, .05 * i, 0, 5, "live");
    struct span phases[] = {{"before", ns_from_s(1.9), ns_from_s(2.1)},
                            {"again", ns_from_s(2.1), ns_from_s(2.2)},
                            {"after", ns_from_s(2.31), ns_from_s(2.32)}};
    build_run_phases(m.sim, m.driver, 0, 4, phases, 3);
    double before = limit_in(&m, "before");
    assert_true(before > 10);
    assert_near(limit_in(&m, "again"), 3, 1e-9);
    assert_true(limit_in(&m, "after") >= before);
    sim_free(m.sim);
}

/* Five updates at the least limit mean that the no-load RTT is wrong. */
static void envoy_doubts_what_leaves_it_stuck(void **state) {
    (void)state;
    struct model m = model(GRADIENT "request_count=3, interval=1000s, jitter=0}}",
                           "says='ok 10ms, ok 10ms, ok 10ms, ok 100ms'");
    driver_calls(m.driver, 0, .02, 500, "live");
    struct span end = {"end", ns_from_s(9), ns_from_s(10)};
    build_run_phases(m.sim, m.driver, 0, 10, &end, 1);
    assert_true(limit_in(&m, "end") > 5);
    assert_true(build_metric(m.sim, "adaptive_concurrency:min_rtt") > .05);
    sim_free(m.sim);
}

static void envoy_may_be_told(void **state) {
    (void)state;
    struct model m = model(GRADIENT "fixed_value=10ms}}", "says='ok 100ms'");
    driver_calls(m.driver, 0, .01, 500, "live");
    build_run(m.sim, m.driver, 0, 5);
    assert_near(build_metric(m.sim, "adaptive_concurrency:limit"), 3, 1e-9);
    assert_near(build_metric(m.sim, "adaptive_concurrency:min_rtt"), .01, 1e-9);
    sim_free(m.sim);
}

/* ---- where they settle: a server of 10 ms, asked for ten times what it can do, so that a limit of
 * L makes an RTT of L x 10 ms */

static double settled(const char *spec) {
    struct sim *sim = build_new(3);
    struct node *station = build_node(sim, &station_type, "service=10ms", NULL);
    struct node *adaptive = build_node(sim, &adaptive_concurrency_type, spec, station, NULL);
    struct node *driver = build_driver(sim, adaptive);
    driver_calls(driver, 0, .001, 60000, NULL);
    struct span late = {"late", ns_from_s(30), ns_from_s(60)};
    build_run_phases(sim, driver, 0, 60, &late, 1);
    double limit = build_metric(sim, "adaptive_concurrency:limit{phase=late}");
    double busy = build_metric(sim, "station:utilization{phase=late}");
    assert_true(busy > .9);
    sim_free(sim);
    return limit;
}

/* Vegas holds while 3 to 6 wait, and without smoothing swings about that, as answers tell of the
 * limit of one RTT ago. With a no-load RTT of 100 ms the gradient's limit is 12.5 + sqrt(12.5).
 * AIMD comes up to an RTT of its timeout again and again, and drops by a tenth for each call that
 * then is late. To Gradient2 an RTT that lasts is no overload. */
static void each_settles_where_it_should(void **state) {
    (void)state;
    double vegas = settled("vegas={probe_multiplier=1e9, smoothing=.02}");
    assert_true(vegas >= 4 && vegas < 8);
    double swinging = settled("vegas={probe_multiplier=1e9}");
    assert_true(swinging >= 2 && swinging < 14);
    assert_near(settled(GRADIENT "fixed_value=100ms}, " /* rarer updates than RTTs */
                                 "concurrency_limit_params={concurrency_update_interval=1s}}"),
                floor(12.5 + sqrt(12.5)), .2);
    double aimd = settled("algorithm=aimd, aimd={min_limit=1, timeout=200ms}");
    assert_true(aimd > 2 && aimd <= 21);
    assert_near(settled("algorithm=gradient2, gradient2={min_limit=1, max_concurrency=24}"), 24,
                1e-9);
}

/* ---- partitions */

static void a_share_is_kept_for_a_class(void **state) {
    (void)state;
    struct model m = model("algorithm=aimd, aimd={initial_limit=4, min_limit=4, max_limit=4}, "
                           "partitions={live=50%, batch=25%}",
                           "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 5, "batch"); /* up to the whole while there is room */
    driver_calls(m.driver, 0, 0, 3, "live");  /* its half all the same */
    driver_call(m.driver, .5, "other");
    driver_call(m.driver, 1.5, "other");
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 10), "ok ok ok ok shed ok ok shed shed ok");
    sim_free(m.sim);
}

static void a_small_share_is_one(void **state) {
    (void)state;
    struct model m = model("algorithm=aimd, aimd={initial_limit=4, min_limit=4, max_limit=4}, "
                           "partitions={live=1%}",
                           "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 4, "batch");
    driver_calls(m.driver, 0, 0, 2, "live");
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 6), "ok ok ok ok ok shed");
    sim_free(m.sim);
}

/* ---- leaving */

static void who_leaves_makes_room_and_tells_nothing(void **state) {
    (void)state;
    struct model m = model("algorithm=aimd, aimd={initial_limit=1, min_limit=1}", "says='ok 1s'");
    driver_call(m.driver, 0, "live")->cancel_after = 500 * MS;
    driver_call(m.driver, .6, "live")->cancel_after = 500 * MS;
    driver_calls(m.driver, 2, 0, 2, "live");
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 4), "cancelled cancelled ok shed");
    sim_free(m.sim);
}

static void abandoned_calls_count_until_they_end(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 1s'", NULL);
    struct node *adaptive =
        build_node(sim, &adaptive_concurrency_type,
                   "algorithm=aimd, aimd={initial_limit=1, min_limit=1}", leaf, NULL);
    struct node *timeout = build_node(sim, &timeout_type, "after=100ms", adaptive, NULL);
    struct node *driver = build_driver(sim, timeout);
    driver_calls(driver, 0, .5, 3, NULL);
    build_run(sim, driver, 0, 10);
    assert_string_equal(driver_story(driver, 3), "timeout shed timeout");
    sim_free(sim);
}

static void a_crash_empties_it(void **state) {
    (void)state;
    struct model m = model("algorithm=aimd, aimd={initial_limit=2, min_limit=2}, "
                           "partitions={live=1}",
                           "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 2, "live");
    build_crash(m.adaptive, .5);
    driver_calls(m.driver, 1, 0, 3, "live");
    build_run(m.sim, m.driver, 0, 1.5);
    assert_string_equal(driver_story(m.driver, 5), "error error - - shed");
    sim_free(m.sim);
}

/* ---- set-up */

static void the_range_is_live(void **state) {
    (void)state;
    struct model m = model("algorithm=aimd, aimd={initial_limit=20}", "says='ok 1s'");
    build_set(m.adaptive, 1, "aimd.max_limit", "30");
    build_set(m.adaptive, 1, "aimd.min_limit", "25");
    build_set(m.adaptive, 2, "aimd.min_limit", "1");
    build_set(m.adaptive, 2, "aimd.max_limit", "4");
    struct span phases[] = {{"a", ns_from_s(1), ns_from_s(2)}, {"b", ns_from_s(2), ns_from_s(3)}};
    driver_call(m.driver, 0, "live");
    build_run_phases(m.sim, m.driver, 0, 3, phases, 2);
    assert_near(limit_in(&m, "a"), 25, 1e-9);
    assert_near(limit_in(&m, "b"), 4, 1e-9);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    const struct node_type *type = &adaptive_concurrency_type;
    assert_says(build_refusal(sim, type, "algorithm=aimd, vegas={alpha=2}", NULL),
                "'vegas' means nothing with algorithm = \"aimd\"");
    assert_says(build_refusal(sim, type, "windowed={window_size=3}", NULL),
                "'windowed' means nothing with algorithm = \"vegas\"");
    assert_says(build_refusal(sim, type, "algorithm=vega", NULL), "did you mean \"vegas\"");
    assert_says(build_refusal(sim, type, "vegas={min_limit=2}", NULL), "unknown key 'min_limit'");
    sim_free(sim);
    static const char *const late[][2] = {
        {"algorithm=aimd, aimd={min_limit=30, max_limit=20}", "30, is above the largest, 20"},
        {"partitions={nobody=50%}", "no workload has a class 'nobody'"},
        {"partitions={live=60%, batch=50%}", "1.1, above 1"},
        {"partitions=3", "shares by class"}};
    for (size_t i = 0; i < sizeof late / sizeof *late; i++) {
        struct model m = model(late[i][0], "");
        assert_says(build_seal_refusal(m.sim, m.driver), late[i][1]);
        sim_free(m.sim);
    }
}

/* A key of a table that means nothing cannot be set either. */
static void nothing_meaningless_is_set(void **state) {
    (void)state;
    struct model m = model("algorithm=aimd", "");
    struct error e = {{0}};
    const struct param *p = schema_find(m.adaptive->type, "vegas.alpha", &e);
    struct value v = {.type = VALUE_NUMBER, .number = 2};
    assert_false(schema_set(m.adaptive, p, &v, false, &e));
    assert_says(e.text, "'vegas' means nothing with algorithm = \"aimd\"");
    p = schema_find(m.adaptive->type, "aimd.min_limit", &e);
    assert_true(schema_set(m.adaptive, p, &v, false, &e));
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_above_the_limit_is_shed),
        cmocka_unit_test(aimd_grows_with_use),
        cmocka_unit_test(drops_shrink_it),
        cmocka_unit_test(vegas_is_the_default),
        cmocka_unit_test(gradient2_moves_once_a_window),
        cmocka_unit_test(envoy_measures_first),
        cmocka_unit_test(envoy_measures_again),
        cmocka_unit_test(envoy_doubts_what_leaves_it_stuck),
        cmocka_unit_test(envoy_may_be_told),
        cmocka_unit_test(each_settles_where_it_should),
        cmocka_unit_test(a_share_is_kept_for_a_class),
        cmocka_unit_test(a_small_share_is_one),
        cmocka_unit_test(who_leaves_makes_room_and_tells_nothing),
        cmocka_unit_test(abandoned_calls_count_until_they_end),
        cmocka_unit_test(a_crash_empties_it),
        cmocka_unit_test(the_range_is_live),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(nothing_meaningless_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
