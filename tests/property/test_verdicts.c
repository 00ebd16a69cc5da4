/* Claims that decide themselves: how often they err, what they cost, and that threads change
 * nothing. */
#include "check.h"

#include <stdio.h>

#include "base/stats.h"
#include "lab.h"
#include "lab/claim.h"
#include "lab/looks.h"

/* M/M/1 at 50 % load: the mean sojourn is exactly 2 s. */
static void claims_about(char *text, size_t size, const char *claims) {
    snprintf(text, size,
             "return scenario { workload = open { rate = 0.5 }, entry = station { service = "
             "exponential { mean = 1 } }, run = { warmup = 50, duration = 2000, max_replications = "
             "40 }, cases = { busy = { } }, claims = { %s } }",
             claims);
}

static bool check(struct lab *l, const char *claims, uint64_t seed, int jobs) {
    char text[2000];
    claims_about(text, sizeof text, claims);
    const struct study_options o = {
        .seed = seed, .warmup = WARMUP_FILE, .jobs = jobs, .claims = true};
    return lab_study(l, text, &o);
}

/* The bound is the true value, so every verdict is wrong: at most 5 % of all studies reach one. */
static void a_claim_on_the_boundary_errs_rarely(void **state) {
    (void)state;
    const size_t studies = lab_quick() ? 20 : 200;
    size_t wrong = 0;
    for (size_t i = 0; i < studies; i++) {
        struct lab l;
        assert_true(check(&l, "claim { 'a', 'latency.mean < 2s' }", 1000 + i, 2));
        const struct decision *d = &l.study.decisions[0];
        wrong += d->verdict != VERDICT_UNDECIDED;
        if (d->verdict == VERDICT_UNDECIDED) {
            assert_int_equal(d->n, 40);
            assert_says(d->why, "undecided after 40 replications");
            assert_true(l.study.at_limit);
        }
        lab_release(&l);
    }
    printf("%zu of %zu studies decided what cannot be decided\n", wrong, studies);
    assert_true(stats_binomial(wrong, studies, 0.999).lo <= 0.05);
}

/* What is certain is not run any longer, also beside a claim that is not. */
static void certainty_costs_nothing_more(void **state) {
    (void)state;
    struct lab l;
    assert_true(
        check(&l, "claim { 'a', 'latency.mean < 3s' }, claim { 'b', 'latency.mean < 1s' }", 1, 2));
    assert_int_equal(l.study.looks, 1);
    assert_int_equal(l.study.cases[0].n, 10);
    assert_int_equal(l.study.decisions[0].verdict, VERDICT_HOLDS);
    assert_int_equal(l.study.decisions[1].verdict, VERDICT_FAILS);
    lab_release(&l);
    assert_true(
        check(&l,
              "claim { 'a', 'latency.mean < 3s' }, claim { 'b', 'latency.mean < 2s', case = "
              "'busy' }",
              1001, 2));
    assert_int_equal(study_case(&l.study, "base")->n, 10);
    assert_int_equal(study_case(&l.study, "busy")->n, 40);
    assert_int_equal(l.study.decisions[0].n, 10);
    lab_release(&l);
}

/* A fixed number of replications is one look with all of the error. */
static void a_fixed_number_is_kept(void **state) {
    (void)state;
    char text[2000];
    struct lab l;
    claims_about(text, sizeof text, "claim { 'a', 'latency.mean < 2s' }");
    const struct study_options o = {
        .seed = 1001, .replications = 12, .warmup = WARMUP_FILE, .claims = true};
    assert_true(lab_study(&l, text, &o));
    assert_int_equal(l.study.cases[0].n, 12);
    assert_near(l.study.decisions[0].confidence, 0.95, 1e-12);
    lab_release(&l);
}

static const struct study_options precisely = {
    .seed = 4, .warmup = WARMUP_FILE, .precision = 0.05, .max_replications = 100};

/* The shortest prefix of the looks that is precise: the look before it was not. */
static void precision_is_reached_and_no_more(void **state) {
    (void)state;
    char text[2000];
    struct lab l, before;
    claims_about(text, sizeof text, "");
    struct study_options o = precisely;
    assert_true(lab_study(&l, text, &o));
    uint32_t n = l.study.cases[0].n;
    assert_null(l.study.imprecise);
    assert_true(n > 10 && n < 100);
    static const char *const wanted[] = {"latency.mean", "latency.p50", "latency.p99", "goodput"};
    for (int i = 0; i < 4; i++) {
        struct estimate e = study_estimate(&l.study, &l.study.cases[0], lab_query(&l, wanted[i]));
        assert_true((e.ci.hi - e.ci.lo) / 2 <= 0.05 * e.mean);
    }
    struct looks plan;
    looks_plan(&plan, 10, 100);
    assert_int_equal(plan.n[l.study.looks - 1], n);
    o.max_replications = plan.n[l.study.looks - 2];
    assert_true(lab_study(&before, text, &o));
    assert_non_null(before.study.imprecise);
    assert_int_equal(before.study.cases[0].n, plan.n[l.study.looks - 2]);
    lab_release(&before);
    lab_release(&l);
}

static void threads_change_nothing(void **state) {
    (void)state;
    static const int jobs[] = {1, 2, 8};
    struct lab l[3];
    char text[2000];
    claims_about(text, sizeof text, "claim { 'a', 'latency.mean < 2s' }");
    for (int i = 0; i < 3; i++) {
        struct study_options o = precisely;
        o.jobs = jobs[i];
        o.claims = true;
        assert_true(lab_study(&l[i], text, &o));
    }
    for (int i = 1; i < 3; i++) {
        assert_int_equal(l[i].study.looks, l[0].study.looks);
        assert_int_equal(l[i].study.cases[0].n, l[0].study.cases[0].n);
        for (uint32_t r = 0; r < l[0].study.cases[0].n; r++)
            assert_memory_equal(l[0].study.cases[0].rep[r].value, l[i].study.cases[0].rep[r].value,
                                l[0].study.n_queries * sizeof(double));
    }
    for (int i = 0; i < 3; i++)
        lab_release(&l[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_on_the_boundary_errs_rarely),
        cmocka_unit_test(certainty_costs_nothing_more),
        cmocka_unit_test(a_fixed_number_is_kept),
        cmocka_unit_test(precision_is_reached_and_no_more),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
