/* Balancers: who may be called. Panic, priorities and zones. */
#include "check.h"
#include "kit.h"

#include <stdio.h>

enum { MOST = 8 };

struct model {
    struct sim *sim;
    struct node *leaf[MOST], *lb, *driver;
};

/* Of `n` leaves the first `bad` fail at once, and are ejected by their first answer. */
static struct model leaves(uint64_t seed, uint32_t n, uint32_t bad, const char *spec) {
    struct model m = {.sim = build_new(seed)};
    for (uint32_t i = 0; i < n; i++)
        m.leaf[i] = build_node(
            m.sim, &leaf_type,
            arena_print(&m.sim->arena, "name=t%u, says='%s'", i, i < bad ? "error 0s" : "ok 0s"),
            NULL);
    struct node *const *t = m.leaf;
    m.lb = build_node(m.sim, &balance_type,
                      arena_print(&m.sim->arena,
                                  "name=lb, outlier_detection={consecutive_5xx=1, "
                                  "max_ejection_percent=100%%, base_ejection_time=300s}, %s",
                                  spec),
                      t[0], n > 1 ? t[1] : NULL, n > 2 ? t[2] : NULL, n > 3 ? t[3] : NULL,
                      n > 4 ? t[4] : NULL, n > 5 ? t[5] : NULL, n > 6 ? t[6] : NULL,
                      n > 7 ? t[7] : NULL, NULL);
    m.driver = build_driver(m.sim, m.lb);
    return m;
}

static uint32_t calls_after(struct node *leaf, double from) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < leaf_count(leaf); i++)
        n += leaf_time(leaf, i) >= from;
    return n;
}

static void expect(const struct model *m, double from, const uint32_t *want, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(calls_after(m->leaf[i], from), want[i]);
}

/* ---- one priority */

static void the_ejected_are_left_out(void **state) {
    (void)state;
    static const char *const policy[] = {"round_robin", "random", "least_request",
                                         "join_shortest_queue"};
    for (int i = 0; i < 4; i++) {
        char spec[60];
        snprintf(spec, sizeof spec, "policy=%s", policy[i]);
        struct model m = leaves(1, 4, 1, spec);
        driver_calls(m.driver, 0, .01, 3000, NULL);
        build_run(m.sim, m.driver, 0, 40);
        assert_int_equal(leaf_count(m.leaf[0]), 1);
        for (int k = 1; k < 4; k++)
            assert_near(leaf_count(m.leaf[k]), 1000, 110);
        assert_near(build_metric(m.sim, "lb:panic"), 0, 0);
        sim_free(m.sim);
    }
}

/* Two of four are no panic, three are: then all are called. */
static void panic_calls_everyone(void **state) {
    (void)state;
    for (uint32_t bad = 2; bad < 5; bad++) {
        struct model m = leaves(1, 4, bad, "");
        driver_calls(m.driver, 0, .01, 1000, NULL);
        build_run(m.sim, m.driver, 0, 20);
        uint32_t late = calls_after(m.leaf[0], 5);
        assert_int_equal(late, bad == 2 ? 0 : 125);
        assert_int_equal(calls_after(m.leaf[3], 5), bad == 2 ? 250 : 125);
        assert_near(build_metric(m.sim, "lb:panic"), bad == 2 ? 0 : 1000 / 20., .3);
        sim_free(m.sim);
    }
}

static void without_panic_nobody_is_called(void **state) {
    (void)state;
    struct model m = leaves(1, 2, 2, "healthy_panic_threshold=0");
    driver_calls(m.driver, 0, .01, 1000, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_int_equal(leaf_count(m.leaf[0]) + leaf_count(m.leaf[1]), 2);
    assert_near(build_metric(m.sim, "lb:refused"), 998 / 20., 1e-9);
    assert_near(build_metric(m.sim, "lb:ejected"), 2, .01);
    sim_free(m.sim);
}

/* With plenty of room a few suffice, and there is no panic however few they are. */
static void overprovisioning_puts_panic_off(void **state) {
    (void)state;
    struct model m = leaves(1, 4, 3, "overprovisioning_factor=400");
    driver_calls(m.driver, 0, .01, 1000, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_int_equal(calls_after(m.leaf[3], 5), 500);
    sim_free(m.sim);
}

static void a_threshold_may_change(void **state) {
    (void)state;
    struct model m = leaves(1, 2, 2, "healthy_panic_threshold=0");
    build_set(m.lb, 10, "healthy_panic_threshold", "50%");
    driver_calls(m.driver, 0, .01, 1500, NULL);
    build_run(m.sim, m.driver, 0, 20);
    expect(&m, 9.995, (const uint32_t[]){250, 250}, 2);
    sim_free(m.sim);
}

/* ---- priorities */

/* Of seven, five do for all: with two out of the first seven nothing changes, with three the
 * second priority gets 20 % (4/7 x 140 % = 80 %). */
static void the_second_priority_bears_the_rest(void **state) {
    (void)state;
    static const struct {
        uint32_t bad;
        double second;
    } cases[] = {{0, 0}, {2, 0}, {3, .2}, {5, .6}, {7, 1}};
    for (int i = 0; i < 5; i++) {
        struct model m = leaves(7, 8, cases[i].bad, "priorities={0, 0, 0, 0, 0, 0, 0, 1}");
        driver_calls(m.driver, 0, .001, 20000, NULL);
        build_run(m.sim, m.driver, 0, 30);
        uint32_t second = calls_after(m.leaf[7], 1), all = 19000;
        assert_true(kit_share(second, all, cases[i].second));
        assert_near(build_metric(m.sim, "lb:panic"), 0, 0); /* together they suffice */
        sim_free(m.sim);
    }
}

static void everyone_panics_by_hosts(void **state) {
    (void)state;
    struct model m = leaves(7, 4, 4, "priorities={0, 0, 0, 1}");
    driver_calls(m.driver, 0, .001, 20000, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_true(kit_share(calls_after(m.leaf[3], 1), 19000, .25));
    assert_near(calls_after(m.leaf[0], 1), calls_after(m.leaf[1], 1), 1);
    sim_free(m.sim);
}

static struct node *plain_pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &leaf_type, "name=pod", NULL);
}

/* A whole group is one priority; when it is scaled to nothing the other one takes over. */
static void a_group_is_a_priority(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *first = kit_group(sim, "first", 3, 3, plain_pod);
    struct node *second = kit_group(sim, "second", 2, 2, plain_pod);
    struct node *lb =
        build_node(sim, &balance_type, "name=lb, priorities={0, 1}", first, second, NULL);
    struct node *driver = build_driver(sim, lb);
    build_set(first, 5, "count", "0");
    build_set(first, 8, "count", "3");
    driver_calls(driver, .05, .1, 100, NULL);
    build_run(sim, driver, 0, 10);
    uint32_t n[5];
    for (uint32_t i = 0; i < 5; i++)
        n[i] = leaf_count(i < 3 ? group_of(first)->at[i].scope.root
                                : group_of(second)->at[i - 3].scope.root);
    assert_int_equal(n[0] + n[1] + n[2], 70);
    assert_int_equal(n[3], 15);
    assert_int_equal(n[4], 15);
    sim_free(sim);
}

/* The key chooses the priority, too: it always has the same home. */
static void a_key_keeps_its_priority(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *bad = build_node(sim, &worker_type, "name=bad, time=0s, ends=error", NULL);
    struct node *good = build_node(sim, &worker_type, "name=good, time=0s", NULL);
    struct node *other = build_node(sim, &worker_type, "name=other, time=0s", NULL);
    struct node *lb = build_node(sim, &balance_type,
                                 "policy=ring_hash, key=user, priorities={0, 0, 1}, "
                                 "outlier_detection={consecutive_5xx=1, max_ejection_percent=100%}",
                                 bad, good, other, NULL);
    struct node *users = build_node(
        sim, &open_type, "name=users, rate=500, to=@1, facts={user=uniform_int{min=0, max=99}}", lb,
        NULL);
    kit_story();
    build_run(sim, users, 0, 20);
    bool at[2][100] = {{false}};
    uint32_t n = 0;
    for (uint32_t k = 0; k < worker_count(good); k++)
        if (worker_seen(good, k)->time > 1)
            at[0][(int)worker_seen(good, k)->fact] = true;
    for (uint32_t k = 0; k < worker_count(other); k++)
        at[1][(int)worker_seen(other, k)->fact] = true;
    for (int u = 0; u < 100; u++) {
        assert_true(at[0][u] != at[1][u]);
        n += at[1][u];
    }
    assert_true(n > 10 && n < 50); /* 1 - 70 % */
    sim_free(sim);
}

/* ---- zones */

#define ZONES                                                                                      \
    "policy=random, localities={a, a, b, b, b, b, c, c}, zone_aware={local_zone=%s, "              \
    "callers={a=40, b=40, c=20}%s}"

static double share_of_zone(const struct model *m, uint32_t from, uint32_t to) {
    double n = 0;
    for (uint32_t i = from; i < to; i++)
        n += calls_after(m->leaf[i], 1);
    return n / 19000;
}

/* Callers 40/40/20, targets 25/50/25. */
static void zones_share_as_envoy_does(void **state) {
    (void)state;
    static const struct {
        const char *zone, *more;
        double a, b, c;
    } cases[] = {
        {"a", "", .625, .25, .125},
        {"b", "", 0, 1, 0},
        {"c", "", 0, 0, 1},
        {"a", ", min_cluster_size=9", .25, .5, .25},
        {"a", ", routing_enabled=0", .25, .5, .25},
        {"a", ", routing_enabled=50%", .4375, .375, .1875},
        {"a", ", force_local_zone_min_size=2", 1, 0, 0},
        {"a", ", force_local_zone_min_size=3", .625, .25, .125},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char spec[300];
        snprintf(spec, sizeof spec, ZONES, cases[i].zone, cases[i].more);
        struct model m = leaves(3, 8, 0, spec);
        driver_calls(m.driver, 0, .001, 20000, NULL);
        build_run(m.sim, m.driver, 0, 30);
        assert_near(share_of_zone(&m, 0, 2), cases[i].a, .015);
        assert_near(share_of_zone(&m, 2, 6), cases[i].b, .015);
        assert_near(share_of_zone(&m, 6, 8), cases[i].c, .015);
        sim_free(m.sim);
    }
}

/* With one of its two targets out, zone a has a seventh of them: 35.7 % stay. */
static void a_zone_that_loses_targets_sends_more_away(void **state) {
    (void)state;
    char spec[300];
    snprintf(spec, sizeof spec, ZONES, "a", "");
    struct model m = leaves(3, 8, 1, spec);
    driver_calls(m.driver, 0, .001, 20000, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_near(share_of_zone(&m, 0, 2), 1 / 7. / .4, .015);
    sim_free(m.sim);
}

static void zones_may_refuse_in_panic(void **state) {
    (void)state;
    for (int refuse = 0; refuse < 2; refuse++) {
        char spec[300];
        snprintf(spec, sizeof spec, ZONES, "a", refuse ? ", fail_traffic_on_panic=true" : "");
        struct model m = leaves(3, 8, 6, spec);
        driver_calls(m.driver, 0, .001, 20000, NULL);
        build_run(m.sim, m.driver, 0, 30);
        double called = share_of_zone(&m, 0, 8);
        assert_near(called, refuse ? 0 : 1, 1e-9);
        sim_free(m.sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ejected_are_left_out),
        cmocka_unit_test(panic_calls_everyone),
        cmocka_unit_test(without_panic_nobody_is_called),
        cmocka_unit_test(overprovisioning_puts_panic_off),
        cmocka_unit_test(a_threshold_may_change),
        cmocka_unit_test(the_second_priority_bears_the_rest),
        cmocka_unit_test(everyone_panics_by_hosts),
        cmocka_unit_test(a_group_is_a_priority),
        cmocka_unit_test(a_key_keeps_its_priority),
        cmocka_unit_test(zones_share_as_envoy_does),
        cmocka_unit_test(a_zone_that_loses_targets_sends_more_away),
        cmocka_unit_test(zones_may_refuse_in_panic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
