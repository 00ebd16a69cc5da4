#include <stdio.h>

#include "check.h"
#include "kit.h"

struct model {
    struct sim *sim;
    struct node *leaf, *loop, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(41)};
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.loop = build_node(m.sim, &loop_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.loop);
    return m;
}

/* ---- how often */

static void rounds_by_hand(void **state) {
    (void)state;
    static const struct {
        const char *what, *spec, *leaf, *story;
        double done; /* ms */
        uint32_t rounds;
    } cases[] = {
        {"once", "times=1", "ok 10ms", "ok", 10, 1},
        {"five times", "times=5", "ok 10ms", "ok", 50, 5},
        {"with a pause between, not after", "times=3, pause=100ms", "ok 10ms", "ok", 230, 3},
        {"rounded", "times=2.4", "ok 10ms", "ok", 20, 2},
        {"rounded up", "times=2.5", "ok 10ms", "ok", 30, 3},
        {"at least once", "times=0.2", "ok 10ms", "ok", 10, 1},
        {"a failure ends it", "times=5", "ok 10ms, error 10ms", "error", 20, 2},
        {"the last answer is passed on", "times=2", "ok 10ms, degraded 10ms", "degraded", 20, 2},
        {"for certain", "times=5, stop_probability=1", "ok 10ms", "ok", 10, 1},
        {"polling", "times=9, stop_on=ok", "error 1ms, shed 1ms, ok 1ms, ok 1ms", "ok", 3, 3},
        {"polling in vain", "times=3, stop_on=ok", "error 1ms", "error", 3, 3},
        {"until degraded", "times=9, stop_on={degraded, error}", "ok 1ms, degraded 1ms", "degraded",
         2, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char says[200];
        snprintf(says, sizeof says, "says='%s'", cases[i].leaf);
        struct model m = model(cases[i].spec, says);
        driver_call(m.driver, 1, NULL);
        build_run(m.sim, m.driver, 0, 100);
        double took = ns_to_s(driver_arrival(m.driver, 0)->done - NS_PER_S) * 1e3;
        if (strcmp(driver_story(m.driver, 1), cases[i].story) ||
            fabs(took - cases[i].done) > 1e-6 || leaf_count(m.leaf) != cases[i].rounds)
            fail_msg("%s: %s after %g ms, %u rounds", cases[i].what, driver_story(m.driver, 1),
                     took, leaf_count(m.leaf));
        assert_near(build_metric(m.sim, "loop:rounds_per_call"), cases[i].rounds, 0);
        for (uint32_t k = 0; k < cases[i].rounds; k++)
            assert_int_equal(leaf_attempt(m.leaf, k), k + 1);
        sim_free(m.sim);
    }
}

/* Done with a third after each round: geometric, cut at four. */
static void rounds_by_chance(void **state) {
    (void)state;
    enum { CALLS = 20000, MOST = 4 };
    struct model m = model("times=4, stop_probability=.3333333333", "says='ok 1ms'");
    driver_calls(m.driver, 0, .01, CALLS, NULL);
    build_run(m.sim, m.driver, 0, 300);
    uint64_t seen[MOST] = {0};
    for (uint32_t i = 0; i < CALLS; i++) {
        const struct arrival *a = driver_arrival(m.driver, i);
        seen[(a->done - a->time) / MS - 1]++;
    }
    double want[MOST];
    for (int k = 0; k < MOST; k++)
        want[k] = CALLS * pow(2 / 3., k) * (k < MOST - 1 ? 1 / 3. : 1);
    assert_true(kit_chi2(seen, want, MOST) > 1e-4);
    sim_free(m.sim);
}

static void times_may_be_drawn(void **state) {
    (void)state;
    enum { CALLS = 20000 };
    struct model m = model("times=uniform{.5, 3.5}", "says='ok 1ms'");
    driver_calls(m.driver, 0, .01, CALLS, NULL);
    build_run(m.sim, m.driver, 0, 300);
    uint64_t seen[3] = {0};
    for (uint32_t i = 0; i < CALLS; i++) {
        const struct arrival *a = driver_arrival(m.driver, i);
        seen[(a->done - a->time) / MS - 1]++;
    }
    assert_true(kit_chi2(seen, (double[]){CALLS / 3., CALLS / 3., CALLS / 3.}, 3) > 1e-4);
    sim_free(m.sim);
}

/* Every round draws for itself: half of all rounds fail, so one call in eight survives three. */
static void rounds_are_independent(void **state) {
    (void)state;
    enum { CALLS = 20000 };
    struct model m = model("times=3", "fails=.5");
    driver_calls(m.driver, 0, .01, CALLS, NULL);
    build_run(m.sim, m.driver, 0, 300);
    assert_true(kit_share(driver_outcomes(m.driver, 0, 300, OUTCOME_OK), CALLS, .125));
    sim_free(m.sim);
}

static void many_rounds_at_once(void **state) {
    (void)state;
    struct model m = model("times=1e9", "says='ok 0s'");
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 60000);
    assert_int_equal(driver_arrival(m.driver, 0)->done, NS_PER_S);
    sim_free(m.sim);
}

static void it_is_live(void **state) {
    (void)state;
    struct model m = model("times=2, pause=1s", "says='ok 0s'");
    driver_call(m.driver, 0, NULL);
    build_set(m.loop, 5, "times", "3");
    build_set(m.loop, 5, "pause", "2s");
    driver_call(m.driver, 10, NULL);
    build_set(m.loop, 15, "stop_probability", "1");
    driver_call(m.driver, 20, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 2 + 3 + 1);
    assert_int_equal(driver_arrival(m.driver, 1)->done, 14 * NS_PER_S);
    sim_free(m.sim);
}

/* ---- deadlines, withdrawals, crashes */

static void no_round_begins_after_the_deadline(void **state) {
    (void)state;
    struct model m = model("times=4, pause=100ms", "says='ok 10ms'");
    driver_call(m.driver, 10, NULL)->patience = 220 * MS;     /* when the third would begin */
    driver_call(m.driver, 20, NULL)->patience = 220 * MS + 1; /* it begins just before */
    driver_call(m.driver, 30, NULL)->patience = 5 * MS;       /* in the first */
    driver_call(m.driver, 40, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 4), "timeout timeout timeout ok");
    assert_int_equal(leaf_count(m.leaf), 2 + 3 + 1 + 4);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 10 * NS_PER_S + 120 * MS);
    assert_int_equal(driver_arrival(m.driver, 1)->done, 20 * NS_PER_S + 230 * MS);
    assert_int_equal(driver_arrival(m.driver, 3)->done, 40 * NS_PER_S + 340 * MS);
    sim_free(m.sim);
}

static void it_can_be_withdrawn_and_crash(void **state) {
    (void)state;
    struct model m = model("times=3, pause=1s", "says='ok 1s'");
    driver_call(m.driver, 0, NULL)->cancel_after = 500 * MS;   /* in a round */
    driver_call(m.driver, 10, NULL)->cancel_after = 1250 * MS; /* in a pause */
    driver_call(m.driver, 20, NULL);
    build_crash(m.loop, 21.5);
    driver_call(m.driver, 30, NULL);
    build_crash(m.leaf, 32.5); /* in its second round */
    driver_call(m.driver, 40, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 5), "cancelled cancelled error error ok");
    assert_int_equal(leaf_count(m.leaf), 1 + 1 + 1 + 2 + 3);
    assert_near(build_metric(m.sim, "loop:backoff.mean"), (.25 + .5 + 1 + 1 + 1) / 5, 1e-9);
    sim_free(m.sim);
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct model m = model("times=50, stop_probability=.1, pause=exp{mean=20ms}", "says='ok 10ms'");
    driver_calls(m.driver, 0, .003, 1000, NULL);
    build_run(m.sim, m.driver, 0, 2);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &loop_type, "pause=1s", NULL), "'times' is missing");
    assert_says(build_refusal(sim, &loop_type, "times=3, stop_probability=2", NULL),
                "stop_probability");
    assert_says(build_refusal(sim, &loop_type, "times=3, stop_on=done", NULL), "one of");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_by_hand),
        cmocka_unit_test(rounds_by_chance),
        cmocka_unit_test(times_may_be_drawn),
        cmocka_unit_test(rounds_are_independent),
        cmocka_unit_test(many_rounds_at_once),
        cmocka_unit_test(it_is_live),
        cmocka_unit_test(no_round_begins_after_the_deadline),
        cmocka_unit_test(it_can_be_withdrawn_and_crash),
        cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
