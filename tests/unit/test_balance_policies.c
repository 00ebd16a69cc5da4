/* Balancers: weights, the shortest queue, maglev, bounded loads, slow start. */
#include "check.h"
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

enum { PODS = 10 };

static const char *work = "time=0s";

static struct node *make_pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &worker_type, arena_print(&sim->arena, "name=pod, %s", work), NULL);
}

struct model {
    struct sim *sim;
    struct node *group, *lb, *driver;
};

static struct model pods(uint64_t seed, int64_t count, int64_t max, const char *spec) {
    struct model m = {.sim = build_new(seed)};
    m.group = kit_group(m.sim, "pod", count, max, make_pod);
    m.lb = build_node(m.sim, &balance_type, arena_print(&m.sim->arena, "name=lb, %s", spec),
                      m.group, NULL);
    m.driver = build_driver(m.sim, m.lb);
    return m;
}

/* The same with users who have a key. */
static struct model keyed(uint64_t seed, int64_t count, const char *spec, const char *users) {
    struct model m = {.sim = build_new(seed)};
    m.group = kit_group(m.sim, "pod", count, count, make_pod);
    m.lb = build_node(m.sim, &balance_type,
                      arena_print(&m.sim->arena, "name=lb, key=user, %s", spec), m.group, NULL);
    m.driver = build_node(m.sim, &open_type,
                          arena_print(&m.sim->arena, "name=users, to=@1, %s", users), m.lb, NULL);
    return m;
}

static struct node *pod(const struct model *m, uint32_t i) {
    return group_of(m->group)->at[i].scope.root;
}

static void run(struct model *m, double seconds) {
    kit_story();
    build_run(m->sim, m->driver, 0, seconds);
}

static uint32_t seen_between(const struct model *m, uint32_t i, double from, double to) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < worker_count(pod(m, i)); k++) {
        double t = worker_seen(pod(m, i), k)->time;
        n += t >= from && t < to;
    }
    return n;
}

static void order(const struct model *m, uint32_t n, const char *want) {
    char got[100] = "";
    for (size_t id = 1; id <= strlen(want); id++)
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t k = 0; k < worker_count(pod(m, i)); k++)
                if (worker_seen(pod(m, i), k)->request == id)
                    got[id - 1] = (char)('0' + i);
    assert_string_equal(got, want);
}

/* ---- weights */

static void weighted_round_robin_is_spread(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(1, 3, 3, "weights={1, 2, 4}");
    driver_calls(m.driver, 0, .1, 14, NULL);
    run(&m, 20);
    order(&m, 3, "21220122122012");
    sim_free(m.sim);
}

static void weighted_random_has_its_shares(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(4, 3, 3, "policy=random, weights={1, 2, 7}");
    driver_calls(m.driver, 0, .001, 10000, NULL);
    run(&m, 20);
    uint64_t seen[3];
    static const double expected[] = {1000, 2000, 7000};
    for (uint32_t i = 0; i < 3; i++)
        seen[i] = worker_count(pod(&m, i));
    assert_true(kit_chi2(seen, expected, 3) > 1e-3);
    sim_free(m.sim);
}

/* Weights count divided by the calls under way + 1: with calls that never end, weight 3 has three
 * times as many as weight 1 (Envoy's EDF looks at a weight when its turn is given, so nearly). */
static void least_request_weighs_what_is_under_way(void **state) {
    (void)state;
    work = "time=1000s";
    for (int bias = 0; bias < 3; bias++) {
        struct model m =
            pods(1, 2, 2,
                 bias == 0   ? "policy=least_request, weights={1, 3}"
                 : bias == 1 ? "policy=least_request, weights={1, 3}, active_request_bias=0"
                             : "policy=least_request, weights={1, 4}, active_request_bias=100");
        driver_calls(m.driver, 0, .01, 400, NULL);
        run(&m, 20);
        /* bias 0: plain weights. bias 1: a turn of k calls takes k / weight, so their squares are
         * as the weights. bias 100: nearly equal. */
        double want = bias == 0 ? 400 / (1 + sqrt(3)) : bias == 1 ? 100 : 200;
        assert_near(worker_count(pod(&m, 0)), want, bias == 2 ? 5 : 2);
        sim_free(m.sim);
    }
}

static void weights_may_change(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(1, 2, 2, "");
    kit_fault(m.sim, "set", "'lb:weights', {1, 3}, from=10s, to=20s");
    driver_calls(m.driver, 0, .01, 3000, NULL);
    run(&m, 40);
    assert_int_equal(seen_between(&m, 0, 0, 9.995), 500);
    assert_near(seen_between(&m, 0, 9.995, 19.995), 250, 1);
    assert_near(seen_between(&m, 0, 19.995, 30), 500, 1);
    sim_free(m.sim);
}

static void groups_and_components_weigh_side_by_side(void **state) {
    (void)state;
    work = "time=0s";
    static const char *const spec[] = {"weights={4, 2}", "weights={{1, 5}, 6}"};
    static const uint32_t want[][3] = {{400, 400, 200}, {100, 500, 600}};
    for (int i = 0; i < 2; i++) {
        struct model m = {.sim = build_new(1)};
        m.group = kit_group(m.sim, "pod", 2, 2, make_pod);
        struct node *alone = build_node(m.sim, &worker_type, "name=alone, time=0s", NULL);
        m.lb = build_node(m.sim, &balance_type, spec[i], m.group, alone, NULL);
        m.driver = build_driver(m.sim, m.lb);
        driver_calls(m.driver, 0, .01, i ? 1200 : 1000, NULL);
        run(&m, 20);
        assert_near(worker_count(pod(&m, 0)), want[i][0], 1);
        assert_near(worker_count(pod(&m, 1)), want[i][1], 1);
        assert_near(worker_count(alone), want[i][2], 1);
        sim_free(m.sim);
    }
}

/* ---- the shortest queue */

static void the_shortest_queue_is_joined(void **state) {
    (void)state;
    static const char *const spec[] = {"policy=join_shortest_queue",
                                       "policy=least_request, selection_method=full_scan"};
    for (int i = 0; i < 2; i++) {
        work = "time=100s";
        struct model m = pods(1, 4, 5, spec[i]);
        driver_calls(m.driver, 0, .1, 24, NULL); /* six each, in whatever order */
        build_set(m.group, 5, "count", "5");
        driver_calls(m.driver, 6, .1, 6, NULL); /* all to the newcomer, who has none */
        build_set(m.group, 10, "count", "2");
        driver_calls(m.driver, 11, .1, 2, NULL);
        run(&m, 50);
        for (uint32_t p = 0; p < 4; p++)
            assert_int_equal(seen_between(&m, p, 0, 5), 6);
        assert_int_equal(seen_between(&m, 4, 6, 7), 6);
        assert_int_equal(seen_between(&m, 0, 11, 12) + seen_between(&m, 1, 11, 12), 2);
        sim_free(m.sim);
    }
}

/* What nobody waits for any more still counts while it goes on. */
static void abandoned_work_keeps_its_place(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *a = build_node(sim, &worker_type, "name=a, time=10s, stubborn=true", NULL);
    struct node *b = build_node(sim, &worker_type, "name=b, time=4s", NULL);
    struct node *lb = build_node(sim, &balance_type, "policy=join_shortest_queue", a, b, NULL);
    struct node *driver = build_driver(sim, lb);
    driver_call(driver, 0, NULL)->cancel_after = ns_from_s(1);
    driver_call(driver, .5, NULL)->cancel_after = ns_from_s(1);
    driver_call(driver, 2, NULL); /* one of them is gone: to b */
    driver_call(driver, 3, NULL); /* one each: either */
    driver_call(driver, 11, NULL);
    kit_story();
    build_run(sim, driver, 0, 30);
    assert_int_equal(worker_seen(b, 1)->request, 3);
    assert_int_equal(worker_count(a) + worker_count(b), 5);
    sim_free(sim);
}

/* ---- hashing */

static uint32_t home_of(const struct model *m, double key, double from, double to) {
    uint32_t home = UINT32_MAX;
    for (uint32_t p = 0; p < PODS; p++)
        for (uint32_t k = 0; k < worker_count(pod(m, p)); k++) {
            const struct seen_call *c = worker_seen(pod(m, p), k);
            if (c->fact == key && c->time >= from && c->time < to) {
                assert_true(home == UINT32_MAX || home == p);
                home = p;
            }
        }
    return home;
}

static void maglev_keys_have_homes(void **state) {
    (void)state;
    enum { USERS = 300 };
    work = "time=0s";
    struct model m = keyed(2, PODS, "policy=maglev, table_size=1009",
                           "rate=300, facts={user=uniform_int{min=0, max=299}}");
    kit_fault(m.sim, "set", "'pod:count', 9, from=20s, to=40s");
    run(&m, 60);
    int lost = 0, moved = 0;
    for (int u = 0; u < USERS; u++) {
        uint32_t before = home_of(&m, u, 0, 20), without = home_of(&m, u, 20, 40);
        assert_int_equal(before, home_of(&m, u, 40, 60));
        assert_int_not_equal(without, PODS - 1);
        lost += before == PODS - 1;
        moved += before != PODS - 1 && before != without;
    }
    assert_true(lost > 10 && lost < 60 && moved < 60);
    sim_free(m.sim);
}

/* Everything has one key: without a bound it all goes home, with one at 125 % each pod has at most
 * a quarter more than the average, and the home is still full. */
static void a_hot_key_overflows_within_the_bound(void **state) {
    (void)state;
    static const char *const policy[] = {"policy=ring_hash", "policy=maglev, table_size=1009"};
    for (int i = 0; i < 2; i++)
        for (int bound = 0; bound < 2; bound++) {
            char spec[100];
            snprintf(spec, sizeof spec, "%s, hash_balance_factor=%d", policy[i], bound ? 125 : 0);
            work = "time=100s";
            struct model m = keyed(2, PODS, spec, "rate=10, facts={user=constant{value=7}}");
            run(&m, 40);
            uint32_t all = 0, most = 0, used = 0;
            for (uint32_t p = 0; p < PODS; p++) {
                uint32_t n = worker_count(pod(&m, p));
                all += n;
                used += n > 0;
                most = n > most ? n : most;
            }
            assert_true(all > 300);
            assert_int_equal(most,
                             bound ? (uint32_t)ceil(floor((all * 125 + 99) / 100.) / 10) + 1 : all);
            assert_true(bound ? used >= 8 : used == 1);
            sim_free(m.sim);
        }
}

static void weighted_tables(void **state) {
    (void)state;
    static const char *const policy[] = {"policy=ring_hash, minimum_ring_size=100000",
                                         "policy=maglev"};
    for (int i = 0; i < 2; i++) {
        work = "time=0s";
        char spec[100];
        snprintf(spec, sizeof spec, "%s, weights={1, 2}", policy[i]);
        struct model m = keyed(2, 2, spec, "rate=1000, facts={user=uniform{min=0, max=1}}");
        run(&m, 30);
        uint32_t a = worker_count(pod(&m, 0)), b = worker_count(pod(&m, 1));
        assert_near(a / (double)(a + b), 1 / 3., .015);
        sim_free(m.sim);
    }
}

/* ---- slow start */

/* A newcomer among equals: at 60 s of window, after 6 s a tenth, after 30 s a half. */
static void newcomers_begin_slowly(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(1, 1, 2, "slow_start={window=60s}");
    build_set(m.group, 10, "count", "2");
    driver_calls(m.driver, 0, .01, 9000, NULL);
    run(&m, 100);
    assert_int_equal(seen_between(&m, 1, 0, 10), 0);
    /* share w / (1 + w): w is 0.1 until 6 s, then t / 60 */
    assert_near(seen_between(&m, 1, 10, 16) / 600., .1 / 1.1, .005);
    assert_near(seen_between(&m, 1, 39, 41) / 200., .5 / 1.5, .01);
    assert_near(seen_between(&m, 1, 71, 90) / 1900., .5, .002);
    sim_free(m.sim);
}

static void aggression_and_least_weight(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(1, 1, 2, "slow_start={window=60s, aggression=2, min_weight_percent=50%}");
    build_set(m.group, 10, "count", "2");
    driver_calls(m.driver, 0, .01, 9000, NULL);
    run(&m, 100);
    assert_near(seen_between(&m, 1, 10, 25) / 1500., .5 / 1.5, .005); /* sqrt(1/4) is the half */
    double w = sqrt(40 / 60.);
    assert_near(seen_between(&m, 1, 49, 51) / 200., w / (1 + w), .01);
    sim_free(m.sim);
}

/* Those that are there at the beginning are warm, and so is everyone without a window. */
static void the_first_fleet_is_warm(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(1, 3, 4, "slow_start={window=60s}");
    driver_calls(m.driver, 0, .1, 6, NULL);
    run(&m, 20);
    order(&m, 3, "012012");
    sim_free(m.sim);
}

static void least_request_begins_slowly_too(void **state) {
    (void)state;
    work = "time=0s";
    struct model m = pods(1, 1, 2, "policy=least_request, slow_start={window=60s}");
    build_set(m.group, 10, "count", "2");
    driver_calls(m.driver, 0, .01, 3000, NULL);
    run(&m, 100);
    assert_near(seen_between(&m, 1, 10, 16) / 600., .1 / 1.1, .005);
    sim_free(m.sim);
}

/* ---- what is refused */

static void refused(const char *spec, const char *why) {
    struct sim *sim = build_new(1);
    struct node *a = build_node(sim, &worker_type, "name=a", NULL);
    struct node *b = build_node(sim, &worker_type, "name=b", NULL);
    struct node *lb = build_node(sim, &balance_type, spec, a, b, NULL);
    struct node *users = build_node(
        sim, &open_type, "name=users, rate=1, to=@1, facts={user=constant{value=1}}", lb, NULL);
    assert_says(build_seal_refusal(sim, users), why);
    sim_free(sim);
}

static void bad_lists_are_refused(void **state) {
    (void)state;
    refused("weights={1}", "weights: 1 values for 2 targets");
    refused("weights={1, 2, 3}", "weights: 3 values for 2 targets");
    refused("weights={1, 0}", "weights: 0: a weight must lie in 0.001..1e6");
    refused("weights={1, {1, 2}}", "weights: 2 values for a group of 1");
    refused("weights=3", "weights: a text was given; it wants a list");
    refused("weights={1, 2}, policy=join_shortest_queue", "knows no weights");
    refused("slow_start={window=5s}, policy=random", "slow_start: policy = \"random\" has none");
    refused("policy=maglev", "policy = \"maglev\" wants a key");
    refused("policy=maglev, key=user, table_size=65536", "it must be a prime number");
    refused("policy=maglev, key=user, hash_balance_factor=99", "at least 100");
    refused("policy=ring_hash, key=user, minimum_ring_size=5, maximum_ring_size=4",
            "minimum_ring_size is above");
    refused("priorities={0, 2}", "no target has priority 1");
    refused("priorities={0, 1.5}", "priorities: 1.5: a priority is a whole number");
    refused("localities={a, b}, zone_aware={}", "zone_aware wants localities");
    refused("localities={a, b}, zone_aware={local_zone=a}", "zone_aware.callers: how many callers");
    refused("localities={a, b}, zone_aware={local_zone=a, callers={b=5}}", "has no callers");
    refused("policy=ring_hash, key=user, localities={a, b}, zone_aware={local_zone=a, "
            "callers={a=5}}",
            "a key has one home");
    refused("outlier_detection={max_ejection_time=5s}", "max_ejection_time is below");
    struct sim *sim = build_new(1);
    struct node *a = build_node(sim, &worker_type, "name=a", NULL);
    assert_says(build_refusal(sim, &balance_type, "localities={a}", a, NULL),
                "'localities' means nothing without 'zone_aware'");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weighted_round_robin_is_spread),
        cmocka_unit_test(weighted_random_has_its_shares),
        cmocka_unit_test(least_request_weighs_what_is_under_way),
        cmocka_unit_test(weights_may_change),
        cmocka_unit_test(groups_and_components_weigh_side_by_side),
        cmocka_unit_test(the_shortest_queue_is_joined),
        cmocka_unit_test(abandoned_work_keeps_its_place),
        cmocka_unit_test(maglev_keys_have_homes),
        cmocka_unit_test(a_hot_key_overflows_within_the_bound),
        cmocka_unit_test(weighted_tables),
        cmocka_unit_test(newcomers_begin_slowly),
        cmocka_unit_test(aggression_and_least_weight),
        cmocka_unit_test(the_first_fleet_is_warm),
        cmocka_unit_test(least_request_begins_slowly_too),
        cmocka_unit_test(bad_lists_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
