/* Stations: who is served when, by whom, and what is counted. */
#include "queueing.h"

#include "base/stats.h"

/* ---- disciplines */

static void first_come_first_served(void **state) {
    (void)state;
    struct model m = model("service=2s");
    driver_calls(m.driver, 0, .5, 4, NULL);
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 2, 4, 6, 8);
    assert_near(metric(&m, "station:wait.mean"), (1.5 + 3 + 4.5) / 4, 1e-9);
    assert_near(metric(&m, "station:service.mean"), 2, 1e-9);
    assert_near(metric(&m, "station:queue"), 9. / 20, 1e-12);
    assert_near(metric(&m, "station:utilization"), 8. / 20, 1e-12);
    assert_near(metric(&m, "station:in_flight"), 17. / 20, 1e-12);
    sim_free(m.sim);
}

static void first_come_first_served_by_several(void **state) {
    (void)state;
    struct model m = model("service=2s, servers=2");
    driver_calls(m.driver, 0, .5, 5, NULL);
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 2, 2.5, 4, 4.5, 6);
    assert_near(metric(&m, "station:utilization"), 10. / 40, 1e-12);
    sim_free(m.sim);
}

static void last_come_first_served(void **state) {
    (void)state;
    struct model m = model("service=2s, discipline=lifo");
    driver_calls(m.driver, 0, .5, 4, NULL);
    driver_call(m.driver, 4.5, NULL);
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 2, 10, 6, 4, 8); /* the one in service is left alone */
    sim_free(m.sim);
}

static void the_important_first(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "batch", -5);
    build_class(sim, "human", 2.5);
    build_class(sim, "agent", 0);
    struct model m = on(sim, "service=1s, discipline=priority");
    static const char *const classes[] = {"batch", "batch", "agent", "human",
                                          "batch", "human", "agent"};
    for (int i = 0; i < 7; i++)
        driver_call(m.driver, .1 * i, classes[i]);
    build_run(sim, m.driver, 0, 20);
    ENDS(&m, 1, 6, 4, 2, 7, 3, 5);
    sim_free(sim);
}

/* Ciw's example of priorities without preemption: a low one in service is not interrupted. */
static void importance_does_not_interrupt(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "low", 0);
    build_class(sim, "high", 1);
    struct model m = on(sim, "discipline=priority, service={low=5s, high=4s}");
    driver_call(m.driver, 1.5, "low");
    driver_call(m.driver, 5, "low");
    driver_call(m.driver, 7.5, "high");
    build_run(sim, m.driver, 0, 20);
    ENDS(&m, 6.5, 11.5, 15.5);
    sim_free(sim);
}

static void equal_priorities_are_one_queue(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "a", 3);
    build_class(sim, "b", 3);
    struct model m = on(sim, "service=1s, discipline=priority");
    for (int i = 0; i < 6; i++)
        driver_call(m.driver, .1 * i, i % 2 ? "b" : "a");
    build_run(sim, m.driver, 0, 20);
    ENDS(&m, 1, 2, 3, 4, 5, 6);
    sim_free(sim);
}

/* Rounds of six calls: one is served, five wait. Each of the 5! orders in which they follow is as
 * likely as another. */
static void chance_is_fair(void **state) {
    (void)state;
    enum { ROUNDS = 4000 };
    struct model m = model("service=1s, discipline=random");
    for (int i = 0; i < ROUNDS; i++)
        driver_calls(m.driver, 10. * i, .01, 6, NULL);
    build_run(m.sim, m.driver, 0, 10. * ROUNDS);
    uint64_t seen[120] = {0};
    double expected[120];
    for (uint32_t i = 0; i < ROUNDS; i++) {
        int rank = 0;
        for (uint32_t a = 1; a < 6; a++) { /* Lehmer code of the order */
            int later = 0;
            for (uint32_t b = a + 1; b < 6; b++)
                later += done(&m, 6 * i + b) < done(&m, 6 * i + a);
            rank = rank * (int)(6 - a) + later;
        }
        seen[rank]++;
    }
    for (int i = 0; i < 120; i++)
        expected[i] = ROUNDS / 120.;
    assert_true(kit_chi2(seen, expected, 120) > 1e-3);
    sim_free(m.sim);
}

/* ---- the waiting room */

/* Ciw's example of balking: arrivals every 5, service 21, nobody joins three others. */
static void a_full_queue_refuses(void **state) {
    (void)state;
    struct model m = model("service=21s, queue={limit=2}");
    driver_calls(m.driver, 5, 5, 10, NULL);
    build_run(m.sim, m.driver, 0, 51);
    assert_string_equal(driver_story(m.driver, 10), "ok ok - error error - error error error -");
    assert_near(done(&m, 0), 26, 0);
    assert_near(done(&m, 1), 47, 0);
    assert_int_equal(driver_arrival(m.driver, 3)->done, driver_arrival(m.driver, 3)->time);
    assert_near(metric(&m, "station:rejected") * 51, 5, 1e-9);
    sim_free(m.sim);
}

static void without_room_only_the_servers_count(void **state) {
    (void)state;
    struct model m = model("service=2s, servers=2, queue={limit=0}");
    driver_calls(m.driver, 0, .5, 6, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 6), "ok ok error error ok ok");
    sim_free(m.sim);
}

static void the_limit_may_change(void **state) {
    (void)state;
    struct model m = model("service=10s, queue={limit=0}");
    build_set(m.station, 2.5, "queue.limit", "2");
    build_set(m.station, 5.5, "queue.limit", "0"); /* those who wait stay */
    driver_calls(m.driver, 0, 1, 8, NULL);
    build_run(m.sim, m.driver, 0, 50);
    assert_string_equal(driver_story(m.driver, 8), "ok error error ok ok error error error");
    sim_free(m.sim);
}

static void those_who_leave_make_room(void **state) {
    (void)state;
    static const char *const disciplines[] = {"fifo", "lifo", "priority", "random"};
    for (int i = 0; i < 4; i++) {
        struct sim *sim = build_new(1);
        struct model m =
            on(sim, arena_print(&sim->arena, "service=10s, queue={limit=3}, discipline=%s",
                                disciplines[i]));
        driver_call(m.driver, 0, NULL);
        driver_call(m.driver, 1, NULL)->cancel_after = 3500 * MS;
        driver_call(m.driver, 2, NULL)->cancel_after = 500 * MS;
        driver_call(m.driver, 3, NULL);
        driver_call(m.driver, 4, NULL);
        driver_call(m.driver, 5, NULL);
        driver_call(m.driver, 5.5, NULL);
        build_run(sim, m.driver, 0, 50);
        assert_string_equal(driver_story(m.driver, 7), "ok cancelled cancelled ok ok ok error");
        assert_near(metric(&m, "station:utilization"), 40. / 50, 1e-12);
        assert_near(
            metric(&m, "station:queue"), /* the three that stay share 10 + 20 + 30 seconds */
            (3.5 + .5 + 10 + 20 + 30 - 3 - 4 - 5) / 50, 1e-9);
        sim_free(sim);
    }
}

static void who_leaves_a_server_frees_it(void **state) {
    (void)state;
    struct model m = model("service=10s");
    struct arrival *a = driver_call(m.driver, 0, NULL);
    a->cancel_after = 3000 * MS;
    a->cause = CAUSE_GONE;
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 50);
    assert_near(done(&m, 1), 13, 0);
    assert_near(metric(&m, "station:utilization"), 13. / 50, 1e-12);
    sim_free(m.sim);
}

/* ---- live changes */

static void more_servers_start_at_once(void **state) {
    (void)state;
    struct model m = model("service=10s");
    driver_calls(m.driver, 0, 0, 4, NULL);
    build_set(m.station, 2, "servers", "3");
    build_run(m.sim, m.driver, 0, 40);
    ENDS(&m, 10, 12, 12, 20);
    assert_near(metric(&m, "station:utilization"), 40. / (2 + 3 * 38), 1e-12);
    sim_free(m.sim);
}

static void fewer_servers_finish_what_they_do(void **state) {
    (void)state;
    struct model m = model("service=10s, servers=3");
    driver_calls(m.driver, 0, 1, 6, NULL);
    build_set(m.station, 5.5, "servers", "1");
    build_run(m.sim, m.driver, 0, 60);
    ENDS(&m, 10, 11, 12, 22, 32, 42); /* the next one starts when the last of the three is done */
    sim_free(m.sim);
}

/* A station that was given no number of servers has one, also after a fault has come and gone. */
static void a_fault_of_the_servers_heals(void **state) {
    (void)state;
    static const char *const specs[] = {"service=1s", "service=1s, servers=1"};
    for (int i = 0; i < 2; i++) {
        struct model m = model(specs[i]);
        kit_fault(m.sim, "set", "'station:servers', 4, from=10s, to=20s");
        driver_calls(m.driver, 0, 0, 2, NULL);
        driver_calls(m.driver, 10, 0, 4, NULL);
        driver_calls(m.driver, 30, 0, 2, NULL);
        build_run(m.sim, m.driver, 0, 60);
        ENDS(&m, 1, 2, 11, 11, 11, 11, 31, 32);
        sim_free(m.sim);
    }
}

static void new_times_hold_for_new_work(void **state) {
    (void)state;
    struct model m = model("service=10s, servers=3");
    build_set(m.station, 1.5, "service",
              "1s"); /* earlier than the tail of the line of constant services */
    build_set(m.station, 2.5, "service", "12s");
    driver_calls(m.driver, 1, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 60);
    ENDS(&m, 11, 3, 15);
    m.sim = (sim_free(m.sim), build_new(1));
    m = on(m.sim, "service=uniform{min=5, max=6}, servers=3");
    build_set(m.station, 1.5, "service", "1s"); /* from a distribution to a constant and back */
    build_set(m.station, 2.5, "service", "steps{{0, 2s}, {2.8s, 7s}}");
    driver_calls(m.driver, 1, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 60);
    assert_true(done(&m, 0) >= 6 && done(&m, 0) <= 7);
    assert_near(done(&m, 1), 3, 0);
    assert_near(done(&m, 2), 10, 0);
    sim_free(m.sim);
}

/* ---- draws */

/* Two servers may not begin two calls of one request with the same dice: calls of one request are
 * told apart. */
static void a_request_that_comes_twice_draws_twice(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s =
        build_node(sim, &station_type, "service=exponential{mean=1s}, servers=100", NULL);
    struct node *d = build_driver(sim, build_node(sim, &chain_type, "", s, s, NULL));
    driver_calls(d, 0, 1, 2000, NULL);
    build_run(sim, d, 0, 2100);
    double x[2000];
    for (uint32_t i = 0; i < 2000; i++)
        x[i] = ns_to_s(driver_arrival(d, i)->done - driver_arrival(d, i)->time);
    struct estimate e = stats_estimate(x, 2000, .9999);
    assert_true(e.ci.lo < 2 && 2 < e.ci.hi);
    /* the variance of a sum of two independent ones is 2; of one counted twice, 4. The estimate's
     * own sd is near .12 */
    assert_near(e.sd * e.sd, 2, .5);
    sim_free(sim);
}

/* M/M/1, 5 against 8 a second: the mean wait is 5/8 / (8 - 5) s. */
static void the_wait_of_mm1(void **state) {
    (void)state;
    enum { RUNS = 20 };
    double wait[RUNS];
    for (uint64_t i = 0; i < RUNS; i++) {
        struct model m = on(build_new_replication(5, i + 1), "service=exponential{mean=125ms}");
        driver_poisson(m.driver, -50, 1000, 5, NULL);
        build_run(m.sim, m.driver, 50, 1000);
        wait[i] = metric(&m, "station:wait.mean");
        sim_free(m.sim);
    }
    struct estimate e = stats_estimate(wait, RUNS, .999);
    assert_true(e.ci.lo < .208333 && .208333 < e.ci.hi);
    assert_true(e.ci.hi - e.ci.lo < .05);
}

/* ---- refusals */

static void bad_stations_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "'service' is missing"},
        {"service=1s, servers=0", "servers = 0: it must lie in 1..1000000"},
        {"service=1s, servers=1.5", "it must be a whole number"},
        {"service=1s, discipline=lofi", "did you mean \"lifo\"?"},
        {"service=1s, discipline=shortest", "one of \"fifo\", \"lifo\", \"priority\", \"random\""},
        {"service=1s, queue={limits=3}", "queue: unknown key 'limits'; did you mean 'limit'?"},
        {"service=-1s", "negative"},
        {"service=5GiB", "is not a duration"},
        {"service=1s, server=3", "did you mean 'servers'?"},
        {"service=1s, queue=5", "queue: a text was given; it wants a table"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        assert_says(build_refusal(sim, &station_type, cases[i][0], NULL), cases[i][1]);
        sim_free(sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_come_first_served),
        cmocka_unit_test(first_come_first_served_by_several),
        cmocka_unit_test(last_come_first_served),
        cmocka_unit_test(the_important_first),
        cmocka_unit_test(importance_does_not_interrupt),
        cmocka_unit_test(equal_priorities_are_one_queue),
        cmocka_unit_test(chance_is_fair),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(without_room_only_the_servers_count),
        cmocka_unit_test(the_limit_may_change),
        cmocka_unit_test(those_who_leave_make_room),
        cmocka_unit_test(who_leaves_a_server_frees_it),
        cmocka_unit_test(more_servers_start_at_once),
        cmocka_unit_test(fewer_servers_finish_what_they_do),
        cmocka_unit_test(a_fault_of_the_servers_heals),
        cmocka_unit_test(new_times_hold_for_new_work),
        cmocka_unit_test(a_request_that_comes_twice_draws_twice),
        cmocka_unit_test(the_wait_of_mm1),
        cmocka_unit_test(bad_stations_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
