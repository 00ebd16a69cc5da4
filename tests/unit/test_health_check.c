/* Active health checks: what probes find out, and when. */
#include "check.h"
#include "kit.h"

#include "agent/registry.h"
#include "node/balance.h"

struct model {
    struct sim *sim;
    struct node *group, *lb, *check, *driver;
};

static const char *work = "time=0s";

static struct node *make_pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &worker_type, arena_print(&sim->arena, "name=pod, %s", work), NULL);
}

static struct model pods(int64_t count, int64_t max, const char *lb, const char *spec) {
    struct model m = {.sim = build_new(1)};
    m.group = kit_group(m.sim, "pod", count, max, make_pod);
    m.lb = build_node(m.sim, &balance_type, arena_print(&m.sim->arena, "name=lb, %s", lb), m.group,
                      NULL);
    m.check = build_node(m.sim, &health_check_type,
                         arena_print(&m.sim->arena, "name=probe, of=@1, %s", spec), m.lb, NULL);
    m.driver = build_driver(m.sim, m.lb);
    return m;
}

static void run(struct model *m, double seconds) {
    kit_story();
    build_run(m->sim, m->driver, 0, seconds);
}

static struct node *pod(const struct model *m, uint32_t i) {
    return group_of(m->group)->at[i].scope.root;
}

static uint32_t seen_between(const struct model *m, uint32_t i, double from, double to) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < worker_count(pod(m, i)); k++) {
        double t = worker_seen(pod(m, i), k)->time;
        n += t >= from && t < to;
    }
    return n;
}

/* Probes at 0, 10, 20, …; down from 15 to 52: failures at 20, 30 and 40, good ones at 60 and 70. */
static void thresholds_decide(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(2, 2, "", "");
    kit_fault(m.sim, "down", "'pod[1]', from=15s, to=52s");
    run(&m, 100);
    assert_near(build_metric(m.sim, "probe:first_unhealthy"), 40, 1e-6);
    assert_near(build_metric(m.sim, "probe:recovered"), 70, 1e-6);
    assert_near(build_metric(m.sim, "probe:unhealthy"), .3, 1e-6);
    assert_near(build_metric(m.sim, "probe:probes"), .2, 1e-9); /* the last at 90 */
    assert_near(build_metric(m.sim, "probe:failure_ratio"), 4 / 20., 1e-9);
    sim_free(m.sim);
}

static void users_are_kept_away_as_soon_as_it_is_known(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(2, 2, "", "");
    kit_fault(m.sim, "down", "'pod[1]', from=15s, to=52s");
    driver_calls(m.driver, 0.05, .1, 990, NULL);
    run(&m, 100);
    uint32_t failed = 0;
    for (uint32_t i = 0; i < driver_count(m.driver); i++)
        failed += driver_arrival(m.driver, i)->outcome == OUTCOME_ERROR;
    assert_int_equal(failed, 125);                           /* every second one from 15 to 40 */
    assert_int_equal(seen_between(&m, 0, 52, 69.99), 2 - 1); /* probes only, until it is trusted */
    assert_near(seen_between(&m, 0, 70.001, 99), 145 + 2, 1);
    sim_free(m.sim);
}

static void a_row_is_broken_by_a_good_one(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(1, 1, "", "");
    kit_fault(m.sim, "down", "'pod[1]', from=5s, to=25s");  /* 10 and 20 fail, 30 does not */
    kit_fault(m.sim, "down", "'pod[1]', from=35s, to=55s"); /* 40 and 50 fail */
    run(&m, 100);
    assert_near(build_metric(m.sim, "probe:first_unhealthy"), 100, 1e-6);
    assert_near(build_metric(m.sim, "probe:recovered"), 0, 0);
    sim_free(m.sim);
}

/* A probe waits for its timeout, and the next one an interval longer: 0, 10 (given up at 12), 22
 * (24), 34 (36). */
static void slow_answers_are_failures(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "name=s, service=1s", NULL);
    struct node *lb = build_node(sim, &balance_type, "name=lb", s, NULL);
    build_node(sim, &health_check_type, "name=probe, of=@1, timeout=2s", lb, NULL);
    struct node *driver = build_driver(sim, lb);
    kit_fault(sim, "slow", "'s', factor=4, from=5s");
    build_run(sim, driver, 0, 60);
    /* 0 (1 s), 11 (given up at 13), 23 (25), 35 (37) */
    assert_near(build_metric(sim, "probe:first_unhealthy"), 37, 1e-6);
    assert_near(build_metric(sim, "s:share{outcome=cancelled}"), 1 - 1 / 5., .06);
    sim_free(sim);
}

/* A probe queues behind users: too many of them, and the target is unhealthy. */
static void probes_stand_in_the_queue(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "name=s, service=1s", NULL);
    struct node *lb = build_node(sim, &balance_type, "name=lb", s, NULL);
    build_node(sim, &health_check_type, "name=probe, of=@1, timeout=5s, unhealthy_threshold=1", lb,
               NULL);
    struct node *driver = build_driver(sim, lb);
    driver_calls(driver, 1, .001, 20, NULL); /* busy until 21 */
    build_run(sim, driver, 0, 60);
    assert_near(build_metric(sim, "probe:first_unhealthy"), 16, 1e-6); /* sent at 11 */
    assert_near(build_metric(sim, "lb:offered"), 20 / 60., 1e-9);      /* no workload counts them */
    assert_near(build_metric(sim, "offered"), 20 / 60., 1e-9);
    sim_free(sim);
}

/* A new replica takes calls once it has answered a probe; one that is broken never does. */
static void newcomers_prove_themselves(void **state) {
    (void)state;
    for (int broken = 0; broken < 2; broken++) {
        work = "time=2s";
        struct model m = pods(1, 2, "", "");
        build_set(m.group, 5, "count", "2");
        if (broken)
            kit_fault(m.sim, "down", "'pod[2]', from=0s");
        driver_calls(m.driver, 0.05, .1, 300, NULL);
        run(&m, 40);
        assert_int_equal(seen_between(&m, 1, 0, 7), !broken);
        assert_near(seen_between(&m, 1, 7.001, 30), broken ? 0 : 116, 2);
        assert_near(build_metric(m.sim, "probe:first_unhealthy"), 5, 1e-6);
        sim_free(m.sim);
    }
}

static void who_leaves_is_not_probed(void **state) {
    (void)state;
    work = "time=3s";
    struct model m = pods(2, 2, "", "");
    build_set(m.group, 14, "count", "1"); /* in the middle of a probe */
    build_set(m.group, 40, "count", "2");
    run(&m, 60);
    assert_int_equal(worker_count(pod(&m, 1)), 2 + 2); /* at 0, 13, 40 and 53 */
    assert_near(build_metric(m.sim, "pod:replicas"), (60 + 14 + 20) / 60., 1e-6);
    sim_free(m.sim);
}

/* All are unhealthy: panic, so users go on calling all of them. */
static void panic_calls_the_unhealthy(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(2, 2, "", "unhealthy_threshold=1");
    kit_fault(m.sim, "down", "'pod[*]', from=5s, to=15s");
    driver_calls(m.driver, 0.05, .1, 200, NULL);
    run(&m, 20);
    assert_near(build_metric(m.sim, "probe:unhealthy"), 1, 1e-6); /* both, from 10 on */
    assert_near(build_metric(m.sim, "lb:panic"), 5, .11);
    assert_int_equal(driver_outcomes(m.driver, 15.01, 20, OUTCOME_OK), 50);
    sim_free(m.sim);
}

/* A good probe brings an ejected target back, unless that is switched off. */
static void a_good_probe_ends_an_ejection(void **state) {
    (void)state;
    for (int stays = 0; stays < 2; stays++) {
        struct sim *sim = build_new(1);
        struct node *a = build_node(sim, &leaf_type, "name=a, says='ok 0s, error 0s, ok 0s'", NULL);
        struct node *b = build_node(sim, &leaf_type, "name=b", NULL);
        struct node *lb = build_node(
            sim, &balance_type,
            arena_print(&sim->arena,
                        "name=lb, outlier_detection={consecutive_5xx=1, max_ejection_percent=50%%, "
                        "base_ejection_time=40s%s}",
                        stays ? ", successful_active_health_check_uneject_host=false" : ""),
            a, b, NULL);
        build_node(sim, &health_check_type, "name=probe, of=@1", lb, NULL);
        struct node *driver = build_driver(sim, lb);
        driver_call(driver, 2, NULL);
        build_run(sim, driver, 0, 50);
        /* out at 2; back at the probe of 10, or at the sweep of 50 */
        assert_near(build_metric(sim, "lb:ejected"), (stays ? 48 : 8) / 50., 1e-6);
        sim_free(sim);
    }
}

static void jitter_spreads_probes(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(20, 20, "", "initial_jitter=10s, interval_jitter=2s");
    run(&m, 1000);
    double sum = 0, least = 99, most = 0;
    int n = 0;
    for (uint32_t i = 0; i < 20; i++) {
        sum += worker_seen(pod(&m, i), 0)->time;
        for (uint32_t k = 1; k < worker_count(pod(&m, i)); k++, n++) {
            double gap = worker_seen(pod(&m, i), k)->time - worker_seen(pod(&m, i), k - 1)->time;
            least = fmin(least, gap);
            most = fmax(most, gap);
        }
    }
    assert_near(sum / 20, 5, 2.6);
    assert_true(least >= 10 && least < 10.1 && most <= 12 && most > 11.9);
    sim_free(m.sim);
}

/* Health is known of each target apart: priorities fail over when the probes have said so. */
static void failover_takes_as_long_as_it_does(void **state) {
    (void)state;
    work = "time=0s";
    struct sim *sim = build_new(1);
    struct node *first = kit_group(sim, "first", 2, 2, make_pod);
    struct node *second = kit_group(sim, "second", 2, 2, make_pod);
    struct node *lb =
        build_node(sim, &balance_type, "name=lb, priorities={0, 1}", first, second, NULL);
    build_node(sim, &health_check_type, "name=probe, of=@1, unhealthy_threshold=2", lb, NULL);
    struct node *driver = build_driver(sim, lb);
    kit_fault(sim, "down", "'first', from=15s");
    driver_calls(driver, 0.05, .1, 590, NULL);
    kit_story();
    build_run(sim, driver, 0, 60);
    assert_int_equal(driver_outcomes(driver, 15, 30, OUTCOME_ERROR), 150);
    assert_int_equal(driver_outcomes(driver, 30, 60, OUTCOME_OK), 290);
    sim_free(sim);
}

static void bad_checks_are_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *a = build_node(sim, &worker_type, "name=a", NULL);
    assert_says(build_refusal(sim, &health_check_type, "interval=1s", NULL), "'of' is missing");
    assert_says(build_refusal(sim, &health_check_type, "of=@1", a, NULL), "it wants balance");
    struct node *lb = build_node(sim, &balance_type, "name=lb", a, NULL);
    assert_says(build_refusal(sim, &health_check_type, "of=@1, targets={@2}", lb, a, NULL),
                "unknown key 'targets'");
    sim_free(sim);
    sim = build_new(1);
    a = build_node(sim, &worker_type, "name=a", NULL);
    lb = build_node(sim, &balance_type, "name=lb", a, NULL);
    build_node(sim, &health_check_type, "name=one, of=@1", lb, NULL);
    build_node(sim, &health_check_type, "name=two, of=@1", lb, NULL);
    assert_says(build_seal_refusal(sim, build_driver(sim, lb)), "lb is checked by another one");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_decide),
        cmocka_unit_test(users_are_kept_away_as_soon_as_it_is_known),
        cmocka_unit_test(a_row_is_broken_by_a_good_one),
        cmocka_unit_test(slow_answers_are_failures),
        cmocka_unit_test(probes_stand_in_the_queue),
        cmocka_unit_test(newcomers_prove_themselves),
        cmocka_unit_test(who_leaves_is_not_probed),
        cmocka_unit_test(panic_calls_the_unhealthy),
        cmocka_unit_test(a_good_probe_ends_an_ejection),
        cmocka_unit_test(jitter_spreads_probes),
        cmocka_unit_test(failover_takes_as_long_as_it_does),
        cmocka_unit_test(bad_checks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
