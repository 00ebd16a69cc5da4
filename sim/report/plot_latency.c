/* The pictures of the latency distribution: histogram with CDF, and tail. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot_impl.h"

static const struct plot_hist *find_all(const struct plot_hists *h) {
    for (int i = 0; i < h->n; i++)
        if (!strcmp(h->hist[i].name, "latency") && h->hist[i].total > 0)
            return &h->hist[i];
    return NULL;
}

/* Smallest positive edge of a bucket; 0 when all latencies are 0. */
static double least_positive(const struct plot_hist *h) {
    for (size_t i = 0; i < h->n; i++)
        if (h->bucket[i].low > 0 || h->bucket[i].high > 0)
            return h->bucket[i].low > 0 ? h->bucket[i].low : h->bucket[i].high;
    return 0;
}

/* A bound beside the data belongs on the axis, one far away would squeeze them. */
static void include_bounds(const struct plot_summary *s, double slack, double *lo, double *hi) {
    double low = *lo / slack, high = *hi * slack;
    for (int i = 0; i < s->n_slos; i++) {
        double b = s->slos[i].bound;
        if (b >= low && b <= high) {
            *lo = fmin(*lo, b);
            *hi = fmax(*hi, b);
        }
    }
}

static void log_axis(struct plot_axis *a, const struct plot_summary *s, double lo, double hi) {
    include_bounds(s, 10, &lo, &hi);
    double pad = fmax(pow(hi / lo, 0.04), 1.02);
    if (hi / lo < 1.2)
        pad = 1.1; /* one bucket: room on both sides */
    plot_axis_log(a, "latency", PLOT_DURATION, lo / pad, hi * pad);
}

/* Linear when the data span less than a decade. */
static void histogram_axis(struct plot_axis *a, const struct plot_summary *s,
                           const struct plot_hist *h) {
    double lo = h->bucket[0].low, hi = h->bucket[h->n - 1].high, least = least_positive(h);
    if (hi <= 0) {
        plot_axis_linear(a, "latency", PLOT_DURATION, 0, 1e-3, 9);
    } else if (hi / least > 10) {
        log_axis(a, s, least, hi);
    } else {
        include_bounds(s, 2, &lo, &hi);
        double pad = fmax(0.04 * (hi - lo), 0.5 * (0.2 * hi - (hi - lo)));
        plot_axis_linear(a, "latency", PLOT_DURATION, fmax(0, lo - pad), hi + pad, 9);
    }
}

/* As many bins as the number of requests supports, none narrower than a bucket of the data. */
static int bin_count(const struct plot_axis *a, const struct plot_hist *h) {
    const struct plot_bucket *last = &h->bucket[h->n - 1];
    double n = fmin(fmax(4 * cbrt(h->total), 12), 80);
    double widest = plot_axis_place(a, last->high) - plot_axis_place(a, last->low);
    if (widest > 0)
        n = fmin(n, fmax(5, floor(1 / widest)));
    return (int)n;
}

/* A single bucket stands in the middle of a bin, else it could be cut in two. */
static void centre_bucket(struct plot_axis *a, const struct plot_hist *h) {
    double bin = (a->hi - a->lo) / bin_count(a, h);
    double middle = (h->bucket[0].low + h->bucket[0].high) / 2;
    double shift = remainder(middle - a->lo - bin / 2, bin);
    if (h->n == 1 && !a->log && a->lo + shift > 0)
        plot_axis_linear(a, "latency", PLOT_DURATION, a->lo + shift, a->hi + shift, 9);
}

/* The outline of the bars, which is filled as one area and so has no seams between them. */
static bool write_bars(struct plot_job *j, const struct plot_axis *a, const struct plot_hist *h,
                       double *highest, struct error *e) {
    enum { MOST = 80 };
    double share[MOST];
    int n = bin_count(a, h);
    FILE *f = plot_table_open(j, "BARS", "bars.tsv", e);
    if (!f)
        return false;
    plot_hist_rebin(h, a, share, n);
    *highest = 0;
    fprintf(f, "%.9g\t0\n", plot_axis_value(a, 0));
    for (int k = 0; k < n; k++) {
        fprintf(f, "%.9g\t%.9g\n", plot_axis_value(a, k / (double)n), share[k]);
        fprintf(f, "%.9g\t%.9g\n", plot_axis_value(a, (k + 1.) / n), share[k]);
        *highest = fmax(*highest, share[k]);
    }
    fprintf(f, "%.9g\t0\n", plot_axis_value(a, 1));
    return plot_table_close(f, "bars.tsv", e);
}

/* A line through (x, share at most x) or, for the tail, (x, share above x): straight inside a
 * bucket, flat between buckets, so that few requests show as steps. Points closer than a pixel are
 * left out. */
struct curve {
    const struct plot_axis *x, *y;
    double px, py; /* places of the point written last */
    FILE *f;
};

static void curve_to(struct curve *c, double x, double y) {
    x = fmax(x, c->x->lo);
    y = fmax(y, c->y->lo);
    double px = plot_axis_place(c->x, x), py = plot_axis_place(c->y, y);
    if (fabs(px - c->px) < 4e-3 && fabs(py - c->py) < 2e-3)
        return;
    fprintf(c->f, "%.9g\t%.9g\n", x, y);
    c->px = px;
    c->py = py;
}

static void write_curve(FILE *f, const struct plot_hist *h, const struct plot_axis *x,
                        const struct plot_axis *y, bool tail) {
    struct curve c = {.x = x, .y = y, .px = -1, .py = -1, .f = f};
    double seen = 0;
    curve_to(&c, x->lo, tail ? 1 : 0);
    for (size_t i = 0; i < h->n; i++) {
        double before = seen / h->total;
        seen += h->bucket[i].count;
        double after = i + 1 < h->n ? seen / h->total : 1;
        curve_to(&c, h->bucket[i].low, tail ? 1 - before : before);
        curve_to(&c, h->bucket[i].high, tail ? 1 - after : after);
    }
    if (!tail)
        curve_to(&c, x->hi, 1);
    fputs("\n\n", f);
}

bool plot_prepare_latency(struct plot_job *j, bool *some, struct error *e) {
    static const struct plot_frame frame = {1080, 640, 100, 1040};
    const struct plot_hist *h = find_all(j->hists);
    *some = h != NULL;
    if (!h)
        return true;
    struct plot_axis x, bars, share;
    double highest;
    histogram_axis(&x, j->summary, h);
    centre_bucket(&x, h);
    if (!write_bars(j, &x, h, &highest, e))
        return false;
    plot_axis_linear(&bars, "requests per bin", PLOT_SHARE, 0, 1.08 * highest, 6);
    plot_axis_linear(&share, "requests at or below", PLOT_SHARE, 0, 1.02, 6);
    FILE *f = plot_table_open(j, "CDF", "cdf.tsv", e);
    if (!f)
        return false;
    write_curve(f, h, &x, &share, false);
    if (!plot_table_close(f, "cdf.tsv", e))
        return false;
    plot_put_frame(j, &frame, NULL);
    plot_put_axis(j->script, "X", &x);
    plot_put_axis(j->script, "BARS", &bars);
    plot_put_axis(j->script, "CDF", &share);
    const struct plot_summary *s = j->summary;
    double q[3] = {s->p50, s->p90, s->p99};
    static const double p[3] = {0.5, 0.9, 0.99};
    for (int i = 0; i < 3; i++)
        if (isnan(q[i]))
            q[i] = plot_hist_quantile(h, p[i]);
    plot_put_marks(j, &frame, &x, q);
    fputs("load SCRIPTS.'/latency.gp'\n", j->script);
    return true;
}

static int by_total(const void *a, const void *b) {
    const struct plot_hist *x = *(const struct plot_hist *const *)a,
                           *y = *(const struct plot_hist *const *)b;
    return (x->total < y->total) - (x->total > y->total);
}

enum { CLASSES = 6 };

/* All users first, then the largest classes. Returns how many lines; *more is the number left out.
 */
static int choose_lines(const struct plot_hists *h, const struct plot_hist **line, int *more) {
    const struct plot_hist *all = find_all(h);
    const struct plot_hist **some =
        arena_alloc(h->arena, (size_t)(h->n + 1) * sizeof(struct plot_hist *));
    int n = 0, lines = 0;
    for (int i = 0; i < h->n; i++)
        if (&h->hist[i] != all && h->hist[i].total > 0)
            some[n++] = &h->hist[i];
    qsort(some, (size_t)n, sizeof *some, by_total);
    if (all)
        line[lines++] = all;
    for (int i = 0; i < n && i < CLASSES; i++)
        line[lines++] = some[i];
    *more = n > CLASSES ? n - CLASSES : 0;
    return lines;
}

/* "latency{class=human}" is "human" in a legend. */
static char *line_name(struct arena *a, const char *metric) {
    char *text = arena_copy(a, strcmp(metric, "latency") ? metric : "all users");
    char *from = text, *end = text + strlen(text);
    if (!strncmp(from, "latency{", 8) && end[-1] == '}') {
        end[-1] = '\0';
        from += 8;
        if (!strncmp(from, "class=", 6))
            from += 6;
    }
    return plot_text_fit(a, from, 160, PLOT_SMALL);
}

/* False when no axis can be logarithmic. */
static bool tail_axes(struct plot_axis *x, struct plot_axis *y, const struct plot_summary *s,
                      const struct plot_hist *const *line, int n) {
    double lo = INFINITY, hi = 0, total = 1;
    for (int i = 0; i < n; i++) {
        double least = least_positive(line[i]);
        lo = least > 0 ? fmin(lo, least) : lo;
        hi = fmax(hi, line[i]->bucket[line[i]->n - 1].high);
        total = fmax(total, line[i]->total);
    }
    if (hi <= 0)
        return false; /* everything took no time at all */
    log_axis(x, s, lo, hi);
    plot_axis_log(y, "requests above", PLOT_SHARE, pow(10, floor(log10(0.5 / total))), 1);
    return true;
}

static void put_guides(struct plot_job *j, const struct plot_axis *y) {
    static const struct {
        double share;
        const char *text;
    } guide[] = {{0.1, "p90"}, {0.01, "p99"}, {0.001, "p99.9"}, {0.0001, "p99.99"}};
    const char *text[4];
    double at[4];
    int n = 0;
    for (int i = 0; i < 4; i++) {
        if (guide[i].share <= y->lo * 1.001)
            continue;
        text[n] = guide[i].text;
        at[n++] = guide[i].share;
    }
    plot_put_number(j->script, "GUIDES", n);
    plot_put_numbers(j->script, "GUIDE_AT", at, n);
    plot_put_texts(j->script, "GUIDE_TEXT", text, n);
}

bool plot_prepare_tail(struct plot_job *j, bool *some, struct error *e) {
    const struct plot_hist *line[CLASSES + 1];
    char *name[CLASSES + 1], note[64] = "";
    double colour[CLASSES + 1], style[CLASSES + 1];
    int classes = 0, more, n = choose_lines(j->hists, line, &more);
    struct plot_frame frame = {1080, 640, 140, 1000};
    struct plot_axis x, y;
    *some = n > 0 && tail_axes(&x, &y, j->summary, line, n);
    if (!*some)
        return true;
    FILE *f = plot_table_open(j, "TAIL", "tail.tsv", e);
    for (int i = 0; f && i < n; i++)
        write_curve(f, line[i], &x, &y, true);
    if (!f || !plot_table_close(f, "tail.tsv", e))
        return false;
    for (int i = 0; i < n; i++) {
        name[i] = line_name(j->arena, line[i]->name);
        bool all = !strcmp(line[i]->name, "latency");
        style[i] = all ? 1 : ++classes;
        colour[i] = all && n > 1 ? 7 : style[i]; /* black among colours, else the first colour */
    }
    if (more > 0)
        snprintf(note, sizeof note, "%d smaller classes not drawn", more);
    if (n > 1) /* the names of the guides stand between plot and key */
        frame.right = plot_key_side(&frame, (const char *const *)name, n) - 50;
    plot_put_frame(j, &frame, note);
    plot_put_axis(j->script, "X", &x);
    plot_put_axis(j->script, "Y", &y);
    plot_put_marks(j, &frame, &x, NULL);
    put_guides(j, &y);
    plot_put_number(j->script, "LINES", n);
    plot_put_number(j->script, "KEY", n > 1);
    plot_put_numbers(j->script, "COLOUR", colour, n);
    plot_put_numbers(j->script, "STYLE", style, n);
    plot_put_texts(j->script, "NAME", (const char *const *)name, n);
    fputs("load SCRIPTS.'/tail.gp'\n", j->script);
    return true;
}
