/* Timeouts: when the caller stops waiting, and what becomes of the work. */
#include "check.h"
#include "kit.h"

struct model {
    struct sim *sim;
    struct node *station, *timeout, *driver;
};

static struct model model(const char *timeout, const char *station) {
    struct model m = {.sim = build_new(1)};
    m.station =
        build_node(m.sim, &station_type, arena_print(&m.sim->arena, "name=s, %s", station), NULL);
    m.timeout = build_node(m.sim, &timeout_type, timeout, m.station, NULL);
    m.driver = build_driver(m.sim, m.timeout);
    return m;
}

static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}
static double took(struct model *m, uint32_t i) {
    const struct arrival *a = driver_arrival(m->driver, i);
    return ns_to_s(a->done - a->time);
}

static void in_time_is_passed_on(void **state) {
    (void)state;
    struct model m = model("after=3s", "service=2s");
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 1), "ok");
    assert_near(took(&m, 0), 2, 1e-12);
    assert_near(metric(&m, "timeout:expired"), 0, 0);
    sim_free(m.sim);
}

/* Three calls at once before one server of 4 s, a wait of 5 s. */
static void what_becomes_of_the_work(void **state) {
    (void)state;
    static const char *const specs[] = {"after=5s, on_expiry=abandon",
                                        "after=5s, on_expiry=drop_queued",
                                        "after=5s, on_expiry=stop"};
    static const double busy[] = {12, 8, 5};
    static const double shares[] = {1, 2. / 3, 1. / 3};
    for (int i = 0; i < 3; i++) {
        struct model m = model(specs[i], "service=4s");
        driver_calls(m.driver, 0, 0, 3, NULL);
        build_run(m.sim, m.driver, 0, 20);
        assert_string_equal(driver_story(m.driver, 3), "ok timeout timeout");
        assert_near(took(&m, 1), 5, 1e-12);
        assert_near(metric(&m, "s:utilization"), busy[i] / 20, 1e-12);
        assert_near(metric(&m, "s:share{outcome=ok}"), shares[i], 1e-12);
        assert_near(metric(&m, "timeout:expired") * 20, 2, 1e-12);
        sim_free(m.sim);
    }
}

static void zero_patience_is_over_at_once(void **state) {
    (void)state;
    struct model m = model("after=0s", "service=0s");
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 1),
                        "timeout"); /* its timer was set before the work began */
    assert_near(took(&m, 0), 0, 0);
    sim_free(m.sim);
}

static void an_answer_at_once_is_in_time(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *driver = build_driver(sim, build_node(sim, &timeout_type, "after=0s", leaf, NULL));
    driver_call(driver, 1, NULL);
    build_run(sim, driver, 0, 20);
    assert_string_equal(driver_story(driver, 1), "ok");
    sim_free(sim);
}

static void the_times_may_vary(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "a", 0);
    build_class(sim, "b", 0);
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 5s'", NULL);
    struct node *t = build_node(sim, &timeout_type, "after={a=4s, b=6s}", leaf, NULL);
    struct node *driver = build_driver(sim, t);
    driver_call(driver, 0, "a");
    driver_call(driver, 0, "b");
    build_run(sim, driver, 0, 20);
    assert_string_equal(driver_story(driver, 2), "timeout ok");
    sim_free(sim);
}

static void a_live_change_holds_for_new_calls(void **state) {
    (void)state;
    struct model m = model("after=10s", "service=30s, servers=9");
    build_set(m.timeout, 1.5, "after", "2s"); /* earlier than the tail of the line */
    build_set(m.timeout, 2.5, "after", "8s");
    driver_calls(m.driver, 1, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 50);
    assert_near(took(&m, 0), 10, 1e-12);
    assert_near(took(&m, 1), 2, 1e-12);
    assert_near(took(&m, 2), 8, 1e-12);
    sim_free(m.sim);
}

static void the_inner_one_fires_first(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 9s'", NULL);
    struct node *in = build_node(sim, &timeout_type, "name=in, after=3s", leaf, NULL);
    struct node *out = build_node(sim, &timeout_type, "name=out, after=5s", in, NULL);
    struct node *driver = build_driver(sim, out);
    driver_call(driver, 0, NULL);
    build_run(sim, driver, 0, 20);
    assert_int_equal(driver_arrival(driver, 0)->done, 3000 * MS);
    assert_near(build_metric(sim, "out:expired"), 0, 0);
    assert_near(build_metric(sim, "in:expired") * 20, 1, 1e-12);
    sim_free(sim);
}

/* When the outer one gives up with "stop", the inner one is withdrawn with what is below it. */
static void stopping_reaches_all_the_way_down(void **state) {
    (void)state;
    static const char *const specs[] = {"name=out, after=3s, on_expiry=stop",
                                        "name=out, after=3s, on_expiry=abandon"};
    static const double busy[] = {3, 5};
    for (int i = 0; i < 2; i++) {
        struct sim *sim = build_new(1);
        struct node *s = build_node(sim, &station_type, "name=s, service=9s", NULL);
        struct node *in =
            build_node(sim, &timeout_type, "name=in, after=5s, on_expiry=stop", s, NULL);
        struct node *driver = build_driver(sim, build_node(sim, &timeout_type, specs[i], in, NULL));
        driver_call(driver, 0, NULL);
        build_run(sim, driver, 0, 20);
        assert_near(build_metric(sim, "s:utilization"), busy[i] / 20,
                    1e-12); /* an orphan's own timeout goes on */
        sim_free(sim);
    }
}

static void a_withdrawn_caller_takes_its_timer_along(void **state) {
    (void)state;
    struct model m = model("after=5s, on_expiry=stop", "service=9s");
    struct arrival *a = driver_call(m.driver, 0, NULL);
    a->cancel_after = 2000 * MS;
    a->cause = CAUSE_GONE;
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 1), "cancelled");
    assert_near(metric(&m, "timeout:expired"), 0, 0);
    assert_near(metric(&m, "s:utilization"), 2. / 20, 1e-12);
    sim_free(m.sim);
}

static void late_goodness_does_not_count(void **state) {
    (void)state;
    struct model m = model("after=5s", "service=2s");
    driver_call(m.driver, 0, NULL)->patience = 1000 * MS;
    driver_call(m.driver, 10, NULL)->patience = 2000 * MS;
    build_run(m.sim, m.driver, 0, 20);
    assert_near(metric(&m, "goodput"), 1. / 20, 1e-12);
    assert_near(metric(&m, "throughput"), 2. / 20, 1e-12);
    assert_near(metric(&m, "availability"), 1, 0);
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_time_is_passed_on),
        cmocka_unit_test(what_becomes_of_the_work),
        cmocka_unit_test(zero_patience_is_over_at_once),
        cmocka_unit_test(an_answer_at_once_is_in_time),
        cmocka_unit_test(the_times_may_vary),
        cmocka_unit_test(a_live_change_holds_for_new_calls),
        cmocka_unit_test(the_inner_one_fires_first),
        cmocka_unit_test(stopping_reaches_all_the_way_down),
        cmocka_unit_test(a_withdrawn_caller_takes_its_timer_along),
        cmocka_unit_test(late_goodness_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
