/* Outlier detection: who is ejected, when, and for how long. */
#include "check.h"
#include "kit.h"

#include <stdio.h>

#include "node/outlier.h"

/* ---- pure */

static void the_threshold_is_envoys(void **state) {
    (void)state;
    static const double rate[] = {50, 100, 100, 100, 100};
    assert_near(outlier_threshold(rate, 5, 1.9), 52, 1e-9);
    static const double equal[] = {97, 97, 97};
    assert_near(outlier_threshold(equal, 3, 1.9), 97, 1e-9); /* nobody is below it */
}

static void so_many_may_be_out(void **state) {
    (void)state;
    static const int64_t hosts[] = {5, 9, 10, 20, 100};
    static const int64_t most[] = {0, 0, 1, 2, 10};
    for (int i = 0; i < 5; i++) {
        int64_t n = 0;
        while (outlier_allowed(n, hosts[i], .1, false))
            n++;
        assert_int_equal(n, most[i]);
    }
    assert_true(outlier_allowed(0, 5, .1, true));
    assert_false(outlier_allowed(1, 5, .1, true));
    assert_true(outlier_allowed(28, 100, .29, false)); /* 0.29 x 100 is not quite 29 */
    assert_true(outlier_allowed(4, 5, 1, false));
    assert_false(outlier_allowed(0, 5, 0, false));
}

static void times_grow(void **state) {
    (void)state;
    ns_t s = NS_PER_S;
    for (int64_t k = 1; k < 13; k++)
        assert_int_equal(outlier_time(k, 30 * s, 300 * s), (k < 10 ? 30 * k : 300) * s);
    assert_int_equal(outlier_time(INT64_MAX / 2, s, 300 * s), 300 * s);
}

/* ---- a balancer of leaves */

enum { MOST = 8 };

struct model {
    struct sim *sim;
    struct node *leaf[MOST], *lb, *driver;
};

/* What the first leaf says, or how often it fails; the others are well. */
static struct model leaves(uint32_t n, const char *says, const char *spec) {
    struct model m = {.sim = build_new(1)};
    for (uint32_t i = 0; i < n; i++) {
        bool plain = !i && strchr(says, '=');
        m.leaf[i] = build_node(
            m.sim, &leaf_type,
            plain ? arena_print(&m.sim->arena, "name=t0, %s", says)
                  : arena_print(&m.sim->arena, "name=t%u, says='%s'", i, i ? "ok 0s" : says),
            NULL);
    }
    struct node *const *t = m.leaf;
    m.lb = build_node(m.sim, &balance_type, arena_print(&m.sim->arena, "name=lb, %s", spec), t[0],
                      n > 1 ? t[1] : NULL, n > 2 ? t[2] : NULL, n > 3 ? t[3] : NULL,
                      n > 4 ? t[4] : NULL, n > 5 ? t[5] : NULL, n > 6 ? t[6] : NULL,
                      n > 7 ? t[7] : NULL, NULL);
    m.driver = build_driver(m.sim, m.lb);
    return m;
}

static uint32_t calls_between(struct node *leaf, double from, double to) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < leaf_count(leaf); i++)
        n += leaf_time(leaf, i) >= from && leaf_time(leaf, i) < to;
    return n;
}

#define ALONE "max_ejection_percent=100%, success_rate_minimum_hosts=99"

static void the_fifth_failure_in_a_row_ejects(void **state) {
    (void)state;
    /* four, a good one, and five: the tenth call to it is the last */
    struct model m = leaves(2,
                            "error 0s, timeout 0s, error 0s, error 0s, ok 0s, error 0s, error 0s, "
                            "shed 0s, error 0s, error 0s, ok 0s",
                            "outlier_detection={" ALONE "}");
    driver_calls(m.driver, 0.05, .1, 200, NULL); /* each has one every 0.2 s: the tenth at 1.85 */
    build_run(m.sim, m.driver, 0, 50);
    assert_int_equal(leaf_count(m.leaf[0]), 10);
    assert_near(build_metric(m.sim, "lb:ejections"), 1 / 50., 1e-9);
    /* out for 30 s from 1.85 on, and back at the sweep of 40 s */
    assert_near(build_metric(m.sim, "lb:ejected"), (40 - 1.85) / 50, 1e-6);
    sim_free(m.sim);
}

static void what_is_no_failure_ends_the_row(void **state) {
    (void)state;
    struct model m = leaves(2, "error 0s, error 0s, error 0s, error 0s, limited 0s",
                            "outlier_detection={" ALONE ", consecutive_5xx=5}");
    driver_calls(m.driver, 0, .1, 8, NULL);
    build_run(m.sim, m.driver, 0, 5);
    assert_near(build_metric(m.sim, "lb:ejections"), 0, 0);
    sim_free(m.sim);
}

static void gateway_failures_are_counted_apart(void **state) {
    (void)state;
    /* only timeout, shed and open count; an error ends their row */
    struct model m =
        leaves(2, "timeout 0s, open 0s, error 0s, shed 0s, timeout 0s, open 0s, ok 0s",
               "outlier_detection={" ALONE ", consecutive_5xx=0, consecutive_gateway_failure=3, "
               "enforcing_consecutive_gateway_failure=100%}");
    driver_calls(m.driver, 0, .1, 40, NULL);
    build_run(m.sim, m.driver, 0, 5);
    assert_int_equal(leaf_count(m.leaf[0]), 6);
    assert_near(build_metric(m.sim, "lb:ejections"), .2, 1e-9);
    sim_free(m.sim);
}

static void unenforced_detectors_eject_nobody(void **state) {
    (void)state;
    struct model m = leaves(2, "timeout 0s",
                            "outlier_detection={" ALONE ", consecutive_5xx=3, "
                            "enforcing_consecutive_5xx=0}");
    driver_calls(m.driver, 0, .1, 100, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_int_equal(leaf_count(m.leaf[0]), 50);
    sim_free(m.sim);
}

/* A caller whose deadline has passed gives the call up: that is a timeout of the target. One that
 * leaves for another reason is not. */
static void given_up_calls_count_as_timeouts(void **state) {
    (void)state;
    static const enum cause causes[] = {CAUSE_DEADLINE, CAUSE_LOSER};
    for (int i = 0; i < 2; i++) {
        struct model m = leaves(2, "ok 5s", "outlier_detection={" ALONE ", consecutive_5xx=2}");
        for (int k = 0; k < 40; k++) {
            struct arrival *a = driver_call(m.driver, .1 + .1 * k, NULL);
            a->cancel_after = 50 * MS;
            a->cause = causes[i];
        }
        build_run(m.sim, m.driver, 0, 9);
        assert_int_equal(leaf_count(m.leaf[0]), i ? 20 : 2);
        sim_free(m.sim);
    }
}

/* Ejected again and again: 30, 60, 90 s and so on, at most 300, each rounded up to the sweep. */
static void ejections_grow_longer(void **state) {
    (void)state;
    struct model m = leaves(2, "error 0s", "outlier_detection={" ALONE ", consecutive_5xx=1}");
    driver_calls(m.driver, .5, 1, 2500, NULL);
    build_run(m.sim, m.driver, 0, 2500);
    /* At .5 it has its first call; it is out until 40 s, has the next call at 40.5 or 41.5, … */
    double was = leaf_time(m.leaf[0], 0);
    assert_near(was, .5, 1e-9);
    for (uint32_t k = 1; k < leaf_count(m.leaf[0]); k++) {
        double out = k < 10 ? 30 * k : 300, back = ceil((was + out) / 10) * 10;
        double now = leaf_time(m.leaf[0], k);
        assert_true(now >= back && now < back + 2);
        was = now;
    }
    assert_int_equal(leaf_count(m.leaf[0]), 13);
    sim_free(m.sim);
}

/* Once it has been back for an interval, each sweep forgives it one ejection. */
static void good_conduct_is_rewarded(void **state) {
    (void)state;
    struct model m = leaves(2, "error 0s, error 0s, ok 0s, ok 0s, error 0s",
                            "outlier_detection={" ALONE ", consecutive_5xx=1}");
    static const double at[] = {.5, 45.5, 120.5, 130.5, 150.5, 185.5, 200.5};
    for (int i = 0; i < 7; i++)
        driver_calls(m.driver, at[i], .1, 2, NULL); /* one for each that is in */
    build_run(m.sim, m.driver, 0, 300);
    /* out from 0.5 to 40 and from 45 to 110; forgiven at 120 and 130; so the third time is 30 s,
     * from 150 to 190 */
    static const double came[] = {.5, 45.5, 120.5, 130.5, 150.5, 200.5};
    assert_int_equal(leaf_count(m.leaf[0]), 6);
    for (uint32_t k = 0; k < 6; k++)
        assert_near(leaf_time(m.leaf[0], k), came[k], .2);
    sim_free(m.sim);
}

static void jitter_is_added(void **state) {
    (void)state;
    struct model m = leaves(2, "error 0s",
                            "outlier_detection={" ALONE ", consecutive_5xx=1, interval=1ms, "
                            "base_ejection_time=1s, max_ejection_time=1s, "
                            "max_ejection_time_jitter=1s}");
    driver_calls(m.driver, 0, .001, 300000, NULL);
    build_run(m.sim, m.driver, 0, 300);
    double least = 9, most = 0;
    for (uint32_t k = 1; k < leaf_count(m.leaf[0]); k++) {
        double out = leaf_time(m.leaf[0], k) - leaf_time(m.leaf[0], k - 1);
        least = fmin(least, out);
        most = fmax(most, out);
    }
    assert_true(least >= 1 && least < 1.05 && most > 1.95 && most < 2.01);
    sim_free(m.sim);
}

/* Five hosts at 10 %: nobody may go. Twice 20 %: one. */
static void the_share_of_ejected_is_bounded(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        double ejections, overflow;
    } cases[] = {
        {"", 0, 1},
        {"always_eject_one_host=true", 1, 0},
        {"max_ejection_percent=20%", 1, 0},
        {"max_ejection_percent=19%", 0, 1},
    };
    for (int i = 0; i < 4; i++) {
        char spec[200];
        snprintf(spec, sizeof spec, "outlier_detection={interval=1000s, %s}", cases[i].spec);
        struct model m = leaves(5, "error 0s, error 0s, error 0s, error 0s, error 0s, ok 0s", spec);
        driver_calls(m.driver, 0, .1, 50, NULL);
        build_run(m.sim, m.driver, 0, 10);
        assert_near(build_metric(m.sim, "lb:ejections") * 10, cases[i].ejections, 1e-9);
        assert_near(build_metric(m.sim, "lb:ejections_overflow") * 10, cases[i].overflow, 1e-9);
        sim_free(m.sim);
    }
}

/* One in two of its calls fails, the other four are well: the threshold is 52 %. */
static void a_low_success_rate_ejects(void **state) {
    (void)state;
    for (int bad = 0; bad < 2; bad++) {
        struct sim *sim = build_new(1);
        struct node *t[6] = {NULL};
        for (uint32_t i = 0; i < 5; i++)
            t[i] = build_node(sim, &leaf_type,
                              arena_print(&sim->arena, "name=t%u, fails=%s", i,
                                          i     ? "0"
                                          : bad ? "0.6"
                                                : "0.05"),
                              NULL);
        struct node *lb = build_node(sim, &balance_type,
                                     "name=lb, outlier_detection={consecutive_5xx=0, "
                                     "max_ejection_percent=20%, success_rate_stdev_factor=1900}",
                                     t[0], t[1], t[2], t[3], t[4], NULL);
        struct node *driver = build_driver(sim, lb);
        driver_calls(driver, 0, .01, 5000, NULL); /* 200 each an interval */
        build_run(sim, driver, 0, 50);
        /* one that differs from four equal ones is always two deviations below the mean */
        assert_int_equal(calls_between(t[0], 10.001, 39.9), 0);
        assert_int_equal(calls_between(t[0], 0, 9.999), 200);
        sim_free(sim);
    }
}

/* With too few answers, or hosts, nothing is compared. */
static void rates_want_volume(void **state) {
    (void)state;
    static const char *const spec[] = {
        "success_rate_request_volume=201", "success_rate_minimum_hosts=6",
        "success_rate_stdev_factor=2100", "enforcing_success_rate=0"};
    for (int i = 0; i < 4; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "outlier_detection={consecutive_5xx=0, max_ejection_percent=20%%, %s}", spec[i]);
        struct model m = leaves(5, "fails=0.5", text);
        driver_calls(m.driver, 0, .01, 3000, NULL);
        build_run(m.sim, m.driver, 0, 30);
        assert_near(build_metric(m.sim, "lb:ejections"), 0, 0);
        sim_free(m.sim);
    }
}

/* The threshold is reached, not passed; only if it is enforced. */
static void a_share_of_failures_ejects(void **state) {
    (void)state;
    static const struct {
        const char *fails, *spec;
        double ejections;
    } cases[] = {
        {"error 0s", "enforcing_failure_percentage=100%, failure_percentage_threshold=100%", 1},
        {"fails=0.97", "enforcing_failure_percentage=100%, failure_percentage_threshold=100%", 0},
        {"fails=0.97", "enforcing_failure_percentage=100%", 1},
        {"fails=0.7", "enforcing_failure_percentage=100%", 0},
        {"fails=0.97", "enforcing_failure_percentage=0", 0},
        {"fails=0.97", "enforcing_failure_percentage=100%, failure_percentage_request_volume=201",
         0},
        {"fails=0.97", "enforcing_failure_percentage=100%, failure_percentage_minimum_hosts=6", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "outlier_detection={consecutive_5xx=0, enforcing_success_rate=0, "
                 "max_ejection_percent=20%%, %s}",
                 cases[i].spec);
        struct model m = leaves(5, cases[i].fails, text);
        driver_calls(m.driver, 0, .01, 2000, NULL);
        build_run(m.sim, m.driver, 0, 20);
        assert_near(build_metric(m.sim, "lb:ejections") * 20, cases[i].ejections, 1e-9);
        sim_free(m.sim);
    }
}

/* A replica that goes away takes its record with it. */
static struct node *bad_pod(struct sim *sim, uint32_t index) {
    return build_node(sim, &leaf_type, index == 1 ? "name=pod, says='error 0s'" : "name=pod", NULL);
}

static void who_leaves_is_forgotten(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *group = kit_group(sim, "pod", 2, 2, bad_pod);
    struct node *lb =
        build_node(sim, &balance_type, "name=lb, outlier_detection={" ALONE ", consecutive_5xx=2}",
                   group, NULL);
    struct node *driver = build_driver(sim, lb);
    build_set(group, 5, "count", "1");
    build_set(group, 6, "count", "2");
    driver_calls(driver, .05, .1, 100, NULL);
    build_run(sim, driver, 0, 10);
    struct node *bad = group_of(group)->at[1].scope.root;
    assert_int_equal(calls_between(bad, 0, 5), 2);
    assert_int_equal(calls_between(bad, 6, 10), 2);
    assert_near(build_metric(sim, "lb:ejections"), .2, 1e-9);
    double first = leaf_time(bad, 1), second = leaf_time(bad, 3);
    assert_near(build_metric(sim, "lb:ejected"), (5 - first + 10 - second) / 10, 1e-6);
    sim_free(sim);
}

static void parameters_may_change(void **state) {
    (void)state;
    struct model m = leaves(2, "error 0s", "outlier_detection={" ALONE ", consecutive_5xx=0}");
    kit_fault(m.sim, "set", "'lb:outlier_detection.consecutive_5xx', 30, from=5s, to=8s");
    driver_calls(m.driver, .05, .1, 100, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(calls_between(m.leaf[0], 0, 5), 25);
    assert_int_equal(calls_between(m.leaf[0], 5, 10), 5); /* the row goes on from 25 */
    sim_free(m.sim);
}

static void without_it_nothing_of_it_can_be_set(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *a = build_node(sim, &leaf_type, "name=a", NULL);
    struct node *lb = build_node(sim, &balance_type, "name=lb", a, NULL);
    struct error e = {{0}};
    const struct param *p = schema_find(lb->type, "outlier_detection.interval", &e);
    struct value v = value_of_text("5s");
    assert_false(schema_set(lb, p, &v, false, &e));
    assert_says(e.text, "'interval' means nothing without 'outlier_detection'");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_threshold_is_envoys),
        cmocka_unit_test(so_many_may_be_out),
        cmocka_unit_test(times_grow),
        cmocka_unit_test(the_fifth_failure_in_a_row_ejects),
        cmocka_unit_test(what_is_no_failure_ends_the_row),
        cmocka_unit_test(gateway_failures_are_counted_apart),
        cmocka_unit_test(unenforced_detectors_eject_nobody),
        cmocka_unit_test(given_up_calls_count_as_timeouts),
        cmocka_unit_test(ejections_grow_longer),
        cmocka_unit_test(good_conduct_is_rewarded),
        cmocka_unit_test(jitter_is_added),
        cmocka_unit_test(the_share_of_ejected_is_bounded),
        cmocka_unit_test(a_low_success_rate_ejects),
        cmocka_unit_test(rates_want_volume),
        cmocka_unit_test(a_share_of_failures_ejects),
        cmocka_unit_test(who_leaves_is_forgotten),
        cmocka_unit_test(parameters_may_change),
        cmocka_unit_test(without_it_nothing_of_it_can_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
