/* Stations that stand still, break, warm up, or are switched off. */
#include "queueing.h"

/* A time that never varies, as a distribution, where a plain one would be an exponential mean. */
#define ALWAYS(s) "uniform{min=" #s ", max=" #s "}"

/* ---- pauses */

/* At 10..13 and 23..26: what is in service stands still, what comes waits. */
static void everything_stands_still(void **state) {
    (void)state;
    struct model m = model("service=2s, servers=2, pause={every=10s, lasting=3s}");
    driver_call(m.driver, 7, NULL);
    driver_call(m.driver, 9, NULL);    /* 1 s is left */
    driver_call(m.driver, 11, NULL);   /* begins at 13 */
    driver_call(m.driver, 11.5, NULL); /* begins at 14 */
    driver_call(m.driver, 22, NULL);
    build_run(m.sim, m.driver, 0, 40);
    ENDS(&m, 9, 14, 15, 16, 27);
    assert_near(metric(&m, "station:wait.max"), 2.5, .02);
    assert_near(metric(&m, "station:queue"), (2 + 2.5) / 40, 1e-9);
    sim_free(m.sim);
}

static void a_shared_server_stands_still_too(void **state) {
    (void)state;
    struct model m = model("service=2s, discipline=ps, pause={every=10s, lasting=3s}");
    driver_call(m.driver, 8, NULL);  /* 1 s alone, then half a second: .5 s left */
    driver_call(m.driver, 9, NULL);  /* 1.5 s left */
    driver_call(m.driver, 11, NULL); /* waits until 13 */
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 14.5, 16.5, 17);
    sim_free(m.sim);
}

/* Those who leave meanwhile free a server that nobody is given. */
static void withdrawals_and_crashes_in_a_pause(void **state) {
    (void)state;
    struct model m = model("service=2s, pause={every=10s, lasting=3s}");
    struct arrival *a = driver_call(m.driver, 9, NULL);
    a->cancel_after = 2000 * MS;
    a->cause = CAUSE_GONE;
    driver_call(m.driver, 10, NULL)->cancel_after = 500 * MS;
    driver_call(m.driver, 10.5, NULL);
    driver_call(m.driver, 22.5, NULL);
    build_crash(m.station, 24);
    driver_call(m.driver, 25, NULL);
    build_run(m.sim, m.driver, 0, 40);
    ENDS(&m, 11, 10.5, 15, 24, 28);
    assert_string_equal(driver_story(m.driver, 5), "cancelled cancelled ok error ok");
    sim_free(m.sim);
}

static void a_pause_in_a_pool_keeps_its_servers(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "a", 0);
    build_class(sim, "b", 0);
    struct node *pool = build_node(sim, &pool_type, "servers=1", NULL);
    struct node *a = build_node(
        sim, &station_type, "name=a, on=@1, service=2s, pause={every=10s, lasting=3s}", pool, NULL);
    struct node *b = build_node(sim, &station_type, "name=b, on=@1, service=1s", pool, NULL);
    struct node *split = build_node(sim, &split_type, "to={a=@1, b=@2}, by=class", a, b, NULL);
    struct model m = {.sim = sim, .driver = build_driver(sim, split)};
    driver_call(m.driver, 9, "a");
    driver_call(m.driver, 9.5, "b");  /* after the first */
    driver_call(m.driver, 23.2, "a"); /* waits for the end of its pause */
    driver_call(m.driver, 23.5, "b"); /* need not wait for that */
    build_run(sim, m.driver, 0, 40);
    ENDS(&m, 14, 15, 28, 24.5);
    sim_free(sim);
}

/* ---- breakdowns of the whole station: at 10..14 */

static void a_station_breaks(void **state) {
    (void)state;
    static const struct {
        const char *on_failure, *story;
        double ends[4];
    } cases[] = {
        {"resume", "ok ok ok ok", {16, 16.5, 19, 19.5}},
        {"restart", "ok ok ok ok", {17, 17, 20, 20}},
        {"lost", "error error ok ok", {10, 10, 17, 17}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        const char *spec = arena_print(&sim->arena,
                                       "service=3s, servers=2, breakdown={per=station, "
                                       "on_failure=%s, mtbf=" ALWAYS(10) ", mttr=" ALWAYS(4) "}",
                                       cases[i].on_failure);
        struct model m = {.sim = sim, .station = build_node(sim, &station_type, spec, NULL)};
        m.driver = build_driver(sim, m.station);
        driver_call(m.driver, 9, NULL);
        driver_call(m.driver, 9.5, NULL);
        driver_call(m.driver, 11, NULL);
        driver_call(m.driver, 12, NULL);
        build_run(sim, m.driver, 0, 23);
        assert_string_equal(driver_story(m.driver, 4), cases[i].story);
        ends(&m, cases[i].ends, 4);
        assert_near(metric(&m, "station:failures") * 23, 1, 1e-9);
        assert_near(metric(&m, "station:broken"), 4 * 2 / 23., 1e-9);
        assert_near(metric(&m, "station:outage"), 4 / 23., 1e-9);
        sim_free(sim);
    }
}

/* ---- breakdowns of servers */

/* One server, which is down at 10..14, busy or not. */
static void a_server_breaks(void **state) {
    (void)state;
    static const char *const specs[] = {"resume", "restart", "lost"};
    static const double first[] = {16, 17, 10}, second[] = {19, 20, 17};
    for (int i = 0; i < 3; i++) {
        struct sim *sim = build_new(1);
        const char *spec = arena_print(
            &sim->arena,
            "service=3s, breakdown={on_failure=%s, mtbf=" ALWAYS(10) ", mttr=" ALWAYS(4) "}",
            specs[i]);
        struct model m = {.sim = sim, .station = build_node(sim, &station_type, spec, NULL)};
        m.driver = build_driver(sim, m.station);
        driver_call(m.driver, 9, NULL);
        driver_call(m.driver, 11, NULL);
        build_run(sim, m.driver, 0, 23);
        const double want[] = {first[i], second[i]};
        ends(&m, want, 2);
        assert_near(metric(&m, "station:outage"), 4 / 23., 1e-9);
        static const double busy[] = {6, 7, 4}; /* a broken server is not */
        assert_near(metric(&m, "station:utilization"), busy[i] / 23, 1e-9);
        sim_free(sim);
    }
}

/* Three servers break at 10 and take 4 s each: with one crew they are back at 14, 18 and 22, with
 * two at 14, 14 and 18. */
static void crews_repair_in_turn(void **state) {
    (void)state;
    static const int crews[] = {0, 1, 2};
    static const double done[][3] = {{17, 17, 17}, {17, 20, 21}, {17, 17, 20}};
    static const double broken[] = {12, 4 + 8 + 12, 4 + 4 + 8};
    for (int i = 0; i < 3; i++) {
        struct sim *sim = build_new(1);
        const char *spec = arena_print(
            &sim->arena,
            "service=3s, servers=3, breakdown={crews=%d, mtbf=" ALWAYS(10) ", mttr=" ALWAYS(4) "}",
            crews[i]);
        struct model m = {.sim = sim, .station = build_node(sim, &station_type, spec, NULL)};
        m.driver = build_driver(sim, m.station);
        driver_calls(m.driver, 11, 0, 3, NULL);
        build_run(sim, m.driver, 0, 23.999);
        ends(&m, done[i], 3);
        assert_near(metric(&m, "station:broken") * 23.999, broken[i], 1e-6);
        assert_near(metric(&m, "station:outage") * 23.999, 4, 1e-6);
        sim_free(sim);
    }
}

static void who_is_on_a_broken_server_may_leave(void **state) {
    (void)state;
    static const enum cause causes[] = {CAUSE_GONE, CAUSE_QUEUED};
    static const double first[] = {11, 11}, second[] = {17, 19};
    for (int i = 0; i < 2; i++) {
        struct model m = model("service=3s, breakdown={mtbf=" ALWAYS(10) ", mttr=" ALWAYS(4) "}");
        struct arrival *a = driver_call(m.driver, 9, NULL);
        a->cancel_after = 2000 * MS;
        a->cause = causes[i];
        driver_call(m.driver, 9, NULL);
        build_run(m.sim, m.driver, 0, 20);
        ENDS(&m, first[i], second[i]);
        sim_free(m.sim);
    }
}

/* More servers come at 12, of which none has broken yet; then there are fewer again. */
static void the_number_of_servers_may_change(void **state) {
    (void)state;
    struct model m = model("service=3s, breakdown={mtbf=" ALWAYS(10) ", mttr=" ALWAYS(4) "}");
    driver_calls(m.driver, 11, 0, 4, NULL);
    build_set(m.station, 12, "servers", "3"); /* two of them serve to 15, the old one from 14 on */
    build_set(m.station, 14.5, "servers", "1");
    driver_calls(m.driver, 17.5, 0, 2, NULL); /* one of the new ones is left, to 22 */
    build_run(m.sim, m.driver, 0, 40);
    assert_int_equal(driver_outcomes(m.driver, 0, 20, OUTCOME_OK), 6);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 15 * NS_PER_S);
    assert_int_equal(driver_arrival(m.driver, 2)->done, 17 * NS_PER_S);
    sim_free(m.sim);
}

/* Broken servers only make the shared processor slower. */
static void a_shared_processor_loses_servers(void **state) {
    (void)state;
    struct model m = model("service=4s, servers=2, discipline=ps, breakdown={crews=1, "
                           "mtbf=" ALWAYS(10) ", mttr=" ALWAYS(2) "}");
    driver_calls(m.driver, 9, 0, 2, NULL); /* 1 s each, none to 12, one server to 14: 1 s each */
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 16, 16);
    assert_near(metric(&m, "station:utilization"), (2 + 2 + 4) / 40., 1e-9);
    sim_free(m.sim);
}

static void a_crash_of_a_broken_station(void **state) {
    (void)state;
    static const char *const more[] = {"", ", discipline=lifo, preempt=resume", ", setup=1s"};
    for (int i = 0; i < 3; i++) {
        struct sim *sim = build_new(1);
        const char *spec = arena_print(&sim->arena,
                                       "service=1s, servers=4, breakdown={mtbf=2s, mttr=1s, "
                                       "crews=1, on_failure=restart}%s",
                                       more[i]);
        struct model m = {.sim = sim, .station = build_node(sim, &station_type, spec, NULL)};
        m.driver = build_driver(sim, m.station);
        driver_calls(m.driver, 0, .3, 200, NULL);
        for (int k = 1; k < 20; k++)
            build_crash(m.station, 3. * k);
        build_set(m.station, 20, "servers", "7");
        build_set(m.station, 40, "servers", "2");
        build_run(sim, m.driver, 0, 70);
        assert_true(driver_outcomes(m.driver, 0, 60, OUTCOME_ERROR) > 20);
        assert_true(driver_outcomes(m.driver, 0, 60, OUTCOME_OK) > 10);
        sim_free(sim);
    }
}

/* ---- switched off when idle */

static void work_switches_it_on(void **state) {
    (void)state;
    struct model m = model("service=1s, setup=4s");
    driver_call(m.driver, 1, NULL);
    driver_call(m.driver, 2, NULL);
    driver_call(m.driver, 6.5, NULL); /* it is still on */
    driver_call(m.driver, 9, NULL);   /* off since 8 */
    build_run(m.sim, m.driver, 0, 20);
    ENDS(&m, 6, 7, 8, 14);
    assert_near(metric(&m, "station:setups") * 20, 2, 1e-9);
    assert_near(metric(&m, "station:utilization"), 4 / 20., 1e-9);
    sim_free(m.sim);
}

static void it_stays_on_for_a_while(void **state) {
    (void)state;
    struct model m = model("service=1s, setup=4s, idle=10s");
    driver_call(m.driver, 1, NULL);    /* to 6 */
    driver_call(m.driver, 15.9, NULL); /* to 16.9 */
    driver_call(m.driver, 26.91, NULL);
    build_run(m.sim, m.driver, 0, 40);
    ENDS(&m, 6, 16.9, 31.91);
    assert_near(metric(&m, "station:setups") * 40, 2, 1e-9);
    sim_free(m.sim);
}

/* Who had it set up has left: it is on, and off again at once. */
static void a_setup_for_nobody(void **state) {
    (void)state;
    struct model m = model("service=1s, setup=4s, queue={limit=1}");
    driver_call(m.driver, 1, NULL)->cancel_after = 1000 * MS;
    driver_call(m.driver, 4, NULL); /* of the same setup */
    driver_call(m.driver, 4.5, NULL);
    driver_call(m.driver, 10, NULL)->cancel_after = 1000 * MS;
    driver_call(m.driver, 15, NULL);
    build_run(m.sim, m.driver, 0, 40);
    assert_string_equal(driver_story(m.driver, 5), "cancelled ok error cancelled ok");
    ENDS(&m, 2, 6, 4.5, 11, 20);
    assert_near(metric(&m, "station:setups") * 40, 3, 1e-9);
    sim_free(m.sim);
}

static void a_slow_setup(void **state) {
    (void)state;
    struct model m = model("service=1s, setup=4s");
    kit_fault(m.sim, "slow", "'station', factor=2, from=0s, to=2s");
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 40);
    ENDS(&m, 10);
    sim_free(m.sim);
}

/* ---- warming up */

/* Three times as slow at first, twice after half of the time. */
static void it_is_slow_at_first(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9, warm_up={lasting=10s, factor=3}");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 5, NULL);
    driver_call(m.driver, 7.5, NULL);
    driver_call(m.driver, 10, NULL);
    driver_call(m.driver, 12, NULL);
    build_run(m.sim, m.driver, 0, 40);
    ENDS(&m, 3, 7, 9, 11, 13);
    sim_free(m.sim);
}

static struct node *cold(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &station_type,
                      "name=work, service=1s, servers=9, warm_up={lasting=10s, factor=3}", NULL);
}

static void start_second(void *ctx) {
    group_scale(group_of(ctx), 2);
}

/* Counted from when the replica became ready. */
static void every_replica_warms_up(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *pods = kit_group(sim, "pod", 1, 2, cold);
    struct node *balance = build_node(sim, &balance_type, "", pods, NULL);
    struct model m = {.sim = sim, .driver = build_driver(sim, balance)};
    build_at(sim, 20, start_second, pods);
    driver_call(m.driver, 15, NULL);
    driver_calls(m.driver, 25, 0, 2, NULL); /* one to each of the two */
    build_run(sim, m.driver, 0, 60);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 16 * NS_PER_S);
    ns_t a = driver_arrival(m.driver, 1)->done, b = driver_arrival(m.driver, 2)->done;
    assert_int_equal(a < b ? a : b, 26 * NS_PER_S);
    assert_int_equal(a < b ? b : a, 27 * NS_PER_S);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_stands_still),
        cmocka_unit_test(a_shared_server_stands_still_too),
        cmocka_unit_test(withdrawals_and_crashes_in_a_pause),
        cmocka_unit_test(a_pause_in_a_pool_keeps_its_servers),
        cmocka_unit_test(a_station_breaks),
        cmocka_unit_test(a_server_breaks),
        cmocka_unit_test(crews_repair_in_turn),
        cmocka_unit_test(who_is_on_a_broken_server_may_leave),
        cmocka_unit_test(the_number_of_servers_may_change),
        cmocka_unit_test(a_shared_processor_loses_servers),
        cmocka_unit_test(a_crash_of_a_broken_station),
        cmocka_unit_test(work_switches_it_on),
        cmocka_unit_test(it_stays_on_for_a_while),
        cmocka_unit_test(a_setup_for_nobody),
        cmocka_unit_test(a_slow_setup),
        cmocka_unit_test(it_is_slow_at_first),
        cmocka_unit_test(every_replica_warms_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
