#include <stdio.h>

#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *retry, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(17)};
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.retry = build_node(m.sim, &retry_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.retry);
    return m;
}

/* ---- how often */

static void attempts_include_the_first(void **state) {
    (void)state;
    for (uint32_t max = 1; max <= 5; max++) {
        char spec[64];
        snprintf(spec, sizeof spec, "max_attempts=%u", max);
        struct model m = model(spec, "says='error 1ms'");
        driver_call(m.driver, 0, NULL);
        build_run(m.sim, m.driver, 0, 100);
        assert_int_equal(leaf_count(m.leaf), max);
        assert_string_equal(driver_story(m.driver, 1), "error");
        for (uint32_t i = 0; i < max; i++)
            assert_int_equal(leaf_attempt(m.leaf, i), i + 1);
        assert_near(build_metric(m.sim, "retry:attempts_per_call"), max, 0);
        assert_near(build_metric(m.sim, "retry:attempts"), max / 100.0, 1e-12);
        assert_near(build_metric(m.sim, "retry:retries"), (max - 1) / 100.0, 1e-12);
        sim_free(m.sim);
    }
}

static void the_first_good_answer_counts(void **state) {
    (void)state;
    struct model m =
        model("max_attempts=5", "says='error 1ms, timeout 1ms, degraded 1ms, error 1ms'");
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 3);
    assert_string_equal(driver_story(m.driver, 1), "degraded");
    assert_int_equal(driver_arrival(m.driver, 0)->done, (1 + 100 + 1 + 200 + 1) * MS);
    sim_free(m.sim);
}

static void only_what_is_listed_is_retried(void **state) {
    (void)state;
    static const struct {
        const char *spec, *leaf;
        uint32_t attempts;
    } cases[] = {
        {"", "says='error 1ms'", 3},
        {"", "says='timeout 1ms'", 3},
        {"", "says='shed 1ms'", 1},
        {"", "says='open 1ms'", 1},
        {"", "says='limited 1ms'", 1},
        {"retry_on=open", "says='open 1ms'", 3},
        {"retry_on=open", "says='error 1ms'", 1},
        {"retry_on={shed,limited}", "says='shed 1ms,limited 1ms,error 1ms'", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model m = model(cases[i].spec, cases[i].leaf);
        driver_call(m.driver, 0, NULL);
        build_run(m.sim, m.driver, 0, 100);
        assert_int_equal(leaf_count(m.leaf), cases[i].attempts);
        sim_free(m.sim);
    }
}

/* Layers of retries multiply: with m attempts in each of d layers, m^d calls reach the bottom. */
static void layers_multiply(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        int depth;
        uint32_t calls;
    } cases[] = {{"max_attempts=3", 3, 27}, {"max_attempts=4", 3, 64}, {"max_attempts=3", 5, 243}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        struct node *leaf = build_node(sim, &leaf_type, "says='error 1ms'", NULL), *n = leaf;
        for (int k = 0; k < cases[i].depth; k++) {
            char spec[80];
            snprintf(spec, sizeof spec, "name=r%d, %s", k, cases[i].spec);
            n = build_node(sim, &retry_type, spec, n, NULL);
        }
        struct node *driver = build_driver(sim, n);
        driver_call(driver, 0, NULL);
        build_run(sim, driver, 0, 1000);
        assert_int_equal(leaf_count(leaf), cases[i].calls);
        sim_free(sim);
    }
}

/* Half of all attempts fail, independently: 1.875 of at most 4 are made and .9375 of the calls
 * succeed. */
static void attempts_are_independent(void **state) {
    (void)state;
    enum { CALLS = 40000 };
    struct model m = model("max_attempts=4, backoff={base=0s}", "fails=.5");
    driver_calls(m.driver, 0, .001, CALLS, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_near(build_metric(m.sim, "retry:attempts_per_call"), 1.875, 4 * 1.1 / 200);
    assert_near(build_metric(m.sim, "availability"), .9375, 4 * sqrt(.9375 * .0625 / CALLS));
    sim_free(m.sim);
}

static void without_a_pause_it_is_at_once(void **state) {
    (void)state;
    struct model m = model("max_attempts=4, backoff={base=0s}", "says='error 0s'");
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 4);
    assert_int_equal(driver_arrival(m.driver, 0)->done, NS_PER_S);
    sim_free(m.sim);
}

static void the_limit_is_live(void **state) {
    (void)state;
    struct model m = model("max_attempts=5, backoff={kind=fixed, base=1s}", "says='error 0s'");
    driver_call(m.driver, 0, NULL);
    build_set(m.retry, 1.5, "max_attempts", "3");
    driver_call(m.driver, 10, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 6);
    sim_free(m.sim);
}

/* ---- when */

static void pauses_are(const char *spec, int n, const double *pauses) {
    struct model m = model(spec, "says='error 0s'");
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 1e5);
    assert_int_equal(leaf_count(m.leaf), n + 1);
    for (uint32_t i = 0; i < (uint32_t)n; i++)
        assert_near(leaf_time(m.leaf, i + 1) - leaf_time(m.leaf, i), pauses[i], 1e-8);
    sim_free(m.sim);
}

static void fixed_and_exponential_are_exact(void **state) {
    (void)state;
    pauses_are("max_attempts=6", 5, (double[]){.1, .2, .4, .8, 1.6});
    pauses_are("max_attempts=6, backoff={kind=fixed}", 5, (double[]){.1, .1, .1, .1, .1});
    pauses_are("max_attempts=6, backoff={base=500ms, multiplier=1.5}", 5,
               (double[]){.5, .75, 1.125, 1.6875, 2.53125});
    pauses_are("max_attempts=6, backoff={cap=300ms}", 5, (double[]){.1, .2, .3, .3, .3});
    pauses_are("max_attempts=4, backoff={kind=fixed, base=2s, cap=1s}", 3, (double[]){1, 1, 1});
    pauses_are("max_attempts=4, backoff={multiplier=1}", 3, (double[]){.1, .1, .1});
}

static void a_huge_growth_stops_at_the_cap(void **state) {
    (void)state;
    struct model m = model("max_attempts=2000, backoff={cap=1s}", "says='error 0s'");
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 1e4);
    assert_int_equal(leaf_count(m.leaf), 2000);
    assert_near(leaf_time(m.leaf, 1999) - leaf_time(m.leaf, 1998), 1, 1e-8);
    sim_free(m.sim);
}

enum { TRIALS = 4000, PAUSES = 4 };

struct pauses {
    double mean[PAUSES], least[PAUSES], most[PAUSES], se[PAUSES];
};

/* Statistics of the pauses before the first four retries over many calls, far apart from each
 * other. */
static struct pauses sample(const char *backoff) {
    char spec[200];
    snprintf(spec, sizeof spec, "max_attempts=5, backoff={%s}", backoff);
    struct model m = model(spec, "says='error 0s'");
    driver_calls(m.driver, 0, 100, TRIALS, NULL);
    build_run(m.sim, m.driver, 0, 100.0 * TRIALS);
    struct pauses p;
    for (uint32_t k = 0; k < PAUSES; k++) {
        double sum = 0, squares = 0;
        p.least[k] = INFINITY;
        p.most[k] = 0;
        for (uint32_t i = 0; i < TRIALS; i++) {
            double x = leaf_time(m.leaf, 5 * i + k + 1) - leaf_time(m.leaf, 5 * i + k);
            sum += x;
            squares += x * x;
            p.least[k] = fmin(p.least[k], x);
            p.most[k] = fmax(p.most[k], x);
        }
        p.mean[k] = sum / TRIALS;
        p.se[k] = sqrt((squares / TRIALS - p.mean[k] * p.mean[k]) / TRIALS);
    }
    sim_free(m.sim);
    return p;
}

static void full_jitter(void **state) {
    (void)state;
    struct pauses p = sample("kind=full_jitter");
    static const double means[PAUSES] = {.05, .1, .2, .4};
    for (int k = 0; k < PAUSES; k++) {
        assert_near(p.mean[k], means[k], 4 * p.se[k]);
        assert_true(p.least[k] < .01 * means[k] && p.most[k] > 1.98 * means[k]);
        assert_true(p.most[k] <= 2 * means[k] + 1e-6);
    }
}

static void equal_jitter(void **state) {
    (void)state;
    struct pauses p = sample("kind=equal_jitter");
    static const double means[PAUSES] = {.075, .15, .3, .6};
    for (int k = 0; k < PAUSES; k++) {
        assert_near(p.mean[k], means[k], 4 * p.se[k]);
        assert_near(p.least[k], means[k] * 2 / 3, .01 * means[k]);
        assert_near(p.most[k], means[k] * 4 / 3, .01 * means[k]);
    }
}

static void jitter_is_capped(void **state) {
    (void)state;
    struct pauses p = sample("kind=full_jitter, cap=200ms");
    static const double means[PAUSES] = {.05, .1, .1, .1};
    for (int k = 0; k < PAUSES; k++)
        assert_near(p.mean[k], means[k], 4 * p.se[k]);
}

/* s = U(base, 3 s'), s' = base at first: means 2, 3.5, 5.75, 9.125 times the base. */
static void decorrelated_jitter(void **state) {
    (void)state;
    struct pauses p = sample("kind=decorrelated_jitter");
    static const double means[PAUSES] = {.2, .35, .575, .9125};
    for (int k = 0; k < PAUSES; k++) {
        assert_near(p.mean[k], means[k], 4 * p.se[k]);
        assert_true(p.least[k] >= .1 - 1e-6 && p.most[k] <= .1 * pow(3, k + 1) + 1e-6);
    }
    p = sample("kind=decorrelated_jitter, cap=150ms"); /* U(.1, .3) cut at .15 */
    assert_near(p.mean[0], .25 * .125 + .75 * .15, 4 * p.se[0]);
    assert_near(p.most[3], .15, 1e-8);
}

static void a_random_factor(void **state) {
    (void)state;
    struct pauses p = sample("jitter=.5");
    static const double means[PAUSES] = {.1, .2, .4, .8};
    for (int k = 0; k < PAUSES; k++) {
        assert_near(p.mean[k], means[k], 4 * p.se[k]);
        assert_near(p.least[k], means[k] / 2, .01 * means[k]);
        assert_near(p.most[k], means[k] * 1.5, .01 * means[k]);
    }
    p = sample("kind=fixed, jitter=.5");
    assert_near(p.mean[3], .1, 4 * p.se[3]);
    p = sample("kind=fixed, jitter=.5, cap=100ms"); /* the cap holds after the factor */
    assert_near(p.mean[0], .0875, 4 * p.se[0]);
    assert_near(p.most[0], .1, 1e-8);
    p = sample("jitter=.5, cap=100ms");
    assert_near(p.mean[0], .0875, 4 * p.se[0]);
    assert_near(p.least[1], .1, 1e-8); /* of 100..300 */
}

/* ---- deadlines and withdrawals */

static void no_attempt_begins_after_the_deadline(void **state) {
    (void)state;
    static const struct {
        ns_t patience;
        uint32_t attempts;
    } cases[] = {{350 * MS, 3}, {300 * MS, 2}, {300 * MS + 1, 3}, {50 * MS, 1}, {0, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model m = model("max_attempts=4", "says='error 0s'");
        driver_call(m.driver, 1, NULL)->patience = cases[i].patience;
        build_run(m.sim, m.driver, 0, 100);
        assert_int_equal(leaf_count(m.leaf), cases[i].attempts);
        assert_string_equal(driver_story(m.driver, 1), "error");
        sim_free(m.sim);
    }
}

static void a_late_answer_is_not_retried(void **state) {
    (void)state;
    struct model m = model("backoff={base=0s}", "says='error 2s'");
    driver_call(m.driver, 1, NULL)->patience = NS_PER_S;
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 1);
    sim_free(m.sim);
}

static void it_can_be_withdrawn(void **state) {
    (void)state;
    struct model m = model("backoff={kind=fixed, base=1s}", "says='error 10ms'");
    driver_call(m.driver, 10, NULL)->cancel_after = 5 * MS;    /* in an attempt */
    driver_call(m.driver, 20, NULL)->cancel_after = 510 * MS;  /* in a pause */
    driver_call(m.driver, 30, NULL)->cancel_after = 1010 * MS; /* as it ends */
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 3), "cancelled cancelled cancelled");
    assert_int_equal(leaf_count(m.leaf), 3);
    assert_near(build_metric(m.sim, "retry:backoff.mean"), .75, 1e-9);
    sim_free(m.sim);
}

static void pauses_are_backoff(void **state) {
    (void)state;
    struct model m = model("", "says='error 10ms'");
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_near(build_metric(m.sim, "retry:backoff.mean"), .15, 1e-9);
    assert_near(build_metric(m.sim, "retry:latency.mean{outcome=error}"), .33, 1e-9);
    sim_free(m.sim);
}

static void a_crash_below_is_retried(void **state) {
    (void)state;
    struct model m = model("", "says='ok 1s'");
    driver_call(m.driver, 1, NULL);
    build_crash(m.leaf, 1.5);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 2600 * MS);
    assert_string_equal(driver_story(m.driver, 1), "ok");
    sim_free(m.sim);
}

static void a_crash_in_a_pause_ends_it(void **state) {
    (void)state;
    struct model m = model("backoff={base=1s}", "says='error 0s'");
    driver_call(m.driver, 1, NULL);
    build_crash(m.retry, 1.5);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 1);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 1500 * MS);
    assert_string_equal(driver_story(m.driver, 1), "error");
    sim_free(m.sim);
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct model m = model("backoff={base=1s}", "says='error 10ms', fails=.5");
    driver_calls(m.driver, 0, .003, 1000, NULL);
    build_run(m.sim, m.driver, 0, 2);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &retry_type, "max_attempts=0", NULL), "1..");
    assert_says(build_refusal(sim, &retry_type, "max_attempts=2.5", NULL), "whole number");
    assert_says(build_refusal(sim, &retry_type, "backoff={kind=full}", NULL), "one of \"fixed\"");
    assert_says(build_refusal(sim, &retry_type, "backoff={multiplier=.5}", NULL), "at least 1");
    assert_says(build_refusal(sim, &retry_type, "backoff={bas=1s}", NULL), "did you mean 'base'");
    assert_says(build_refusal(sim, &retry_type, "attempts=3", NULL), "unknown key 'attempts'");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_include_the_first),
        cmocka_unit_test(the_first_good_answer_counts),
        cmocka_unit_test(only_what_is_listed_is_retried),
        cmocka_unit_test(layers_multiply),
        cmocka_unit_test(attempts_are_independent),
        cmocka_unit_test(without_a_pause_it_is_at_once),
        cmocka_unit_test(the_limit_is_live),
        cmocka_unit_test(fixed_and_exponential_are_exact),
        cmocka_unit_test(a_huge_growth_stops_at_the_cap),
        cmocka_unit_test(full_jitter),
        cmocka_unit_test(equal_jitter),
        cmocka_unit_test(jitter_is_capped),
        cmocka_unit_test(decorrelated_jitter),
        cmocka_unit_test(a_random_factor),
        cmocka_unit_test(no_attempt_begins_after_the_deadline),
        cmocka_unit_test(a_late_answer_is_not_retried),
        cmocka_unit_test(it_can_be_withdrawn),
        cmocka_unit_test(pauses_are_backoff),
        cmocka_unit_test(a_crash_below_is_retried),
        cmocka_unit_test(a_crash_in_a_pause_ends_it),
        cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
