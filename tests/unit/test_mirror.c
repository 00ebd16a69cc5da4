#include <stdio.h>

#include "check.h"
#include "kit.h"

struct model {
    struct sim *sim;
    struct node *leaf, *shadow, *mirror, *driver;
};

static struct model model(const char *spec, const char *leaf, const char *shadow) {
    struct model m = {.sim = build_new(43)};
    char all[200];
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.shadow = build_node(m.sim, &worker_type, shadow, NULL);
    snprintf(all, sizeof all, "shadow=@1%s%s", *spec ? ", " : "", spec);
    m.mirror = build_node(m.sim, &mirror_type, all, m.shadow, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.mirror);
    return m;
}

/* ---- what the user sees */

static void answers_of_the_shadow_are_nobodys(void **state) {
    (void)state;
    struct model m = model("", "says='ok 10ms'", "name=shadow, time=5s, ends=error");
    driver_calls(m.driver, 0, 1, 10, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(driver_outcomes(m.driver, 0, 100, OUTCOME_OK), 10);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 10 * MS);
    assert_near(build_metric(m.sim, "offered"), .1, 1e-12);
    assert_near(build_metric(m.sim, "availability"), 1, 0);
    assert_near(build_metric(m.sim, "in_flight"), .001, 1e-12);
    assert_near(build_metric(m.sim, "mirror:latency.max"), .01, .0001);
    assert_near(build_metric(m.sim, "mirror:mirrored"), .1, 1e-12);
    assert_near(build_metric(m.sim, "shadow:offered"), .1, 1e-12);
    assert_near(build_metric(m.sim, "shadow:share{outcome=error}"), 1, 0);
    assert_near(build_metric(m.sim, "shadow:in_flight"), .5, 1e-12);
    sim_free(m.sim);
}

/* Request, key, class and deadline are those of the call that was copied. */
static void the_shadow_gets_the_same(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *shadow = build_node(sim, &worker_type, "name=shadow", NULL);
    struct node *real = build_node(sim, &worker_type, "name=real", NULL);
    struct node *mirror = build_node(sim, &mirror_type, "shadow=@1", shadow, real, NULL);
    struct node *driver = build_driver(sim, mirror);
    build_class(sim, "bot", 1);
    build_class(sim, "human", 2);
    for (int i = 0; i < 6; i++)
        driver_call(driver, i, i % 3 ? "human" : "bot")->patience = i % 2 ? NS_PER_S : 0;
    build_run(sim, driver, 0, 100);
    assert_int_equal(worker_count(shadow), 6);
    for (uint32_t i = 0; i < 6; i++) {
        const struct seen_call *a = worker_seen(real, i), *b = worker_seen(shadow, i);
        assert_near(b->time, a->time, 0);
        assert_true(b->key == a->key);
        assert_true(b->request == a->request);
        assert_int_equal(b->class, a->class);
        assert_int_equal(b->attempt, a->attempt);
        assert_true(b->deadline == a->deadline);
    }
    assert_near(build_metric(sim, "shadow:offered{class=bot}"), .02, 1e-12);
    assert_near(build_metric(sim, "shadow:offered{class=human}"), .04, 1e-12);
    sim_free(sim);
}

static void a_share_is_copied(void **state) {
    (void)state;
    enum { CALLS = 20000 };
    struct model m = model("share=25%", "says='ok 1ms'", "name=shadow");
    driver_calls(m.driver, 0, .001, CALLS, NULL);
    build_set(m.mirror, 30, "share", "0");
    driver_calls(m.driver, 40, .001, CALLS, NULL);
    build_set(m.mirror, 70, "share", "1");
    driver_calls(m.driver, 80, .001, 100, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_true(kit_share(worker_count(m.shadow) - 100, CALLS, .25));
    sim_free(m.sim);
}

/* At a server that both need, the call itself is served first. */
static void the_shadow_is_behind(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *station = build_node(sim, &station_type, "service=1s", NULL);
    struct node *other = build_node(sim, &delay_type, "time=0s", station, NULL);
    struct node *mirror = build_node(sim, &mirror_type, "shadow=@1", other, station, NULL);
    struct node *driver = build_driver(sim, mirror);
    driver_calls(driver, 0, 10, 3, NULL);
    build_run(sim, driver, 0, 100);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(driver_arrival(driver, i)->done, (10 * i + 1) * NS_PER_S);
    assert_near(build_metric(sim, "station:utilization"), .06, 1e-12);
    sim_free(sim);
}

/* ---- withdrawals and crashes */

static void the_shadow_goes_on(void **state) {
    (void)state;
    struct model m = model("", "says='ok 1s'", "name=shadow, time=2s");
    driver_call(m.driver, 0, NULL)->cancel_after = 500 * MS;
    driver_call(m.driver, 10, NULL);
    build_crash(m.mirror, 10.5);
    driver_call(m.driver, 20, NULL);
    build_crash(m.leaf, 20.5);
    driver_call(m.driver, 30, NULL);
    build_crash(m.shadow, 30.5);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 4), "cancelled error error ok");
    assert_near(build_metric(m.sim, "shadow:share{outcome=ok}"), .75, 0);
    assert_near(build_metric(m.sim, "shadow:in_flight"), (2 + 2 + 2 + .5) / 100, 1e-9);
    sim_free(m.sim);
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct model m = model("share=.5", "says='ok 100ms'", "name=shadow, time=1s, stubborn=true");
    driver_calls(m.driver, 0, .003, 1000, NULL);
    build_run(m.sim, m.driver, 0, 2);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    assert_says(build_refusal(sim, &mirror_type, "", leaf, NULL), "'shadow' is missing");
    assert_says(build_refusal(sim, &mirror_type, "share=2, shadow=@1", leaf, NULL), "share");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_the_shadow_are_nobodys),
        cmocka_unit_test(the_shadow_gets_the_same),
        cmocka_unit_test(a_share_is_copied),
        cmocka_unit_test(the_shadow_is_behind),
        cmocka_unit_test(the_shadow_goes_on),
        cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
