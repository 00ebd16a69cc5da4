/* Faults of the ways between components, of parts of a group, and of several things at once. */
#include "check.h"
#include "kit.h"

#include <math.h>

struct model {
    struct sim *sim;
    struct node *b, *a, *driver;
};

/* driver -> delay "a" (no time) -> worker "b". */
static struct model model(const char *spec) {
    struct model m = {.sim = build_new(1)};
    m.b = build_node(m.sim, &worker_type, arena_print(&m.sim->arena, "name=b, %s", spec), NULL);
    m.a = build_node(m.sim, &delay_type, "name=a, time=0s", m.b, NULL);
    m.driver = build_driver(m.sim, m.a);
    return m;
}

static double took(const struct model *m, uint32_t i) {
    const struct arrival *x = driver_arrival(m->driver, i);
    return ns_to_s(x->done - x->time);
}

static double metric(const struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

/* ---- loss */

/* So many losses delay by 0, 1, 1 + 2, 1 + 2 + 4, … times the first retransmit. */
static void what_is_lost_is_sent_again(void **state) {
    (void)state;
    enum { CALLS = 20000, MOST = 12 };
    for (int way = 0; way < 2; way++) {
        struct model m = model("time=0s");
        uint64_t lost[MOST] = {0};
        kit_fault(m.sim, "loss",
                  way ? "'b', rate='30%', retransmit=10ms"
                      : "'a -> b', rate='30%', retransmit=10ms");
        driver_calls(m.driver, 0, .005, CALLS, NULL);
        build_run(m.sim, m.driver, 0, 2000);
        for (uint32_t i = 0; i < CALLS; i++) {
            double n = log2(took(&m, i) / .01 + 1);
            assert_near(n, round(n), 1e-6);
            assert_true(n < MOST);
            for (int k = 0; k <= (int)round(n); k++)
                lost[k]++;
        }
        for (int k = 1; k < 5; k++)
            assert_true(kit_share(lost[k], CALLS, pow(.3, k)));
        assert_near(metric(&m, "b:network.mean"), metric(&m, "b:latency.mean"), .02);
        assert_near(metric(&m, "availability"), 1, 0);
        sim_free(m.sim);
    }
}

/* After 15 times it is given up: .2 + .4 + … + 102.4, and 6 x 120 s, as Linux does. */
static void after_fifteen_times_it_is_given_up(void **state) {
    (void)state;
    struct model m = model("time=1s");
    kit_fault(m.sim, "loss", "'a -> b', rate=1, from=1s");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 2000);
    assert_string_equal(driver_story(m.driver, 2), "ok error");
    assert_near(took(&m, 0), 1, 1e-9); /* what is below is answered */
    assert_near(took(&m, 1), 924.6, 1e-6);
    assert_int_equal(worker_count(m.b), 1);
    sim_free(m.sim);
}

/* 1 - (1 - .2)(1 - .5), and the longer time. */
static void losses_are_independent(void **state) {
    (void)state;
    enum { CALLS = 20000 };
    struct model m = model("time=0s");
    uint64_t lost = 0;
    kit_fault(m.sim, "loss", "'a -> b', rate=.2, retransmit=10ms");
    kit_fault(m.sim, "loss", "'a -> b', rate=.5, retransmit=20ms");
    kit_fault(m.sim, "loss", "'b', rate=0, retransmit=5ms");
    driver_calls(m.driver, 0, .01, CALLS, NULL);
    build_run(m.sim, m.driver, 0, 3000);
    for (uint32_t i = 0; i < CALLS; i++) {
        lost += took(&m, i) > 0;
        assert_true(took(&m, i) == 0 || took(&m, i) > .0199);
    }
    assert_true(kit_share(lost, CALLS, .6));
    sim_free(m.sim);
}

static void a_lost_one_may_be_delayed_as_well(void **state) {
    (void)state;
    struct model m = model("time=1s");
    kit_fault(m.sim, "cut", "'a -> b', from=1s, to=1.1s");
    kit_fault(m.sim, "delay_added", "'a -> b', delay=30ms");
    driver_call(m.driver, 1, NULL); /* again at 1.2 */
    build_run(m.sim, m.driver, 0, 20);
    assert_near(took(&m, 0), 1.23, 1e-9);
    sim_free(m.sim);
}

static void loss_may_follow_a_signal(void **state) {
    (void)state;
    struct model m = model("time=0s");
    kit_fault(m.sim, "loss", "'a -> b', retransmit=100ms, rate=steps{{0, 0}, {5s, 1}, {10s, 0}}");
    driver_calls(m.driver, .5, 1, 12, NULL);
    build_run(m.sim, m.driver, 0, 20);
    for (uint32_t i = 0; i < 12; i++)
        assert_true((took(&m, i) > 0) == (i >= 5 && i < 10));
    sim_free(m.sim);
}

/* ---- cut */

/* Sent at 10.5, and again at 10.7, 11.1, 11.9 and 13.5; at 11.5, and again at 11.7 and 12.1. */
static void calls_hang_until_the_way_is_open(void **state) {
    (void)state;
    struct model m = model("time=1s");
    kit_fault(m.sim, "cut", "'a -> b', from=10s, to=12s");
    driver_calls(m.driver, 9.5, 1, 4, NULL); /* the first one is there already */
    build_run(m.sim, m.driver, 0, 30);
    assert_string_equal(driver_story(m.driver, 4), "ok ok ok ok");
    static const double want[] = {1, 3 + 1, .6 + 1, 1};
    for (uint32_t i = 0; i < 4; i++)
        assert_near(took(&m, i), want[i], 1e-9);
    sim_free(m.sim);
}

static void callers_may_give_up(void **state) {
    (void)state;
    for (int stop = 0; stop < 2; stop++) {
        struct sim *sim = build_new(1);
        struct node *b = build_node(sim, &worker_type, "name=b, time=1s", NULL);
        struct node *t = build_node(sim, &timeout_type,
                                    stop ? "name=t, after=2s, on_expiry=stop"
                                         : "name=t, after=2s, on_expiry=abandon",
                                    b, NULL);
        struct model m = {sim, b, t, build_driver(sim, t)};
        kit_fault(sim, "cut", "'t -> b', from=1s, to=5s");
        driver_call(m.driver, 1, NULL);
        build_run(sim, m.driver, 0, 30);
        assert_string_equal(driver_story(m.driver, 1), "timeout");
        assert_near(took(&m, 0), 2, 1e-9);
        assert_int_equal(worker_count(b), !stop); /* 200 ms, …: at 1 + .2 + … + 3.2 s */
        if (!stop)
            assert_near(worker_seen(b, 0)->time, 7.2, 1e-9);
        sim_free(sim);
    }
}

static void what_goes_down_refuses_what_was_lost(void **state) {
    (void)state;
    struct model m = model("time=1s");
    kit_fault(m.sim, "cut", "'a -> b', from=1s, to=2s");
    kit_fault(m.sim, "down", "'a -> b', from=2s, to=5s"); /* kills nothing */
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_string_equal(driver_story(m.driver, 1), "error");
    assert_near(took(&m, 0), 1.4, 1e-9); /* as it arrives, at 1 + .2 + .4 + .8 s */
    sim_free(m.sim);
}

/* ---- a group */

static struct node *pod(struct sim *sim, uint32_t i) {
    (void)i;
    struct node *rank = build_node(sim, &worker_type, "name=rank, time=1s", NULL);
    return build_node(sim, &delay_type, "name=front, time=0s", rank, NULL);
}

/* Round robin over so many replicas. */
static struct model fleet(uint64_t seed, int64_t count, int64_t max) {
    struct model m = {.sim = build_new(seed)};
    struct node *group = kit_group(m.sim, "pod", count, max, pod);
    struct error e = {{0}};
    struct entry at[] = {{.key = "policy", .value = value_of_text("round_robin")},
                         {.index = 1, .value = {.type = VALUE_NODE, .node = group}}};
    m.a = schema_build(m.sim, &balance_type, "test.lua:3", &(struct table){at, 2}, &e);
    m.b = group;
    assert_non_null(m.a);
    m.driver = build_driver(m.sim, m.a);
    return m;
}

static uint32_t failed(const struct model *m, double from, double to) {
    return driver_outcomes(m->driver, from, to, OUTCOME_ERROR);
}

static void so_many_replicas_are_lost(void **state) {
    (void)state;
    bool hit[2][8] = {{false}};
    for (int k = 0; k < 2; k++) {
        struct model m = fleet(3, 8, 10);
        kit_fault(m.sim, "lose", "'pod', count=3, from=10s, to=20s");
        kit_fault(m.sim, "lose", "'pod[*]', count=3, pick=last, from=30s, to=40s");
        for (int i = 0; i < 4; i++)
            driver_calls(m.driver, 2 + 10 * i, .5, 8, NULL); /* one each */
        build_run(m.sim, m.driver, 0, 60);
        assert_int_equal(failed(&m, 0, 10), 0);
        assert_int_equal(failed(&m, 10, 20), 3);
        assert_int_equal(failed(&m, 20, 30), 0);
        assert_int_equal(failed(&m, 30, 40), 3);
        for (uint32_t i = 0; i < 8; i++) {
            hit[k][i] = driver_arrival(m.driver, 8 + i)->outcome == OUTCOME_ERROR;
            assert_true((driver_arrival(m.driver, 24 + i)->outcome == OUTCOME_ERROR) == (i >= 5));
        }
        sim_free(m.sim);
    }
    assert_memory_equal(hit[0], hit[1], sizeof hit[0]); /* the same seed, the same replicas */
}

/* Over many seeds each replica is lost as often as any other. */
static void which_ones_is_drawn(void **state) {
    (void)state;
    enum { SEEDS = 400, PODS = 5 };
    uint64_t lost[PODS] = {0};
    double expected[PODS];
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct model m = fleet(seed, PODS, PODS);
        kit_fault(m.sim, "lose", "'pod', count=2");
        driver_calls(m.driver, 1, .5, PODS, NULL);
        build_run(m.sim, m.driver, 0, 10);
        for (uint32_t i = 0; i < PODS; i++)
            lost[i] += driver_arrival(m.driver, i)->outcome == OUTCOME_ERROR;
        sim_free(m.sim);
    }
    for (int i = 0; i < PODS; i++)
        expected[i] = SEEDS * 2. / PODS;
    assert_true(lost[0] + lost[1] + lost[2] + lost[3] + lost[4] == 2 * SEEDS);
    assert_true(kit_chi2(lost, expected, PODS) > 1e-4);
}

static void more_than_there_are_are_all(void **state) {
    (void)state;
    struct model m = fleet(1, 3, 3);
    kit_fault(m.sim, "lose", "'pod', count=9, from=1s, to=5s");
    driver_calls(m.driver, 2, .5, 3, NULL);
    driver_calls(m.driver, 6, .5, 3, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 6), "error error error ok ok ok");
    sim_free(m.sim);
}

/* Four servers, two of them gone from 1 to 3 s: what is served goes on. */
static void servers_may_be_lost(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "servers=4, service=1s", NULL);
    struct model m = {sim, s, s, build_driver(sim, s)};
    kit_fault(sim, "lose", "'station', count=2, from=1.5s, to=3s");
    driver_calls(m.driver, 1, 0, 4, NULL);
    driver_calls(m.driver, 2.1, 0, 4, NULL);
    driver_calls(m.driver, 10, 0, 4, NULL);
    build_run(sim, m.driver, 0, 20);
    for (uint32_t i = 0; i < 12; i++)
        assert_near(took(&m, i), i == 6 || i == 7 ? 1.9 : 1, 1e-9); /* from 3 s on there are 4 */
    sim_free(sim);
}

static void a_random_loss_comes_and_goes(void **state) {
    (void)state;
    struct model m = fleet(2, 4, 4);
    kit_random(m.sim, "10s", "10s", "lose", "'pod', count=2");
    driver_calls(m.driver, 0, .05, 80000, NULL);
    build_run(m.sim, m.driver, 0, 4000);
    /* half the time half of them: 200 rounds, so one standard error is .25 / sqrt(200) / 1.4 */
    assert_near((double)failed(&m, 0, 4000) / 80000, .25, .05);
    sim_free(m.sim);
}

/* ---- restarts */

static void one_after_the_other_restarts(void **state) {
    (void)state;
    struct model m = fleet(1, 3, 3);
    kit_fault(m.sim, "restart", "'pod[*]', every=10s, downtime=3s, from=5s");
    driver_calls(m.driver, 6, 1, 60, NULL); /* round robin from pod[1] on */
    build_run(m.sim, m.driver, 0, 100);
    /* down from 5, 15 and 25 for 3 s; of three calls in a row each meets one */
    for (uint32_t i = 0; i < 60; i++) {
        double t = 6 + i;
        uint32_t pod = i % 3;
        double since = t - (5 + 10 * pod);
        bool begun = since > -1 && since < 0; /* is at work when it goes down */
        assert_int_equal(driver_arrival(m.driver, i)->outcome,
                         (since >= 0 && since < 3) || begun ? OUTCOME_ERROR : OUTCOME_OK);
    }
    sim_free(m.sim);
}

static void a_restart_ends_with_its_time(void **state) {
    (void)state;
    struct model m = fleet(1, 3, 3);
    kit_fault(m.sim, "restart", "'pod[*]', every=10s, downtime=3s, from=5s, to=15s");
    driver_calls(m.driver, 5.5, .5, 100, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_true(failed(&m, 5, 8) > 0);
    assert_int_equal(failed(&m, 8, 100), 0); /* the second would begin at 15 */
    struct fault_info info[4];
    assert_int_equal(fault_list(m.sim, info, 4), 1);
    assert_string_equal(info[0].text, "restart pod[*]");
    sim_free(m.sim);
}

/* ---- zones */

static void a_list_fails_together(void **state) {
    (void)state;
    struct model m = fleet(1, 4, 4);
    kit_fault(m.sim, "down", "{'pod[1]', 'pod[3..4]'}, from=1s, to=5s");
    driver_calls(m.driver, 2, .5, 4, NULL);
    driver_calls(m.driver, 6, .5, 4, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 8), "error ok error error ok ok ok ok");
    struct fault_info info[2];
    assert_int_equal(fault_list(m.sim, info, 2), 1);
    assert_string_equal(info[0].text, "down pod[1], pod[3..4]");
    sim_free(m.sim);
}

/* Two that fail together at random do so in the same moments; by themselves they do not. */
static void a_random_list_has_one_clock(void **state) {
    (void)state;
    for (int together = 0; together < 2; together++) {
        struct model m = fleet(4, 2, 2);
        kit_random(m.sim, "20s", "20s", "down", together ? "{'pod[1]', 'pod[2]'}" : "'pod[*]'");
        uint32_t differ = 0;
        for (int i = 0; i < 2000; i++)
            driver_calls(m.driver, 2 * i, 0, 2, NULL);
        build_run(m.sim, m.driver, 0, 4000);
        for (uint32_t i = 0; i < 2000; i++)
            differ += driver_arrival(m.driver, 2 * i)->outcome !=
                      driver_arrival(m.driver, 2 * i + 1)->outcome;
        assert_true(together ? differ == 0 : differ > 400);
        assert_in_range(failed(&m, 0, 4000), 1200, 2800);
        sim_free(m.sim);
    }
}

static void edges_may_be_listed(void **state) {
    (void)state;
    struct model m = fleet(1, 3, 3);
    kit_fault(m.sim, "cut", "{'balance -> pod[1]', 'balance -> pod[3]'}, to=1s");
    driver_calls(m.driver, .1, 0, 3, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_near(took(&m, 0), 2.4, 1e-9);
    assert_near(took(&m, 1), 1, 1e-9);
    assert_near(took(&m, 2), 2.4, 1e-9);
    sim_free(m.sim);
}

/* ---- refusals */

static void bad_ones_are_refused_when_read(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"loss", "'a -> b'", "'rate' is missing"},
        {"loss", "'a -> b', rate='150%'", "it must lie in 0..1"},
        {"loss", "'a -> b', rate=.1, retransmit=0s", "retransmit: it must be"},
        {"cut", "'a -> b', rate=.1", "unknown key 'rate'"},
        {"lose", "'pod'", "'count' is missing"},
        {"lose", "'pod', count=1.5", "whole number"},
        {"lose", "'pod', count=0", "whole number"},
        {"lose", "'pod', count=1, pick=best", "\"random\" or \"last\""},
        {"restart", "'pod', every=1s", "'downtime' is missing"},
        {"restart", "'pod', every=1s, downtime=0s", "downtime: it must be"},
        {"down", "{'a', 5, {1}}", "it wants an address"},
        {"down", "{}", "it wants a target first"},
        {"set", "{'a:b', 'c:d'}, 5", "it wants a target first"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        assert_says(kit_fault_refusal(sim, cases[i][0], cases[i][1]), cases[i][2]);
        sim_free(sim);
    }
}

static void bad_targets_are_refused_when_sealed(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"lose", "'a -> b', count=1", "it acts on a component, not on an edge"},
        {"restart", "'a -> b', every=1s, downtime=1s", "it acts on a component, not on an edge"},
        {"lose", "'b', count=1", "it wants one group of replicas, or what has servers"},
        {"cut", "'b -> a'", "'b' does not call 'a'"},
        {"down", "{'a', 'c'}", "c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model m = model("time=1s");
        kit_fault(m.sim, cases[i][0], cases[i][1]);
        assert_says(build_seal_refusal(m.sim, m.driver), cases[i][2]);
        sim_free(m.sim);
    }
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "servers=2, service=1s", NULL);
    kit_fault(sim, "lose", "'station', count=2");
    assert_says(build_seal_refusal(sim, build_driver(sim, s)), "must keep one");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_lost_is_sent_again),
        cmocka_unit_test(after_fifteen_times_it_is_given_up),
        cmocka_unit_test(losses_are_independent),
        cmocka_unit_test(a_lost_one_may_be_delayed_as_well),
        cmocka_unit_test(loss_may_follow_a_signal),
        cmocka_unit_test(calls_hang_until_the_way_is_open),
        cmocka_unit_test(callers_may_give_up),
        cmocka_unit_test(what_goes_down_refuses_what_was_lost),
        cmocka_unit_test(so_many_replicas_are_lost),
        cmocka_unit_test(which_ones_is_drawn),
        cmocka_unit_test(more_than_there_are_are_all),
        cmocka_unit_test(servers_may_be_lost),
        cmocka_unit_test(a_random_loss_comes_and_goes),
        cmocka_unit_test(one_after_the_other_restarts),
        cmocka_unit_test(a_restart_ends_with_its_time),
        cmocka_unit_test(a_list_fails_together),
        cmocka_unit_test(a_random_list_has_one_clock),
        cmocka_unit_test(edges_may_be_listed),
        cmocka_unit_test(bad_ones_are_refused_when_read),
        cmocka_unit_test(bad_targets_are_refused_when_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
