#include "report/why.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* One line of the table: a component and a kind of time. */
struct item {
    uint32_t column;
    enum spend what;
    struct estimate slow, middle;
};

static int by_share(const void *x, const void *y) {
    const struct item *a = x, *b = y;
    if (a->slow.mean != b->slow.mean)
        return a->slow.mean > b->slow.mean ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return a->what < b->what ? -1 : a->what > b->what;
}

/* What has a share at all, the largest first. On the heap; NULL with *n = 0. */
static struct item *list(const struct case_result *c, uint32_t *n) {
    const struct why *w = &c->rep[0].why;
    struct item *items = NULL;
    uint32_t cap = 0;
    *n = 0;
    for (uint32_t column = 0; column < w->n_columns; column++)
        for (int what = 0; what < SPENDS; what++) {
            struct item x = {.column = column, .what = (enum spend)what};
            x.slow = why_share(c, column, x.what, false);
            x.middle = why_share(c, column, x.what, true);
            if (x.slow.mean > 0 || x.middle.mean > 0)
                *mem_push(items, *n, cap) = x;
        }
    if (*n)
        qsort(items, *n, sizeof *items, by_share);
    return items;
}

/* Means over the replications. */
static double requests(const struct case_result *c) {
    double n = 0;
    for (uint32_t i = 0; i < c->n; i++)
        n += c->rep[i].why.slow.n;
    return n;
}
static double latency(const struct case_result *c, bool middle) {
    double sum = 0, n = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct blame_band *b = middle ? &c->rep[i].why.middle : &c->rep[i].why.slow;
        sum += b->total;
        n += b->n;
    }
    return sum / n * 1e-9;
}

/* ---- text */

static const char *percent(char *out, size_t size, struct estimate e) {
    double half = (e.ci.hi - e.ci.lo) / 2;
    if (!e.used || e.mean == 0)
        snprintf(out, size, "-");
    else if (isfinite(half))
        snprintf(out, size, "%5.1f %% ± %.1f %%", 100 * e.mean, 100 * half);
    else
        snprintf(out, size, "%5.1f %%", 100 * e.mean);
    return out;
}

/* Pads by columns of the screen, not by bytes. */
static void cell(FILE *f, const char *text, int width) {
    int columns = 0;
    for (const char *s = text; *s; s++)
        columns += ((unsigned char)*s & 0xc0) != 0x80;
    fprintf(f, "%s%*s", text, columns < width ? width - columns : 1, "");
}

static void table(FILE *f, const struct study *s, const struct case_result *c) {
    enum { LEAST = 5, MOST = 15 };
    uint32_t n, shown = 0;
    struct item *items = list(c, &n);
    const struct why *w = &c->rep[0].why;
    char text[80], head[80];
    double rest = 1, rest_middle = 1;
    snprintf(head, sizeof head, "slowest %g %%", 100 * s->slowest);
    fputs("  ", f);
    cell(f, "share of the time", 42);
    cell(f, head, 20);
    fputs("around the median\n", f);
    for (; shown < n && shown < MOST && (shown < LEAST || items[shown].slow.mean >= 0.005);
         shown++) {
        const struct item *x = &items[shown];
        fputs("  ", f);
        cell(f, w->column[x->column], 30);
        cell(f, spend_names[x->what], 12);
        cell(f, percent(text, sizeof text, x->slow), 20);
        fprintf(f, "%s\n", percent(text, sizeof text, x->middle));
        rest -= x->slow.mean;
        rest_middle -= x->middle.mean;
    }
    if (shown < n) {
        fputs("  ", f);
        cell(f, "the rest", 42);
        snprintf(text, sizeof text, "%5.1f %%", 100 * fmax(rest, 0));
        cell(f, text, 20);
        fprintf(f, "%5.1f %%\n", 100 * fmax(rest_middle, 0));
    }
    free(items);
}

static void bar(FILE *f, const struct why_line *l, ns_t whole) {
    enum { WIDTH = 40 };
    double scale = whole > 0 ? (double)WIDTH / (double)whole : 0;
    int from = (int)floor((double)l->from * scale), to = (int)ceil((double)l->to * scale);
    if (from > WIDTH - 1)
        from = WIDTH - 1;
    if (to <= from)
        to = from + 1;
    fprintf(f, "|%*s", from, "");
    for (int i = from; i < to; i++)
        fputc('=', f);
    fprintf(f, "%*s|\n", WIDTH - to, "");
}

static void waterfall(FILE *f, const struct why_example *x, const struct text_style *st) {
    enum { MOST = 24 };
    char a[40], b[40];
    snprintf(a, sizeof a, x->quantile >= 1 ? "the slowest" : "P%g", 100 * x->quantile);
    fprintf(f, "\n  %s%s%s: request %llu (%s), at %s, took %s\n", st->colour ? "\033[1m" : "", a,
            st->colour ? "\033[0m" : "", (unsigned long long)x->id, x->class,
            unit_format(a + 20, 20, ns_to_s(x->arrival), UNIT_TIME),
            unit_format(b, sizeof b, ns_to_s(x->latency), UNIT_TIME));
    uint32_t left_out = 0;
    for (uint32_t i = 0; i < x->n; i++) {
        const struct why_line *l = &x->line[i];
        if (x->n > MOST && l->to - l->from < x->latency / 200) { /* too short to be seen */
            left_out++;
            continue;
        }
        fputs("    ", f);
        cell(f, l->node, 28);
        cell(f, spend_names[l->what], 10);
        fprintf(f, "%10s  ", unit_format(a, sizeof a, ns_to_s(l->to - l->from), UNIT_TIME));
        bar(f, l, x->latency);
    }
    if (left_out)
        fprintf(f, "    and %u stretches below half a percent\n", left_out);
}

void why_text(FILE *f, const struct study *s, const struct case_result *c,
              const struct text_style *st) {
    const struct why *w = &c->rep[0].why;
    char a[40], b[40], n[40];
    fprintf(f, "%s%s%s  (case %s, seed %llu)\n", st->colour ? "\033[1m" : "", s->scenario.title,
            st->colour ? "\033[0m" : "", c->name, (unsigned long long)s->seed);
    if (!(requests(c) > 0)) {
        fputs("  nobody was answered: there is no time to explain\n", f);
        return;
    }
    double slow = fmax(floor(requests(c)), 1); /* of a few the slowest 1 % are a part of one */
    fprintf(f, "  %u replication%s: %s slow request%s take%s %s, those around the median %s\n",
            c->n, c->n == 1 ? "" : "s", unit_format(n, sizeof n, slow, UNIT_NONE),
            slow == 1 ? "" : "s", slow == 1 ? "s" : "",
            unit_format(a, sizeof a, latency(c, false), UNIT_TIME),
            unit_format(b, sizeof b, latency(c, true), UNIT_TIME));
    if (slow < 5)
        fputs("  that is few to go by: lengthen the run, or look at more of them with --slowest\n",
              f);
    fputc('\n', f);
    if (latency(c, false) > 0)
        table(f, s, c);
    else
        fputs("  they take no time: there is none to explain\n", f);
    for (uint32_t i = 0; i < w->n_examples; i++)
        waterfall(f, &w->example[i], st);
}

/* ---- JSON */

static json_t *share_json(struct estimate e) {
    bool known = isfinite(e.ci.hi - e.ci.lo);
    return json_pack("{s:f, s:o}", "value", e.used ? e.mean : 0, "ci95",
                     known ? json_pack("[f,f]", e.ci.lo, e.ci.hi) : json_null());
}

static json_t *example_json(const struct why_example *x) {
    json_t *path = json_array();
    for (uint32_t i = 0; i < x->n; i++) {
        const struct why_line *l = &x->line[i];
        json_array_append_new(path, json_pack("{s:s, s:s, s:f, s:f}", "node", l->node, "kind",
                                              spend_names[l->what], "from_s", ns_to_s(l->from),
                                              "to_s", ns_to_s(l->to)));
    }
    return json_pack("{s:f, s:I, s:s, s:f, s:f, s:o}", "quantile", x->quantile, "request",
                     (json_int_t)x->id, "class", x->class, "arrival_s", ns_to_s(x->arrival),
                     "latency_s", ns_to_s(x->latency), "path", path);
}

json_t *why_json(const struct study *s, const struct case_result *c, const char *scenario) {
    const struct why *w = &c->rep[0].why;
    uint32_t n;
    struct item *items = list(c, &n);
    json_t *shares = json_array(), *examples = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(
            shares, json_pack("{s:s, s:s, s:o, s:o}", "node", w->column[items[i].column], "kind",
                              spend_names[items[i].what], "slow", share_json(items[i].slow),
                              "middle", share_json(items[i].middle)));
    free(items);
    for (uint32_t i = 0; i < w->n_examples; i++)
        json_array_append_new(examples, example_json(&w->example[i]));
    bool any = requests(c) > 0;
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:f, s:f, s:o, s:o, s:o, s:o}", "schema",
                     "nines.why/1", "scenario", scenario, "title", s->scenario.title, "case",
                     c->name, "seed", (json_int_t)s->seed, "replications", (int)c->n, "slowest",
                     s->slowest, "requests", requests(c), "slow_latency_s",
                     any ? json_real(latency(c, false)) : json_null(), "middle_latency_s",
                     any ? json_real(latency(c, true)) : json_null(), "shares", shares, "examples",
                     examples);
}
