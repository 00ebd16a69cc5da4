/* Simulation against theory: plain queues, limits and retries whose answers are known in closed form.
 *
 * Each row runs independent replications and asks whether the theory lies within the 99.99 % confidence interval of their mean
 * (Student t). With some 45 rows the chance that a right program fails is below half a percent; the seeds are fixed, so it either does or does
 * not. The interval must also be narrow enough to mean something: its half-width is bounded by `narrow` of the value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "theory/queue.h"

enum { REPLICATIONS = 30, LONGER = 12 }; /* LONGER: than what sanitizers run */

struct row {
    const char *id, *model; /* what stands in the scenario's table: workload and entry */
    double warmup, duration;
    const char *metric;
    double expected, narrow;
};

static void check_row(const struct row *r) {
    char text[2000];
    struct lab l;
    uint32_t n = 0;
    double shorter = lab_quick() ? 1 : LONGER;
    snprintf(text, sizeof text,
             "return scenario { title = \"%s\", %s, run = { warmup = %g, duration = %g }, slo = { \"%s <= 2 * %s\" } }",
             r->id, r->model, r->warmup * shorter, r->duration * shorter, r->metric, r->metric);
    bool ran = lab_run(&l, text, rng_hash(text) >> 32, REPLICATIONS, 2);
    double *x = ran ? lab_values(&l, r->metric, &n) : NULL;
    struct estimate e = {0};
    if (x)
        e = stats_estimate(x, n, 0.9999);
    free(x);
    lab_release(&l);
    assert_true(ran);
    printf("%-28s %-30s theory %.6g, simulated %.6g [%.6g, %.6g]\n", r->id, r->metric, r->expected, e.mean, e.ci.lo, e.ci.hi);
    assert_int_equal(e.used, REPLICATIONS);
    assert_true(e.ci.lo <= r->expected && r->expected <= e.ci.hi);
    if (!lab_quick())
        assert_true((e.ci.hi - e.ci.lo) / 2 < r->narrow * r->expected);
}

static void check_rows(const struct row *rows) {
    for (const struct row *r = rows; r->id; r++)
        check_row(r);
}

#define OPEN(rate) "workload = open { rate = " #rate " }, "
#define MM1 OPEN(0.8) "entry = station { service = exponential { mean = 1 } }"

static void mm1(void **state) {
    (void)state;
    const struct row rows[] = {
        {"A1 M/M/1", MM1, 2000, 40000, "latency.mean", 5, 0.05},
        {"A1 M/M/1", MM1, 2000, 40000, "station:wait.mean", 4, 0.06},
        {"A1 M/M/1", MM1, 2000, 40000, "in_flight", 4, 0.06},
        {"A1 M/M/1", MM1, 2000, 40000, "station:queue", 3.2, 0.06},
        {"A1 M/M/1", MM1, 2000, 40000, "station:utilization", 0.8, 0.02},
        {"A1 M/M/1", MM1, 2000, 40000, "latency.p50", theory_mmc_quantile(1, 0.8, 1, 0.5), 0.05},
        {"A1 M/M/1", MM1, 2000, 40000, "latency.p95", theory_mmc_quantile(1, 0.8, 1, 0.95), 0.06},
        {"A1 M/M/1", MM1, 2000, 40000, "latency.p99", theory_mmc_quantile(1, 0.8, 1, 0.99), 0.07},
        {0},
    };
    check_rows(rows);
}

static void mmc(void **state) {
    (void)state;
    static const int servers[] = {2, 4, 8, 16, 32};
    for (int i = 0; i < 5; i++) {
        int c = servers[i];
        char model[300];
        snprintf(model, sizeof model, "workload = open { rate = %g }, entry = station { servers = %d, service = exponential { mean = 1 } }",
                 0.8 * c, c);
        check_row(&(struct row){"A2 M/M/c", model, 500, 40000.0 / c, "latency.mean", theory_mmc_sojourn(c, 0.8 * c, 1), 0.04});
        check_row(&(struct row){"A2 M/M/c", model, 500, 40000.0 / c, "station:wait.mean", theory_mmc_wait(c, 0.8 * c, 1), 0.25});
    }
    check_row(&(struct row){"A2c M/M/10", OPEN(8) "entry = station { servers = 10, service = exponential { mean = 1 } }", 500, 10000,
                            "latency.p99", theory_mmc_quantile(10, 8, 1, 0.99), 0.03});
}

/* P(wait): the wait of a call that does not wait is exactly 0, the first bucket of its histogram. */
static void erlang_c(void **state) {
    (void)state;
    static const int servers[] = {1, 4, 8};
    for (int i = 0; i < 3; i++) {
        int c = servers[i];
        double x[REPLICATIONS];
        for (int r = 0; r < REPLICATIONS; r++) {
            char text[400];
            struct lab l;
            struct scenario s;
            struct error e = {{0}};
            snprintf(text, sizeof text, "return scenario { workload = open { rate = %g }, entry = station { servers = %d, service = "
                                        "exponential { mean = 1 } }, run = { warmup = 200, duration = 2000 } }",
                     0.8 * c, c);
            assert_true(lab_run(&l, text, 1, 1, 1));
            struct scenario_request q = {.seed = 7, .replication = (uint64_t)r + 1, .warmup = -1};
            assert_true(l.maker->build(l.maker, &q, &s, &e));
            assert_true(sim_run(s.sim));
            for (uint32_t n = 0; n < s.sim->n_order; n++)
                if (!strcmp(s.sim->order[n]->type->kind, "station")) {
                    const struct hist *h = &s.sim->order[n]->meter.cells[1].phase[PHASE_WAIT].hist;
                    x[r] = 1 - (double)h->count[0] / (double)h->total;
                }
            l.maker->free_sim(l.maker, s.sim);
            lab_release(&l);
        }
        struct estimate e = stats_estimate(x, REPLICATIONS, 0.9999);
        double theory = theory_erlang_c(c, 0.8 * c);
        printf("A2 P(wait), c = %-14d theory %.6g, simulated %.6g [%.6g, %.6g]\n", c, theory, e.mean, e.ci.lo, e.ci.hi);
        assert_true(e.ci.lo <= theory && theory <= e.ci.hi);
    }
}

static void loss(void **state) {
    (void)state;
#define LOSS(rate, servers, limit, law)                                                                                      \
    "workload = open { rate = " #rate " }, entry = station { servers = " #servers ", queue = { limit = " #limit            \
    " }, service = " law " }"
    const struct row rows[] = {
        {"A4 M/M/1/10", LOSS(1.2, 1, 9, "exponential { mean = 1 }"), 200, 20000, "share{outcome=error}", theory_mmck(1, 10, 1.2, 1).loss, 0.03},
        {"A4 M/M/1/10", LOSS(1.2, 1, 9, "exponential { mean = 1 }"), 200, 20000, "latency.mean", theory_mmck(1, 10, 1.2, 1).sojourn, 0.03},
        {"A4 M/M/1/10", LOSS(1.2, 1, 9, "exponential { mean = 1 }"), 200, 20000, "throughput", theory_mmck(1, 10, 1.2, 1).throughput, 0.02},
        {"A4b M/M/4/20", LOSS(5, 4, 16, "exponential { mean = 1 }"), 200, 8000, "share{outcome=error}", theory_mmck(4, 20, 5, 1).loss, 0.03},
        {"A3 Erlang B, exp", LOSS(8, 10, 0, "exponential { mean = 1 }"), 100, 4000, "share{outcome=error}", theory_erlang_b(10, 8), 0.05},
        {"A3 Erlang B, constant", LOSS(8, 10, 0, "1"), 100, 4000, "share{outcome=error}", theory_erlang_b(10, 8), 0.05},
        {"A3 Erlang B, lognormal", LOSS(20, 25, 0, "lognormal { mean = 1, cv = 2 }"), 100, 4000, "share{outcome=error}", theory_erlang_b(25, 20), 0.06},
        {0},
    };
    check_rows(rows);
}

static void mg1(void **state) {
    (void)state;
#define MG1(rate, law) "workload = open { rate = " #rate " }, entry = station { service = " law " }"
    const struct row rows[] = {
        {"A6 M/E4/1", MG1(0.7, "erlang { k = 4, mean = 1 }"), 1000, 40000, "station:wait.mean", theory_mg1_wait(0.7, 1, 0.25), 0.05},
        {"A6 M/H2/1", MG1(0.7, "hyperexponential { mean = 1, cv = 2 }"), 2000, 80000, "station:wait.mean", theory_mg1_wait(0.7, 1, 4), 0.07},
        {"A6 M/LN/1", MG1(0.7, "lognormal { mean = 1, cv = 2 }"), 2000, 80000, "station:wait.mean", theory_mg1_wait(0.7, 1, 4), 0.15},
        {"A5 M/D/1 .5", MG1(0.5, "1"), 500, 20000, "station:wait.mean", theory_mg1_wait(0.5, 1, 0), 0.05},
        {"A5 M/D/1 .8", MG1(0.8, "1"), 1000, 40000, "station:wait.mean", theory_mg1_wait(0.8, 1, 0), 0.06},
        {"A5 M/D/1 .95", MG1(0.95, "1"), 10000, 200000, "station:wait.mean", theory_mg1_wait(0.95, 1, 0), 0.12},
        {"A19 M/G/inf", OPEN(10) "entry = delay { time = lognormal { mean = 3, cv = 1 } }", 100, 4000, "in_flight", 30, 0.02},
        {0},
    };
    check_rows(rows);
}

static void networks(void **state) {
    (void)state;
    double high, low;
    theory_priority(0.2, 0.6, 1, &high, &low);
#define PRIORITY                                                                                                             \
    "workload = open { rate = 0.8, classes = { high = { share = 0.25, priority = 1 }, low = { share = 0.75 } } }, "         \
    "entry = station { discipline = \"priority\", service = exponential { mean = 1 } }"
#define POOL(policy)                                                                                                         \
    "workload = open { rate = 3 }, entry = balance { policy = \"" policy "\", station { name = \"a\", service = "             \
    "exponential { mean = 0.5 } }, station { name = \"b\", service = exponential { mean = 0.5 } } }"
    const struct row rows[] = {
        {"A8 priority, high", PRIORITY, 2000, 40000, "latency.mean{class=high}", high, 0.04},
        {"A8 priority, low", PRIORITY, 2000, 40000, "latency.mean{class=low}", low, 0.08},
        {"A10 tandem", OPEN(0.5) "entry = chain { station { name = \"a\", service = exponential { mean = 1 } }, station { name = \"b\", "
                                 "service = exponential { mean = 1.25 } }, station { name = \"c\", service = exponential { rate = 0.6 } } }",
         2000, 40000, "latency.mean", 15.333333, 0.08},
        {"A11 random", POOL("random"), 500, 10000, "latency.mean", 2, 0.04},
        {"A11 shared queue", OPEN(3) "entry = station { servers = 2, service = exponential { mean = 0.5 } }", 500, 10000, "latency.mean",
         1.142857, 0.04},
        {"A11 shortest queue", "workload = open { rate = 3 }, entry = balance { policy = \"least_request\", choice_count = 30, station { "
                               "name = \"a\", service = exponential { mean = 0.5 } }, station { name = \"b\", service = exponential { mean = "
                               "0.5 } } }", /* 30 draws miss one of two targets once in 10^9 */
         500, 10000, "latency.mean", 1.2240, 0.04},
        {"A17 token bucket", "workload = open { rate = 80 }, entry = limiter { rate = 100, burst = 5, delay { time = 0 } }", 50, 2000,
         "share{outcome=limited}", 0.0352904, 0.08},
        {"A17 token bucket", "workload = open { rate = 150 }, entry = limiter { rate = 100, burst = 10, delay { time = 0 } }", 50, 1000,
         "share{outcome=limited}", 0.333397, 0.02},
        {"B2b three retries", "workload = open { rate = 100 }, entry = retry { max_attempts = 4, backoff = { kind = \"fixed\", base = 0 }, "
                              "split { weights = { good = 1, bad = 1 }, to = { good = delay { time = 0 }, bad = fail {} } } }",
         1, 1000, "availability", 0.9375, 0.01},
        {"B2b three retries", "workload = open { rate = 100 }, entry = retry { max_attempts = 4, backoff = { kind = \"fixed\", base = 0 }, "
                              "split { weights = { good = 1, bad = 1 }, to = { good = delay { time = 0 }, bad = fail {} } } }",
         1, 1000, "retry:attempts_per_call", 1.875, 0.01},
        {0},
    };
    check_rows(rows);
}

/* Printed digits of textbooks and of the closed forms' own special cases. */
static void closed_forms(void **state) {
    (void)state;
    struct {
        double value, expected;
    } rows[] = {
        {theory_erlang_c(5, 2.5), 0.130371},   {theory_erlang_c(10, 5), 0.036105},   {theory_erlang_c(8, 6.4), 0.457645},
        {theory_erlang_c(64, 51.2), 0.056056}, {theory_erlang_b(10, 5), 0.0183846},  {theory_erlang_b(100, 100), 0.0757005},
        {theory_mmc_sojourn(1, 0.8, 1), 5},    {theory_mmc_sojourn(16, 12.8, 1), 1.095276}, {theory_mmc_quantile(1, 0.8, 1, 0.99), 23.0259},
        {theory_mmc_quantile(1, 0.8, 1, 0.999), 34.5388}, {theory_mmc_quantile(10, 8, 1, 0.99), 4.94611}, {theory_mmc_wait(10, 8, 1), 0.204590},
        {theory_mmck(1, 10, 1.2, 1).loss, 0.192587}, {theory_mmck(1, 10, 1.2, 1).number, 6.71071}, {theory_mmck(4, 20, 5, 1).sojourn, 4.08214},
        {theory_mg1_wait(0.8, 1, 0), 2},       {theory_mg1_wait(0.7, 1, 4), 5.83333},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(fabs(rows[i].value - rows[i].expected) < 5e-6 * fmax(1, rows[i].expected));
    assert_true(isnan(theory_erlang_c(2, 2)) && isnan(theory_mg1_wait(1, 1, 1)) && isnan(theory_mmc_quantile(1, 2, 1, 0.5)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_forms), cmocka_unit_test(mm1),  cmocka_unit_test(mmc),      cmocka_unit_test(erlang_c),
        cmocka_unit_test(loss),         cmocka_unit_test(mg1),  cmocka_unit_test(networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
