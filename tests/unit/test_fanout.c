#include <stdio.h>

#include "check.h"
#include "kit.h"

enum { MOST = 4 };

struct model {
    struct sim *sim;
    struct node *leaf[MOST], *fanout, *driver;
};

/* A fan-out over three leaves, whose answers are given by `leaf`. */
static struct model model(const char *spec, const char *const leaf[3]) {
    struct model m = {.sim = build_new(37)};
    for (int i = 0; i < 3; i++) {
        char text[200];
        snprintf(text, sizeof text, "name=l%d, says='%s'", i, leaf[i]);
        m.leaf[i] = build_node(m.sim, &leaf_type, text, NULL);
    }
    m.fanout = build_node(m.sim, &fanout_type, spec, m.leaf[0], m.leaf[1], m.leaf[2], NULL);
    m.driver = build_driver(m.sim, m.fanout);
    return m;
}

/* ---- one call over three, worked out by hand */

static void answers_by_hand(void **state) {
    (void)state;
    static const struct {
        const char *what, *spec, *leaf[3], *story;
        double done, quality; /* ms */
    } cases[] = {
        {"all: the last", "", {"ok 10ms", "ok 30ms", "ok 20ms"}, "ok", 30, 1},
        {"all at once", "", {"ok 0s", "ok 0s", "ok 0s"}, "ok", 0, 1},
        {"all: a failure ends it", "", {"ok 10ms", "error 15ms", "ok 20ms"}, "error", 15, 1},
        {"all: with its outcome", "", {"ok 10ms", "ok 30ms", "shed 20ms"}, "shed", 20, 1},
        {"all: one is degraded", "", {"ok 10ms", "degraded 5ms", "ok 20ms"}, "degraded", 20, 1},
        {"first", "wait_for=first", {"ok 10ms", "ok 5ms", "ok 20ms"}, "ok", 5, 1},
        {"first of those that are good",
         "wait_for=first",
         {"error 1ms", "timeout 2ms", "ok 20ms"},
         "ok",
         20,
         1},
        {"first: none is",
         "wait_for=first",
         {"error 9ms", "timeout 2ms", "shed 3ms"},
         "error",
         9,
         1},
        {"2 of 3", "wait_for=quorum, quorum=2", {"ok 10ms", "ok 30ms", "ok 20ms"}, "ok", 20, 1},
        {"2 of 3, one fails",
         "wait_for=quorum, quorum=2",
         {"error 5ms", "ok 30ms", "ok 20ms"},
         "ok",
         30,
         1},
        {"2 of 3, two fail: the rest is no use",
         "wait_for=quorum, quorum=2",
         {"error 5ms", "ok 30ms", "timeout 20ms"},
         "timeout",
         20,
         1},
        {"in time", "partial_after=50ms", {"ok 10ms", "ok 30ms", "ok 20ms"}, "ok", 30, 1},
        {"2 of 3 in time",
         "partial_after=25ms",
         {"ok 10ms", "ok 30ms", "ok 20ms"},
         "degraded",
         25,
         2 / 3.},
        {"at the moment is too late",
         "partial_after=20ms",
         {"ok 10ms", "ok 30ms", "ok 20ms"},
         "degraded",
         20,
         1 / 3.},
        {"none in time", "partial_after=5ms", {"ok 10ms", "ok 30ms", "ok 20ms"}, "timeout", 5, 1},
        {"too few in time",
         "partial_after=15ms, min_share=.5",
         {"ok 10ms", "ok 30ms", "ok 20ms"},
         "timeout",
         15,
         1},
        {"just enough in time",
         "partial_after=25ms, min_share=.6666666667",
         {"ok 10ms", "ok 30ms", "ok 20ms"},
         "degraded",
         25,
         2 / 3.},
        {"a failure is left out",
         "partial_after=1s",
         {"ok 10ms", "error 15ms", "ok 20ms"},
         "degraded",
         20,
         2 / 3.},
        {"all fail", "partial_after=1s", {"error 30ms", "shed 15ms", "shed 20ms"}, "error", 30, 1},
        {"failures leave too few",
         "partial_after=1s, min_share=.5",
         {"ok 10ms", "error 15ms", "shed 20ms"},
         "shed",
         20,
         1},
        {"half of a quorum",
         "wait_for=quorum, quorum=2, partial_after=15ms",
         {"ok 10ms", "ok 30ms", "ok 20ms"},
         "degraded",
         15,
         .5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model m = model(cases[i].spec, cases[i].leaf);
        driver_call(m.driver, 1, NULL);
        build_run(m.sim, m.driver, 0, 100);
        const struct arrival *a = driver_arrival(m.driver, 0);
        double took = ns_to_s(a->done - NS_PER_S) * 1e3;
        if (strcmp(driver_story(m.driver, 1), cases[i].story) ||
            fabs(took - cases[i].done) > 1e-6 || fabs((double)a->quality - cases[i].quality) > 1e-6)
            fail_msg("%s: %s after %g ms, quality %g", cases[i].what, driver_story(m.driver, 1),
                     took, (double)a->quality);
        sim_free(m.sim);
    }
}

static const char *const slow_last[3] = {"ok 10ms", "ok 20ms", "ok 1s"};

static void partial_answers_are_counted(void **state) {
    (void)state;
    struct model m = model("partial_after=50ms", slow_last);
    driver_call(m.driver, 1, NULL);
    build_set(m.fanout, 5, "partial_after", "2s");
    driver_calls(m.driver, 10, 10, 3, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 4), "degraded ok ok ok");
    assert_near(build_metric(m.sim, "fanout:partial_ratio"), .25, 0);
    assert_near(build_metric(m.sim, "fanout:latency.max{result=partial}"), .05, .0005);
    assert_near(build_metric(m.sim, "fanout:latency.max{result=full}"), 1, .01);
    sim_free(m.sim);
}

static void losers_are_stopped_or_not(void **state) {
    (void)state;
    for (int cancel = 0; cancel < 2; cancel++) {
        struct model m =
            model(cancel ? "wait_for=first" : "wait_for=first, cancel_losers=false", slow_last);
        driver_call(m.driver, 0, NULL);
        build_run(m.sim, m.driver, 0, 100);
        assert_near(build_metric(m.sim, "l2:in_flight"), cancel ? .0001 : .01, 1e-12);
        assert_near(build_metric(m.sim, "l2:share{outcome=cancelled}"), cancel, 0);
        sim_free(m.sim);
    }
}

/* ---- whom it asks */

static void copies_are_calls_of_their_own(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "fails=.5", NULL);
    struct node *fanout = build_node(sim, &fanout_type, "copies=40, wait_for=first", leaf, NULL);
    struct node *driver = build_driver(sim, fanout);
    driver_calls(driver, 0, .1, 100, NULL);
    build_set(fanout, 50, "copies", "2");
    driver_calls(driver, 60, .1, 100, NULL);
    build_run(sim, driver, 0, 100);
    assert_int_equal(leaf_count(leaf), 100 * 40 + 100 * 2);
    assert_int_equal(driver_outcomes(driver, 0, 50, OUTCOME_OK), 100); /* but once in 2^40 times */
    assert_true(kit_share(driver_outcomes(driver, 60, 100, OUTCOME_OK), 100, .75));
    sim_free(sim);
}

static struct node *shard(struct sim *sim, uint32_t index) {
    char spec[60];
    snprintf(spec, sizeof spec, "says='ok %ums'", 10 * (index + 1));
    return build_node(sim, &leaf_type, spec, NULL);
}

/* All that are ready, and as many as are ready. */
static void replicas_that_are_ready(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *group = kit_group(sim, "shard", 2, 4, shard);
    struct node *fanout = build_node(sim, &fanout_type, "", group, NULL);
    struct node *driver = build_driver(sim, fanout);
    driver_call(driver, 1, NULL);
    build_set(group, 5, "count", "4");
    driver_call(driver, 10, NULL);
    build_set(group, 15, "count", "0");
    driver_call(driver, 20, NULL);
    build_run(sim, driver, 0, 100);
    assert_string_equal(driver_story(driver, 3), "ok ok error");
    assert_int_equal(driver_arrival(driver, 0)->done, 1020 * MS);
    assert_int_equal(driver_arrival(driver, 1)->done, 10040 * MS);
    assert_int_equal(driver_arrival(driver, 2)->done, 20000 * MS);
    sim_free(sim);
}

static void a_quorum_of_too_few_is_none(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *group = kit_group(sim, "shard", 2, 4, shard);
    struct node *fanout = build_node(sim, &fanout_type, "wait_for=quorum, quorum=3", group, NULL);
    struct node *driver = build_driver(sim, fanout);
    driver_call(driver, 1, NULL);
    build_set(fanout, 5, "quorum", "2");
    driver_call(driver, 10, NULL);
    build_run(sim, driver, 0, 100);
    assert_string_equal(driver_story(driver, 2), "error ok");
    sim_free(sim);
}

/* ---- withdrawals and crashes */

static void it_can_be_withdrawn_and_crash(void **state) {
    (void)state;
    struct model m = model("partial_after=500ms", slow_last);
    driver_call(m.driver, 10, NULL)->cancel_after = 5 * MS;
    driver_call(m.driver, 20, NULL)->cancel_after = 15 * MS;
    driver_call(m.driver, 30, NULL)->cancel_after =
        500 * MS; /* as it ends, but it was planned before */
    driver_call(m.driver, 40, NULL);
    build_crash(m.fanout, 40.015);
    driver_call(m.driver, 50, NULL);
    build_crash(m.leaf[2], 50.015); /* as good as a failure */
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 5), "cancelled cancelled cancelled error degraded");
    assert_int_equal(driver_arrival(m.driver, 4)->done, 50020 * MS);
    assert_near(build_metric(m.sim, "l2:share{outcome=ok}"), 0, 0);
    sim_free(m.sim);
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct model m = model("copies=3, partial_after=300ms, cancel_losers=false", slow_last);
    driver_calls(m.driver, 0, .003, 1000, NULL);
    build_run(m.sim, m.driver, 0, 2);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct model m = model("wait_for=quorum, quorum=4", slow_last);
    assert_says(build_seal_refusal(m.sim, m.driver), "only 3 are asked");
    assert_says(build_refusal(m.sim, &fanout_type, "", NULL), "at least one child");
    assert_says(build_refusal(m.sim, &fanout_type, "wait_for=most", m.leaf[0], NULL), "one of");
    sim_free(m.sim);
}

static struct node *one_of_a_group(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &leaf_type, "name=leaf", NULL);
}

/* Groups and components side by side: all that are ready are asked. */
static void several_groups_are_asked(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *a = kit_group(sim, "a", 2, 3, one_of_a_group);
    struct node *b = kit_group(sim, "b", 1, 1, one_of_a_group);
    struct node *alone = build_node(sim, &leaf_type, "name=alone", NULL);
    struct node *f = build_node(sim, &fanout_type, "", a, alone, b, NULL);
    struct node *driver = build_driver(sim, f);
    build_set(a, 5, "count", "3");
    driver_call(driver, 1, NULL);
    driver_call(driver, 6, NULL);
    build_run(sim, driver, 0, 10);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(leaf_count(group_of(a)->at[i].scope.root), i < 2 ? 2 : 1);
    assert_int_equal(leaf_count(group_of(b)->at[0].scope.root), 2);
    assert_int_equal(leaf_count(alone), 2);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_by_hand),
        cmocka_unit_test(partial_answers_are_counted),
        cmocka_unit_test(losers_are_stopped_or_not),
        cmocka_unit_test(copies_are_calls_of_their_own),
        cmocka_unit_test(replicas_that_are_ready),
        cmocka_unit_test(a_quorum_of_too_few_is_none),
        cmocka_unit_test(it_can_be_withdrawn_and_crash),
        cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(several_groups_are_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
