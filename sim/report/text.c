#include "report/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

static const char *paint(const struct text_style *s, const char *code) {
    return s->colour ? code : "";
}
#define GREEN "\033[32m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static int index_of(const struct study *s, const char *text) {
    for (uint32_t i = 0; i < s->n_queries; i++)
        if (!strcmp(s->queries[i].text, text))
            return (int)i;
    return -1;
}

/* The cause only, of "cause: what to do". */
static const char *cause(char *out, size_t size, const char *why) {
    snprintf(out, size, "%.*s", (int)strcspn(why, ":"), why);
    return out;
}

static bool has_interval(struct estimate e) {
    return isfinite(e.ci.hi - e.ci.lo);
}

/* " ± 1.3 ms"; nothing for what is the same in every run. */
static const char *half_width(char *out, size_t size, struct estimate e, enum unit unit) {
    char half[40];
    out[0] = 0;
    if (has_interval(e) && e.ci.hi - e.ci.lo > 2e-6 * fabs(e.mean))
        snprintf(out, size, " ± %s", unit_format(half, sizeof half, (e.ci.hi - e.ci.lo) / 2, unit));
    return out;
}

/* "48.2 ms ± 1.3 ms" or why there is none. */
static const char *with_interval(char *out, size_t size, struct estimate e, enum unit unit,
                                 const char *why) {
    char value[40], half[60], reason[200];
    if (!e.used)
        snprintf(out, size, "n/a (%s)", why ? why : "no samples");
    else if (!has_interval(e))
        snprintf(out, size, "%s (no interval%s%s)", unit_format(value, sizeof value, e.mean, unit),
                 why ? ": " : "", why ? cause(reason, sizeof reason, why) : "");
    else
        snprintf(out, size, "%s%s", unit_format(value, sizeof value, e.mean, unit),
                 half_width(half, sizeof half, e, unit));
    return out;
}

static const char *query_text(char *out, size_t size, const struct study *s,
                              const struct case_result *c, uint32_t q) {
    struct estimate e = study_estimate(s, c, q);
    with_interval(out, size, e, s->queries[q].unit, study_why(s, c, q));
    size_t n = strlen(out);
    if (!s->batches && e.used && e.used < c->n) /* not every replication has a value */
        snprintf(out + n, size - n, " (n = %zu)", e.used);
    return out;
}

static void row(FILE *f, const struct study *s, const struct case_result *c, const char *label,
                const char *metric) {
    char text[300];
    int q = index_of(s, metric);
    if (q >= 0)
        fprintf(f, "  %-22s %s\n", label, query_text(text, sizeof text, s, c, (uint32_t)q));
}

/* ---- head */

static const char *warmup_text(char *out, size_t size, const struct study *s) {
    char span[40];
    unit_format(span, sizeof span, ns_to_s(s->warmup), UNIT_TIME);
    if (!s->warmup_auto)
        snprintf(out, size, "after %s of warm-up", span);
    else if (s->warmup_found)
        snprintf(out, size, "after a warm-up of %s found by MSER-5", span);
    else
        snprintf(out, size,
                 "after %s of warm-up (MSER-5 found no end of the start-up: longer runs are "
                 "needed)",
                 span);
    return out;
}

/* What ± means here, and how much is behind it. */
static void heading(FILE *f, const struct study *s, const struct case_result *c,
                    const struct text_style *st) {
    char warm[200], span[40], count[40];
    uint64_t finished = 0;
    for (uint32_t i = 0; i < c->n; i++)
        finished += c->rep[i].finished;
    fprintf(f, "%s%s%s  (case %s, seed %llu)\n", paint(st, BOLD), s->scenario.title,
            paint(st, PLAIN), c->name, (unsigned long long)s->seed);
    fprintf(f, "  %u replication%s of %s %s\n", c->n, c->n == 1 ? "" : "s",
            unit_format(span, sizeof span, ns_to_s(c->n ? c->rep[0].measured : 0), UNIT_TIME),
            warmup_text(warm, sizeof warm, s));
    fprintf(f, "  %s requests; ± is a 95 %% interval%s\n\n",
            unit_format(count, sizeof count, (double)finished, UNIT_NONE),
            s->batches ? " by the batches of one run" : "");
}

static void users(FILE *f, const struct study *s, const struct case_result *c) {
    static const char *const rows[][2] = {{"offered", "offered"},
                                          {"goodput", "goodput"},
                                          {"availability", "availability"},
                                          {"quality", "quality"},
                                          {"latency mean", "latency.mean"},
                                          {"latency P50", "latency.p50"},
                                          {"latency P99", "latency.p99"},
                                          {"latency P99.9", "latency.p999"},
                                          {"cost per hour", "cost.per_hour"},
                                          {"cost per request", "cost.per_request"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int q = index_of(s, rows[i][1]);
        double x = q < 0 ? (double)NAN : study_estimate(s, c, (uint32_t)q).mean;
        bool free = !strncmp(rows[i][1], "cost", 4) && q >= 0 && !(x > 0);
        bool full = !strcmp(rows[i][1], "quality") && !(x < 1);
        if (free || full) /* goes without saying */
            continue;
        row(f, s, c, rows[i][0], rows[i][1]);
    }
    for (int o = OUTCOME_ERROR; o < OUTCOMES; o++) {
        char metric[64];
        snprintf(metric, sizeof metric, "share{outcome=%s}", outcome_names[o]);
        int q = index_of(s, metric);
        if (q >= 0 && study_estimate(s, c, (uint32_t)q).mean > 0)
            row(f, s, c, outcome_names[o], metric);
    }
}

/* As narrow as its column: what has no value is n/a here, and the reason stands below the table. */
static void phase_text(char *out, size_t size, const struct study *s, const struct case_result *c,
                       uint32_t q) {
    struct estimate e = study_estimate(s, c, q);
    if (e.used)
        with_interval(out, size, e, s->queries[q].unit,
                      has_interval(e) ? study_why(s, c, q) : NULL);
    else
        snprintf(out, size, "n/a");
}

static int phase_query(const struct study *s, uint32_t phase, const char *metric) {
    char text[160];
    snprintf(text, sizeof text, "%s{phase=%s}", metric, s->scenario.phases[phase].name);
    return index_of(s, text);
}

static void phases(FILE *f, const struct study *s, const struct case_result *c) {
    static const char *const metrics[] = {"goodput", "latency.p99", "availability"};
    static const char *const heads[] = {"goodput", "latency P99", "availability"};
    if (!s->scenario.n_phases)
        return;
    fprintf(f, "\n  %-14s %28s %28s %28s\n", "phase", heads[0], heads[1], heads[2]);
    for (uint32_t i = 0; i < s->scenario.n_phases; i++) {
        fprintf(f, "  %-14s", s->scenario.phases[i].name);
        for (int m = 0; m < 3; m++) {
            char text[160] = "";
            int q = phase_query(s, i, metrics[m]);
            if (q >= 0)
                phase_text(text, sizeof text, s, c, (uint32_t)q);
            fprintf(f, " %*s", strstr(text, "±") ? 29 : 28, text); /* the sign takes two bytes */
        }
        fputc('\n', f);
    }
    for (uint32_t i = 0; i < s->scenario.n_phases; i++)
        for (int m = 0; m < 3; m++) {
            char reason[200];
            int q = phase_query(s, i, metrics[m]);
            if (q >= 0 && !study_estimate(s, c, (uint32_t)q).used)
                fprintf(f, "  n/a: %s in %s: %s\n", heads[m], s->scenario.phases[i].name,
                        cause(reason, sizeof reason, study_why(s, c, (uint32_t)q)));
        }
}

struct busy {
    int query;
    double mean;
};

enum { SHOWN = 4 };

/* The list holds the first few in order; returns how many. */
static int insert(struct busy *list, int n, struct busy one) {
    int at = n;
    while (at && list[at - 1].mean < one.mean)
        at--;
    if (at == SHOWN)
        return n;
    n = n < SHOWN ? n + 1 : n;
    memmove(&list[at + 1], &list[at], (size_t)(n - 1 - at) * sizeof *list);
    list[at] = one;
    return n;
}

/* The nodes that work most: the first place to look. */
static void busiest(FILE *f, const struct study *s, const struct case_result *c) {
    struct busy list[SHOWN];
    int n = 0;
    for (uint32_t i = 0; i < s->n_queries; i++)
        if (s->queries[i].kind == EXPR_METRIC && !strcmp(s->queries[i].ref.name, "utilization") &&
            s->queries[i].listed && !s->queries[i].ref.n_labels)
            n = insert(list, n, (struct busy){(int)i, study_estimate(s, c, i).mean});
    if (n)
        fprintf(f, "\n  %-22s utilisation\n", "busiest");
    for (int i = 0; i < n; i++) {
        char text[300], extreme[300], more[80] = "";
        uint32_t q = (uint32_t)list[i].query;
        query_text(text, sizeof text, s, c, q);
        snprintf(extreme, sizeof extreme, "max(%s)", s->queries[q].text);
        int top = index_of(s, extreme);
        if (top >= 0) {
            char value[40];
            snprintf(more, sizeof more, "   (the busiest replica %s)",
                     unit_format(value, sizeof value, study_estimate(s, c, (uint32_t)top).mean,
                                 UNIT_RATIO));
        }
        fprintf(f, "  %-22s %s%s\n", s->queries[q].ref.address, text, more);
    }
}

static const char *verdict_colour(enum verdict v) {
    return v == VERDICT_HOLDS ? GREEN : v == VERDICT_FAILS ? RED : YELLOW;
}

/* " ± half", or " (lo to hi)" where the interval is lopsided, as that of a fraction is. */
static void decision_interval(char *out, size_t size, const struct decision *d) {
    double width = d->ci.hi - d->ci.lo;
    char lo[40], hi[40];
    out[0] = 0;
    if (!isfinite(width) || width <= 2e-6 * fabs(d->value))
        return;
    if (fabs((d->ci.lo + d->ci.hi) / 2 - d->value) > 1e-3 * width)
        snprintf(out, size, " (%s to %s)", unit_format(lo, sizeof lo, d->ci.lo, d->unit),
                 unit_format(hi, sizeof hi, d->ci.hi, d->unit));
    else
        snprintf(out, size, " ± %s", unit_format(hi, sizeof hi, width / 2, d->unit));
}

static void verdict_line(FILE *f, const struct text_style *st, const struct decision *d,
                         const char *text, const char *condition) {
    char value[40], interval[100], n[40] = "", why[220] = "";
    decision_interval(interval, sizeof interval, d);
    if (!isnan(d->value))
        snprintf(n, sizeof n, ", n = %zu", d->n);
    if (d->why[0])
        snprintf(why, sizeof why, "; %s", d->why);
    fprintf(f, "  %s%-10s%s %s%s%s   [%s%s%s%s]\n", paint(st, verdict_colour(d->verdict)),
            verdict_names[d->verdict], paint(st, PLAIN), text, text[0] ? ": " : "", condition,
            unit_format(value, sizeof value, d->value, d->unit), interval, n, why);
}

static void slos(FILE *f, const struct study *s, const struct case_result *c,
                 const struct text_style *st) {
    if (!s->scenario.n_slo)
        return;
    fprintf(f, "\n  objectives\n");
    for (uint32_t i = 0; i < s->scenario.n_slo; i++) {
        struct decision d = claim_decide(s, s->scenario.slo[i], c->name, 0.95);
        verdict_line(f, st, &d, "", s->scenario.slo_text[i]);
    }
}

static void saturation(FILE *f, const struct case_result *c, const struct text_style *st) {
    uint32_t full = 0;
    for (uint32_t i = 0; i < c->n; i++)
        full += c->rep[i].full;
    if (full)
        fprintf(f,
                "\n  %ssaturated%s: %u of %u runs stopped because max_in_flight requests were "
                "under way; more is offered "
                "than can be served\n",
                paint(st, RED), paint(st, PLAIN), full, c->n);
    for (uint32_t i = 0; i < c->n_grows && i < 4; i++) {
        char share[40];
        fprintf(f,
                "%s  %ssaturated%s: the queue of %s grew throughout the run: %s of what arrives "
                "there piles up (+%.3g/s)\n",
                i ? "" : "\n", paint(st, RED), paint(st, PLAIN), c->grows[i].node,
                unit_format(share, sizeof share, c->grows[i].share, UNIT_RATIO),
                c->grows[i].per_second);
    }
    if (c->n_grows > 4)
        fprintf(f, "  and %u more\n", c->n_grows - 4);
}

static void precision(FILE *f, const struct study *s, const struct case_result *c,
                      const struct text_style *st) {
    char wanted[40];
    if (!(s->precision > 0))
        return;
    unit_format(wanted, sizeof wanted, s->precision, UNIT_RATIO);
    if (s->imprecise)
        fprintf(f, "\n  %sprecision%s of %s not reached by %s after %u replications\n",
                paint(st, YELLOW), paint(st, PLAIN), wanted, s->imprecise, c->n);
    else
        fprintf(f, "\n  precision of %s reached after %u replications\n", wanted, c->n);
}

/* What to do about intervals that are missing from the table above. */
static void missing_intervals(FILE *f, const struct study *s, const struct case_result *c) {
    for (uint32_t i = 0; s->batches && i < s->n_queries; i++)
        if (s->queries[i].listed && study_estimate(s, c, i).used && study_why(s, c, i)) {
            fprintf(f, "\n  where there is no interval: lengthen the run, or use --replications\n");
            return;
        }
}

void text_summary(FILE *f, const struct study *s, const struct case_result *c, const char *scenario,
                  const struct text_style *st) {
    heading(f, s, c, st);
    users(f, s, c);
    phases(f, s, c);
    busiest(f, s, c);
    slos(f, s, c, st);
    saturation(f, c, st);
    precision(f, s, c, st);
    missing_intervals(f, s, c);
    fprintf(f, "\n  audit: every request accounted for; Little's law holds to the nanosecond at "
               "every component\n");
    if (s->scenario.n_claims)
        fprintf(f, "  next: nines check %s\n", scenario);
    else
        fprintf(f, "  next: nines run %s --plot\n", scenario);
}

void text_claims(FILE *f, const struct study *s, const struct text_style *st, int counts[3],
                 int *different) {
    counts[0] = counts[1] = counts[2] = *different = 0;
    for (uint32_t i = 0; i < s->scenario.n_claims; i++) {
        const struct claim *c = &s->scenario.claims[i];
        struct decision d = s->decisions[i];
        char label[300];
        snprintf(label, sizeof label, "%s%s%s%s", c->text, c->in_case ? " (case " : "",
                 c->in_case ? c->in_case : "", c->in_case ? ")" : "");
        verdict_line(f, st, &d, label, c->condition->text);
        counts[d.verdict]++;
        if (d.verdict != (enum verdict)c->expect && d.verdict != VERDICT_UNDECIDED) {
            (*different)++;
            fprintf(f, "             %sexpected: %s%s\n", paint(st, RED), verdict_names[c->expect],
                    paint(st, PLAIN));
        }
        if (c->because)
            fprintf(f, "             because %s\n", c->because);
    }
}

/* ---- compare */

static struct estimate difference(const struct case_result *a, uint32_t i,
                                  const struct case_result *b, uint32_t j) {
    uint32_t n = a->n < b->n ? a->n : b->n;
    double *x = mem_zero(n * sizeof *x);
    for (uint32_t k = 0; k < n; k++)
        x[k] = b->rep[k].value[j] - a->rep[k].value[i];
    struct estimate d = stats_estimate(x, n, 0.95);
    free(x);
    return d;
}

void text_compare(FILE *f, const struct study *a, const struct case_result *ca, const char *name_a,
                  const struct study *b, const struct case_result *cb, const char *name_b) {
    uint32_t n = ca->n < cb->n ? ca->n : cb->n;
    fprintf(f,
            "A: %s\nB: %s\n%u pairs of runs with common random numbers; differences B - A with 95 "
            "%% intervals\n\n",
            name_a, name_b, n);
    fprintf(f, "  %-34s %14s %14s   %s\n", "metric", "A", "B", "B - A");
    for (uint32_t i = 0; i < a->n_queries; i++) {
        int j = index_of(b, a->queries[i].text);
        if (!a->queries[i].listed || j < 0 || a->queries[i].kind != EXPR_METRIC)
            continue;
        struct estimate d = difference(ca, i, cb, (uint32_t)j);
        struct estimate ea = study_estimate(a, ca, i), eb = study_estimate(b, cb, (uint32_t)j);
        if (!d.used || (ea.mean == 0 && eb.mean == 0))
            continue;
        if (!ea.used || !eb.used) { /* withheld on one side */
            d.used = 0;
            d.mean = NAN;
        }
        char va[40], vb[40], diff[120];
        bool clear = d.used > 1 && (d.ci.lo > 0 || d.ci.hi < 0);
        with_interval(diff, sizeof diff, d, a->queries[i].unit, NULL);
        fprintf(f, "%s %-34s %14s %14s   %s%s%s\n", clear ? "*" : " ", a->queries[i].text,
                unit_format(va, sizeof va, ea.mean, a->queries[i].unit),
                unit_format(vb, sizeof vb, eb.mean, a->queries[i].unit), d.mean > 0 ? "+" : "",
                diff,
                clear                      ? ""
                : d.mean == 0 && d.sd == 0 ? "  (equal)"
                                           : "  (no clear difference)");
    }
    fprintf(f, "\n  * the interval of the difference does not contain 0\n");
}
