#include <stdio.h>

#include "check.h"

struct model {
    struct sim *sim;
    struct node *leaf, *breaker, *driver;
};

static struct model model_of(uint64_t replication, const char *spec, const char *leaf) {
    struct model m = {.sim = build_new_replication(29, replication)};
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.breaker = build_node(m.sim, &breaker_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.breaker);
    return m;
}

static struct model model(const char *spec, const char *leaf) {
    return model_of(1, spec, leaf);
}

static void calls_at(struct model *m, int n, const double *times) {
    for (int i = 0; i < n; i++)
        driver_call(m->driver, times[i], NULL);
}

/* Runs to t = 1000 s, compares how the calls ended, and frees the model. */
static void ends(struct model *m, const char *story) {
    build_run(m->sim, m->driver, 0, 1000);
    assert_string_equal(driver_story(m->driver, driver_count(m->driver)), story);
    sim_free(m->sim);
}

#define TIMES(...)                                                                                 \
    (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]) {                          \
        __VA_ARGS__                                                                                \
    }

/* ---- closed */

static void it_opens_at_the_threshold(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=10, minimum_number_of_calls=5",
                           "says='error 0s, ok 0s, error 0s, ok 0s, error 0s, ok 0s'");
    driver_calls(m.driver, 0, 1, 7, NULL);
    ends(&m, "error ok error ok error open open");
    m = model("sliding_window_size=10, minimum_number_of_calls=5",
              "says='ok 0s, ok 0s, ok 0s, error 0s, error 0s, error 0s, ok 0s'");
    driver_calls(m.driver, 0, 1, 8, NULL);
    ends(&m, "ok ok ok error error error open open"); /* 50 % is enough */
}

static void below_the_minimum_nothing_happens(void **state) {
    (void)state;
    struct model m = model("minimum_number_of_calls=5", "says='error 0s'");
    driver_calls(m.driver, 0, 1, 6, NULL);
    ends(&m, "error error error error error open");
}

static void the_minimum_is_at_most_the_window(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=3", "says='error 0s'");
    driver_calls(m.driver, 0, 1, 4, NULL);
    ends(&m, "error error error open");
}

static void old_calls_leave_the_window(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=4, failure_rate_threshold=75%",
                           "says='error 0s, error 0s, ok 0s, ok 0s, error 0s'");
    driver_calls(m.driver, 0, 1, 8, NULL);
    ends(&m, "error error ok ok error error error open");
}

static void rates_do_not_suffer_from_rounding(void **state) {
    (void)state;
    for (int failures = 6; failures <= 7; failures++) {
        char says[200] = "says='";
        for (int i = 0; i < failures; i++)
            strcat(says, i ? ",error 0" : "error 0");
        strcat(says, ",ok 0'");
        struct model m = model("failure_rate_threshold=7%", says);
        driver_calls(m.driver, 0, 1, 101, NULL);
        build_run(m.sim, m.driver, 0, 1000);
        assert_int_equal(driver_arrival(m.driver, 100)->outcome,
                         failures == 7 ? OUTCOME_OPEN : OUTCOME_OK);
        sim_free(m.sim);
    }
}

/* A threshold that a script has computed as .1 + .2 is 30 %. */
static void a_computed_threshold_is_met(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=10, failure_rate_threshold=0.30000000000000004",
                           "says='error 0s, error 0s, error 0s, ok 0s'");
    driver_calls(m.driver, 0, 1, 11, NULL);
    ends(&m, "error error error ok ok ok ok ok ok ok open");
}

static void slow_is_longer_than_the_threshold(void **state) {
    (void)state;
    const char *spec = "sliding_window_size=2, slow_call_rate_threshold=50%, "
                       "slow_call_duration_threshold=1s";
    struct model m = model(spec, "says='ok 1s, ok 1s, ok 0s'");
    driver_calls(m.driver, 0, 2, 3, NULL);
    ends(&m, "ok ok ok");
    m = model(spec, "says='ok 1s, ok 1.000000001s, ok 0s'");
    driver_calls(m.driver, 0, 2, 3, NULL);
    ends(&m, "ok ok open");
}

static void failures_may_be_slow(void **state) {
    (void)state;
    const char *spec = "sliding_window_size=2, failure_rate_threshold=100%, "
                       "slow_call_rate_threshold=50%, slow_call_duration_threshold=1s";
    struct model m = model(spec, "says='error 1.5s, ok 0s'");
    driver_calls(m.driver, 0, 2, 3, NULL);
    ends(&m, "error ok open");
    m = model(spec, "says='error 500ms, ok 0s'");
    driver_calls(m.driver, 0, 2, 3, NULL);
    ends(&m, "error ok ok");
}

static void by_default_only_all_slow_open_it(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=2", "says='ok 61s, ok 60s, ok 61s, ok 61s, ok 0s'");
    driver_calls(m.driver, 0, 100, 5, NULL);
    ends(&m, "ok ok ok ok open");
}

static void what_counts_can_be_chosen(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=2", "says='shed 0s, limited 0s, ok 0s'");
    driver_calls(m.driver, 0, 1, 3, NULL);
    ends(&m, "shed limited ok"); /* successes: only errors and timeouts are failures */
    m = model("sliding_window_size=2", "says='timeout 0s, error 0s, ok 0s'");
    driver_calls(m.driver, 0, 1, 3, NULL);
    ends(&m, "timeout error open");
    m = model("sliding_window_size=2, record={shed,limited}",
              "says='error 0s, error 0s, shed 0s, ok 0s'");
    driver_calls(m.driver, 0, 1, 4, NULL);
    ends(&m, "error error shed open");
}

static void ignored_answers_are_not_recorded(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=2, ignore=limited",
                           "says='error 0s, limited 0s, limited 0s, limited 0s, ok 0s, error 0s'");
    driver_calls(m.driver, 0, 1, 7, NULL);
    ends(&m, "error limited limited limited ok open open");
}

static void thresholds_are_live(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=4, failure_rate_threshold=100%",
                           "says='error 0s, error 0s, error 0s, ok 0s'");
    build_set(m.breaker, 3.5, "failure_rate_threshold", "50%");
    driver_calls(m.driver, 0, 1, 6, NULL);
    ends(&m, "error error error ok ok open");
}

/* ---- a window of seconds */

static void a_second_leaves_as_a_whole(void **state) {
    (void)state;
    const char *spec = "sliding_window_type=TIME_BASED, sliding_window_size=2, "
                       "minimum_number_of_calls=3";
    struct model m = model(spec, "says='error 0s'");
    calls_at(&m, TIMES(.5, .6, 1.999999999, 2.5));
    ends(&m, "error error error open");
    m = model(spec, "says='error 0s'");
    calls_at(&m, TIMES(.5, .6, 2, 2.5, 3.5, 3.6));
    ends(&m, "error error error error error open");
}

static void a_silence_empties_it(void **state) {
    (void)state;
    struct model m = model("sliding_window_type=TIME_BASED, sliding_window_size=10, "
                           "minimum_number_of_calls=3",
                           "says='error 0s'");
    calls_at(&m, TIMES(.5, .6, 100.1, 100.2, 109.9, 109.95));
    ends(&m, "error error error error error open");
}

static void seconds_do_not_limit_the_minimum(void **state) {
    (void)state;
    struct model m = model("sliding_window_type=TIME_BASED, sliding_window_size=2, "
                           "minimum_number_of_calls=5",
                           "says='error 0s'");
    calls_at(&m, TIMES(.1, .2, .3, .4, .5, .6));
    ends(&m, "error error error error error open");
}

/* Half-open it counts calls, whatever the window is otherwise. */
static void half_open_counts_calls(void **state) {
    (void)state;
    struct model m =
        model("sliding_window_type=TIME_BASED, sliding_window_size=2, "
              "minimum_number_of_calls=4, wait_duration_in_open_state=1s, "
              "permitted_number_of_calls_in_half_open_state=3",
              "says='error 0s, error 0s, error 0s, error 0s, ok 0s, error 0s, error 0s'");
    calls_at(&m, TIMES(.1, .2, .3, .4, 10, 20, 30, 30.5, 31.5));
    ends(&m, "error error error error ok error error open error");
}

/* ---- open and half-open */

static void it_stays_open_until_after_the_wait(void **state) {
    (void)state;
    struct model m =
        model("sliding_window_size=1, wait_duration_in_open_state=1s", "says='error 0s, ok 0s'");
    calls_at(&m, TIMES(0, .5, 1, 1.000000001, 2));
    ends(&m, "error open open ok ok");
}

static void the_verdict_waits_for_the_permits(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=3, wait_duration_in_open_state=1s, "
                           "permitted_number_of_calls_in_half_open_state=3",
                           "says='error 0s, error 0s, error 0s, ok 1s, ok 1s, ok 1s, error 0s'");
    calls_at(&m, TIMES(0, .1, .2, /* half-open */ 10, 10.1, 10.2, 10.5, 11.1,
                       /* closed, fresh */ 12, 12.1, 12.2, 12.3));
    ends(&m, "error error error ok ok ok open open error error error open");
}

static void the_minimum_may_decide_earlier(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=10, minimum_number_of_calls=3, "
                           "wait_duration_in_open_state=1s",
                           "says='error 0s, error 0s, error 0s, ok 0s, ok 0s, ok 0s, error 0s'");
    calls_at(&m, TIMES(0, .1, .2, 10, 11, 12, /* closed */ 13, 14, 15, 16));
    ends(&m, "error error error ok ok ok error error error open");
}

/* The minimum is cut to each window by itself: a small closed window does not lower it half-open.
 */
static void each_window_cuts_the_minimum(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=1, wait_duration_in_open_state=1s, "
                           "permitted_number_of_calls_in_half_open_state=3",
                           "says='error 0s, error 0s, ok 0s, ok 0s'");
    calls_at(&m, TIMES(0, 10, 11, 12, /* 1 of 3 failed: closed */ 13));
    ends(&m, "error error ok ok ok");
}

static void a_failed_trial_opens_it_again(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=2, wait_duration_in_open_state=1s, "
                           "permitted_number_of_calls_in_half_open_state=2",
                           "says='error 0s, error 0s, ok 0s, error 0s, ok 0s'");
    calls_at(&m, TIMES(0, 0, 10, 10, 10.5, 11, 11.1, 11.1, 11.2));
    build_run(m.sim, m.driver, 0, 1000);
    assert_string_equal(driver_story(m.driver, 9), "error error ok error open open ok ok ok");
    assert_near(build_metric(m.sim, "breaker:opened"), 2 / 1000.0, 1e-12);
    assert_near(build_metric(m.sim, "breaker:rejected"), 2 / 1000.0, 1e-12);
    sim_free(m.sim);
}

static void slow_trials_open_it_too(void **state) {
    (void)state;
    struct model m =
        model("sliding_window_size=1, minimum_number_of_calls=1, wait_duration_in_open_state=1s, "
              "slow_call_duration_threshold=100ms",
              "says='error 0s, ok 200ms, ok 0s'");
    calls_at(&m, TIMES(0, 10, 10.5, 20, 30));
    ends(&m, "error ok open ok ok");
}

/* Permits are handed out, not completed: while the trials hang, everything else is refused, for
 * ever. */
static void hanging_trials_block_it(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=1, wait_duration_in_open_state=1s, "
                           "permitted_number_of_calls_in_half_open_state=1",
                           "says='error 0s, ok 2000s, ok 0s'");
    calls_at(&m, TIMES(0, 10, 11, 100, 999));
    ends(&m, "error - open open open");
}

static void a_wait_in_half_open_ends_that(void **state) {
    (void)state;
    const char *common = "sliding_window_size=1, wait_duration_in_open_state=1s, "
                         "permitted_number_of_calls_in_half_open_state=1, "
                         "max_wait_duration_in_half_open_state=5s";
    struct model m = model(common, "says='error 0s, ok 2000s, ok 0s'");
    calls_at(&m, TIMES(0, 10, 14.9, /* open again at 15 */ 15.5, 16, 16.1, 17));
    ends(&m, "error - open open open ok ok");
    char spec[400];
    snprintf(spec, sizeof spec, "%s, transition_to_state_after_wait_duration=CLOSED", common);
    m = model(spec, "says='error 0s, ok 2000s, ok 0s'");
    calls_at(&m, TIMES(0, 10, 14.9, /* closed at 15 */ 15.5, 16));
    ends(&m, "error - open ok ok");
}

/* A verdict ends the wait: 5 s after the trial nothing happens. */
static void a_verdict_stops_the_wait(void **state) {
    (void)state;
    struct model m =
        model("sliding_window_size=1, minimum_number_of_calls=1, wait_duration_in_open_state=1s, "
              "max_wait_duration_in_half_open_state=5s",
              "says='error 0s, ok 0s'");
    calls_at(&m, TIMES(0, 10, 14, 16, 20));
    ends(&m, "error ok ok ok ok");
}

static void it_may_become_half_open_by_itself(void **state) {
    (void)state;
    for (int automatic = 0; automatic < 2; automatic++) {
        char spec[200];
        snprintf(
            spec, sizeof spec,
            "sliding_window_size=1, minimum_number_of_calls=1, wait_duration_in_open_state=20s, "
            "automatic_transition_from_open_to_half_open=%s",
            automatic ? "true" : "false");
        struct model m = model(spec, "says='error 0s, ok 0s'");
        calls_at(&m, TIMES(10, 90));
        build_run(m.sim, m.driver, 0, 100);
        assert_near(build_metric(m.sim, "breaker:open"), automatic ? .2 : .8, 1e-12);
        assert_near(build_metric(m.sim, "breaker:half_open"), automatic ? .6 : 0, 1e-12);
        sim_free(m.sim);
    }
}

static void states_are_cut_at_phases(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=1, wait_duration_in_open_state=20s, "
                           "automatic_transition_from_open_to_half_open=true",
                           "says='error 0s'");
    calls_at(&m, TIMES(10));
    struct span phases[] = {{"first", 0, 20 * NS_PER_S}, {"second", 20 * NS_PER_S, 60 * NS_PER_S}};
    build_run_phases(m.sim, m.driver, 5, 100, phases, 2);
    assert_near(build_metric(m.sim, "breaker:open{phase=first}"), .5, 1e-12);
    assert_near(build_metric(m.sim, "breaker:open{phase=second}"), .25, 1e-12);
    assert_near(build_metric(m.sim, "breaker:half_open{phase=second}"), .75, 1e-12);
    sim_free(m.sim);
}

/* ---- ties between states */

static void late_answers_count_where_they_come(void **state) {
    (void)state;
    const char *spec = "sliding_window_size=2, wait_duration_in_open_state=1s, "
                       "permitted_number_of_calls_in_half_open_state=2";
    /* the first call ends at 10, half-open since 5: with the third trial's answer there are two */
    struct model m = model(spec, "says='ok 10s, error 0s, error 0s, ok 20s, ok 0s, ok 0s'");
    calls_at(&m, TIMES(0, 1, 1, 5, 11, 12, 13));
    ends(&m, "ok error error ok ok ok ok");
    /* it fails, and with one more that does: open at 11 */
    m = model(spec, "says='error 10s, error 0s, error 0s, ok 20s, error 0s, ok 0s'");
    calls_at(&m, TIMES(0, 1, 1, 5, 11, 11.5));
    ends(&m, "error error error ok error open");
    /* it fails while open: nothing is changed by that, least of all the wait until 2 */
    m = model(spec, "says='error 1.5s, error 0s, error 0s, ok 0s'");
    calls_at(&m, TIMES(0, 1, 1, 2.2, 2.3));
    ends(&m, "error error error ok ok");
    /* a trial that ends after the verdict counts in the closed window */
    m = model("sliding_window_size=2, minimum_number_of_calls=2, wait_duration_in_open_state=1s, "
              "permitted_number_of_calls_in_half_open_state=3",
              "says='error 0s, error 0s, error 5s, ok 0s, ok 0s, error 0s'");
    calls_at(&m, TIMES(0, 0, 10, 10, 10, /* closed */ 16, 17));
    ends(&m, "error error error ok ok error open");
}

static void a_withdrawn_trial_gives_its_permit_back(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=1, wait_duration_in_open_state=1s, "
                           "permitted_number_of_calls_in_half_open_state=1",
                           "says='error 0s, ok 2000s, ok 0s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 10, NULL)->cancel_after = 2 * NS_PER_S;
    calls_at(&m, TIMES(11, 13, 14));
    ends(&m, "error cancelled open ok ok");
}

static void an_ignored_trial_gives_its_permit_back(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=1, wait_duration_in_open_state=1s, ignore=limited, "
                           "permitted_number_of_calls_in_half_open_state=1",
                           "says='error 0s, limited 1s, limited 0s, error 0s'");
    calls_at(&m, TIMES(0, 10, 10.5, 11.5, 12, 12.5));
    ends(&m, "error limited open limited error open");
}

/* resilience4j's rule: the permit goes to the state of the moment, even if the call took none from
 * it. */
static void an_early_call_gives_a_permit_too(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=1, wait_duration_in_open_state=1s, "
                           "permitted_number_of_calls_in_half_open_state=1",
                           "says='ok 2000s, error 0s, ok 2000s, ok 2000s, ok 0s'");
    driver_call(m.driver, 0, NULL)->cancel_after = 12 * NS_PER_S;
    calls_at(&m, TIMES(1, 10, 11, 13, 14));
    ends(&m, "cancelled error - open - open");
}

static void a_withdrawn_call_is_not_recorded(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=2", "says='error 0s, error 10s, ok 0s, error 0s'");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 1, NULL)->cancel_after = NS_PER_S;
    calls_at(&m, TIMES(3, 4, 5));
    ends(&m, "error cancelled ok open open");
}

static void a_crash_gives_permits_back(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=1, wait_duration_in_open_state=1s, "
                           "permitted_number_of_calls_in_half_open_state=1",
                           "says='error 0s, ok 2000s, ok 0s'");
    build_crash(m.breaker, 12);
    calls_at(&m, TIMES(0, 10, 11, 13));
    ends(&m, "error error open ok");
}

static void a_crash_below_is_a_failure(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=1", "says='ok 10s'");
    build_crash(m.leaf, 5);
    calls_at(&m, TIMES(0, 6));
    ends(&m, "error open");
}

static void the_run_may_end_meanwhile(void **state) {
    (void)state;
    struct model m = model("sliding_window_size=10, wait_duration_in_open_state=100ms, "
                           "automatic_transition_from_open_to_half_open=true, "
                           "max_wait_duration_in_half_open_state=1s",
                           "says='ok 300ms', fails=.5");
    driver_calls(m.driver, 0, .003, 1000, NULL);
    build_run(m.sim, m.driver, 1, 2);
    sim_free(m.sim);
}

/* ---- by chance */

/* The chance that a window of n calls that fail with p has enough failures when it is first full.
 */
static void it_trips_as_often_as_the_binomial_says(void **state) {
    (void)state;
    static const struct {
        const char *spec, *leaf;
        int window;
        double chance;
    } cases[] = {
        {"sliding_window_size=10, minimum_number_of_calls=10", "fails=.2", 10, .0327935},
        {"sliding_window_size=10, minimum_number_of_calls=10", "fails=.3", 10, .150268},
        {"", "fails=.4", 100, .0270992},
    };
    enum { TRIALS = 4000 };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int tripped = 0;
        for (uint64_t r = 1; r <= TRIALS; r++) {
            struct model m = model_of(r, cases[k].spec, cases[k].leaf);
            driver_calls(m.driver, 0, .1, cases[k].window + 1, NULL);
            build_run(m.sim, m.driver, 0, 20);
            tripped += driver_arrival(m.driver, (uint32_t)cases[k].window)->outcome == OUTCOME_OPEN;
            sim_free(m.sim);
        }
        double p = cases[k].chance;
        assert_near(tripped / (double)TRIALS, p, 4 * sqrt(p * (1 - p) / TRIALS));
    }
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &breaker_type, "sliding_window_size=0", NULL), "1..");
    assert_says(build_refusal(sim, &breaker_type, "failure_rate_threshold=120%", NULL), "0..1");
    assert_says(build_refusal(sim, &breaker_type, "sliding_window_type=COUNT", NULL),
                "one of \"COUNT_BASED\", \"TIME_BASED\"");
    assert_says(build_refusal(sim, &breaker_type, "failure_rate=10%", NULL), "unknown key");
    sim_free(sim);
    struct model m = model("failure_rate_threshold=0", "");
    assert_says(build_seal_refusal(m.sim, m.driver), "failure_rate_threshold: it must be above 0");
    sim_free(m.sim);
    m = model("slow_call_rate_threshold=0", "");
    assert_says(build_seal_refusal(m.sim, m.driver),
                "slow_call_rate_threshold: it must be above 0");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_at_the_threshold),
        cmocka_unit_test(below_the_minimum_nothing_happens),
        cmocka_unit_test(the_minimum_is_at_most_the_window),
        cmocka_unit_test(old_calls_leave_the_window),
        cmocka_unit_test(rates_do_not_suffer_from_rounding),
        cmocka_unit_test(a_computed_threshold_is_met),
        cmocka_unit_test(slow_is_longer_than_the_threshold),
        cmocka_unit_test(failures_may_be_slow),
        cmocka_unit_test(by_default_only_all_slow_open_it),
        cmocka_unit_test(what_counts_can_be_chosen),
        cmocka_unit_test(ignored_answers_are_not_recorded),
        cmocka_unit_test(thresholds_are_live),
        cmocka_unit_test(a_second_leaves_as_a_whole),
        cmocka_unit_test(a_silence_empties_it),
        cmocka_unit_test(seconds_do_not_limit_the_minimum),
        cmocka_unit_test(half_open_counts_calls),
        cmocka_unit_test(it_stays_open_until_after_the_wait),
        cmocka_unit_test(the_verdict_waits_for_the_permits),
        cmocka_unit_test(the_minimum_may_decide_earlier),
        cmocka_unit_test(each_window_cuts_the_minimum),
        cmocka_unit_test(a_failed_trial_opens_it_again),
        cmocka_unit_test(slow_trials_open_it_too),
        cmocka_unit_test(hanging_trials_block_it),
        cmocka_unit_test(a_wait_in_half_open_ends_that),
        cmocka_unit_test(a_verdict_stops_the_wait),
        cmocka_unit_test(it_may_become_half_open_by_itself),
        cmocka_unit_test(states_are_cut_at_phases),
        cmocka_unit_test(late_answers_count_where_they_come),
        cmocka_unit_test(a_withdrawn_trial_gives_its_permit_back),
        cmocka_unit_test(an_ignored_trial_gives_its_permit_back),
        cmocka_unit_test(an_early_call_gives_a_permit_too),
        cmocka_unit_test(a_withdrawn_call_is_not_recorded),
        cmocka_unit_test(a_crash_gives_permits_back),
        cmocka_unit_test(a_crash_below_is_a_failure),
        cmocka_unit_test(the_run_may_end_meanwhile),
        cmocka_unit_test(it_trips_as_often_as_the_binomial_says),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
