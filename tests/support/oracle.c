#include "oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab.h"

double oracle_shortened(double seconds) {
    return lab_quick() ? seconds / 12 : seconds;
}

static const char *verdict(const struct oracle_check *check, const struct estimate *e, size_t n) {
    double narrow = check->narrow > 0 ? check->narrow : 0.05, half = (e->ci.hi - e->ci.lo) / 2;
    double rounding = 1e-12 * check->expected; /* where nothing is random */
    if (e->used != n)
        return "  <- has no value in some replication";
    if (!(fabs(e->mean - check->expected) <= half + rounding))
        return "  <- contradicts theory";
    if (!lab_quick() && !(half <= narrow * check->expected))
        return "  <- too wide to mean something";
    return "";
}

bool oracle_compare(const char *id, const struct oracle_check *check, const double *x, size_t n) {
    struct estimate e = stats_estimate(x, n, 0.9999);
    const char *wrong = verdict(check, &e, n);
    printf("%-25s %-33s theory %-9.6g simulated %-9.6g [%.6g, %.6g]%s\n", id, check->metric,
           check->expected, e.mean, e.ci.lo, e.ci.hi, wrong);
    return !*wrong;
}

/* The conditions only make the metrics known: they hold for every number. */
static void write_scenario(const struct oracle *o, char *text, size_t size) {
    int n = snprintf(text, size,
                     "return scenario { %s, run = { warmup = %.9g, duration = %.9g }, slo = {",
                     o->model, oracle_shortened(o->warmup), oracle_shortened(o->duration));
    for (int i = 0; i < ORACLE_CHECKS && o->check[i].metric; i++)
        n += snprintf(text + n, size - (size_t)n, " \"%s >= 0\",", o->check[i].metric);
    snprintf(text + n, size - (size_t)n, " } }");
}

static bool compare(struct lab *l, const char *id, const struct oracle_check *check) {
    uint32_t n = 0;
    double *x = lab_values(l, check->metric, &n);
    bool right = x && oracle_compare(id, check, x, n);
    free(x);
    return right;
}

static bool run_one(const struct oracle *o) {
    char text[4000];
    struct lab l;
    write_scenario(o, text, sizeof text);
    bool ran = lab_run(&l, text, rng_hash(text) >> 32, ORACLE_REPLICATIONS, 2), right = ran;
    for (int i = 0; ran && i < ORACLE_CHECKS && o->check[i].metric; i++)
        right &= compare(&l, o->id, &o->check[i]);
    lab_release(&l);
    return right;
}

void oracle_run(const struct oracle *systems, size_t n) {
    bool right = true;
    for (size_t i = 0; i < n; i++)
        right &= run_one(&systems[i]);
    assert_true(right);
}
