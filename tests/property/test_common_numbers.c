/* Common random numbers: a component added to one side of a comparison shifts nobody else's draws.
 *
 * Plain M/M/1 and M/M/8 against the same with a timeout that about one request in 10,000 hits, with a retry after the one call in 100 that fails, and with 1 % more requests from a second
 * source. The variance of the paired difference of mean latencies must be at least 50 times smaller than with independent runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab.h"

enum { REPLICATIONS = 60, RETRY = 2, MORE = 3, SIDES = 4, FLAKY = 4 };

static const char *const variants[] = {
    "station",
    "timeout { after = %g, station }",
    "retry { max_attempts = 2, backoff = { kind = \"fixed\", base = 0.1 }, flaky }",
    "station",
    "flaky",
};
static const char *const names[SIDES] = {"plain", "timeout", "retry", "1 % duplicates"};

static double *mean_latency(int servers, double after, int variant, uint64_t seed) {
    char text[900], entry[200];
    struct lab l;
    uint32_t n;
    snprintf(entry, sizeof entry, variants[variant], after);
    snprintf(text, sizeof text,
             "local station = station { servers = %d, service = exponential { mean = 1 } }\n"
             "local flaky = split { weights = { good = 99, bad = 1 }, to = { good = station, bad = fail {} } }\n"
             "return scenario { workload = { open { name = \"users\", rate = %g }%s }, entry = %s,\n"
             "  run = { warmup = 200, duration = %g }, slo = { \"users:latency.mean <= 2 * users:latency.mean\" } }",
             servers, 0.8 * servers, variant == MORE ? servers == 1 ? ", open { name = \"more\", rate = 0.008 }" : ", open { name = \"more\", rate = 0.064 }" : "", entry,
             (lab_quick() ? 2000.0 : 20000.0) / servers);
    assert_true(lab_run(&l, text, seed, REPLICATIONS, 2));
    double *x = lab_values(&l, "users:latency.mean", &n);
    lab_release(&l);
    assert_non_null(x);
    return x;
}

static double variance_of_difference(const double *a, const double *b) {
    double d[REPLICATIONS];
    for (int i = 0; i < REPLICATIONS; i++)
        d[i] = a[i] - b[i];
    struct estimate e = stats_estimate(d, REPLICATIONS, 0.95);
    return e.sd * e.sd;
}

static void compare(int servers, double after) {
    for (int v = 1; v < SIDES; v++) {
        double *plain = mean_latency(servers, after, v == RETRY ? FLAKY : 0, 1);
        double *same = mean_latency(servers, after, v, 1), *other = mean_latency(servers, after, v, 2);
        double paired = variance_of_difference(plain, same), independent = variance_of_difference(plain, other);
        printf("M/M/%d and a %-16s variance paired %.3g, independent %.3g: %.0f times smaller\n", servers, names[v], paired,
               independent, independent / paired);
        free(plain);
        free(same);
        free(other);
        if (!lab_quick())
            assert_true(independent > 50 * paired);
    }
}

static void mm1(void **state) {
    (void)state;
    compare(1, 46);
}

static void mm8(void **state) {
    (void)state;
    compare(8, 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(mm1), cmocka_unit_test(mm8)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
