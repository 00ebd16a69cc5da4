/* Fire and forget. */
#include "check.h"
#include "kit.h"

struct model {
    struct sim *sim;
    struct node *worker, *async, *driver;
};

static struct model model(const char *spec, const char *worker) {
    struct model m = {.sim = build_new(7)};
    m.worker = build_node(m.sim, &worker_type, worker, NULL);
    m.async = build_node(m.sim, &async_type, spec, m.worker, NULL);
    m.driver = build_driver(m.sim, m.async);
    return m;
}

static double metric(const struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

static void the_caller_does_not_wait(void **state) {
    (void)state;
    struct model m = model("", "time=5s, ends=error");
    driver_calls(m.driver, 0, 1, 10, NULL);
    build_run(m.sim, m.driver, 0, 100);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(driver_arrival(m.driver, i)->done, i * NS_PER_S);
    assert_int_equal(driver_outcomes(m.driver, 0, 100, OUTCOME_OK), 10);
    assert_near(metric(&m, "offered"), .1, 1e-12); /* the work is nobody's request */
    assert_near(metric(&m, "availability"), 1, 0);
    assert_near(metric(&m, "in_flight"), 0, 1e-12);
    assert_near(metric(&m, "async:background"), .5, 1e-12);
    assert_near(metric(&m, "async:handed_over"), .1, 1e-12);
    assert_near(metric(&m, "async:failed"), .1, 1e-12);
    assert_near(metric(&m, "async:latency.max{result=call}"), 0, 0);
    assert_near(metric(&m, "async:share{result=work,outcome=error}"), .5, 1e-12);
    assert_near(metric(&m, "worker:in_flight"), .5, 1e-12);
    sim_free(m.sim);
}

/* The answer comes when it is written down, and the work begins then. */
static void accepting_takes_time(void **state) {
    (void)state;
    struct model m = model("accept=100ms", "time=1s");
    driver_calls(m.driver, 0, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 10);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(driver_arrival(m.driver, i)->done, i * NS_PER_S + 100 * MS);
        assert_near(worker_seen(m.worker, i)->time, i + .1, 1e-12);
    }
    assert_near(metric(&m, "async:service.mean"), .1, 1e-9);
    assert_near(metric(&m, "async:latency.mean{result=work}"), 1, 1e-9);
    sim_free(m.sim);
}

static void the_work_has_the_same_facts_and_no_deadline(void **state) {
    (void)state;
    struct model m = model("", "time=1s");
    build_class(m.sim, "bot", 0);
    build_class(m.sim, "human", 1);
    sim_fact(m.sim, "size");
    for (int i = 0; i < 4; i++) {
        struct arrival *a = driver_call(m.driver, i, i % 2 ? "human" : "bot");
        a->fact = 10 + i;
        a->patience = 500 * MS;
    }
    build_run(m.sim, m.driver, 0, 100);
    for (uint32_t i = 0; i < 4; i++) {
        const struct seen_call *s = worker_seen(m.worker, i);
        assert_int_equal(s->class, i % 2);
        assert_near(s->fact, 10 + i, 0);
        assert_true(s->deadline == NS_NEVER);
        assert_int_equal(s->attempt, 1);
    }
    assert_near(metric(&m, "worker:goodput"), .04, 1e-12);
    sim_free(m.sim);
}

/* Draws below are those that a call without the async in between would have made. */
static void draws_are_kept(void **state) {
    (void)state;
    double took[2];
    for (int k = 0; k < 2; k++) {
        struct sim *sim = build_new(3);
        struct node *d = build_node(sim, &delay_type, "time=exp{mean=1s}", NULL);
        struct node *top = k ? build_node(sim, &async_type, "", d, NULL) : d;
        struct node *driver = build_driver(sim, top);
        driver_calls(driver, 0, 1, 50, NULL);
        build_run(sim, driver, 0, 100);
        took[k] = build_metric(sim, "delay:latency.mean");
        sim_free(sim);
    }
    assert_near(took[0], took[1], 1e-12);
}

static void the_limit_counts_what_is_under_way(void **state) {
    (void)state;
    struct model m = model("limit=2, accept=500ms", "time=2s");
    driver_call(m.driver, 0, NULL);   /* works from .5 to 2.5 */
    driver_call(m.driver, .2, NULL);  /* from .7 to 2.7 */
    driver_call(m.driver, .4, NULL);  /* refused: two are being accepted */
    driver_call(m.driver, 2.4, NULL); /* refused */
    driver_call(m.driver, 2.6, NULL); /* the first is done */
    build_set(m.async, 5.5, "limit", "0");
    driver_calls(m.driver, 6, 0, 5, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 10), "ok ok error error ok ok ok ok ok ok");
    assert_near(metric(&m, "async:rejected"), .1, 1e-12);
    assert_int_equal(worker_count(m.worker), 8);
    sim_free(m.sim);
}

static void what_was_not_accepted_is_not_done(void **state) {
    (void)state;
    struct model m = model("accept=1s, limit=1", "time=1s");
    driver_call(m.driver, 0, NULL)->cancel_after = 400 * MS;
    driver_call(m.driver, .5, NULL)->cancel_after = 1500 * MS; /* answered at 1.5 */
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 2), "cancelled ok");
    assert_int_equal(worker_count(m.worker), 1);
    sim_free(m.sim);
}

static void a_crash_ends_the_work(void **state) {
    (void)state;
    struct model m = model("accept=1s, limit=2", "time=4s");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 1.5, NULL);
    kit_fault(m.sim, "down", "'async', from=2s, to=3s");
    driver_calls(m.driver, 4, 0, 2, NULL); /* nothing is held any more */
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 4), "ok error ok ok");
    assert_near(metric(&m, "async:background"), (1 + 4 + 4) / 20., 1e-9);
    assert_near(metric(&m, "worker:share{outcome=cancelled}"), 1 / 3., 1e-9);
    sim_free(m.sim);
}

static void the_run_may_end_or_be_full_meanwhile(void **state) {
    (void)state;
    struct model m = model("", "time=1s, stubborn=true");
    driver_calls(m.driver, 0, .003, 1000, NULL);
    build_run(m.sim, m.driver, 0, 2);
    assert_true(worker_count(m.worker) > 600);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    assert_says(build_refusal(sim, &async_type, "accept=fast", leaf, NULL), "accept");
    assert_says(build_refusal(sim, &async_type, "limit=-1", leaf, NULL), "limit");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_caller_does_not_wait),
        cmocka_unit_test(accepting_takes_time),
        cmocka_unit_test(the_work_has_the_same_facts_and_no_deadline),
        cmocka_unit_test(draws_are_kept),
        cmocka_unit_test(the_limit_counts_what_is_under_way),
        cmocka_unit_test(what_was_not_accepted_is_not_done),
        cmocka_unit_test(a_crash_ends_the_work),
        cmocka_unit_test(the_run_may_end_or_be_full_meanwhile),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
