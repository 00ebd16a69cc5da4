/* Delays: time passes, for all at once. */
#include "check.h"
#include "kit.h"

#include "base/stats.h"

struct model {
    struct sim *sim;
    struct node *delay, *leaf, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(1)};
    m.leaf = leaf ? build_node(m.sim, &leaf_type, leaf, NULL) : NULL;
    m.delay = build_node(m.sim, &delay_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.delay);
    return m;
}

static double took(struct model *m, uint32_t i) {
    const struct arrival *a = driver_arrival(m->driver, i);
    return ns_to_s(a->done - a->time);
}

static void a_delay_answers_by_itself(void **state) {
    (void)state;
    struct model m = model("time=250ms", NULL);
    driver_calls(m.driver, 0, .01, 100, NULL); /* nobody waits for anybody */
    build_run(m.sim, m.driver, 0, 10);
    for (uint32_t i = 0; i < 100; i++)
        assert_near(took(&m, i), .25, 1e-12);
    assert_near(build_metric(m.sim, "delay:network.mean"), .25, 1e-12);
    assert_near(build_metric(m.sim, "delay:in_flight"), 2.5, 1e-9);
    sim_free(m.sim);
}

static void a_delay_comes_before_what_it_leads_to(void **state) {
    (void)state;
    struct model m = model("time=250ms", "says='degraded 500ms, error 0s'");
    driver_calls(m.driver, 0, 1, 2, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_near(leaf_time(m.leaf, 0), .25, 1e-12);
    assert_near(took(&m, 0), .75, 1e-12);
    assert_string_equal(driver_story(m.driver, 2), "degraded error");
    assert_near(build_metric(m.sim, "delay:network.mean"), .25, 1e-12);
    sim_free(m.sim);
}

static void no_time_is_an_instant(void **state) {
    (void)state;
    struct model m = model("time=0s", "says='ok 0s'");
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_near(took(&m, 0), 0, 0);
    sim_free(m.sim);
}

static void times_may_vary_by_call(void **state) {
    (void)state;
    struct model m = model("time=exponential{mean=1s}", NULL);
    driver_calls(m.driver, 0, .01, 5000, NULL);
    build_run(m.sim, m.driver, 0, 100);
    static double x[5000];
    for (uint32_t i = 0; i < 5000; i++)
        x[i] = took(&m, i);
    struct estimate e = stats_estimate(x, 5000, .9999);
    assert_true(e.ci.lo < 1 && 1 < e.ci.hi);
    assert_near(e.sd, 1, .1);
    sim_free(m.sim);
}

static void a_live_change_holds_for_new_calls(void **state) {
    (void)state;
    struct model m = model("time=10s", NULL);
    build_set(m.delay, 1.5, "time", "1s"); /* overtakes those before it */
    build_set(m.delay, 2.5, "time", "20s");
    build_set(m.delay, 3.5, "time", "steps{{0, 3s}, {4.5s, 5s}}");
    driver_calls(m.driver, 1, 1, 5, NULL);
    build_run(m.sim, m.driver, 0, 100);
    static const double want[] = {10, 1, 20, 3, 5};
    for (uint32_t i = 0; i < 5; i++)
        assert_near(took(&m, i), want[i], 1e-12);
    sim_free(m.sim);
}

static void a_withdrawn_call_is_gone(void **state) {
    (void)state;
    struct model m = model("time=1s", "says='ok 1s'");
    driver_call(m.driver, 0, NULL)->cancel_after = 500 * MS;  /* on its way */
    driver_call(m.driver, 2, NULL)->cancel_after = 1500 * MS; /* there already */
    driver_call(m.driver, 4, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 3), "cancelled cancelled ok");
    assert_int_equal(leaf_count(m.leaf), 2);
    sim_free(m.sim);
}

static void what_gates_add_is_not_its_own_time(void **state) {
    (void)state;
    struct model m = model("name=d, time=1s", NULL);
    kit_fault(m.sim, "delay_added", "'d', delay=2s, from=5s, to=10s");
    kit_fault(m.sim, "slow", "'d', factor=4, from=7s, to=12s");
    driver_call(m.driver, 1, NULL);
    driver_call(m.driver, 6, NULL); /* drawn at 8 s, when it is slow */
    driver_call(m.driver, 11, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_near(took(&m, 0), 1, 1e-12);
    assert_near(took(&m, 1), 6, 1e-12);
    assert_near(took(&m, 2), 4, 1e-12);
    assert_near(build_metric(m.sim, "d:network.mean"), (1 + 2 + 4 + 4) / 4., 1e-9);
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delay_answers_by_itself),
        cmocka_unit_test(a_delay_comes_before_what_it_leads_to),
        cmocka_unit_test(no_time_is_an_instant),
        cmocka_unit_test(times_may_vary_by_call),
        cmocka_unit_test(a_live_change_holds_for_new_calls),
        cmocka_unit_test(a_withdrawn_call_is_gone),
        cmocka_unit_test(what_gates_add_is_not_its_own_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
