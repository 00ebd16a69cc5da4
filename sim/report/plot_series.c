/* Rows of series.csv: what there is, and the few that are drawn. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rows.h"
#include "plot_impl.h"

static struct plot_stat *stat_at(struct plot_series *s, size_t label) {
    while (label >= (size_t)s->n)
        *arena_push(s->arena, s->stat, s->n, s->cap) = (struct plot_stat){0};
    return &s->stat[label];
}

/* Sums first, means when all rows are read. */
static bool first_pass(struct plot_series *s, struct error *e) {
    double v[3], before = NAN;
    s->step = s->first = INFINITY;
    s->last = -INFINITY;
    while (rows_next(s->rows, v, e)) {
        struct plot_stat *stat = stat_at(s, (size_t)v[1]);
        if (!isfinite(v[0]) || !isfinite(v[2]))
            continue;
        s->first = fmin(s->first, v[0]);
        s->last = fmax(s->last, v[0]);
        if (v[0] > before)
            s->step = fmin(s->step, v[0] - before);
        before = v[0];
        if (v[0] < 0)
            continue;
        stat->peak = stat->n > 0 ? fmax(stat->peak, v[2]) : v[2];
        stat->mean += v[2];
        stat->n++;
    }
    for (int i = 0; i < s->n; i++) {
        s->stat[i].metric = rows_label(s->rows, 1, (size_t)i);
        if (s->stat[i].n > 0)
            s->stat[i].mean /= s->stat[i].n;
    }
    if (!isfinite(s->step)) /* a single window, as long as its middle says */
        s->step = s->last > 0 ? 2 * s->last : 1;
    return !error_is(e);
}

bool plot_series_open(struct plot_series *s, struct arena *a, const char *dir, struct error *e) {
    static const struct rows_column columns[] = {
        {"t_s", false}, {"metric", true}, {"value", false}};
    *s = (struct plot_series){.arena = a};
    char path[4096];
    snprintf(path, sizeof path, "%s/series.csv", dir);
    if (access(path, F_OK))
        return true;
    s->rows = rows_open(path, columns, 3, e);
    return s->rows && first_pass(s, e);
}

const struct plot_stat *plot_series_find(const struct plot_series *s, const char *metric) {
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->stat[i].metric, metric))
            return &s->stat[i];
    return NULL;
}

struct point {
    double t, v;
};

static int by_time(const void *a, const void *b) {
    const struct point *x = a, *y = b;
    return (x->t > y->t) - (x->t < y->t);
}

static void keep_points(struct arena *a, struct plot_points *out, struct point *p, int n) {
    if (n > 0)
        qsort(p, (size_t)n, sizeof *p, by_time);
    out->n = n;
    out->t = arena_alloc(a, (size_t)n * sizeof *out->t);
    out->v = arena_alloc(a, (size_t)n * sizeof *out->v);
    for (int i = 0; i < n; i++) {
        out->t[i] = p[i].t;
        out->v[i] = p[i].v;
    }
}

bool plot_series_read(struct plot_series *s, struct plot_wanted *w, int n, struct error *e) {
    int *slot =
        arena_alloc(s->arena, (size_t)(s->n + 1) * sizeof *slot); /* label -> 1 + index into w */
    struct {
        struct point *p;
        size_t n, cap;
    } *got = arena_alloc(s->arena, (size_t)(n + 1) * sizeof *got);
    for (int i = 0; i < n; i++) {
        const struct plot_stat *stat = plot_series_find(s, w[i].metric);
        if (stat)
            slot[stat - s->stat] = i + 1;
    }
    double v[3];
    bool fine = s->rows && rows_rewind(s->rows, e);
    while (fine && rows_next(s->rows, v, e)) {
        /* the file may have grown since the first pass */
        int i = v[1] < s->n ? slot[(int)v[1]] - 1 : -1;
        if (i >= 0 && isfinite(v[0]) && isfinite(v[2]))
            *arena_push(s->arena, got[i].p, got[i].n, got[i].cap) = (struct point){v[0], v[2]};
    }
    for (int i = 0; i < n; i++)
        keep_points(s->arena, &w[i].points, got[i].p, (int)got[i].n);
    return fine && !error_is(e);
}

void plot_series_free(struct plot_series *s) {
    rows_close(s->rows);
    memset(s, 0, sizeof *s);
}

/* Points [from, to) without a gap among them; `group` of them become their minimum and maximum. */
static void write_run(const struct plot_points *p, int from, int to, int group, double step,
                      FILE *f) {
    if (to - from == 1) {
        fprintf(f, "%.9g\t%.9g\n", p->t[from] - 0.4 * step, p->v[from]);
        fprintf(f, "%.9g\t%.9g\n", p->t[from] + 0.4 * step, p->v[from]);
        return;
    }
    for (int g = from; g < to; g += group) {
        int low = g, high = g, end = g + group < to ? g + group : to;
        for (int i = g + 1; i < end; i++) {
            low = p->v[i] < p->v[low] ? i : low;
            high = p->v[i] > p->v[high] ? i : high;
        }
        int a = low < high ? low : high, b = low < high ? high : low;
        fprintf(f, "%.9g\t%.9g\n", p->t[a], p->v[a]);
        if (b != a)
            fprintf(f, "%.9g\t%.9g\n", p->t[b], p->v[b]);
    }
}

void plot_points_write(const struct plot_points *p, double step, FILE *f) {
    enum { COLUMNS = 700 }; /* pixels of the plot area */
    int group = p->n > 2 * COLUMNS ? (p->n + COLUMNS - 1) / COLUMNS : 1;
    for (int from = 0; from < p->n;) {
        int to = from + 1;
        while (to < p->n && p->t[to] - p->t[to - 1] < 1.5 * step)
            to++;
        write_run(p, from, to, group, step, f);
        putc('\n', f);
        from = to;
    }
    putc('\n', f);
}
