/* Intervals against theory: how often they cover, where they are withheld, and what the warm-up
 * takes away. The long version of the first test is `make intervals`. */
#include "check.h"

#include <stdio.h>

#include "base/stats.h"
#include "coverage.h"
#include "lab.h"
#include "theory/queue.h"

static bool credible(size_t hits, size_t of, double share) {
    struct interval ci = stats_binomial(hits, of, 0.999);
    return ci.lo <= share && share <= ci.hi;
}

static void covers(const struct coverage_system *system, size_t studies, int replications) {
    struct coverage c;
    assert_true(
        coverage_run(system, lab_quick() ? studies / 10 : studies, replications, 500000, 2, &c));
    for (int m = 0; m < COVERAGE_METRICS; m++) {
        printf("M/M/%d at %g, %d replication%s, %s: %zu of %zu intervals cover, %zu withheld, bias "
               "%+.2g\n",
               system->servers, system->load, replications, replications == 1 ? "" : "s",
               coverage_names[m], c.hits[m], c.intervals[m], c.studies - c.intervals[m], c.bias[m]);
        if (replications == 1 && m == COVERAGE_P99) { /* never from one run */
            assert_int_equal(c.intervals[m], 0);
            continue;
        }
        assert_true(c.intervals[m] >= c.studies / 2);
        assert_true(credible(c.hits[m], c.intervals[m], 0.95));
    }
}

static void ten_replications_cover(void **state) {
    (void)state;
    covers(&(struct coverage_system){1, 0.7, 5000, 0}, 100, 10);
    covers(&(struct coverage_system){5, 0.7, 5000, 0}, 100, 10);
}

static void the_batches_of_one_run_cover(void **state) {
    (void)state;
    covers(&(struct coverage_system){1, 0.5, 40000, 100}, 300, 1);
}

/* 200 requests make a batch of a queue that needs 1,600 to forget: nearly every interval would be
 * too narrow. */
static void correlated_batches_give_none(void **state) {
    (void)state;
    struct coverage c;
    const size_t studies = lab_quick() ? 30 : 60;
    assert_true(
        coverage_run(&(struct coverage_system){1, 0.95, 4000, 2000}, studies, 1, 600000, 2, &c));
    printf("M/M/1 at .95, 4,000 requests: %zu of %zu intervals of the mean are withheld\n",
           studies - c.intervals[COVERAGE_MEAN], studies);
    assert_true(stats_binomial(studies - c.intervals[COVERAGE_MEAN], studies, 0.999).lo > 0.5);
}

static void reasons_are_given(void **state) {
    (void)state;
    struct lab l;
    assert_true(
        lab_run(&l,
                "return scenario { workload = open { rate = 100 }, entry = delay { time = "
                "exponential { mean = '5ms' } }, phases = { short = { '1s', '5s' }, long = { "
                "'0s', '60s' } }, run = { warmup = 0, duration = '100s' }, slo = { "
                "'max(delay:latency.mean) < 1s', 'delay:blame.p50 > 10%' } }",
                3, 1, 1));
    const struct study *s = &l.study;
    const struct case_result *c = &s->cases[0];
    static const struct {
        const char *metric, *why;
    } rows[] = {
        {"latency.mean", NULL},
        {"latency.mean{phase=long}", NULL},
        {"latency.mean{phase=short}", "too few batches"},
        {"latency.max", "an extreme, a count, a moment or blame of one run"},
        {"delay:blame.p50", "an extreme, a count, a moment or blame of one run"},
        {"max(delay:latency.mean)", "an extreme, a count, a moment or blame of one run"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t q = lab_query(&l, rows[i].metric);
        struct estimate e = study_estimate(s, c, q);
        const char *why = study_why(s, c, q);
        assert_true(e.used > 0 && !isnan(e.mean));
        assert_int_equal(isfinite(e.ci.hi - e.ci.lo) != 0, why == NULL);
        if (rows[i].why)
            assert_says(why ? why : "", rows[i].why);
        else
            assert_null(why);
        assert_true(study_sample(c, q) > 100);
    }
    lab_release(&l);
}

/* M/M/1 at 90 % load from an empty start: the mean of what is left after the warm-up that MSER-5
 * finds is nearer to theory than that of everything, by a paired test over studies. */
static void the_warmup_takes_the_bias_away(void **state) {
    (void)state;
    static const char text[] =
        "return scenario { workload = open { rate = 0.9 }, entry = station { service = exponential "
        "{ mean = 1 } }, run = { duration = 1000 } }";
    enum { STUDIES = 100 };
    double with[STUDIES], gain[STUDIES];
    int n = lab_quick() ? 10 : STUDIES;
    for (int i = 0; i < n; i++) {
        for (int cut = 0; cut < 2; cut++) {
            struct study_options o = {.seed = 700000 + (uint64_t)i,
                                      .replications = 10,
                                      .warmup = cut ? WARMUP_FILE : 0,
                                      .jobs = 2};
            struct lab l;
            assert_true(lab_study(&l, text, &o));
            assert_int_equal(l.study.warmup_auto, cut);
            double mean =
                study_estimate(&l.study, &l.study.cases[0], lab_query(&l, "latency.mean")).mean;
            gain[i] = cut ? mean - gain[i] : mean;
            with[i] = mean;
            lab_release(&l);
        }
    }
    struct estimate e = stats_estimate(with, (size_t)n, 0.999),
                    g = stats_estimate(gain, (size_t)n, 0.999);
    printf("mean sojourn %.2f s (exact 10 s) after a warm-up, %+.2f s more than without\n", e.mean,
           g.mean);
    if (!lab_quick())
        assert_true(g.ci.lo > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_replications_cover),
        cmocka_unit_test(the_batches_of_one_run_cover),
        cmocka_unit_test(correlated_batches_give_none),
        cmocka_unit_test(reasons_are_given),
        cmocka_unit_test(the_warmup_takes_the_bias_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
