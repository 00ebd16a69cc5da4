#include <stdio.h>

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

/* ---- leaky bucket */

/* One passes, three wait their turn, a quarter of a second apart; there is no room for a fifth. */
static void a_leaky_bucket_drains_steadily(void **state) {
    (void)state;
    struct model m = model(1, "algorithm=leaky_bucket, rate=4, burst=3");
    driver_calls(m.driver, 1, 0, 6, NULL);
    driver_call(m.driver, 1.25, NULL); /* the first of those who wait has just left */
    driver_call(m.driver, 9, NULL);    /* nothing is saved up */
    driver_call(m.driver, 9, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 9), "ok ok ok ok limited limited ok ok ok");
    static const double left[] = {1, 1.25, 1.5, 1.75, 2, 9, 9.25};
    for (uint32_t i = 0; i < 7; i++)
        assert_near(leaf_time(m.leaf, i), left[i], 1e-9);
    assert_near(build_metric(m.sim, "limiter:queue"), (.25 + .5 + .75 + .75 + .25) / 1000, 1e-12);
    assert_near(build_metric(m.sim, "limiter:wait.mean"), 2.5 / 7, 1e-9);
    sim_free(m.sim);
}

static void as_a_meter_it_is_a_token_bucket(void **state) {
    (void)state;
    char stories[2][600];
    for (int k = 0; k < 2; k++) {
        struct model m = model(1, k ? "algorithm=leaky_bucket, mode=meter, rate=10, burst=3"
                                    : "rate=10, burst=3");
        driver_poisson(m.driver, 0, 10, 12, NULL);
        run(&m);
        snprintf(stories[k], sizeof stories[k], "%s", driver_story(m.driver, 60));
        sim_free(m.sim);
    }
    assert_string_equal(stories[0], stories[1]);
    assert_non_null(strstr(stories[0], "limited"));
}

static void a_new_rate_is_for_those_who_come(void **state) {
    (void)state;
    struct model m = model(1, "algorithm=leaky_bucket, rate=1, burst=10");
    driver_calls(m.driver, 0, 0, 2, NULL);
    build_set(m.limiter, .5, "rate", "4");
    driver_calls(m.driver, .6, 0, 2, NULL);
    build_set(m.limiter, .7, "rate", "0"); /* from now on nobody */
    driver_call(m.driver, 50, NULL);
    run(&m);
    assert_string_equal(driver_story(m.driver, 5), "ok ok ok ok limited");
    assert_near(leaf_time(m.leaf, 1), 1, 1e-9);
    assert_near(leaf_time(m.leaf, 2), 2, 1e-9);
    assert_near(leaf_time(m.leaf, 3), 2.25, 1e-9);
    sim_free(m.sim);
}

static void who_waits_may_leave(void **state) {
    (void)state;
    struct model m = model(1, "algorithm=leaky_bucket, rate=1, burst=10");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 0, NULL)->cancel_after = 500 * MS;
    driver_call(m.driver, 0, NULL); /* its turn does not come any earlier */
    driver_calls(m.driver, 10, 0, 2, NULL);
    build_crash(m.limiter, 10.5);
    driver_calls(m.driver, 20, 0, 2, NULL);
    build_run(m.sim, m.driver, 0, 20.5); /* ends amid the last */
    assert_string_equal(driver_story(m.driver, 7), "ok cancelled ok ok error ok -");
    assert_near(leaf_time(m.leaf, 1), 2, 1e-9);
    assert_near(build_metric(m.sim, "limiter:queue"), (.5 + 2 + .5 + .5) / 20.5, 1e-12);
    sim_free(m.sim);
}

/* ---- windows */

static void a_sliding_window_weighs_the_last_one(void **state) {
    (void)state;
    struct model m =
        model(1, "algorithm=sliding_window, limit_for_period=10, limit_refresh_period=10s");
    driver_calls(m.driver, 9, 0, 11, NULL);   /* 10 of them */
    driver_calls(m.driver, 12.4, 0, 3, NULL); /* 7.6 of those still count: 2 more */
    driver_calls(m.driver, 15, 0, 4, NULL);   /* 5 and 2: 3 more */
    driver_calls(m.driver, 40, 0, 11, NULL);  /* all is forgotten */
    run(&m);
    assert_int_equal(driver_outcomes(m.driver, 9, 10, OUTCOME_OK), 10);
    assert_int_equal(driver_outcomes(m.driver, 12, 13, OUTCOME_OK), 2);
    assert_int_equal(driver_outcomes(m.driver, 15, 16, OUTCOME_OK), 3);
    assert_int_equal(driver_outcomes(m.driver, 40, 41, OUTCOME_OK), 10);
    sim_free(m.sim);
}

#define R4J "algorithm=fixed_window, limit_for_period=5, limit_refresh_period=1s"

/* Of six at 0.2 s five pass; the sixth would wait 0.8 s, above 0.7 s; one at 0.35 s waits 0.65 s.
 */
static void permits_can_be_reserved(void **state) {
    (void)state;
    struct model m = model(1, R4J ", timeout_duration=700ms");
    driver_calls(m.driver, .2, 0, 6, NULL);
    driver_call(m.driver, .35, NULL);
    driver_calls(m.driver, 1, 0, 5, NULL); /* one of these permits is taken */
    run(&m);
    assert_string_equal(driver_story(m.driver, 12),
                        "ok ok ok ok ok limited ok ok ok ok ok limited");
    assert_near(leaf_time(m.leaf, 5), 1, 1e-9);
    assert_near(build_metric(m.sim, "limiter:queue"), .65 / 1000, 1e-12);
    sim_free(m.sim);
}

/* Those who wait longer borrow from later periods; who waits exactly the timeout may. */
static void they_may_be_those_of_later_periods(void **state) {
    (void)state;
    struct model m = model(1, R4J ", timeout_duration=2s");
    driver_calls(m.driver, 0, 0, 16, NULL);
    driver_calls(m.driver, 1.5, 0, 2, NULL); /* all up to the one that begins at 3 s is taken */
    driver_call(m.driver, 10, NULL);
    run(&m);
    assert_int_equal(driver_outcomes(m.driver, 0, 1, OUTCOME_OK), 15);
    assert_int_equal(driver_outcomes(m.driver, 1, 2, OUTCOME_OK), 2);
    for (uint32_t i = 0; i < 18; i++)
        assert_near(leaf_time(m.leaf, i), i < 15 ? i / 5 : i < 17 ? 3 : 10, 1e-9);
    sim_free(m.sim);
}

static void without_a_wait_it_is_a_fixed_window(void **state) {
    (void)state;
    struct model m = model(1, R4J ", timeout_duration=0");
    driver_calls(m.driver, .9, 0, 7, NULL);
    driver_calls(m.driver, 1, 0, 7, NULL);              /* twice the limit within 0.1 s */
    build_set(m.limiter, 2.5, "limit_for_period", "3"); /* from the next period on */
    driver_calls(m.driver, 2.6, 0, 7, NULL);
    driver_calls(m.driver, 3, 0, 7, NULL);
    run(&m);
    assert_int_equal(driver_outcomes(m.driver, .9, 1, OUTCOME_OK), 5);
    assert_int_equal(driver_outcomes(m.driver, 1, 2, OUTCOME_OK), 5);
    assert_int_equal(driver_outcomes(m.driver, 2, 3, OUTCOME_OK), 3);
    assert_int_equal(driver_outcomes(m.driver, 3, 4, OUTCOME_OK), 3);
    sim_free(m.sim);
}

/* ---- cost and keys */

static struct model with_fact(const char *spec) {
    struct model m = {.sim = build_new(11)};
    sim_fact(m.sim, "user");
    m.leaf = build_node(m.sim, &leaf_type, "", NULL);
    m.limiter = build_node(m.sim, &limiter_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.limiter);
    return m;
}

static void calls_of(struct model *m, double at, int n, double user) {
    for (int i = 0; i < n; i++)
        driver_call(m->driver, at, NULL)->fact = user;
}

/* Each call takes 3 of 10, so that three pass, and a fourth when two more have come. */
static void a_call_may_cost_more(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        uint32_t first, second;
    } cases[] = {
        {"rate=1, burst=10, cost=3", 3, 1},
        {"algorithm=leaky_bucket, rate=1, burst=10, cost=3", 4, 1}, /* 0, 3, 6, 9 are before them */
        {"algorithm=sliding_window, limit_for_period=10, limit_refresh_period=100s, cost=3", 3, 0},
        {"algorithm=fixed_window, limit_for_period=10, limit_refresh_period=2s, cost=3, "
         "timeout_duration=0",
         3, 3},
        {"rate=1, burst=2, cost=3", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model m = model(1, cases[i].spec);
        driver_calls(m.driver, 0, 0, 8, NULL);
        driver_calls(m.driver, 2, 0, 8, NULL);
        run(&m);
        assert_int_equal(driver_outcomes(m.driver, 0, 1, OUTCOME_OK), cases[i].first);
        assert_int_equal(driver_outcomes(m.driver, 2, 3, OUTCOME_OK), cases[i].second);
        sim_free(m.sim);
    }
}

static void each_key_has_its_own(void **state) {
    (void)state;
    static const char *const specs[] = {
        "rate=.001, burst=2, per=user",
        "algorithm=leaky_bucket, mode=meter, rate=.001, burst=2, per=user",
        "algorithm=sliding_window, limit_for_period=2, limit_refresh_period=1000s, per=user",
        ("algorithm=fixed_window, limit_for_period=2, limit_refresh_period=900s, "
         "timeout_duration=0, per=user")};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct model m = with_fact(specs[i]);
        calls_of(&m, 0, 3, 1);
        calls_of(&m, 0, 1, 2);
        calls_of(&m, 0, 3, -7.5);
        calls_of(&m, 1, 2, 2);
        run(&m);
        assert_string_equal(driver_story(m.driver, 9), "ok ok limited ok ok ok limited ok limited");
        assert_near(build_metric(m.sim, "limiter:keys"), 3, 1e-9);
        sim_free(m.sim);
    }
}

/* The one not used for the longest time starts anew; using is what counts. */
static void keys_are_bounded(void **state) {
    (void)state;
    struct model m = with_fact("rate=.001, burst=1, per=user, max_keys=2");
    calls_of(&m, 0, 1, 1);
    calls_of(&m, 1, 1, 2);
    calls_of(&m, 2, 1, 1); /* limited, but used */
    calls_of(&m, 3, 1, 3); /* 2 goes */
    calls_of(&m, 4, 1, 1);
    calls_of(&m, 5, 1, 2);
    run(&m);
    assert_string_equal(driver_story(m.driver, 6), "ok ok limited ok limited ok");
    sim_free(m.sim);
}

/* A bucket that is full again is like a new one: what is kept is what a few seconds brought. */
static void idle_keys_are_forgotten(void **state) {
    (void)state;
    static const char *const specs[] = {
        "rate=2, burst=2, per=user", "algorithm=leaky_bucket, rate=1, burst=2, per=user",
        "algorithm=sliding_window, limit_for_period=2, limit_refresh_period=500ms, per=user",
        "algorithm=fixed_window, limit_for_period=2, limit_refresh_period=1s, per=user"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct model m = with_fact(specs[i]);
        for (int k = 0; k < 5000; k++)
            calls_of(&m, .1 * k, 1, k);
        build_run(m.sim, m.driver, 0, 500);
        assert_int_equal(driver_outcomes(m.driver, 0, 500, OUTCOME_OK), 5000);
        assert_true(build_metric(m.sim, "limiter:keys") < 15);
        sim_free(m.sim);
    }
}

static void a_new_rate_finds_all_keys(void **state) {
    (void)state;
    struct model m = with_fact("rate=1, burst=10, per=user");
    calls_of(&m, 0, 10, 1);
    calls_of(&m, 0, 10, 2);
    build_set(m.limiter, 2, "rate", "100");
    build_set(m.limiter, 2.03, "rate", "0");
    calls_of(&m, 3, 6, 1); /* 2 + 3 tokens */
    calls_of(&m, 3, 6, 2);
    run(&m);
    assert_int_equal(driver_outcomes(m.driver, 3, 4, OUTCOME_OK), 10);
    sim_free(m.sim);
}

static void a_missing_fact_stops_the_run(void **state) {
    (void)state;
    struct model m = with_fact("rate=1, per=user");
    calls_of(&m, 0, 1, NAN);
    assert_says(build_run_failure(m.sim, m.driver, 10), "has no fact 'user'");
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &limiter_type, "burst=1", NULL), "'rate' is missing");
    assert_says(build_refusal(sim, &limiter_type, "rate=1, burst=.5", NULL), "at least 1");
    assert_says(build_refusal(sim, &limiter_type, "rate=exponential{mean=1s}", NULL), "signal");
    assert_says(build_refusal(sim, &limiter_type, "rate=-1", NULL), "negative");
    assert_says(build_refusal(sim, &limiter_type, "algorithm=fixed_window, rate=1", NULL),
                "'rate' means nothing with algorithm = \"fixed_window\"");
    assert_says(build_refusal(sim, &limiter_type, "rate=1, timeout_duration=1s", NULL),
                "'timeout_duration' means nothing with");
    assert_says(build_refusal(sim, &limiter_type, "rate=1, max_keys=1", NULL), "without 'per'");
    sim_free(sim);
    struct model m = model(1, "rate=1, per=user");
    assert_says(build_seal_refusal(m.sim, m.driver), "no workload gives requests this fact");
    sim_free(m.sim);
    m = model(1, "algorithm=sliding_window, limit_refresh_period=0");
    assert_says(build_seal_refusal(m.sim, m.driver), "longer than 0");
    sim_free(m.sim);
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
        cmocka_unit_test(a_leaky_bucket_drains_steadily),
        cmocka_unit_test(as_a_meter_it_is_a_token_bucket),
        cmocka_unit_test(a_new_rate_is_for_those_who_come),
        cmocka_unit_test(who_waits_may_leave),
        cmocka_unit_test(a_sliding_window_weighs_the_last_one),
        cmocka_unit_test(permits_can_be_reserved),
        cmocka_unit_test(they_may_be_those_of_later_periods),
        cmocka_unit_test(without_a_wait_it_is_a_fixed_window),
        cmocka_unit_test(a_call_may_cost_more),
        cmocka_unit_test(each_key_has_its_own),
        cmocka_unit_test(keys_are_bounded),
        cmocka_unit_test(idle_keys_are_forgotten),
        cmocka_unit_test(a_new_rate_finds_all_keys),
        cmocka_unit_test(a_missing_fact_stops_the_run),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
