#include <stdio.h>

#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *hedge, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(29)};
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.hedge = build_node(m.sim, &hedge_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.hedge);
    return m;
}

/* ---- one call, worked out by hand */

static void the_first_good_answer_counts(void **state) {
    (void)state;
    static const struct {
        const char *what, *spec, *leaf, *story;
        double done; /* ms */
        uint32_t asked;
        double wins;
    } cases[] = {
        {"in time", "after=20ms", "ok 10ms", "ok", 10, 1, 0},
        {"at the moment of the delay", "after=20ms", "ok 20ms", "ok", 20, 1, 0},
        {"a little later", "after=20ms", "ok 20.001ms, ok 1s", "ok", 20.001, 2, 0},
        {"the second is faster", "after=20ms", "ok 100ms, ok 10ms", "ok", 30, 2, 1},
        {"both at once: the first", "after=20ms", "ok 50ms, ok 30ms", "ok", 50, 2, 0},
        {"a failure in time is one", "after=20ms", "error 10ms, ok 1ms", "error", 10, 1, 0},
        {"the second fails", "after=20ms", "ok 100ms, error 10ms", "ok", 100, 2, 0},
        {"the first fails", "after=20ms", "error 50ms, ok 100ms", "ok", 120, 2, 1},
        {"both fail: the last", "after=20ms", "error 50ms, shed 50ms", "shed", 70, 2, 0},
        {"degraded is good", "after=20ms", "ok 1s, degraded 5ms", "degraded", 25, 2, 1},
        {"none extra", "after=20ms, max_extra=0", "ok 1s, ok 1ms", "ok", 1000, 1, 0},
        {"three extra", "after=20ms, max_extra=3", "ok 1s, ok 1s, ok 1s, ok 5ms", "ok", 65, 4, 1},
        {"four are needed, two allowed", "after=20ms, max_extra=2", "ok 1s, ok 1s, ok 1s, ok 5ms",
         "ok", 1000, 3, 0},
        {"the third, after the second failed", "after=20ms, max_extra=2",
         "ok 1s, error 5ms, ok 7ms", "ok", 47, 3, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char says[200];
        snprintf(says, sizeof says, "says='%s'", cases[i].leaf);
        struct model m = model(cases[i].spec, says);
        driver_call(m.driver, 1, NULL);
        build_run(m.sim, m.driver, 0, 100);
        if (strcmp(driver_story(m.driver, 1), cases[i].story))
            fail_msg("%s: %s", cases[i].what, driver_story(m.driver, 1));
        assert_near(ns_to_s(driver_arrival(m.driver, 0)->done - NS_PER_S) * 1e3, cases[i].done,
                    1e-6);
        assert_int_equal(leaf_count(m.leaf), cases[i].asked);
        assert_near(build_metric(m.sim, "hedge:wins"), cases[i].wins / 100, 1e-12);
        assert_near(build_metric(m.sim, "hedge:extra"), (cases[i].asked - 1) / 100.0, 1e-12);
        sim_free(m.sim);
    }
}

static void extra_attempts_are_spaced_and_numbered(void **state) {
    (void)state;
    struct model m = model("after=20ms, max_extra=3", "says='ok 1s'");
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 100);
    for (uint32_t i = 0; i < 4; i++) {
        assert_near(leaf_time(m.leaf, i), 1 + .02 * i, 1e-9);
        assert_int_equal(leaf_attempt(m.leaf, i), i + 1);
    }
    assert_near(build_metric(m.sim, "hedge:extra_per_call"), 3, 0);
    sim_free(m.sim);
}

/* ---- losers */

static void losers_are_stopped_or_not(void **state) {
    (void)state;
    for (int cancel = 0; cancel < 2; cancel++) {
        struct model m = model(cancel ? "after=20ms" : "after=20ms, cancel_losers=false",
                               "says='ok 1s, ok 1ms'");
        driver_call(m.driver, 0, NULL);
        build_run(m.sim, m.driver, 0, 100);
        assert_int_equal(driver_arrival(m.driver, 0)->done, 21 * MS);
        assert_near(build_metric(m.sim, "leaf:share{outcome=cancelled}"), cancel ? .5 : 0, 0);
        assert_near(build_metric(m.sim, "leaf:in_flight"), (cancel ? .022 : 1.001) / 100, 1e-9);
        sim_free(m.sim);
    }
}

static void a_stubborn_loser_goes_on(void **state) {
    (void)state;
    struct model m = model("after=20ms", "says='ok 1s, ok 1ms', stubborn=true");
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_near(build_metric(m.sim, "leaf:share{outcome=ok}"), 1, 0);
    sim_free(m.sim);
}

/* ---- withdrawals, deadlines, crashes */

static void it_can_be_withdrawn(void **state) {
    (void)state;
    struct model m = model("after=20ms", "says='ok 1s'");
    driver_call(m.driver, 10, NULL)->cancel_after = 10 * MS;  /* one attempt */
    driver_call(m.driver, 20, NULL)->cancel_after = 30 * MS;  /* two */
    driver_call(m.driver, 30, NULL)->cancel_after = NS_PER_S; /* as the first answers */
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 3), "cancelled cancelled cancelled");
    assert_int_equal(leaf_count(m.leaf), 1 + 2 + 2);
    sim_free(m.sim);
}

static void nothing_extra_after_the_deadline(void **state) {
    (void)state;
    static const ns_t patience[] = {20 * MS, 20 * MS + 1, 0};
    for (int i = 0; i < 3; i++) {
        struct model m = model("after=20ms", "says='ok 50ms'");
        driver_call(m.driver, 0, NULL)->patience = patience[i];
        build_run(m.sim, m.driver, 0, 100);
        assert_int_equal(leaf_count(m.leaf), i == 0 ? 1 : 2);
        sim_free(m.sim);
    }
}

static void crashes_above_and_below(void **state) {
    (void)state;
    struct model m = model("after=20ms", "says='ok 1s'");
    driver_call(m.driver, 1, NULL);
    build_crash(m.hedge, 1.01); /* before the extra attempt */
    driver_call(m.driver, 10, NULL);
    build_crash(m.hedge, 10.5);
    driver_call(m.driver, 20, NULL);
    build_crash(m.leaf, 20.5); /* both attempts fail */
    driver_call(m.driver, 30, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 4), "error error error ok");
    assert_int_equal(driver_arrival(m.driver, 2)->done, 20500 * MS);
    assert_int_equal(leaf_count(m.leaf), 1 + 2 + 2 + 2);
    sim_free(m.sim);
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct model m = model("percentile=.5, max_extra=3, window=100ms", "says='ok 50ms', fails=.3");
    driver_calls(m.driver, 0, .003, 1000, NULL);
    build_run(m.sim, m.driver, 0, 2);
    sim_free(m.sim);
}

static void it_is_live(void **state) {
    (void)state;
    struct model m = model("after=20ms", "says='ok 1s'");
    driver_call(m.driver, 0, NULL);
    build_set(m.hedge, 5, "after", "50ms");
    driver_call(m.driver, 10, NULL);
    build_set(m.hedge, 10.04, "max_extra", "0"); /* while it is planned */
    build_set(m.hedge, 15, "max_extra", "2");
    driver_call(m.driver, 20, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 2 + 1 + 3);
    assert_near(leaf_time(m.leaf, 4) - leaf_time(m.leaf, 3), .05, 1e-9);
    sim_free(m.sim);
}

/* ---- percentiles */

/* Nothing is late before the first fifth of the window is over; then what took a second is the
 * measure, within the width of a bucket. */
static void a_percentile_is_learnt(void **state) {
    (void)state;
    struct model m = model("percentile=95%, window=10s", "says='ok 1s, ok 1s, ok 9s, ok 0s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, .5, NULL);
    driver_call(m.driver, 2, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 4);
    assert_near(leaf_time(m.leaf, 3) - leaf_time(m.leaf, 2), 1, .01);
    sim_free(m.sim);
}

static void until_it_is_known_nothing_is_late(void **state) {
    (void)state;
    struct model m = model("percentile=95%, window=10s", "says='ok 1s, ok 9s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 1.999, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 2);
    sim_free(m.sim);
}

/* A quick failure says nothing about what is late, a timeout does. */
static void failures_are_not_counted_but_timeouts(void **state) {
    (void)state;
    struct model m =
        model("percentile=95%, window=10s", "says='error 10ms, timeout 1s, ok 9s, ok 0s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, .5, NULL);
    driver_call(m.driver, 4, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 4);
    assert_near(leaf_time(m.leaf, 3) - leaf_time(m.leaf, 2), 1, .01);
    sim_free(m.sim);
    m = model("percentile=95%, window=10s", "says='error 10ms, ok 9s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 4, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 2);
    sim_free(m.sim);
}

/* What is stopped, or withdrawn, after it was found to be late was at least as slow as that. */
static void losers_are_counted_with_what_they_had(void **state) {
    (void)state;
    for (int withdrawn = 0; withdrawn < 2; withdrawn++) {
        struct model m =
            model("percentile=100%, window=10s",
                  withdrawn ? "says='ok 10ms, ok 9s'" : "says='ok 10ms, ok 9s, ok 90ms, ok 9s'");
        driver_call(m.driver, 0, NULL);
        driver_call(m.driver, 2.5, NULL)->cancel_after = withdrawn ? 100 * MS : 0;
        driver_call(m.driver, 4.5, NULL);
        build_run(m.sim, m.driver, 0, 100);
        assert_int_equal(leaf_count(m.leaf), 5);
        assert_near(leaf_time(m.leaf, 2) - leaf_time(m.leaf, 1), .01, .0001);
        assert_near(leaf_time(m.leaf, 4) - leaf_time(m.leaf, 3), .1, .001);
        sim_free(m.sim);
    }
}

static void the_least_delay(void **state) {
    (void)state;
    struct model m = model("percentile=95%, window=10s", "says='ok 0.1ms, ok 9s, ok 0s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 3, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_near(leaf_time(m.leaf, 2) - leaf_time(m.leaf, 1), .001, 1e-9);
    sim_free(m.sim);
    m = model("percentile=95%, window=10s, after=2s", "says='ok 1s, ok 9s, ok 0s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 3, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_near(leaf_time(m.leaf, 2) - leaf_time(m.leaf, 1), 2, 1e-9);
    sim_free(m.sim);
}

/* A window of 10 s looks at five slots: what was slow leaves, and what is known stays while
 * nothing comes. */
static void a_window_moves_on(void **state) {
    (void)state;
    struct model m = model("percentile=95%, window=10s", "says='ok 1s, ok 10ms, ok 9s, ok 0s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 30, NULL); /* the slow one is forgotten when the next slot is looked at */
    driver_call(m.driver, 70, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 4);
    assert_near(leaf_time(m.leaf, 3) - leaf_time(m.leaf, 2), .01, .0001);
    sim_free(m.sim);
}

/* A share of 10 %: 100 calls pay for ten. */
static void the_extra_load_is_bounded(void **state) {
    (void)state;
    struct model m = model("after=20ms, max_extra_load=10%", "says='ok 1s'");
    driver_calls(m.driver, 0, .01, 100, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 110);
    assert_near(build_metric(m.sim, "hedge:over_load"), .9, 1e-9);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct model m = model("max_extra=2", "says='ok 1s'");
    assert_says(build_seal_refusal(m.sim, m.driver), "say when an answer is late");
    assert_says(build_refusal(m.sim, &hedge_type, "percentile=95", NULL), "percentile");
    assert_says(build_refusal(m.sim, &hedge_type, "after=1s, max_extra=-1", NULL), "max_extra");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_good_answer_counts),
        cmocka_unit_test(extra_attempts_are_spaced_and_numbered),
        cmocka_unit_test(losers_are_stopped_or_not),
        cmocka_unit_test(a_stubborn_loser_goes_on),
        cmocka_unit_test(it_can_be_withdrawn),
        cmocka_unit_test(nothing_extra_after_the_deadline),
        cmocka_unit_test(crashes_above_and_below),
        cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(it_is_live),
        cmocka_unit_test(a_percentile_is_learnt),
        cmocka_unit_test(until_it_is_known_nothing_is_late),
        cmocka_unit_test(failures_are_not_counted_but_timeouts),
        cmocka_unit_test(losers_are_counted_with_what_they_had),
        cmocka_unit_test(the_least_delay),
        cmocka_unit_test(a_window_moves_on),
        cmocka_unit_test(the_extra_load_is_bounded),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
