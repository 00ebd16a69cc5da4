/* Saturated nodes are found, named, and have no percentiles; what is stable, or recovers, is left
 * alone. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "lab.h"
#include "lab/claim.h"

/* A scenario around `entry`; the rest of its table is `more`. */
static void run(struct lab *l, const char *rate, const char *entry, const char *more, uint64_t seed,
                int64_t replications) {
    char text[2000];
    snprintf(text, sizeof text, "return scenario { workload = open { rate = %s }, entry = %s, %s }",
             rate, entry, more);
    assert_true(lab_run(l, text, seed, replications, 2));
}

static const char queue[] = "station { name = 'work', service = exponential { mean = 1 } }";
#define SPAN(seconds) "run = { warmup = '200s', duration = '" seconds "' }"

static const struct case_result *result(const struct lab *l) {
    return &l->study.cases[0];
}

static void overload_is_found(void **state) {
    (void)state;
    static const char *const rates[] = {"1.05", "1.2"};
    for (int i = 0; i < 2; i++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct lab l;
            run(&l, rates[i], queue, SPAN("5000s"), seed, 10);
            const struct case_result *c = result(&l);
            assert_int_equal(c->n_grows, 1);
            assert_string_equal(c->grows[0].node, "work");
            assert_near(c->grows[0].per_second, strtod(rates[i], NULL) - 1, 0.03);
            assert_says(c->why, "saturated: the queue of work grew throughout the run (+");
            uint32_t p99 = lab_query(&l, "latency.p99");
            assert_int_equal(study_estimate(&l.study, c, p99).used, 0);
            assert_string_equal(study_why(&l.study, c, p99), c->why);
            assert_int_equal(study_estimate(&l.study, c, lab_query(&l, "work:wait.mean")).used, 0);
            assert_int_equal(study_estimate(&l.study, c, lab_query(&l, "goodput")).used, 10);
            lab_release(&l);
        }
}

/* Growth by a fifth of what arrives shows in a single run as well. */
static void overload_is_found_in_one_run(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct lab l;
        run(&l, "1.2", queue, SPAN("5000s"), seed, 1);
        assert_int_equal(result(&l)->n_grows, 1);
        lab_release(&l);
    }
}

static void stable_queues_are_not(void **state) {
    (void)state;
    static const char *const rates[] = {"0.5", "0.9", "0.95"};
    for (int i = 0; i < 3; i++)
        for (uint64_t seed = 1; seed <= 10; seed++)
            for (int n = 1; n <= 10; n += 9) {
                struct lab l;
                run(&l, rates[i], queue, SPAN("5000s"), seed, n);
                if (result(&l)->n_grows)
                    fail_msg("load %s, seed %d, %d runs: %s", rates[i], (int)seed, n,
                             result(&l)->why);
                assert_null(result(&l)->withheld);
                lab_release(&l);
            }
}

/* Starting empty, without a warm-up: filling is no saturation. */
static void filling_is_not(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct lab l;
        run(&l, "0.9", queue, "run = { warmup = 0, duration = '5000s' }", seed, 10);
        assert_int_equal(result(&l)->n_grows, 0);
        lab_release(&l);
    }
}

/* A slow spell makes retries, which keep the queue long for a while; then it drains. */
static void a_storm_that_drains_is_not(void **state) {
    (void)state;
    struct lab l;
    run(&l, "25",
        "chain { retry { max_attempts = 3 }, timeout { after = '1s' }, station { name = 'work', "
        "servers = 4, service = exponential { mean = '40ms' } } }",
        "faults = { slow { 'work', factor = 8, from = '40s', to = '60s' } }, "
        "phases = { fault = { '40s', '60s' }, after = { '200s', '400s' } }, "
        "run = { warmup = '10s', duration = '400s' }",
        3, 10);
    uint32_t storm = lab_query(&l, "goodput{phase=fault}"),
             after = lab_query(&l, "goodput{phase=after}");
    assert_true(study_estimate(&l.study, result(&l), storm).mean < 15);
    assert_true(study_estimate(&l.study, result(&l), after).mean > 24.5);
    assert_int_equal(result(&l)->n_grows, 0);
    lab_release(&l);
}

/* Two stations in a row, the second too slow; what does not wait for it keeps its percentiles. */
static void the_second_of_two_is_named(void **state) {
    (void)state;
    struct lab l;
    run(&l, "1.1",
        "chain { station { name = 'first', service = exponential { mean = 0.5 } }, station { name "
        "= "
        "'second', service = exponential { mean = 1 } } }",
        SPAN("5000s"), 1, 10);
    const struct case_result *c = result(&l);
    assert_int_equal(c->n_grows, 1);
    assert_string_equal(c->grows[0].node, "second");
    assert_int_equal(study_estimate(&l.study, c, lab_query(&l, "second:wait.mean")).used, 0);
    assert_int_equal(study_estimate(&l.study, c, lab_query(&l, "latency.mean")).used, 0);
    assert_int_equal(study_estimate(&l.study, c, lab_query(&l, "first:latency.p99")).used, 10);
    lab_release(&l);
}

/* Wrappers in front of a queue grow with it, and are not blamed. */
static void the_deepest_is_named(void **state) {
    (void)state;
    struct lab l;
    run(&l, "1.2",
        "delay { name = 'outer', time = 1, to = delay { name = 'inner', time = 1, to = station { "
        "name = 'work', service = exponential { mean = 1 } } } }",
        SPAN("5000s"), 1, 10);
    const struct case_result *c = result(&l);
    assert_int_equal(c->n_grows, 1);
    assert_string_equal(c->grows[0].node, "work");
    assert_int_equal(study_estimate(&l.study, c, lab_query(&l, "outer:latency.p99")).used, 0);
    lab_release(&l);
}

/* A claim on what is withheld: an upper bound fails at the first look, a lower one is decided by
 * the values. */
static void upper_latency_claims_fail(void **state) {
    (void)state;
    struct lab l;
    static const char text[] =
        "return scenario { workload = open { rate = 1.2 }, entry = station { name = 'work', "
        "service "
        "= exponential { mean = 1 } }, run = { warmup = '200s', duration = '5000s' }, claims = { "
        "claim { 'fast', 'latency.p99 < 1h' }, claim { 'slow', 'work:wait.mean > 10s' } } }";
    const struct study_options o = {.seed = 1, .warmup = WARMUP_FILE, .claims = true};
    assert_true(lab_study(&l, text, &o));
    const struct decision *d = l.study.decisions;
    assert_int_equal(d[0].verdict, VERDICT_FAILS);
    assert_says(d[0].why, "saturated: the queue of work grew");
    assert_int_equal(d[1].verdict, VERDICT_HOLDS);
    assert_int_equal(result(&l)->n, 10);
    lab_release(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overload_is_found),
        cmocka_unit_test(overload_is_found_in_one_run),
        cmocka_unit_test(stable_queues_are_not),
        cmocka_unit_test(filling_is_not),
        cmocka_unit_test(a_storm_that_drains_is_not),
        cmocka_unit_test(the_second_of_two_is_named),
        cmocka_unit_test(the_deepest_is_named),
        cmocka_unit_test(upper_latency_claims_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
