/* The pictures over time: percentiles, and load. */
#include <math.h>
#include <string.h>

#include "plot_impl.h"

void plot_time_axis(struct plot_axis *a, const struct plot_job *j) {
    const struct plot_series *s = j->series;
    double lo = s->first < 0 ? fmin(-j->summary->warmup, s->first - s->step / 2) : 0;
    if (j->summary->warmup > 0 && s->first < 0)
        lo = -j->summary->warmup;
    double hi = fmax(j->summary->measured, s->last + s->step / 4);
    plot_axis_clock(a, lo, hi > lo ? hi : lo + 1);
}

/* The spans that the axis shows, the warm-up first. Returns how many. */
static int collect_spans(struct plot_span *span, const struct plot_summary *s,
                         const struct plot_axis *a, double room) {
    int n = 0;
    if (a->lo < 0)
        span[n++] = (struct plot_span){.from = 0, .to = plot_axis_place(a, 0), .text = "warm-up"};
    for (int i = 0; i < s->n_faults; i++) {
        double from = fmax(plot_axis_place(a, s->faults[i].from), 0);
        double to = isinf(s->faults[i].to) ? 1 : fmin(plot_axis_place(a, s->faults[i].to), 1);
        if (from < 1 && to > 0 && to >= from)
            span[n++] = (struct plot_span){.from = from, .to = to, .text = s->faults[i].text};
    }
    for (int i = 0; i < n; i++) {
        span[i].from *= room;
        span[i].to =
            fmax(span[i].to * room, span[i].from + 2); /* a flush takes no time: be visible */
        span[i].width = plot_text_width(span[i].text, PLOT_SMALL);
    }
    return n;
}

/* Shaded spans and their lanes above the plot. `note` receives how many remain without a name. */
void plot_put_spans(struct plot_job *j, const struct plot_frame *f, const struct plot_axis *a,
                    char *note, size_t size) {
    double room = f->right - f->left;
    size_t most = (size_t)j->summary->n_faults + 1;
    struct plot_span *span = arena_alloc(j->arena, most * sizeof *span);
    double *number = arena_alloc(j->arena, 4 * most * sizeof *number);
    const char **text = arena_alloc(j->arena, most * sizeof(char *));
    double *from = number, *to = from + most, *lane = to + most, *x = lane + most;
    int n = collect_spans(span, j->summary, a, room), lanes = 0;
    int unnamed = plot_lanes(span, n, room);
    for (int i = 0; i < n; i++) {
        from[i] = span[i].from / room;
        to[i] = span[i].to / room;
        lane[i] = span[i].lane;
        x[i] = span[i].text_x / room;
        text[i] = span[i].named ? span[i].text : "";
        lanes = span[i].lane >= lanes ? span[i].lane + 1 : lanes;
    }
    plot_put_number(j->script, "SPANS", n);
    plot_put_number(j->script, "WARMUP", n > 0 && a->lo < 0);
    plot_put_number(j->script, "LANES", lanes);
    plot_put_numbers(j->script, "SPAN_FROM", from, n);
    plot_put_numbers(j->script, "SPAN_TO", to, n);
    plot_put_numbers(j->script, "SPAN_LANE", lane, n);
    plot_put_numbers(j->script, "SPAN_TEXT_X", x, n);
    plot_put_texts(j->script, "SPAN_TEXT", text, n);
    if (unnamed > 0)
        snprintf(note, size, "%d fault%s shaded without a name", unnamed, unnamed == 1 ? "" : "s");
}

int plot_write_blocks(struct plot_job *j, struct plot_wanted *w, int n, const char *file,
                      struct error *e) {
    int blocks = 0;
    if (!plot_series_read(j->series, w, n, e))
        return -1;
    FILE *f = plot_table_open(j, "TABLE", file, e);
    for (int i = 0; f && i < n; i++) {
        if (w[i].points.n == 0)
            continue;
        plot_points_write(&w[i].points, j->series->step, f);
        blocks++;
    }
    return f && plot_table_close(f, file, e) ? blocks : -1;
}

static void extent(const struct plot_points *p, double *lo, double *hi) {
    for (int i = 0; i < p->n; i++) {
        *lo = fmin(*lo, p->v[i]);
        *hi = fmax(*hi, p->v[i]);
    }
}

/* Logarithmic when the slowest p99 is more than 20 times the fastest p50. */
static void percentile_axis(struct plot_axis *y, const struct plot_summary *s,
                            const struct plot_wanted *w, int n) {
    double lo = INFINITY, hi = 0, least = INFINITY, most = 0;
    for (int i = 0; i < n; i++) {
        extent(&w[i].points, &lo, &hi);
        if (!strcmp(w[i].metric, "latency.p50") || !strcmp(w[i].metric, "latency.p99"))
            extent(&w[i].points, &least, &most);
    }
    bool log = lo > 0 && most > 20 * least;
    double reach = log ? 5 : 1.6;
    for (int i = 0; i < s->n_slos; i++) {
        double b = s->slos[i].bound;
        if (b < reach * hi && b > lo / reach) {
            hi = fmax(hi, b);
            lo = fmin(lo, b);
        }
    }
    if (log)
        plot_axis_log(y, "latency", PLOT_DURATION, lo / 1.25, hi * 1.25);
    else
        plot_axis_linear(y, "latency", PLOT_DURATION, 0, hi > 0 ? 1.08 * hi : 1e-3, 6);
}

enum { KEY_SLOS = 5, KEY_TEXT = 290 };

/* The SLO lines; the frame makes room for the key with their texts. */
static void put_bounds(struct plot_job *j, const struct plot_axis *y, struct plot_frame *f) {
    const struct plot_summary *s = j->summary;
    char *text[KEY_SLOS];
    double at[KEY_SLOS];
    int n = s->n_slos < KEY_SLOS ? s->n_slos : KEY_SLOS;
    for (int i = 0; i < n; i++) {
        double place = plot_axis_place(y, s->slos[i].bound);
        char *fitted =
            plot_text_fit(j->arena, s->slos[i].text, KEY_TEXT - 2 * PLOT_SMALL, PLOT_SMALL);
        text[i] = arena_print(j->arena, "%s%s", fitted, place > 1 ? " ↑" : place < 0 ? " ↓" : "");
        at[i] = s->slos[i].bound;
    }
    f->right = fmin(plot_key_side(f, (const char *const *)text, n), f->right);
    plot_put_number(j->script, "BOUNDS", n);
    plot_put_numbers(j->script, "BOUND_AT", at, n);
    plot_put_texts(j->script, "BOUND_TEXT", (const char *const *)text, n);
}

void plot_put_lines(struct plot_job *j, const struct plot_wanted *w, const char *const *names,
                    const double *colour, const double *style, int n) {
    const char **name = arena_alloc(j->arena, (size_t)(n + 1) * sizeof(char *));
    double *number = arena_alloc(j->arena, (size_t)(2 * n + 1) * sizeof *number);
    int k = 0;
    for (int i = 0; i < n; i++) {
        if (w[i].points.n == 0)
            continue;
        name[k] = names[i];
        number[k] = colour[i];
        number[n + k++] = style[i];
    }
    plot_put_number(j->script, "LINES", k);
    plot_put_texts(j->script, "NAME", name, k);
    plot_put_numbers(j->script, "COLOUR", number, k);
    plot_put_numbers(j->script, "STYLE", number + n, k);
}

bool plot_prepare_percentiles(struct plot_job *j, bool *some, struct error *e) {
    enum { N = 4 };
    struct plot_wanted w[N] = {{.metric = "latency.p99"},
                               {.metric = "latency.p90"},
                               {.metric = "latency.p50"},
                               {.metric = "latency.mean"}};
    static const char *const names[N] = {"p99", "p90", "p50", "mean"};
    static const double colour[N] = {2, 5, 1, 7}, style[N] = {1, 2, 4, 7};
    char note[64] = "";
    *some = false;
    if (!j->series->rows)
        return true;
    int blocks = plot_write_blocks(j, w, N, "percentiles.tsv", e);
    *some = blocks > 0;
    if (blocks > 0) {
        struct plot_frame frame = {1080, 640, 110, 960};
        struct plot_axis x, y;
        plot_time_axis(&x, j);
        percentile_axis(&y, j->summary, w, N);
        put_bounds(j, &y, &frame);
        plot_put_spans(j, &frame, &x, note, sizeof note);
        plot_put_frame(j, &frame, note);
        plot_put_axis(j->script, "X", &x);
        plot_put_axis(j->script, "Y", &y);
        plot_put_lines(j, w, names, colour, style, N);
        fputs("load SCRIPTS.'/percentiles.gp'\n", j->script);
    }
    return blocks >= 0;
}
