#include "lab/claim.h"

#include <math.h>
#include <stdio.h>
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

/* ---- latencies that no interval is needed for */

/* "At most", or "equal": what a latency without bound, or that nobody has, contradicts. */
static bool is_latency_bound(const struct condition *c, const char *name) {
    return c->relation != REL_GT && c->relation != REL_GE && c->left.kind != EXPR_FRACTION &&
           !strcmp(c->left.metric.name, name);
}

static bool ended_full(const struct case_result *r) {
    for (uint32_t i = 0; r && i < r->n; i++)
        if (r->rep[i].full)
            return true;
    return false;
}

static bool nobody_answered(const struct case_result *r, uint32_t query) {
    uint64_t answered = 0, ended = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        answered += r->rep[i].sample[query];
        ended += r->rep[i].ended[query];
    }
    return ended && !answered;
}

static void force_failure(struct decision *d, const char *why) {
    d->verdict = VERDICT_FAILS;
    snprintf(d->why, sizeof d->why, "%s", why);
}

/* Fails whatever the interval says: saturated, or not one answer. */
static void judge_latency(const struct study *s, const struct condition *c, const char *in_case,
                          struct decision *d) {
    const struct case_result *r = case_of(s, &c->left, in_case);
    int q = study_query(s, &c->left);
    bool latency = is_latency_bound(c, "latency");
    if (!r || q < 0 || (!latency && !is_latency_bound(c, "wait")))
        return;
    if (r->withheld && r->withheld[q]) {
        force_failure(d, r->why);
        d->value = NAN;
        d->ci = (struct interval){-INFINITY, INFINITY};
    } else if (latency && ended_full(r))
        force_failure(d, "a run ended saturated (max_in_flight)");
    else if (latency && nobody_answered(r, (uint32_t)q))
        force_failure(d, "nobody was answered");
}

/* ---- intervals */

/* Repeated looks ask for more than the 95 % of the interval that is shown: say so. */
static void explain_undecided(struct decision *d, const char *missing) {
    char stricter[40] = "";
    if (d->verdict != VERDICT_UNDECIDED)
        return;
    if (d->confidence > 0.95 + 1e-9)
        snprintf(stricter, sizeof stricter, " at %.4g %% confidence", 100 * d->confidence);
    if (d->n == 0 || missing)
        snprintf(d->why, sizeof d->why, "%s",
                 missing ? missing : "there are no values to judge by");
    else
        snprintf(d->why, sizeof d->why, "undecided after %zu replication%s%s", d->n,
                 d->n == 1 ? "" : "s", stricter);
}

static struct decision decide_fraction(const struct study *s, const struct condition *c,
                                       const char *in_case, double confidence) {
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
    struct decision d = {.value = used ? (double)hits / used : (double)NAN,
                         .ci = stats_binomial(hits, used, 0.95),
                         .n = used,
                         .confidence = confidence,
                         .bound = c->value,
                         .unit = UNIT_RATIO};
    struct interval ci = stats_binomial(hits, used, confidence);
    struct interval diff = {ci.lo - c->value, ci.hi - c->value};
    d.verdict = used ? side(c, diff, c->relative ? c->tolerance * c->value : c->tolerance)
                     : VERDICT_UNDECIDED;
    explain_undecided(&d, NULL);
    return d;
}

/* A single replication against a number: by the interval of its batches. */
static struct estimate batched_difference(const struct study *s, const struct condition *c,
                                          const char *in_case, int q, struct estimate diff) {
    const struct case_result *r = case_of(s, &c->left, in_case);
    if (!s->batches || c->has_right || !r || q < 0 || diff.used != 1)
        return diff;
    struct estimate e = study_estimate(s, r, (uint32_t)q);
    diff.ci = (struct interval){e.ci.lo - c->value, e.ci.hi - c->value};
    diff.sd = e.sd;
    return diff;
}

static struct decision decide_difference(const struct study *s, const struct condition *c,
                                         const char *in_case, double confidence) {
    uint32_t n = count_of(s, c, in_case);
    double *left = mem_zero((2 * (size_t)n + 1) * sizeof *left), *right = left + n;
    values(s, &c->left, in_case, left, n);
    bounds(s, c, in_case, right, n);
    struct estimate value = stats_estimate(left, n, 0.95), bound = stats_estimate(right, n, 0.95);
    for (uint32_t i = 0; i < n; i++)
        left[i] -= right[i];
    struct estimate diff = stats_estimate(left, n, confidence);
    free(left);
    int q = study_query(s, &c->left);
    diff = batched_difference(s, c, in_case, q, diff);
    if (diff.used == 1 && isfinite(diff.ci.lo) && !c->has_right)
        value.ci = (struct interval){diff.ci.lo + c->value, diff.ci.hi + c->value};
    struct decision d = {.value = value.mean,
                         .ci = value.ci,
                         .n = diff.used,
                         .confidence = confidence,
                         .bound = bound.mean,
                         .unit = q >= 0 ? s->queries[q].unit : UNIT_NONE};
    double tolerance = c->relative ? c->tolerance * fabs(bound.mean) : c->tolerance;
    d.verdict = diff.used ? side(c, diff.ci, tolerance) : VERDICT_UNDECIDED;
    if (diff.used && diff.sd == 0) /* the same in every replication */
        d.verdict = condition_compare(c, value.mean, bound.mean) ? VERDICT_HOLDS : VERDICT_FAILS;
    explain_undecided(
        &d, diff.used == 1 && !isfinite(diff.ci.lo) ? "one replication gives no interval" : NULL);
    return d;
}

struct decision claim_decide(const struct study *s, const struct condition *c, const char *in_case,
                             double confidence) {
    struct decision d;
    if (c->left.kind == EXPR_FRACTION)
        d = decide_fraction(s, c, in_case, confidence);
    else {
        d = decide_difference(s, c, in_case, confidence);
        judge_latency(s, c, in_case, &d);
    }
    d.final = d.verdict != VERDICT_UNDECIDED || !d.n; /* no value now: none with more of the same */
    return d;
}
