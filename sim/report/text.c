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

/* "48.2 ms ± 1.3 ms" or why there is none. */
static const char *with_interval(char *out, size_t size, struct estimate e, enum unit unit,
                                 enum metric_lack lack) {
    char value[40], half[40];
    if (!e.used)
        snprintf(out, size, "n/a (%s)", lack ? metric_lack_text(lack) : "no samples");
    else if (e.used == 1)
        snprintf(out, size, "%s (one run: no interval)",
                 unit_format(value, sizeof value, e.mean, unit));
    else if (e.ci.hi - e.ci.lo <= 2e-6 * fabs(e.mean))
        snprintf(out, size, "%s",
                 unit_format(value, sizeof value, e.mean, unit)); /* the same in every run */
    else
        snprintf(out, size, "%s ± %s", unit_format(value, sizeof value, e.mean, unit),
                 unit_format(half, sizeof half, (e.ci.hi - e.ci.lo) / 2, unit));
    return out;
}

static void row(FILE *f, const struct study *s, const struct case_result *c, const char *label,
                const char *metric) {
    char text[120];
    int q = index_of(s, metric);
    if (q < 0)
        return;
    fprintf(f, "  %-22s %s\n", label,
            with_interval(text, sizeof text, study_estimate(s, c, (uint32_t)q), s->queries[q].unit,
                          study_lack(c, (uint32_t)q)));
}

static void heading(FILE *f, const struct study *s, const struct case_result *c,
                    const struct text_style *st) {
    char warm[40], span[40];
    ns_t measured = c->n ? c->rep[0].measured : 0;
    fprintf(f, "%s%s%s  (case %s, seed %llu)\n", paint(st, BOLD), s->scenario.title,
            paint(st, PLAIN), c->name, (unsigned long long)s->seed);
    fprintf(f, "  %u replication%s of %s after %s of warm-up%s; ± is a 95 %% interval\n\n", c->n,
            c->n == 1 ? "" : "s", unit_format(span, sizeof span, ns_to_s(measured), UNIT_TIME),
            unit_format(warm, sizeof warm, ns_to_s(s->warmup), UNIT_TIME),
            !s->scenario.warmup_auto ? ""
            : s->warmup_found        ? " (found by MSER-5)"
                              : " (MSER-5 found no end of the start-up: longer runs are needed)");
}

static void users(FILE *f, const struct study *s, const struct case_result *c) {
    static const char *const rows[][2] = {{"offered", "offered"},
                                          {"goodput", "goodput"},
                                          {"availability", "availability"},
                                          {"latency mean", "latency.mean"},
                                          {"latency P50", "latency.p50"},
                                          {"latency P99", "latency.p99"},
                                          {"latency P99.9", "latency.p999"},
                                          {"cost per hour", "cost.per_hour"},
                                          {"cost per request", "cost.per_request"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int q = index_of(s, rows[i][1]);
        if (!strncmp(rows[i][1], "cost", 4) && q >= 0 &&
            !(study_estimate(s, c, (uint32_t)q).mean > 0))
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

static void phases(FILE *f, const struct study *s, const struct case_result *c) {
    if (!s->scenario.n_phases)
        return;
    fprintf(f, "\n  %-14s %28s %28s %26s\n", "phase", "goodput", "latency P99", "availability");
    for (uint32_t i = 0; i < s->scenario.n_phases; i++) {
        static const char *const metrics[] = {"goodput", "latency.p99", "availability"};
        fprintf(f, "  %-14s", s->scenario.phases[i].name);
        for (int m = 0; m < 3; m++) {
            char metric[160], text[120];
            snprintf(metric, sizeof metric, "%s{phase=%s}", metrics[m], s->scenario.phases[i].name);
            int q = index_of(s, metric);
            int width = (m < 2 ? 28 : 26) + 1; /* the ± sign takes two bytes */
            if (q >= 0)
                with_interval(text, sizeof text, study_estimate(s, c, (uint32_t)q),
                              s->queries[q].unit, study_lack(c, (uint32_t)q));
            fprintf(f, " %*s", strstr(text, "±") ? width : width - 1, q >= 0 ? text : "");
        }
        fputc('\n', f);
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
        char text[120], extreme[300], more[80] = "";
        uint32_t q = (uint32_t)list[i].query;
        with_interval(text, sizeof text, study_estimate(s, c, q), UNIT_RATIO, study_lack(c, q));
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
    if (d->n <= 1 || !isfinite(width) || width <= 2e-6 * fabs(d->value))
        return;
    if (fabs((d->ci.lo + d->ci.hi) / 2 - d->value) > 1e-3 * width)
        snprintf(out, size, " (%s to %s)", unit_format(lo, sizeof lo, d->ci.lo, d->unit),
                 unit_format(hi, sizeof hi, d->ci.hi, d->unit));
    else
        snprintf(out, size, " ± %s", unit_format(hi, sizeof hi, width / 2, d->unit));
}

static void verdict_line(FILE *f, const struct text_style *st, const struct decision *d,
                         const char *text, const char *condition) {
    char value[40], interval[100], why[120] = "";
    decision_interval(interval, sizeof interval, d);
    if (d->why[0])
        snprintf(why, sizeof why, "; %s", d->why);
    fprintf(f, "  %s%-10s%s %s%s%s   [%s%s%s]\n", paint(st, verdict_colour(d->verdict)),
            verdict_names[d->verdict], paint(st, PLAIN), text, text[0] ? ": " : "", condition,
            unit_format(value, sizeof value, d->value, d->unit), interval, why);
}

static void slos(FILE *f, const struct study *s, const struct case_result *c,
                 const struct text_style *st) {
    if (!s->scenario.n_slo)
        return;
    fprintf(f, "\n  objectives\n");
    for (uint32_t i = 0; i < s->scenario.n_slo; i++) {
        struct decision d = claim_decide(s, s->scenario.slo[i], c->name);
        verdict_line(f, st, &d, "", s->scenario.slo_text[i]);
    }
}

static void warnings(FILE *f, const struct case_result *c, const struct text_style *st) {
    uint32_t full = 0;
    for (uint32_t i = 0; i < c->n; i++)
        full += c->rep[i].full;
    if (full)
        fprintf(f,
                "\n  %ssaturated%s: %u of %u runs stopped because max_in_flight requests were "
                "under way; more is offered "
                "than can be served\n",
                paint(st, RED), paint(st, PLAIN), full, c->n);
}

void text_summary(FILE *f, const struct study *s, const struct case_result *c, const char *scenario,
                  const struct text_style *st) {
    heading(f, s, c, st);
    users(f, s, c);
    phases(f, s, c);
    busiest(f, s, c);
    slos(f, s, c, st);
    warnings(f, c, st);
    uint64_t events = 0;
    for (uint32_t i = 0; i < c->n; i++)
        events += c->rep[i].events;
    fprintf(f, "\n  audit: every request accounted for; Little's law holds to the nanosecond at "
               "every component\n");
    if (s->scenario.n_claims)
        fprintf(f, "  next: nines check %s\n", scenario);
    else
        fprintf(f, "  next: nines run %s --plot\n", scenario);
    (void)events;
}

void text_claims(FILE *f, const struct study *s, const struct text_style *st, int counts[3],
                 int *different) {
    counts[0] = counts[1] = counts[2] = *different = 0;
    for (uint32_t i = 0; i < s->scenario.n_claims; i++) {
        const struct claim *c = &s->scenario.claims[i];
        struct decision d = claim_decide(s, c->condition, c->in_case ? c->in_case : "base");
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
        char va[40], vb[40], diff[120];
        bool clear = d.used > 1 && (d.ci.lo > 0 || d.ci.hi < 0);
        with_interval(diff, sizeof diff, d, a->queries[i].unit, LACK_NOTHING);
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
