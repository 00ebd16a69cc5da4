/* What pictures have in common: the frame, and the marks above a latency axis. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot_impl.h"

FILE *plot_table_open(struct plot_job *j, const char *variable, const char *name, struct error *e) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", j->temp, name);
    FILE *f = fopen(path, "w");
    if (!f && errno == ENOMEM)
        mem_error(e, "drawing the pictures");
    else if (!f)
        error_set(e, "%s: %s", path, strerror(errno));
    fprintf(j->script, "%s = TEMP.'/%s'\n", variable, name);
    return f;
}

bool plot_table_close(FILE *f, const char *name, struct error *e) {
    bool failed = ferror(f);
    if (fclose(f) || failed)
        return error_set(e, "%s: writing the table for gnuplot failed: %s", name, strerror(errno));
    return true;
}

void plot_put_frame(struct plot_job *j, const struct plot_frame *f, const char *note) {
    char *line = arena_print(j->arena, "%s%s%s", j->summary->subtitle, note && note[0] ? " · " : "",
                             note ? note : "");
    char *fitted = plot_text_fit(j->arena, line, f->width - 50, PLOT_BODY);
    plot_put_text(j->script, "TITLE", j->summary->title);
    plot_put_text(j->script, "SUBTITLE", fitted);
    plot_put_number(j->script, "W", f->width);
    plot_put_number(j->script, "H", f->height);
    plot_put_number(j->script, "LEFT", f->left / f->width);
    plot_put_number(j->script, "RIGHT", f->right / f->width);
}

double plot_key_side(const struct plot_frame *f, const char *const *text, int n) {
    double widest = 0;
    for (int i = 0; i < n; i++)
        widest = fmax(widest, plot_text_width(text[i], PLOT_SMALL));
    return f->width - widest - 75; /* the sample of the line, and gaps */
}

enum { MOST_SLOS = 4, MOST = 3 + MOST_SLOS };

struct mark {
    char *text;
    double place; /* 0..1 on the axis */
    bool slo;
    bool on; /* false: beyond the axis, so no line */
};

static int by_place(const void *a, const void *b) {
    const struct mark *x = a, *y = b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->slo - y->slo;
}

static struct mark quantile_mark(struct arena *texts, const struct plot_axis *a, int i,
                                 double seconds) {
    static const char *const names[] = {"p50", "p90", "p99"};
    char value[32];
    plot_duration_text(value, sizeof value, seconds);
    char *text = arena_print(texts, "%s %s", names[i], value);
    double place = plot_axis_place(a, seconds);
    return (struct mark){text, fmin(fmax(place, 0), 1), false, place >= 0 && place <= 1};
}

/* A bound beyond the axis points to where it is. */
static struct mark slo_mark(struct arena *texts, const struct plot_axis *a,
                            const struct plot_slo *slo, double width) {
    double place = plot_axis_place(a, slo->bound);
    char *text =
        arena_print(texts, "%s%s%s", place < 0 ? "← " : "", slo->text, place > 1 ? " →" : "");
    char *fitted = plot_text_fit(texts, text, width, PLOT_SMALL);
    return (struct mark){fitted, fmin(fmax(place, 0), 1), true, place >= 0 && place <= 1};
}

static double wide(const char *text) {
    return plot_text_width(text, PLOT_SMALL) + 1.5 * PLOT_SMALL;
}

static int collect(struct mark *m, const struct plot_job *j, const struct plot_axis *a, double room,
                   const double *quantiles) {
    const struct plot_slo *slo = j->summary->slos;
    int n = 0, slos = j->summary->n_slos < MOST_SLOS ? j->summary->n_slos : MOST_SLOS;
    double wanted = 0;
    for (int i = 0; quantiles && i < 3; i++)
        if (isfinite(quantiles[i]))
            m[n++] = quantile_mark(j->arena, a, i, quantiles[i]);
    for (int i = 0; i < n; i++)
        room -= wide(m[i].text);
    for (int i = 0; i < slos; i++)
        wanted += wide(slo[i].text) + 1.5 * PLOT_SMALL; /* and an arrow */
    for (int i = 0; i < slos; i++) {
        double share = wanted > room ? room / slos - 1.5 * PLOT_SMALL : room;
        m[n++] = slo_mark(j->arena, a, &slo[i], share);
    }
    qsort(m, (size_t)n, sizeof *m, by_place);
    return n;
}

void plot_put_marks(struct plot_job *j, const struct plot_frame *f, const struct plot_axis *a,
                    const double *quantiles) {
    struct mark m[MOST];
    const char *text[MOST];
    double at[MOST], label[MOST], width[MOST], kind[MOST], on[MOST];
    double room = f->right - f->left;
    int n = collect(m, j, a, room, quantiles);
    for (int i = 0; i < n; i++) {
        text[i] = m[i].text;
        at[i] = m[i].place;
        kind[i] = m[i].slo ? 2 : 1;
        on[i] = m[i].on;
        width[i] = plot_text_width(m[i].text, PLOT_SMALL);
        label[i] = m[i].place * room;
    }
    plot_spread(label, width, n, room);
    for (int i = 0; i < n; i++)
        label[i] /= room;
    plot_put_number(j->script, "MARKS", n);
    plot_put_texts(j->script, "MARK_TEXT", text, n);
    plot_put_numbers(j->script, "MARK_AT", at, n);
    plot_put_numbers(j->script, "MARK_LABEL", label, n);
    plot_put_numbers(j->script, "MARK_KIND", kind, n);
    plot_put_numbers(j->script, "MARK_ON", on, n);
}
