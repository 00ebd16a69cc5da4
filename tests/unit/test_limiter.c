#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *limiter, *driver;
};

static struct model model(uint64_t replication, const char *spec) {
    struct model m = {.sim = build_new_replication(11, replication)};
    m.leaf = build_node(m.sim, &leaf_type, "", NULL);
    m.limiter = build_node(m.sim, &limiter_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.limiter);
    return m;
}

static void run(struct model *m) {
    build_run(m->sim, m->driver, 0, 1000);
}

static void the_bucket_starts_full(void **state) {
    (void)state;
    struct model m = model(1, "rate=10, burst=3");
    driver_calls(m.driver, 0, 0, 5, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 5), "ok ok ok limited limited");
    assert_int_equal(leaf_count(m.leaf), 3);
    assert_near(build_metric(m.sim, "limiter:limited"), 2 / 1000.0, 1e-12);
    assert_int_equal(driver_arrival(m.driver, 4)->done, 0);
    sim_free(m.sim);
}

static void tokens_come_at_the_rate(void **state) {
    (void)state;
    struct model m = model(1, "rate=10, burst=1");
    driver_call(m.driver, 0, NULL);          /* takes the one there is */
    driver_call(m.driver, .099999999, NULL); /* one nanosecond early */
    driver_call(m.driver, .1, NULL);
    driver_call(m.driver, .1, NULL);
    driver_call(m.driver, .2, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 5), "ok limited ok limited ok");
    sim_free(m.sim);
}

/* Refused calls cost nothing: between them the token grows in ten parts. */
static void refusals_cost_nothing(void **state) {
    (void)state;
    struct model m = model(1, "rate=1, burst=1");
    driver_calls(m.driver, 0, .1, 31, NULL);
    run(&m);
    for (uint32_t i = 0; i < 31; i++)
        assert_int_equal(driver_arrival(m.driver, i)->outcome,
                         i % 10 ? OUTCOME_LIMITED : OUTCOME_OK);
    sim_free(m.sim);
}

static void a_pause_fills_up_to_the_burst(void **state) {
    (void)state;
    struct model m = model(1, "rate=10, burst=3");
    driver_calls(m.driver, 0, 0, 3, NULL);
    driver_calls(m.driver, 500, 0, 5, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 8), "ok ok ok ok ok ok limited limited");
    sim_free(m.sim);
}

static void the_burst_is_a_second_of_rate(void **state) {
    (void)state;
    struct model m = model(1, "rate=4");
    driver_calls(m.driver, 0, 0, 6, NULL);
    build_set(m.limiter, 10, "rate", "2"); /* and follows it */
    driver_calls(m.driver, 100, 0, 6, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 12),
                        "ok ok ok ok limited limited ok ok limited limited limited limited");
    sim_free(m.sim);
}

static void a_slow_rate_still_lets_one_pass(void **state) {
    (void)state;
    struct model m = model(1, "rate=.5");
    driver_calls(m.driver, 0, 1, 5, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 5), "ok limited ok limited ok");
    sim_free(m.sim);
}

static void a_fractional_burst_counts(void **state) {
    (void)state;
    struct model m = model(1, "rate=1, burst=2.5");
    driver_calls(m.driver, 0, 0, 3, NULL); /* leaves half a token */
    driver_call(m.driver, .5, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 4), "ok ok limited ok");
    sim_free(m.sim);
}

/* What was gained before a change was gained at the old rate. */
static void the_rate_is_live(void **state) {
    (void)state;
    struct model m = model(1, "rate=1, burst=10");
    driver_calls(m.driver, 0, 0, 10, NULL);
    build_set(m.limiter, 2, "rate", "100");
    build_set(m.limiter, 2.03, "rate", "0");
    driver_calls(m.driver, 3, 0, 6, NULL); /* 2 + 3 tokens */
    run(&m);
    assert_int_equal(driver_outcomes(m.driver, 3, 4, OUTCOME_OK), 5);
    sim_free(m.sim);
}

static void the_burst_is_live(void **state) {
    (void)state;
    struct model m = model(1, "rate=10, burst=5");
    build_set(m.limiter, 1, "burst", "2");
    driver_calls(m.driver, 2, 0, 5, NULL);
    run(&m);
    assert_int_equal(driver_outcomes(m.driver, 2, 3, OUTCOME_OK), 2);
    sim_free(m.sim);
}

/* rate = t: the token taken at 0 is back when t^2 / 2 = 1. */
static void a_ramp_is_integrated(void **state) {
    (void)state;
    struct model m = model(1, "rate=ramp{{0s,0},{10s,10}}, burst=1");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 1, NULL);
    driver_call(m.driver, 1.4142, NULL);
    driver_call(m.driver, 1.4143, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 4), "ok limited limited ok");
    sim_free(m.sim);
}

static void warm_up_is_before_zero(void **state) {
    (void)state;
    struct model m = model(1, "rate=steps{{0s,1},{5s,1000}}, burst=100");
    driver_calls(m.driver, -2, .001, 200, NULL); /* the first 100 pass, one more comes in */
    driver_calls(m.driver, 4.9, 0, 100, NULL);
    build_run(m.sim, m.driver, 2, 10);
    assert_int_equal(driver_outcomes(m.driver, -2, -1, OUTCOME_OK), 100);
    assert_int_equal(driver_outcomes(m.driver, 4, 5, OUTCOME_OK), 6); /* .1 + .1 + ... of 6.9 s */
    sim_free(m.sim);
}

static void answers_pass_through(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='error 5ms, ok 5ms'", NULL);
    struct node *limiter = build_node(sim, &limiter_type, "rate=10", leaf, NULL);
    struct node *driver = build_driver(sim, limiter);
    driver_calls(driver, 0, .001, 2, NULL);
    driver_call(driver, 1, NULL)->cancel_after = 2 * MS;
    driver_call(driver, 2, NULL);
    build_run(sim, driver, 0, 2.002); /* ends amid the last */
    assert_string_equal(driver_story(driver, 4), "error ok cancelled -");
    sim_free(sim);
}

/* M/D/1/K: Poisson calls at `load` times the rate and a burst of K lose the same share as a queue
 * of K places in front of a server of constant time 1/rate. */
static void loss_is_that_of_m_d_1_k(void **state) {
    (void)state;
    static const struct {
        double load;
        const char *spec;
        double loss;
    } cases[] = {{.8, "rate=1000, burst=5", .0352904},
                 {1, "rate=1000, burst=10", .0508475},
                 {1.5, "rate=1000, burst=10", .333397}};
    enum { REPLICATIONS = 20 };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double sum = 0, squares = 0;
        for (uint64_t r = 1; r <= REPLICATIONS; r++) {
            struct model m = model(r, cases[k].spec);
            driver_poisson(m.driver, -2, 40, cases[k].load * 1000, NULL);
            build_run(m.sim, m.driver, 2, 40);
            double x = build_metric(m.sim, "share{outcome=limited}");
            sum += x;
            squares += x * x;
            sim_free(m.sim);
        }
        double mean = sum / REPLICATIONS;
        double se = sqrt((squares / REPLICATIONS - mean * mean) / (REPLICATIONS - 1));
        assert_near(mean, cases[k].loss, 4 * se);
        assert_true(se < .01 * cases[k].loss + .0005);
    }
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &limiter_type, "burst=1", NULL), "'rate' is missing");
    assert_says(build_refusal(sim, &limiter_type, "rate=1, burst=.5", NULL), "at least 1");
    assert_says(build_refusal(sim, &limiter_type, "rate=exponential{mean=1s}", NULL), "signal");
    assert_says(build_refusal(sim, &limiter_type, "rate=-1", NULL), "negative");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bucket_starts_full),
        cmocka_unit_test(tokens_come_at_the_rate),
        cmocka_unit_test(refusals_cost_nothing),
        cmocka_unit_test(a_pause_fills_up_to_the_burst),
        cmocka_unit_test(the_burst_is_a_second_of_rate),
        cmocka_unit_test(a_slow_rate_still_lets_one_pass),
        cmocka_unit_test(a_fractional_burst_counts),
        cmocka_unit_test(the_rate_is_live),
        cmocka_unit_test(the_burst_is_live),
        cmocka_unit_test(a_ramp_is_integrated),
        cmocka_unit_test(warm_up_is_before_zero),
        cmocka_unit_test(answers_pass_through),
        cmocka_unit_test(loss_is_that_of_m_d_1_k),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
