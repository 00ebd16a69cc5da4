/* Servers that stations share. */
#include "check.h"
#include "kit.h"

#include "node/servers.h"

struct model {
    struct sim *sim;
    struct node *pool, *a, *b, *driver;
};

/* Class "a" goes to station a, class "b" to station b. */
static struct model model(int priority_a, int priority_b, const char *pool, const char *a,
                          const char *b) {
    struct model m = {.sim = build_new(1)};
    build_class(m.sim, "a", priority_a);
    build_class(m.sim, "b", priority_b);
    m.pool = build_node(m.sim, &pool_type, pool, NULL);
    struct node *cpu = m.pool;
    m.a = build_node(m.sim, &station_type, arena_print(&m.sim->arena, "name=sa, on=@1, %s", a), cpu,
                     NULL);
    m.b = build_node(m.sim, &station_type, arena_print(&m.sim->arena, "name=sb, on=@1, %s", b), cpu,
                     NULL);
    struct node *split =
        build_node(m.sim, &split_type, "by=class, to={a=@1, b=@2}", m.a, m.b, NULL);
    m.driver = build_driver(m.sim, split);
    return m;
}

static void calls(struct model *m, const char *classes) {
    for (int i = 0; classes[i]; i++)
        driver_call(m->driver, .01 * i, classes[i] == 'a' ? "a" : "b");
}

/* The classes in the order in which they were answered. */
static const char *order(struct model *m) {
    static char out[100];
    bool used[100] = {false};
    uint32_t n = driver_count(m->driver);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t best = n;
        for (uint32_t i = 0; i < n; i++)
            if (!used[i] && driver_arrival(m->driver, i)->answered &&
                (best == n ||
                 driver_arrival(m->driver, i)->done < driver_arrival(m->driver, best)->done))
                best = i;
        out[k] = 0;
        if (best == n)
            break;
        used[best] = true;
        out[k] = driver_arrival(m->driver, best)->class ? 'b' : 'a';
        out[k + 1] = 0;
    }
    return out;
}

static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

static void across_stations_the_first_to_come_is_first(void **state) {
    (void)state;
    struct model m = model(0, 0, "servers=1", "service=1s", "service=1s");
    calls(&m, "aabbabbba");
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(order(&m), "aabbabbba");
    sim_free(m.sim);
}

static void across_stations_the_important_is_first(void **state) {
    (void)state;
    struct model m = model(0, 1, "servers=1", "service=1s, discipline=priority",
                           "service=1s, discipline=priority");
    calls(&m, "aabbabbba");
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(order(&m), "abbbbbaaa");
    sim_free(m.sim);
}

/* Priorities are at play when either station knows them, whichever was made first. */
static void one_station_with_priorities_is_enough(void **state) {
    (void)state;
    static const char *const specs[][2] = {{"service=1s", "service=1s, discipline=priority"},
                                           {"service=1s, discipline=priority", "service=1s"}};
    for (int i = 0; i < 2; i++) {
        struct model m = model(0, 1, "servers=1", specs[i][0], specs[i][1]);
        calls(&m, "aabbabbba");
        build_run(m.sim, m.driver, 0, 20);
        assert_string_equal(order(&m), "abbbbbaaa");
        sim_free(m.sim);
    }
}

static void shares_of_a_pool_add_up(void **state) {
    (void)state;
    struct model m = model(0, 0, "name=cpu, servers=4", "service=2s", "service=3s");
    calls(&m, "ab");
    driver_call(m.driver, 5, "a");
    build_run(m.sim, m.driver, 0, 10);
    assert_near(metric(&m, "sa:utilization"), 4. / 40, 1e-12);
    assert_near(metric(&m, "sb:utilization"), 3. / 40, 1e-12);
    assert_near(metric(&m, "cpu:utilization"), 7. / 40, 1e-12);
    sim_free(m.sim);
}

static void a_pool_may_grow_and_shrink(void **state) {
    (void)state;
    struct model m = model(0, 0, "name=cpu, servers=1", "service=10s", "service=10s");
    calls(&m, "abab");
    build_set(m.pool, 2, "servers", "3");
    build_set(m.pool, 5, "servers", "1");
    build_run(m.sim, m.driver, 0, 50);
    assert_near(ns_to_s(driver_arrival(m.driver, 0)->done), 10, 1e-9);
    assert_near(ns_to_s(driver_arrival(m.driver, 1)->done), 12, 1e-9);
    assert_near(ns_to_s(driver_arrival(m.driver, 2)->done), 12, 1e-9);
    assert_near(ns_to_s(driver_arrival(m.driver, 3)->done), 22, 1e-9);
    double capacity = 2 + 3 * 3 + 45;
    assert_near(metric(&m, "cpu:utilization"), 40 / capacity, 1e-9);
    assert_near(metric(&m, "sa:utilization"), 20 / capacity, 1e-9);
    sim_free(m.sim);
}

static void what_leaves_one_station_starts_in_the_other(void **state) {
    (void)state;
    struct model m = model(0, 0, "servers=1", "service=10s", "service=1s");
    struct arrival *a = driver_call(m.driver, 0, "a");
    a->cancel_after = 2000 * MS;
    a->cause = CAUSE_GONE;
    driver_call(m.driver, 1, "b");
    build_run(m.sim, m.driver, 0, 20);
    assert_near(ns_to_s(driver_arrival(m.driver, 1)->done), 3, 1e-9);
    sim_free(m.sim);
}

static void a_crash_of_one_station_spares_the_other(void **state) {
    (void)state;
    struct model m = model(0, 0, "servers=1", "service=10s", "service=1s");
    kit_fault(m.sim, "down", "'sa', from=2s, to=3s");
    calls(&m, "aabb");
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 4), "error error ok ok");
    assert_near(ns_to_s(driver_arrival(m.driver, 2)->done), 3, 1e-9);
    assert_near(ns_to_s(driver_arrival(m.driver, 3)->done), 4, 1e-9);
    assert_near(metric(&m, "sa:wait.max"), 0, 0); /* the one in the queue never got its turn */
    sim_free(m.sim);
}

static void a_slow_pool_slows_all_its_stations(void **state) {
    (void)state;
    struct model m = model(0, 0, "name=cpu, servers=4", "service=1s", "service=2s");
    kit_fault(m.sim, "slow", "'cpu', factor=3, from=5s, to=10s");
    kit_fault(m.sim, "slow", "'sb', factor=2, from=5s, to=10s");
    calls(&m, "ab");
    driver_call(m.driver, 6, "a");
    driver_call(m.driver, 6, "b");
    driver_call(m.driver, 11, "b");
    build_run(m.sim, m.driver, 0, 30);
    static const double want[] = {1, 2.01, 9, 18, 13};
    for (uint32_t i = 0; i < 5; i++)
        assert_near(ns_to_s(driver_arrival(m.driver, i)->done), want[i], 1e-9);
    sim_free(m.sim);
}

static double utilization;
static void look(void *ctx) {
    assert_true(node_probe(ctx, PROBE_UTILIZATION, &utilization));
}

static void a_pool_can_be_probed(void **state) {
    (void)state;
    struct model m = model(0, 0, "servers=4", "service=2s", "service=3s");
    calls(&m, "aab");
    build_at(m.sim, 1, look, m.pool);
    build_run(m.sim, m.driver, 0, 10);
    assert_near(utilization, .75, 0);
    sim_free(m.sim);
}

/* A value given from outside, after the file was read and before the model is sealed, is the one
 * that holds. */
static void servers_may_be_set_before_the_run(void **state) {
    (void)state;
    struct model m = model(0, 0, "name=cpu, servers=1", "service=2s", "service=2s");
    struct error e = {{0}};
    struct value v = value_of_text("2");
    struct sim_limits limits = {.duration = ns_from_s(10)};
    struct span none = {0};
    calls(&m, "ab");
    assert_true(sim_wire(m.sim, &m.driver, 1, &e));
    assert_true(schema_set(m.pool, schema_find(&pool_type, "servers", &e), &v, false, &e));
    assert_true(sim_seal(m.sim, &none, 0, &limits, &e) && sim_run(m.sim));
    assert_near(ns_to_s(driver_arrival(m.driver, 1)->done), 2.01, 1e-9);
    assert_near(metric(&m, "cpu:utilization"), .2, 1e-9);
    assert_near(metric(&m, "sa:utilization"), .1, 1e-9);
    sim_free(m.sim);
}

static void bad_pools_are_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &pool_type, "", NULL), "'servers' is missing");
    struct node *s = build_node(sim, &station_type, "service=1s", NULL);
    assert_says(build_refusal(sim, &station_type, "service=1s, on=@1", s, NULL),
                "on: station { … } was given; it wants pool");
    struct node *cpu = build_node(sim, &pool_type, "servers=2", NULL);
    assert_says(build_refusal(sim, &timeout_type, "after=1s", cpu, NULL), "a pool is not called");
    struct node *both = build_node(sim, &station_type, "service=1s, on=@1, servers=2", cpu, NULL);
    assert_says(build_seal_refusal(sim, build_driver(sim, both)),
                "'servers' and 'on' exclude each other");
    sim_free(sim);
    struct model m = model(0, 0, "servers=1", "service=1s", "service=1s");
    kit_fault(m.sim, "set", "'sa:servers', 3, from=1s");
    assert_says(build_run_failure(m.sim, m.driver, 5),
                "its servers are those of the pool; set pool:servers");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(across_stations_the_first_to_come_is_first),
        cmocka_unit_test(across_stations_the_important_is_first),
        cmocka_unit_test(one_station_with_priorities_is_enough),
        cmocka_unit_test(shares_of_a_pool_add_up),
        cmocka_unit_test(a_pool_may_grow_and_shrink),
        cmocka_unit_test(what_leaves_one_station_starts_in_the_other),
        cmocka_unit_test(a_crash_of_one_station_spares_the_other),
        cmocka_unit_test(a_slow_pool_slows_all_its_stations),
        cmocka_unit_test(a_pool_can_be_probed),
        cmocka_unit_test(servers_may_be_set_before_the_run),
        cmocka_unit_test(bad_pools_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
