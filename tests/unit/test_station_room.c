/* The waiting room of a station: patience, CoDel, adaptive LIFO. */
#include "queueing.h"

static double count(struct model *m, const char *text, double seconds) {
    return build_metric(m->sim, text) * seconds;
}

/* ---- patience */

/* Ciw's example of reneging: arrivals every 7, service 11, patience 3. */
static void who_waits_too_long_is_shed(void **state) {
    (void)state;
    struct model m = model("service=11s, queue={max_wait=3s}");
    driver_calls(m.driver, 7, 7, 4, NULL);
    build_run(m.sim, m.driver, 0, 36);
    assert_string_equal(driver_story(m.driver, 4), "ok shed ok shed");
    assert_int_equal(driver_arrival(m.driver, 0)->done, 18 * NS_PER_S);
    assert_int_equal(driver_arrival(m.driver, 1)->done, 17 * NS_PER_S);
    assert_int_equal(driver_arrival(m.driver, 2)->done, 32 * NS_PER_S);
    assert_int_equal(driver_arrival(m.driver, 3)->done, 31 * NS_PER_S);
    assert_near(count(&m, "station:shed", 36), 2, 1e-9);
    assert_near(count(&m, "station:queue", 36), 6, 1e-9);
    sim_free(m.sim);
}

/* A server that comes free at that moment was due before the patience. */
static void the_last_moment_is_in_time(void **state) {
    (void)state;
    static const char *const specs[] = {"service=2s, queue={max_wait=1999ms}",
                                        "service=2s, queue={max_wait=2s}"};
    static const char *const stories[] = {"ok shed", "ok ok"};
    for (int i = 0; i < 2; i++) {
        struct model m = model(specs[i]);
        driver_calls(m.driver, 0, 0, 2, NULL);
        build_run(m.sim, m.driver, 0, 20);
        assert_string_equal(driver_story(m.driver, 2), stories[i]);
        sim_free(m.sim);
    }
}

static void patience_counts_with_every_discipline(void **state) {
    (void)state;
    static const char *const disciplines[] = {"fifo", "lifo", "priority",      "random",
                                              "sjf",  "edf",  "adaptive_lifo", "ps, max_sharing=1"};
    for (size_t i = 0; i < sizeof disciplines / sizeof *disciplines; i++) {
        struct sim *sim = build_new(1);
        const char *spec = arena_print(
            &sim->arena, "service=10s, queue={max_wait=3s}, discipline=%s", disciplines[i]);
        struct node *s = build_node(sim, &station_type, spec, NULL);
        struct node *d = build_driver(sim, s);
        driver_calls(d, 0, 1, 6, NULL);
        build_run(sim, d, 0, 20);
        assert_string_equal(driver_story(d, 6), "ok shed shed shed shed shed");
        assert_int_equal(driver_arrival(d, 5)->done, 8 * NS_PER_S);
        sim_free(sim);
    }
}

/* It may be drawn, and given while the station runs; those who wait already keep theirs. */
static void patience_is_drawn_and_live(void **state) {
    (void)state;
    struct model m = model("service=10s");
    driver_calls(m.driver, 0, 1, 2, NULL);
    build_set(m.station, 2, "queue.max_wait", "1s");
    driver_call(m.driver, 3, NULL);
    build_set(m.station, 4, "queue.max_wait", "5s");
    driver_call(m.driver, 5, NULL);
    build_run(m.sim, m.driver, 0, 50);
    assert_string_equal(driver_story(m.driver, 4), "ok ok shed shed");
    assert_near(done(&m, 2), 4, 0);
    assert_near(done(&m, 3), 10, 0);
    assert_near(done(&m, 1), 20, 0);
    sim_free(m.sim);
    m = model("service=1000s, queue={max_wait=uniform{min=1, max=2}}");
    driver_calls(m.driver, 0, 0, 50, NULL);
    build_run(m.sim, m.driver, 0, 50);
    for (uint32_t i = 1; i < 50; i++)
        assert_true(done(&m, i) >= 1 && done(&m, i) <= 2 && done(&m, i) != done(&m, i - 1));
    sim_free(m.sim);
}

/* Work that has begun is not given up because it waited, nor counted against the limit. */
static void who_was_interrupted_is_patient(void **state) {
    (void)state;
    struct model m = model("service=5s, discipline=lifo, preempt=resume, queue={max_wait=1s, "
                           "limit=0}");
    driver_calls(m.driver, 0, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 50);
    assert_string_equal(driver_story(m.driver, 3), "ok ok ok");
    sim_free(m.sim);
}

/* ---- CoDel: target 5 ms, interval 100 ms */

/* One server, 10 ms a call. Waits are 0, 10, 20, … ms as all come at once. Nothing is dropped in
 * the first interval, whose least wait is 0, but for that of the second: at 110 ms the least wait
 * since 10 ms was 10 ms. */
static void codel_drops_after_an_interval_of_long_waits(void **state) {
    (void)state;
    struct model m = model("service=10ms, queue={codel=folly}");
    driver_call(m.driver, 0, NULL);
    driver_calls(m.driver, .001, 0, 40, NULL);
    build_run(m.sim, m.driver, 0, 1);
    /* Starts: 0; then 10 ms (a wait of 9 ms opens an interval to 110 ms, and its least is 9 ms),
     * 20, … 110 ms: not above the end; at 120 ms it was above the target: overloaded, and that one
     * passes. What comes next has waited for 129 ms: all dropped at once. */
    uint32_t ok = driver_outcomes(m.driver, 0, 1, OUTCOME_OK);
    assert_int_equal(ok, 1 + 12);
    assert_int_equal(driver_outcomes(m.driver, 0, 1, OUTCOME_SHED), 28);
    assert_int_equal(driver_arrival(m.driver, 13)->done, 130 * MS);
    assert_int_equal(driver_arrival(m.driver, 14)->done, 130 * MS);
    assert_near(count(&m, "station:shed", 1), 28, 1e-9);
    sim_free(m.sim);
}

/* While it is overloaded, a wait of twice the target still passes, and one above it does not. */
static void codel_spares_twice_the_target(void **state) {
    (void)state;
    static const double waits[] = {.010, .0100001};
    static const char *const last[] = {"ok", "shed"};
    for (int i = 0; i < 2; i++) {
        struct model m = model("service=20ms, queue={codel=folly}");
        /* pairs: the second of each waits for 6 ms, so that every wait is above the target … */
        driver_call(m.driver, 0, NULL);
        driver_call(m.driver, .014, NULL); /* starts at 20: interval to 120 */
        driver_call(m.driver, .034, NULL); /* 40 */
        driver_call(m.driver, .054, NULL);
        driver_call(m.driver, .074, NULL);
        driver_call(m.driver, .094, NULL);
        driver_call(m.driver, .114, NULL); /* 120: not above the end */
        driver_call(m.driver, .134, NULL); /* 140: overloaded */
        driver_call(m.driver, .160 - waits[i], NULL);
        build_run(m.sim, m.driver, 0, 1);
        assert_string_equal(driver_story(m.driver, 9),
                            arena_print(&m.sim->arena, "ok ok ok ok ok ok ok ok %s", last[i]));
        sim_free(m.sim);
    }
}

/* One call that need not wait clears it: the least wait of that interval is 0. */
static void codel_hears_of_those_who_need_not_wait(void **state) {
    (void)state;
    struct model m = model("service=50ms, queue={codel=folly}");
    driver_call(m.driver, 0, NULL);
    driver_calls(m.driver, .2, 0, 3, NULL); /* 200: interval to 300, 0; 250, 300 */
    driver_calls(m.driver, .4, 0, 4, NULL); /* 400: least was 0, to 500, 0; waits of 50, 100, 150 */
    build_run(m.sim, m.driver, 0, 1);
    assert_string_equal(driver_story(m.driver, 8), "ok ok ok ok ok ok ok ok");
    sim_free(m.sim);
}

/* Whoever comes to a queue that was empty within the last 100 ms waits for 100 ms at most,
 * otherwise for 5 ms. */
static void the_queue_timeout_is_short_when_the_queue_stands(void **state) {
    (void)state;
    struct model m = model("service=1s, queue={codel=queue_timeout}");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, .1, NULL);  /* the queue was empty: to 200 */
    driver_call(m.driver, .15, NULL); /* to 250 */
    driver_call(m.driver, .2, NULL);  /* empty 100 ms ago: not longer than that; to 300 */
    driver_call(m.driver, .21, NULL); /* to 215 */
    driver_call(m.driver, .4, NULL);  /* empty since 300: to 500 */
    build_run(m.sim, m.driver, 0, 5);
    assert_string_equal(driver_story(m.driver, 6), "ok shed shed shed shed shed");
    static const double ends[] = {1, .2, .25, .3, .215, .5};
    for (uint32_t i = 0; i < 6; i++)
        assert_near(done(&m, i), ends[i], 1e-12);
    sim_free(m.sim);
}

static void the_shorter_patience_counts(void **state) {
    (void)state;
    struct model m = model("service=1s, queue={codel=queue_timeout, max_wait=50ms}");
    driver_calls(m.driver, 0, 0, 2, NULL);
    build_run(m.sim, m.driver, 0, 5);
    assert_near(done(&m, 1), .05, 1e-12);
    sim_free(m.sim);
}

static void codel_is_live(void **state) {
    (void)state;
    struct model m = model("service=1s, queue={codel=queue_timeout}");
    build_set(m.station, 1, "queue.interval", "300ms");
    build_set(m.station, 1, "queue.target", "20ms");
    driver_call(m.driver, 2, NULL);
    driver_call(m.driver, 2, NULL);
    driver_call(m.driver, 2.29, NULL);
    driver_call(m.driver, 2.58, NULL);
    driver_call(m.driver, 2.589, NULL);
    build_run(m.sim, m.driver, 0, 5);
    assert_near(done(&m, 1), 2.3, 1e-9);
    assert_near(done(&m, 2), 2.59, 1e-9);
    assert_near(done(&m, 4), 2.609, 1e-9); /* the queue stands since 2 s */
    sim_free(m.sim);
}

/* ---- adaptive LIFO */

/* The queue is not empty from .1 s on. Up to 2.1 s the oldest is next, after that the newest. */
static void the_newest_when_the_queue_has_been_standing(void **state) {
    (void)state;
    struct model m = model("service=1s, discipline=adaptive_lifo, lifo_after=2s");
    driver_calls(m.driver, 0, .1, 6, NULL);
    build_run(m.sim, m.driver, 0, 20);
    static const double ends[] = {1, 2, 3, 6, 5, 4};
    for (uint32_t i = 0; i < 6; i++)
        assert_near(done(&m, i), ends[i], 1e-12);
    sim_free(m.sim);
}

static void an_empty_queue_begins_anew(void **state) {
    (void)state;
    struct model m = model("service=1s, discipline=adaptive_lifo, lifo_after=1500ms");
    driver_calls(m.driver, 0, 0, 4, NULL);  /* 1, 2, then newest: 3, 4 */
    driver_calls(m.driver, 10, 0, 2, NULL); /* 11, 12 */
    driver_calls(m.driver, 11.4, 0, 3, NULL);
    build_run(m.sim, m.driver, 0, 30);
    static const double ends[] = {1, 2, 4, 3, 11, 12, 13, 15, 14};
    for (uint32_t i = 0; i < 9; i++)
        assert_near(done(&m, i), ends[i], 1e-12);
    sim_free(m.sim);
}

static void the_threshold_is_live(void **state) {
    (void)state;
    struct model m = model("service=1s, discipline=adaptive_lifo, lifo_after=100s");
    driver_calls(m.driver, 0, .1, 4, NULL);
    build_set(m.station, 1.5, "lifo_after", "1s");
    build_run(m.sim, m.driver, 0, 20);
    static const double ends[] = {1, 2, 4, 3};
    for (uint32_t i = 0; i < 4; i++)
        assert_near(done(&m, i), ends[i], 1e-12);
    sim_free(m.sim);
}

/* ---- pools */

/* One server for two stations, of which one drops what has waited too long: the other is served. */
static void a_pool_goes_on_to_the_next(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "a", 0);
    build_class(sim, "b", 0);
    struct node *pool = build_node(sim, &pool_type, "name=cpu, servers=1", NULL);
    struct node *a = build_node(sim, &station_type,
                                "name=a, on=@1, service=100ms, queue={codel=folly}", pool, NULL);
    struct node *b = build_node(
        sim, &station_type, "name=b, on=@1, service=100ms, discipline=adaptive_lifo", pool, NULL);
    struct node *split = build_node(sim, &split_type, "to={a=@1, b=@2}, by=class", a, b, NULL);
    struct node *d = build_driver(sim, split);
    driver_calls(d, 0, 0, 6, "a"); /* 100: interval to 200; 200, 300: overloaded; then dropped */
    driver_calls(d, .01, 0, 3, "b");
    build_run(sim, d, 0, 5);
    assert_string_equal(driver_story(d, 9), "ok ok ok ok shed shed ok ok ok");
    assert_int_equal(driver_arrival(d, 8)->done, 500 * MS);
    assert_int_equal(driver_arrival(d, 6)->done, 700 * MS);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_too_long_is_shed),
        cmocka_unit_test(the_last_moment_is_in_time),
        cmocka_unit_test(patience_counts_with_every_discipline),
        cmocka_unit_test(patience_is_drawn_and_live),
        cmocka_unit_test(who_was_interrupted_is_patient),
        cmocka_unit_test(codel_drops_after_an_interval_of_long_waits),
        cmocka_unit_test(codel_spares_twice_the_target),
        cmocka_unit_test(codel_hears_of_those_who_need_not_wait),
        cmocka_unit_test(the_queue_timeout_is_short_when_the_queue_stands),
        cmocka_unit_test(the_shorter_patience_counts),
        cmocka_unit_test(codel_is_live),
        cmocka_unit_test(the_newest_when_the_queue_has_been_standing),
        cmocka_unit_test(an_empty_queue_begins_anew),
        cmocka_unit_test(the_threshold_is_live),
        cmocka_unit_test(a_pool_goes_on_to_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
