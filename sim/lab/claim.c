#include "lab/claim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct case_result *case_of(const struct study *s, const struct expr *x,
                                         const char *in_case) {
    const char *name = metric_label(&x->metric, "case");
    return study_case(s, name ? name : in_case);
}

/* The value of an expression in each replication; false when it was not measured. */
static bool values(const struct study *s, const struct expr *x, const char *in_case, double *out,
                   uint32_t n) {
    const struct case_result *c = case_of(s, x, in_case);
    int q = study_query(s, x);
    for (uint32_t i = 0; i < n; i++)
        out[i] = c && q >= 0 && i < c->n ? c->rep[i].value[q] : (double)NAN;
    return c && q >= 0;
}

static uint32_t count_of(const struct study *s, const struct condition *c, const char *in_case) {
    const struct expr *x = c->left.kind == EXPR_FRACTION ? &c->left.inner->left : &c->left;
    const struct case_result *r = case_of(s, x, in_case);
    return r ? r->n : 0;
}

static void bounds(const struct study *s, const struct condition *c, const char *in_case,
                   double *out, uint32_t n) {
    if (c->has_right)
        values(s, &c->right, in_case, out, n);
    for (uint32_t i = 0; i < n; i++)
        out[i] = c->has_right ? c->factor * out[i] : c->value;
}

/* By the interval of value - bound: wholly on the right side, wholly on the wrong one, or neither.
 */
static enum verdict side(const struct condition *c, struct interval d, double tolerance) {
    switch (c->relation) {
    case REL_LT:
    case REL_LE:
        return d.hi < 0 || (c->relation == REL_LE && d.hi <= 0)   ? VERDICT_HOLDS
               : d.lo > 0 || (c->relation == REL_LT && d.lo >= 0) ? VERDICT_FAILS
                                                                  : VERDICT_UNDECIDED;
    case REL_GT:
    case REL_GE:
        return d.lo > 0 || (c->relation == REL_GE && d.lo >= 0)   ? VERDICT_HOLDS
               : d.hi < 0 || (c->relation == REL_GT && d.hi <= 0) ? VERDICT_FAILS
                                                                  : VERDICT_UNDECIDED;
    case REL_EQ:
        return d.lo >= -tolerance && d.hi <= tolerance ? VERDICT_HOLDS
               : d.lo > tolerance || d.hi < -tolerance ? VERDICT_FAILS
                                                       : VERDICT_UNDECIDED;
    }
    return VERDICT_UNDECIDED;
}

static bool is_upper_latency(const struct condition *c) {
    return (c->relation == REL_LT || c->relation == REL_LE) && c->left.kind != EXPR_FRACTION &&
           !strcmp(c->left.metric.name, "latency");
}

static bool ended_full(const struct study *s, const struct condition *c, const char *in_case) {
    const struct case_result *r = case_of(s, &c->left, in_case);
    for (uint32_t i = 0; r && i < r->n; i++)
        if (r->rep[i].full)
            return true;
    return false;
}

static struct decision decide_fraction(const struct study *s, const struct condition *c,
                                       const char *in_case) {
    const struct condition *inner = c->left.inner;
    uint32_t n = count_of(s, c, in_case), hits = 0, used = 0;
    double *left = mem_zero((2 * (size_t)n + 1) * sizeof *left), *right = left + n;
    values(s, &inner->left, in_case, left, n);
    bounds(s, inner, in_case, right, n);
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(left[i]) && !isnan(right[i])) {
            used++;
            hits += condition_compare(inner, left[i], right[i]);
        }
    free(left);
    struct interval ci = stats_binomial(hits, used, 0.95);
    struct decision d = {.value = used ? (double)hits / used : (double)NAN,
                         .ci = ci,
                         .n = used,
                         .bound = c->value,
                         .unit = UNIT_RATIO,
                         .why = ""};
    struct interval diff = {ci.lo - c->value, ci.hi - c->value};
    d.verdict = used ? side(c, diff, c->relative ? c->tolerance * c->value : c->tolerance)
                     : VERDICT_UNDECIDED;
    if (d.verdict == VERDICT_UNDECIDED)
        d.why = used ? "more replications would decide" : "no replication gave a value";
    return d;
}

static struct decision decide_difference(const struct study *s, const struct condition *c,
                                         const char *in_case) {
    uint32_t n = count_of(s, c, in_case);
    double *left = mem_zero((2 * (size_t)n + 1) * sizeof *left), *right = left + n;
    values(s, &c->left, in_case, left, n);
    bounds(s, c, in_case, right, n);
    struct estimate value = stats_estimate(left, n, 0.95), bound = stats_estimate(right, n, 0.95);
    for (uint32_t i = 0; i < n; i++)
        left[i] -= right[i];
    struct estimate diff = stats_estimate(left, n, 0.95);
    free(left);
    int q = study_query(s, &c->left);
    struct decision d = {.value = value.mean,
                         .ci = value.ci,
                         .n = diff.used,
                         .bound = bound.mean,
                         .unit = q >= 0 ? s->queries[q].unit : UNIT_NONE,
                         .why = ""};
    double tolerance = c->relative ? c->tolerance * fabs(bound.mean) : c->tolerance;
    d.verdict = diff.used > 1 ? side(c, diff.ci, tolerance) : VERDICT_UNDECIDED;
    if (diff.used > 1 && diff.sd == 0) /* the same in every replication */
        d.verdict = condition_compare(c, value.mean, bound.mean) ? VERDICT_HOLDS : VERDICT_FAILS;
    if (d.verdict == VERDICT_UNDECIDED)
        d.why = diff.used == 0   ? "there are no values to judge by"
                : diff.used == 1 ? "one replication gives no interval"
                                 : "more replications would decide";
    return d;
}

struct decision claim_decide(const struct study *s, const struct condition *c,
                             const char *in_case) {
    if (c->left.kind == EXPR_FRACTION)
        return decide_fraction(s, c, in_case);
    struct decision d = decide_difference(s, c, in_case);
    if (is_upper_latency(c) && ended_full(s, c, in_case)) {
        d.verdict = VERDICT_FAILS;
        d.why = "a run ended saturated (max_in_flight)";
    }
    return d;
}
