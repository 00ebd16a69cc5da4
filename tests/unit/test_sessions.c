/* Sessions: users who come, ask several times, and leave. */
#include "check.h"
#include "kit.h"

static struct sim *sim;
static struct node *leaf, *users;

static void make_with(const struct node_type *type, const char *spec, const char *below) {
    sim = build_new(5);
    leaf = build_node(sim, type, below, NULL);
    users = build_node(sim, &sessions_type, arena_print(&sim->arena, "name=users, to=@1, %s", spec),
                       leaf, NULL);
}

static void asked_at(double seconds, const double *want, uint32_t n) {
    build_run(sim, users, 0, seconds);
    for (uint32_t i = 0; i < leaf_count(leaf) && i < n; i++)
        assert_near(leaf_time(leaf, i), want[i], 1e-9);
    assert_int_equal(leaf_count(leaf), n);
}

/* One comes every 10 s, asks three times, and thinks for 2 s after each answer. */
static void a_session_asks_and_thinks(void **state) {
    (void)state;
    make_with(&leaf_type, "rate=.1, arrivals=deterministic, requests=3, think=2s", "says='ok 1s'");
    asked_at(30, (const double[]){10, 13, 16, 20, 23, 26}, 6);
    assert_near(build_metric(sim, "users:sessions"), 14 / 30., 1e-9); /* 10 to 17, 20 to 27 */
    assert_near(build_metric(sim, "users:begun"), 2 / 30., 1e-12);
    assert_near(build_metric(sim, "users:requests_per_session"), 3, 1e-12);
    assert_near(build_metric(sim, "latency.mean"), 1, 1e-9);
    assert_near(build_metric(sim, "calls"), 6, 0);
    sim_free(sim);
}

static void sessions_do_not_wait_for_each_other(void **state) {
    (void)state;
    make_with(&leaf_type, "rate=1, arrivals=deterministic, requests=.3", "says='error 5s'");
    asked_at(4, (const double[]){1, 2, 3}, 3);
    sim_free(sim);
}

/* The class and the facts of a session are those of all its requests; other facts are drawn anew.
 */
static void a_session_keeps_what_it_is(void **state) {
    (void)state;
    int class[1000], requests[1000] = {0};
    make_with(&worker_type,
              "rate=10, requests=4, think=exp{mean=1s}, session_facts={user=exp{mean=1}}, "
              "classes={a={share=.5}, b={share=.5}}, facts={size=exp{mean=1}}",
              "time=100ms");
    assert_int_equal(sim_find_fact(sim, "session_id"), 0); /* the one that the worker keeps */
    kit_story();
    build_run(sim, users, 0, 50);
    for (uint32_t i = 0; i < worker_count(leaf); i++) {
        const struct seen_call *s = worker_seen(leaf, i);
        int k = (int)s->fact;
        assert_in_range(k, 1, 999);
        if (requests[k]++)
            assert_int_equal(s->class, class[k]);
        class[k] = s->class;
    }
    for (int k = 1; k < 1000; k++)
        assert_in_range(requests[k], 0, 4);
    assert_true(kit_poisson((uint64_t)(build_metric(sim, "users:begun") * 50 + .5), 500));
    sim_free(sim);
}

/* Sessions without a pause or work come one after the other. */
static void kept_facts_do_not_change(void **state) {
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        sim = build_new(5);
        sim_fact(sim, "x"); /* the first, which the worker keeps */
        leaf = build_node(sim, &worker_type, "time=0s", NULL);
        users = build_node(sim, &sessions_type,
                           kept ? "to=@1, rate=1, requests=3, session_facts={x=exp{mean=1}}"
                                : "to=@1, rate=1, requests=3, facts={x=exp{mean=1}}",
                           leaf, NULL);
        kit_story();
        build_run(sim, users, 0, 100);
        uint32_t equal = 0, n = worker_count(leaf);
        for (uint32_t i = 1; i < n; i++)
            equal += worker_seen(leaf, i)->fact == worker_seen(leaf, i - 1)->fact;
        assert_int_equal(equal, kept ? n / 3 * 2 : 0);
        sim_free(sim);
    }
}

static void impatient_ones_reload(void **state) {
    (void)state;
    make_with(&leaf_type,
              "rate=.1, arrivals=deterministic, requests=2, reload={after=1s, at_most=2}",
              "says='ok 10s, ok 10s, ok 500ms, ok 500ms'");
    asked_at(19, (const double[]){10, 11, 12, 12.5}, 4);
    assert_near(build_metric(sim, "users:reloads"), 2 / 19., 1e-12);
    assert_near(build_metric(sim, "latency.max"), 2.5, .01);
    sim_free(sim);
}

static void rates_and_states_are_those_of_open(void **state) {
    (void)state;
    make_with(&leaf_type, "rate=2, arrivals=deterministic, requests=1", "says='ok 0s'");
    build_set(users, 2.25, "rate", "1");
    asked_at(6, (const double[]){.5, 1, 1.5, 2, 2.75, 3.75, 4.75, 5.75}, 8);
    sim_free(sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    sim = build_new(1);
    assert_says(build_refusal(sim, &sessions_type, "rate=1", NULL), "'requests' is missing");
    assert_says(build_refusal(sim, &sessions_type, "requests=1", NULL), "'rate' is missing");
    assert_says(build_refusal(sim, &sessions_type, "rate=1, requests=1, session_facts=3", NULL),
                "session_facts: it wants a table");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_asks_and_thinks),
        cmocka_unit_test(sessions_do_not_wait_for_each_other),
        cmocka_unit_test(a_session_keeps_what_it_is),
        cmocka_unit_test(kept_facts_do_not_change),
        cmocka_unit_test(impatient_ones_reload),
        cmocka_unit_test(rates_and_states_are_those_of_open),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
