#include <stdio.h>

#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *bulkhead, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(31)};
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.bulkhead = build_node(m.sim, &bulkhead_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.bulkhead);
    return m;
}

static double done(struct model *m, uint32_t i) {
    return ns_to_s(driver_arrival(m->driver, i)->done);
}

/* ---- who comes in */

static void no_more_than_so_many(void **state) {
    (void)state;
    struct model m = model("max_concurrent_calls=2", "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 3, NULL);
    driver_calls(m.driver, .5, 0, 1, NULL);
    driver_calls(m.driver, 1, 0, 3, NULL); /* the answers of the first two come first */
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 7), "ok ok limited limited ok ok limited");
    assert_int_equal(leaf_count(m.leaf), 4);
    assert_near(build_metric(m.sim, "bulkhead:rejected"), .03, 1e-12);
    assert_near(build_metric(m.sim, "bulkhead:utilization"), .02, 1e-12);
    sim_free(m.sim);
}

static void the_default_is_25_and_no_wait(void **state) {
    (void)state;
    struct model m = model("", "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 26, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(driver_outcomes(m.driver, 0, 1, OUTCOME_OK), 25);
    assert_int_equal(driver_outcomes(m.driver, 0, 1, OUTCOME_LIMITED), 1);
    sim_free(m.sim);
}

static void others_wait_in_order(void **state) {
    (void)state;
    struct model m = model("max_concurrent_calls=1, max_wait_duration=10s",
                           "says='ok 1s, error 2s, ok 1s, ok 1s'");
    driver_calls(m.driver, 0, .1, 4, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 4), "ok error ok ok");
    assert_near(done(&m, 0), 1, 1e-9);
    assert_near(done(&m, 1), 3, 1e-9);
    assert_near(done(&m, 2), 4, 1e-9);
    assert_near(done(&m, 3), 5, 1e-9);
    assert_near(build_metric(m.sim, "bulkhead:wait.max"), 3.7, .02);
    assert_near(build_metric(m.sim, "bulkhead:queue"), (.9 + 2.8 + 3.7) / 100, 1e-9);
    sim_free(m.sim);
}

/* A permit that comes at the last moment is taken, as the answer was due before the patience. */
static void a_wait_ends(void **state) {
    (void)state;
    static const struct {
        const char *spec, *story;
        double done;
    } cases[] = {
        {"max_concurrent_calls=1, max_wait_duration=1s", "ok ok", 2},
        {"max_concurrent_calls=1, max_wait_duration=999ms", "ok limited", .999},
        {"max_concurrent_calls=1, max_wait_duration=1001ms", "ok ok", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model m = model(cases[i].spec, "says='ok 1s'");
        driver_calls(m.driver, 0, 0, 2, NULL);
        build_run(m.sim, m.driver, 0, 100);
        assert_string_equal(driver_story(m.driver, 2), cases[i].story);
        assert_near(done(&m, 1), cases[i].done, 1e-9);
        assert_near(build_metric(m.sim, "bulkhead:queue"), fmin(1, cases[i].done) / 100, 1e-9);
        sim_free(m.sim);
    }
}

static void the_queue_may_be_full(void **state) {
    (void)state;
    static const struct {
        const char *capacity, *story;
    } cases[] = {{"0", "ok limited limited limited"},
                 {"1", "ok ok limited limited"},
                 {"2", "ok ok ok limited"},
                 {"-1", "ok ok ok ok"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char spec[100];
        snprintf(spec, sizeof spec,
                 "max_concurrent_calls=1, max_wait_duration=10s, queue_capacity=%s",
                 cases[i].capacity);
        struct model m = model(spec, "says='ok 1s'");
        driver_calls(m.driver, 0, 0, 4, NULL);
        build_run(m.sim, m.driver, 0, 100);
        assert_string_equal(driver_story(m.driver, 4), cases[i].story);
        sim_free(m.sim);
    }
}

/* ---- withdrawals and crashes */

static void who_leaves_makes_room(void **state) {
    (void)state;
    struct model m = model("max_concurrent_calls=1, max_wait_duration=10s", "says='ok 1s'");
    driver_call(m.driver, 0, NULL)->cancel_after = 500 * MS; /* inside */
    driver_call(m.driver, 0, NULL)->cancel_after = 200 * MS; /* waiting */
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 3), "cancelled cancelled ok");
    assert_near(done(&m, 2), 1.5, 1e-9);
    assert_int_equal(leaf_count(m.leaf), 2);
    sim_free(m.sim);
}

/* The server of the one that leaves is free before the next one asks for it. */
static void the_room_is_there_below_too(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *station = build_node(sim, &station_type, "service=1s, queue={limit=0}", NULL);
    struct node *bulkhead = build_node(
        sim, &bulkhead_type, "max_concurrent_calls=1, max_wait_duration=10s", station, NULL);
    struct node *driver = build_driver(sim, bulkhead);
    struct arrival *first = driver_call(driver, 0, NULL);
    first->cancel_after = 500 * MS;
    first->cause = CAUSE_GONE;
    driver_call(driver, 0, NULL);
    build_run(sim, driver, 0, 100);
    assert_string_equal(driver_story(driver, 2), "cancelled ok");
    assert_int_equal(driver_arrival(driver, 1)->done, 1500 * MS);
    sim_free(sim);
}

/* Work that nobody waits for any more keeps its permit. */
static void abandoned_calls_stay_inside(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 1s'", NULL);
    struct node *bulkhead = build_node(sim, &bulkhead_type, "max_concurrent_calls=1", leaf, NULL);
    struct node *timeout = build_node(sim, &timeout_type, "after=100ms", bulkhead, NULL);
    struct node *driver = build_driver(sim, timeout);
    driver_calls(driver, 0, .5, 3, NULL);
    build_run(sim, driver, 0, 100);
    assert_string_equal(driver_story(driver, 3), "timeout limited timeout");
    sim_free(sim);
}

static void a_crash_empties_it(void **state) {
    (void)state;
    struct model m = model("max_concurrent_calls=1, max_wait_duration=10s", "says='ok 1s'");
    driver_calls(m.driver, 0, .1, 3, NULL);
    build_crash(m.bulkhead, .5);
    driver_calls(m.driver, 10, 0, 2, NULL);
    build_crash(m.leaf, 10.5); /* the one inside fails, the next one comes in */
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 5), "error error error error ok");
    assert_near(done(&m, 2), .5, 1e-9);
    assert_near(done(&m, 4), 11.5, 1e-9);
    assert_int_equal(leaf_count(m.leaf), 1 + 2);
    sim_free(m.sim);
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct model m = model("max_concurrent_calls=3, max_wait_duration=1s", "says='ok 100ms'");
    driver_calls(m.driver, 0, .01, 300, NULL);
    build_run(m.sim, m.driver, 0, 2);
    sim_free(m.sim);
}

/* ---- while running */

static void more_permits_let_those_in_who_wait(void **state) {
    (void)state;
    struct model m = model("max_concurrent_calls=1, max_wait_duration=10s", "says='ok 1s'");
    driver_calls(m.driver, 0, 0, 4, NULL);
    build_set(m.bulkhead, .5, "max_concurrent_calls", "3");
    build_run(m.sim, m.driver, 0, 100);
    assert_near(done(&m, 1), 1.5, 1e-9);
    assert_near(done(&m, 2), 1.5, 1e-9);
    assert_near(done(&m, 3), 2, 1e-9);
    assert_near(build_metric(m.sim, "bulkhead:utilization"), 4 / (.5 + 3 * 99.5), 1e-9);
    sim_free(m.sim);
}

static void fewer_permits_send_nobody_away(void **state) {
    (void)state;
    struct model m = model("max_concurrent_calls=3, max_wait_duration=10s", "says='ok 1s'");
    driver_calls(m.driver, 0, .1, 4, NULL);
    build_set(m.bulkhead, .5, "max_concurrent_calls", "1");
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 4), "ok ok ok ok");
    assert_near(done(&m, 2), 1.2, 1e-9);
    assert_near(done(&m, 3), 2.2, 1e-9);
    sim_free(m.sim);
}

/* A shorter patience is for those who come later, who may give up before others. */
static void patience_is_live(void **state) {
    (void)state;
    struct model m = model("max_concurrent_calls=1, max_wait_duration=5s", "says='ok 9s'");
    driver_calls(m.driver, 0, 0, 2, NULL);
    build_set(m.bulkhead, 1, "max_wait_duration", "1s");
    driver_call(m.driver, 2, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_near(done(&m, 1), 5, 1e-9);
    assert_near(done(&m, 2), 3, 1e-9);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &bulkhead_type, "max_concurrent_calls=0", NULL), "1..");
    assert_says(build_refusal(sim, &bulkhead_type, "max_wait=1s", NULL), "max_wait_duration");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_than_so_many),
        cmocka_unit_test(the_default_is_25_and_no_wait),
        cmocka_unit_test(others_wait_in_order),
        cmocka_unit_test(a_wait_ends),
        cmocka_unit_test(the_queue_may_be_full),
        cmocka_unit_test(who_leaves_makes_room),
        cmocka_unit_test(the_room_is_there_below_too),
        cmocka_unit_test(abandoned_calls_stay_inside),
        cmocka_unit_test(a_crash_empties_it),
        cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(more_permits_let_those_in_who_wait),
        cmocka_unit_test(fewer_permits_send_nobody_away),
        cmocka_unit_test(patience_is_live),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
