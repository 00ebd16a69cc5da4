/* Buckets of histogram.csv and what is computed from them. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/rows.h"
#include "plot_impl.h"

static struct plot_hist *hist_at(struct plot_hists *h, size_t label) {
    while (label >= (size_t)h->n)
        *arena_push(h->arena, h->hist, h->n, h->cap) = (struct plot_hist){0};
    return &h->hist[label];
}

static bool load_row(struct plot_hists *h, struct rows *rows, const double v[4], const char *path,
                     struct error *e) {
    if (!(v[1] >= 0) || !(v[2] >= v[1]) || !(v[3] >= 0) || !isfinite(v[2]) || !isfinite(v[3]))
        return error_set(e, "%s:%zu: 0 <= low_s <= high_s and 0 <= count do not hold", path,
                         rows_line(rows));
    struct plot_hist *to = hist_at(h, (size_t)v[0]);
    if (to->n > 0 && v[1] < to->bucket[to->n - 1].low)
        return error_set(e, "%s:%zu: the buckets of %s do not ascend", path, rows_line(rows),
                         rows_label(rows, 0, (size_t)v[0]));
    if (v[3] > 0) {
        *arena_push(h->arena, to->bucket, to->n, to->cap) = (struct plot_bucket){v[1], v[2], v[3]};
        to->total += v[3];
    }
    return true;
}

bool plot_hists_load(struct plot_hists *h, struct arena *a, const char *dir, struct error *e) {
    static const struct rows_column columns[] = {
        {"metric", true}, {"low_s", false}, {"high_s", false}, {"count", false}};
    *h = (struct plot_hists){.arena = a};
    char path[4096];
    snprintf(path, sizeof path, "%s/histogram.csv", dir);
    if (access(path, F_OK))
        return true;
    struct rows *rows = h->rows = rows_open(path, columns, 4, e);
    double v[4];
    bool fine = rows != NULL;
    while (fine && rows_next(rows, v, e))
        fine = load_row(h, rows, v, path, e);
    for (int i = 0; i < h->n; i++)
        h->hist[i].name = rows_label(rows, 0, (size_t)i);
    return fine && !error_is(e);
}

void plot_hists_free(struct plot_hists *h) {
    rows_close(h->rows);
    memset(h, 0, sizeof *h);
}

double plot_hist_quantile(const struct plot_hist *h, double p) {
    double rank = p * h->total, seen = 0;
    for (size_t i = 0; i < h->n; i++) {
        const struct plot_bucket *b = &h->bucket[i];
        if (seen + b->count >= rank)
            return b->low + (b->high - b->low) * fmax(0, rank - seen) / b->count;
        seen += b->count;
    }
    return h->n > 0 ? h->bucket[h->n - 1].high : NAN;
}

static int bin_of(const struct plot_axis *a, double x, int n) {
    double k = floor(plot_axis_place(a, x) * n);
    return k < 0 ? 0 : k >= n ? n - 1 : (int)k;
}

void plot_hist_rebin(const struct plot_hist *h, const struct plot_axis *a, double *share, int n) {
    for (int k = 0; k < n; k++)
        share[k] = 0;
    for (size_t i = 0; i < h->n; i++) {
        const struct plot_bucket *b = &h->bucket[i];
        int from = bin_of(a, b->low, n), to = bin_of(a, b->high, n);
        double width = b->high - b->low, done = b->low;
        for (int k = from; k <= to; k++) {
            double end = k == to ? b->high : fmin(b->high, plot_axis_value(a, (k + 1.) / n));
            double part = width > 0 ? fmax(0, end - done) / width : k == to;
            share[k] += part * b->count / h->total;
            done = fmax(done, end);
        }
    }
}
