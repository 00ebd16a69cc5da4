#include <stdio.h>

#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *shed, *driver;
};

/* Three classes: low (priority 0), mid (5) and high (10). */
static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(31)};
    build_class(m.sim, "high", 10);
    build_class(m.sim, "low", 0);
    build_class(m.sim, "mid", 5);
    char named[256];
    snprintf(named, sizeof named, "name=backend, %s", leaf);
    m.leaf = build_node(m.sim, &leaf_type, named, NULL);
    m.shed = build_node(m.sim, &shed_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.shed);
    return m;
}

/* One call of each class every tenth of a second over [from, to). */
static void steady(struct model *m, double from, double to) {
    for (int i = 0; from + .1 * i < to - 1e-9; i++) {
        driver_call(m->driver, from + .1 * i, "low");
        driver_call(m->driver, from + .1 * i, "mid");
        driver_call(m->driver, from + .1 * i, "high");
    }
}

/* Share of a class that was dropped among its arrivals in [from, to). */
static double dropped(struct model *m, const char *class, double from, double to) {
    int index = sim_find_class(m->sim, class), n = 0, shed = 0;
    for (uint32_t i = 0; i < driver_count(m->driver); i++) {
        const struct arrival *a = driver_arrival(m->driver, i);
        if (a->class != index || a->time < ns_from_s(from) || a->time >= ns_from_s(to))
            continue;
        n++;
        shed += a->answered && a->outcome == OUTCOME_SHED;
    }
    assert_true(n > 0);
    return (double)shed / n;
}

/* ---- the cut */

static void it_rises_a_level_a_window(void **state) {
    (void)state;
    struct model m = model("when='offered > 5'", "");
    steady(&m, 0, 10);
    build_run(m.sim, m.driver, 0, 10);
    /* the first tenth is judged at .1, and a window later the next level goes */
    assert_near(dropped(&m, "low", 0, .1), 0, 0);
    assert_near(dropped(&m, "low", .1, 10), 1, 0);
    assert_near(dropped(&m, "mid", 0, 1.1), 0, 0);
    assert_near(dropped(&m, "mid", 1.1, 10), 1, 0);
    assert_near(dropped(&m, "high", 0, 10), 0, 0);
    assert_near(build_metric(m.sim, "shed:shed"), (99 + 89) / 10.0, 1e-12);
    assert_near(build_metric(m.sim, "shed:active"), .99, 1e-12);
    assert_near(build_metric(m.sim, "shed:level"), .94, 1e-12);
    sim_free(m.sim);
}

static void it_falls_a_level_a_window(void **state) {
    (void)state;
    struct model m = model("when='offered > 5'", "");
    steady(&m, 0, 3); /* 3 calls of 2.9 are all that is left in the window that ends at 3.9 */
    driver_call(m.driver, 3.85, "mid");
    driver_call(m.driver, 3.9, "mid");
    driver_call(m.driver, 3.95, "low");
    driver_call(m.driver, 4.899, "low");
    driver_call(m.driver, 4.9, "low");
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 95) + strlen(driver_story(m.driver, 90)),
                        " shed ok shed shed ok");
    sim_free(m.sim);
}

/* Over silence as over calls: the window is empty from 3.1 on, which is not above 1 ms. */
static void it_falls_in_silence(void **state) {
    (void)state;
    struct model m = model("when='latency.p99 > 1ms'", "says='ok 10ms'");
    steady(&m, 0, 2.05);
    driver_call(m.driver, 4.05, "low");
    driver_call(m.driver, 4.15, "low");
    build_run(m.sim, m.driver, 0, 10);
    assert_near(dropped(&m, "mid", 1.2, 2.05), 1, 0);
    assert_near(dropped(&m, "low", 4, 4.1), 1, 0);
    assert_near(dropped(&m, "low", 4.1, 5), 0, 0);
    sim_free(m.sim);
}

/* Not one step for the whole of it, but one for each window. */
static void it_falls_all_the_way_in_silence(void **state) {
    (void)state;
    struct model m = model("when='latency.p99 > 1ms', step=.25", "says='ok 10ms'");
    steady(&m, 0, 10);
    driver_calls(m.driver, 20, 0, 20, "low");
    build_run(m.sim, m.driver, 0, 30);
    assert_near(dropped(&m, "mid", 9, 10), 1, 0);
    assert_near(dropped(&m, "low", 20, 30), 0, 0);
    sim_free(m.sim);
}

static void a_long_silence_costs_nothing(void **state) {
    (void)state;
    struct model m = model("when='latency.p99 > 1ms', window=1ms", "says='ok 10ms'");
    steady(&m, 0, 1);
    steady(&m, 1e8, 1e8 + 1);
    build_run(m.sim, m.driver, 0, 2e8);
    assert_int_equal(driver_arrival(m.driver, 30)->outcome, OUTCOME_OK);
    sim_free(m.sim);
}

static void part_of_a_level_may_go(void **state) {
    (void)state;
    struct model m = model("when='in_flight >= 0', step=.25", "");
    enum { CALLS = 4000 };
    for (int i = 0; i < 10 * CALLS; i++) {
        driver_call(m.driver, 1.0 * i / CALLS, "low");
        driver_call(m.driver, 1.0 * i / CALLS, "mid");
        driver_call(m.driver, 1.0 * i / CALLS, "high");
    }
    build_run(m.sim, m.driver, 0, 10);
    for (int k = 0; k < 9; k++) {
        double cut = fmin(2, .25 * (k + 1)), from = k + .1, se = 4 * .5 / sqrt(CALLS);
        double low = fmin(1, cut), mid = fmax(0, cut - 1);
        assert_near(dropped(&m, "low", from, from + 1), low, low < 1 ? se : 0);
        assert_near(dropped(&m, "mid", from, from + 1), mid, mid > 0 && mid < 1 ? se : 0);
    }
    assert_near(dropped(&m, "high", 0, 10), 0, 0);
    sim_free(m.sim);
}

static void at_random_all_classes_go(void **state) {
    (void)state;
    struct model m = model("when='in_flight >= 0', drop=random", "");
    enum { CALLS = 4000 };
    for (int i = 0; i < 12 * CALLS; i++)
        driver_call(m.driver, 1.0 * i / CALLS, i % 2 ? "low" : "high");
    build_run(m.sim, m.driver, 0, 12);
    for (int k = 0; k < 9; k++) {
        double share = .1 * (k + 1), from = k + .1, se = 4 * sqrt(share * (1 - share) / CALLS * 2);
        assert_near(dropped(&m, "low", from, from + 1), share, se);
        assert_near(dropped(&m, "high", from, from + 1), share, se);
    }
    assert_near(dropped(&m, "high", 9.1, 12), 1, 0);
    sim_free(m.sim);
}

/* Ten steps of .1 up and ten down leave nothing behind. */
static void it_comes_back_to_nothing(void **state) {
    (void)state;
    struct model m = model("when='backend:queue > 10', drop=random", "queue=20");
    build_set(m.leaf, 15.05, "queue", "0");
    driver_calls(m.driver, 0, .01, 3000, "low");
    build_run(m.sim, m.driver, 0, 30);
    assert_near(dropped(&m, "low", 9.1, 15.1), 1, 0);
    assert_near(dropped(&m, "low", 24.1, 30), 0, 0);
    assert_near(build_metric(m.sim, "shed:active"), .8, 1e-9);
    sim_free(m.sim);
}

static void the_highest_priority_to_drop_can_be_given(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        double low, mid, high;
    } cases[] = {{"max_priority=0", 1, 0, 0},
                 {"max_priority=4.9", 1, 0, 0},
                 {"max_priority=5", 1, 1, 0},
                 {"max_priority=100", 1, 1, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char spec[100];
        snprintf(spec, sizeof spec, "when='offered > 5', %s", cases[k].spec);
        struct model m = model(spec, "");
        steady(&m, 0, 10);
        build_run(m.sim, m.driver, 0, 10);
        assert_near(dropped(&m, "low", 5, 10), cases[k].low, 0);
        assert_near(dropped(&m, "mid", 5, 10), cases[k].mid, 0);
        assert_near(dropped(&m, "high", 5, 10), cases[k].high, 0);
        sim_free(m.sim);
    }
}

static void the_window_sets_the_pace(void **state) {
    (void)state;
    struct model m = model("when='offered > 5', window=200ms", "");
    steady(&m, 0, 2);
    build_run(m.sim, m.driver, 0, 10);
    assert_near(dropped(&m, "low", .1, 2), 1, 0); /* of .02, as .1 is the next call */
    assert_near(dropped(&m, "mid", 0, .3), 0, 0); /* .22 */
    assert_near(dropped(&m, "mid", .3, 2), 1, 0);
    sim_free(m.sim);
}

/* ---- the condition */

/* 100 calls a second; of ten, eight take 10 ms, one 100 ms, and one fails at once. */
static bool fires(const char *when) {
    char spec[200];
    snprintf(spec, sizeof spec, "when='%s'", when);
    struct model m = model(spec, "queue=10, utilization=.6, cycle=true, says='ok 10ms, ok 10ms, "
                                 "ok 10ms, ok 10ms, ok 10ms, ok 10ms, ok 10ms, ok 10ms, ok 100ms, "
                                 "error 0s'");
    for (int i = 0; i < 500; i++)
        driver_call(m.driver, .01 * i, i % 2 ? "low" : "high")->patience = 50 * MS;
    build_run(m.sim, m.driver, 0, 10);
    bool any = build_metric(m.sim, "shed:shed") > 0;
    sim_free(m.sim);
    return any;
}

static void it_knows_what_passes(void **state) {
    (void)state;
    static const char *const yes[] = {
        "latency.mean > 18ms",
        "latency.max > 99ms",
        "latency.max >= 100ms",
        "latency.min < 11ms",
        "latency.min <= 10ms",
        "latency.p50 > 9.8ms",
        "latency.p95 > 95ms",
        "latency.p999 > 95ms",
        "availability < 95%",
        "availability < .95",
        "share{outcome=error} > 8%",
        "share{outcome=error|timeout} > 8%",
        "share{outcome=ok} > 50%",
        "share{outcome=*} > 99%",
        "offered > 99",
        "throughput > 90",
        "goodput > 75",
        "in_flight >= 1",
        "latency.max > 4 * latency.mean",
        "latency.max > 400% * latency.mean",
        "throughput > goodput",
        "latency.p50 = 10ms +- 5%",
        "backend:queue > 9",
        "backend:in_flight >= 1",
        "backend:utilization > 50%",
        "*:queue > 25",
        "min(*:queue) > 9",
        "*:utilization < 61%",
        "backend:queue.mean > 9",
    };
    static const char *const no[] = {
        "latency.mean > 21ms",
        "latency.max > 101ms",
        "latency.min < 9ms",
        "latency.p50 > 10.2ms",
        "latency.p80 > 50ms",
        "availability < 80%",
        "share{outcome=error} > 15%",
        "share{outcome=shed|timeout} > 0%",
        "offered > 101",
        "throughput > 105",
        "goodput > 85",
        "in_flight > 8",
        "latency.max > 6 * latency.p999",
        "latency.p50 = 20ms +- 5%",
        "backend:queue > 10",
        "backend:utilization > 60%",
        "max(*:queue) > 11",
        "*:queue > 31",
    };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!fires(yes[i])) {
            print_error("%s does not hold\n", yes[i]);
            fail();
        }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (fires(no[i])) {
            print_error("%s holds\n", no[i]);
            fail();
        }
}

static void without_samples_it_is_false(void **state) {
    (void)state;
    static const char *const conditions[] = {"latency.p50 < 1s", "availability > 0",
                                             "share{outcome=ok} <= 1",
                                             "offered > 0 * latency.mean"};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        char spec[200];
        snprintf(spec, sizeof spec, "when='%s'", conditions[i]);
        struct model m = model(spec, "says='ok 100s'");
        steady(&m, 0, 5);
        build_run(m.sim, m.driver, 0, 10);
        assert_near(build_metric(m.sim, "shed:shed"), 0, 0);
        sim_free(m.sim);
    }
}

/* What is shed is no sample: the share of OK among what passes stays at 1. */
static void it_does_not_watch_itself(void **state) {
    (void)state;
    struct model m = model("when='share{outcome=ok} >= 1'", "");
    steady(&m, 0, 10);
    build_run(m.sim, m.driver, 0, 10);
    assert_near(dropped(&m, "mid", 1.2, 10), 1, 0);
    sim_free(m.sim);
}

/* Values of an hour ago do not matter: the window slides. */
static void the_window_slides(void **state) {
    (void)state;
    struct model m = model("when='latency.max > 50ms'",
                           "says='ok 10ms, ok 10ms, ok 10ms, ok 10ms, ok 100ms, ok 10ms'");
    driver_calls(m.driver, 0, .1, 300, "low"); /* one slow, answered at .5 */
    build_run(m.sim, m.driver, 0, 40);
    assert_near(dropped(&m, "low", 0, .55), 0, 0);
    assert_near(dropped(&m, "low", .6, 1.6), 1, 0);
    assert_near(dropped(&m, "low", 1.6, 30), 0, 0);
    sim_free(m.sim);
}

/* A server that is busy half of the time, asked while it is: a call each second takes half a one,
 * and another comes when a quarter of a second has passed, finds no room and fails. */
static double shed_by(const char *when) {
    char spec[200];
    snprintf(spec, sizeof spec, "when='%s', drop=random, step=1", when);
    struct sim *sim = build_new(31);
    struct node *cpu = build_node(sim, &pool_type, "name=cpu, servers=1", NULL);
    struct node *backend = build_node(
        sim, &station_type, "name=backend, on=@1, service=500ms, queue={limit=0}", cpu, NULL);
    struct node *shed = build_node(sim, &shed_type, spec, backend, NULL);
    struct node *driver = build_driver(sim, shed);
    for (int i = 0; i < 20; i++) {
        driver_call(driver, 10 + i, NULL); /* the window is longer than at the start */
        driver_call(driver, 10.25 + i, NULL);
    }
    build_run(sim, driver, 0, 40);
    double share = build_metric(sim, "shed:shed");
    sim_free(sim);
    return share;
}

static void components_are_averaged_over_the_window(void **state) {
    (void)state;
    static const char *const no[] = {"backend:utilization > 70%", "cpu:utilization > 70%",
                                     "backend:in_flight > .7", "in_flight > .7",
                                     "backend:in_flight > 1.4 * backend:utilization"};
    static const char *const yes[] = {"backend:utilization > 40%", "cpu:utilization > 40%",
                                      "backend:in_flight > .4", "in_flight > .4",
                                      "max(*:utilization) > 0.9 * in_flight"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (shed_by(no[i]) > 0) {
            print_error("%s holds\n", no[i]);
            fail();
        }
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (shed_by(yes[i]) <= 0) {
            print_error("%s does not hold\n", yes[i]);
            fail();
        }
}

/* Ten wait for five seconds, then nobody: half of them on the average over the ten seconds before
 * the last call. */
static void queues_are_averaged_over_the_window(void **state) {
    (void)state;
    static const char *const bounds[] = {"4.4", "5.6"};
    for (int k = 0; k < 2; k++) {
        char spec[200];
        snprintf(spec, sizeof spec, "when='gate:queue > %s', window=10s, drop=random, step=1",
                 bounds[k]);
        struct sim *sim = build_new(31);
        struct node *leaf = build_node(sim, &leaf_type, "says='ok 100s'", NULL);
        struct node *gate =
            build_node(sim, &bulkhead_type,
                       "name=gate, max_concurrent_calls=1, max_wait_duration=5s", leaf, NULL);
        struct node *shed = build_node(sim, &shed_type, spec, gate, NULL);
        struct node *driver = build_driver(sim, shed);
        driver_calls(driver, 20, 0, 11, NULL);
        driver_call(driver, 30, NULL);
        build_run(sim, driver, 0, 40);
        bool shedding = driver_arrival(driver, 11)->outcome == OUTCOME_SHED;
        assert_int_equal(shedding, k == 0);
        sim_free(sim);
    }
}

static void who_does_not_know_stops_the_run(void **state) {
    (void)state;
    struct model m = model("when='backend:queue > 10'", "");
    steady(&m, 0, 1);
    assert_says(build_run_failure(m.sim, m.driver, 10), "'backend' has no queue");
    sim_free(m.sim);
    m = model("when='backend:utilization > 10%'", "");
    steady(&m, 0, 1);
    assert_says(build_run_failure(m.sim, m.driver, 10), "'backend' has no utilization");
    sim_free(m.sim);
}

/* ---- the rest */

static void answers_pass_through(void **state) {
    (void)state;
    struct model m = model("when='offered > 1000'", "says='error 5ms, degraded 5ms, ok 1s'");
    driver_calls(m.driver, 0, .001, 2, "low");
    driver_call(m.driver, 1, "high")->cancel_after = 2 * MS;
    driver_call(m.driver, 2, "low");
    build_run(m.sim, m.driver, 0, 2.5);
    assert_string_equal(driver_story(m.driver, 4), "error degraded cancelled -");
    sim_free(m.sim);
}

static void a_crash_does_not_confuse_it(void **state) {
    (void)state;
    struct model m = model("when='latency.p99 > 1ms'", "says='ok 300ms'");
    build_crash(m.shed, 1.05);
    build_crash(m.leaf, 2.05);
    steady(&m, 0, 4);
    build_run(m.sim, m.driver, 1, 4);
    sim_free(m.sim);
}

static const char *refusal(const char *spec) {
    static char text[1024];
    struct model m = model(spec, "");
    snprintf(text, sizeof text, "%s", build_seal_refusal(m.sim, m.driver));
    sim_free(m.sim);
    return text;
}

static void nonsense_is_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"when='latency.p99{class=low} > 1ms'", "takes no label"},
        {"when='in_flight{phase=a} > 1'", "takes no label"},
        {"when='fraction(latency.p99 > 1ms) > 50%'", "replications"},
        {"when='hit_ratio > 1'", "cannot be watched"},
        {"when='wait.mean > 4ms'", "cannot be watched"},
        {"when='latency > 1ms'", "which statistic"},
        {"when='latency.p0 > 1ms'", "unknown statistic 'p0'"},
        {"when='latency.sd > 1ms'", "unknown statistic 'sd'"},
        {"when='goodput.p99 > 1'", "takes no statistic"},
        {"when='backend:latency.p99 > 1ms'", "leave the address out"},
        {"when='queue > 5'", "wants the address"},
        {"when='max(latency.p99) > 1ms'", "no address"},
        {"when='backen:queue > 5'", "did you mean 'backend'"},
        {"when='share > 5%'", "wants one label"},
        {"when='share{class=low} > 5%'", "wants one label"},
        {"when='share{outcome=eror} > 5%'", "no outcome 'eror'"},
        {"when='availability < 99'", "a ratio"},
        {"when='latency.p99 > 5%'", "a duration"},
        {"when='in_flight > 5ms'", "a plain number"},
        {"when='latency.p99 > 2 * queue'", "wants the address"},
        {"when='offered > 5', max_priority=-1", "no class has so low a priority"},
        {"when='offered > 5', max_priority=high", "max_priority"},
        {"when='offered > 5', window=0s", "longer than 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(refusal(cases[i][0]), cases[i][1]);
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &shed_type, "", NULL), "'when' is missing");
    assert_says(build_refusal(sim, &shed_type, "when='latency.p99'", NULL), "when");
    assert_says(build_refusal(sim, &shed_type, "when='offered > 5', step=0", NULL), "must lie in");
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *shed = build_node(sim, &shed_type, "when='offered > 5'", leaf, NULL);
    assert_says(build_seal_refusal(sim, build_driver(sim, shed)),
                "all classes have the same priority");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_rises_a_level_a_window),
        cmocka_unit_test(it_falls_a_level_a_window),
        cmocka_unit_test(it_falls_in_silence),
        cmocka_unit_test(it_falls_all_the_way_in_silence),
        cmocka_unit_test(a_long_silence_costs_nothing),
        cmocka_unit_test(part_of_a_level_may_go),
        cmocka_unit_test(at_random_all_classes_go),
        cmocka_unit_test(it_comes_back_to_nothing),
        cmocka_unit_test(the_highest_priority_to_drop_can_be_given),
        cmocka_unit_test(the_window_sets_the_pace),
        cmocka_unit_test(it_knows_what_passes),
        cmocka_unit_test(without_samples_it_is_false),
        cmocka_unit_test(it_does_not_watch_itself),
        cmocka_unit_test(the_window_slides),
        cmocka_unit_test(components_are_averaged_over_the_window),
        cmocka_unit_test(queues_are_averaged_over_the_window),
        cmocka_unit_test(who_does_not_know_stops_the_run),
        cmocka_unit_test(answers_pass_through),
        cmocka_unit_test(a_crash_does_not_confuse_it),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
