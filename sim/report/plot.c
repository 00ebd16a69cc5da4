#include "plot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plot_impl.h"

enum { PICTURES = 4, FORMATS = 2, PATHS = 4096 };

static const struct {
    const char *name;
    bool (*prepare)(struct plot_job *j, bool *some, struct error *e);
} picture[PICTURES] = {
    {"latency", plot_prepare_latency},
    {"tail", plot_prepare_tail},
    {"percentiles", plot_prepare_percentiles},
    {"load", plot_prepare_load},
};

static const char drawing[] = "drawing the pictures";

/* One call of plot_folder. */
struct work {
    struct arena arena;
    const char *dir;
    const struct plot_options *options;
    char temp[PATHS];
    struct plot_summary summary;
    struct plot_hists hists;
    struct plot_series series;
    struct sheet script, body, panels;
    bool drawn[PICTURES];
    const char *format[FORMATS];
    int formats;
};

static bool choose_formats(struct work *w, struct error *e) {
    static const char *const known[] = {"svg", "png", "pdf"};
    const char *wanted = w->options->format;
    if (!wanted) {
        w->format[0] = "svg";
        w->format[1] = "png";
        w->formats = 2;
        return true;
    }
    for (int i = 0; i < 3; i++)
        if (!strcmp(wanted, known[i]))
            w->format[w->formats++] = known[i];
    return w->formats > 0 || error_set(e, "unknown picture format '%s': svg, png or pdf", wanted);
}

static bool make_temp(struct work *w, struct error *e) {
    /* room for the names inside */
    if (strlen(w->dir) + 64 > PATHS || strpbrk(w->dir, "\n\r"))
        return error_set(e, "the name of the result folder is too long or holds a line break");
    snprintf(w->temp, sizeof w->temp, "%s/.plot-XXXXXX", w->dir);
    if (mkdtemp(w->temp))
        return true;
    int why = errno;
    w->temp[0] = '\0';
    return why == ENOMEM ? mem_error(e, drawing)
                         : error_set(e, "%s: no temporary folder can be made in it: %s", w->dir,
                                     strerror(why));
}

/* An SVG leaves the choice of fonts to its viewer; cairo needs them now. */
static void fit_fonts(char *body) {
    uint32_t rare[64];
    size_t fine = 0, n = plot_text_rare(body, rare, 64);
    if (n == 0 || plot_pipe_fonts(rare, n))
        return;
    for (size_t i = 0; i < n; i++) /* no font has all of them; cairo may take several */
        if (plot_pipe_fonts(&rare[i], 1))
            rare[fine++] = rare[i];
    plot_text_plain(body, rare, fine);
}

/* The script of one picture, once for each format; the SVG comes first. */
static void add_body(const struct work *w, const char *name, char *body, FILE *script) {
    char path[PATHS + 64];
    for (int k = 0; k < w->formats; k++) {
        if (strcmp(w->format[k], "svg"))
            fit_fonts(body);
        snprintf(path, sizeof path, "%s/%s.%s", w->temp, name, w->format[k]);
        fputs("reset\n", script);
        plot_put_text(script, "FORMAT", w->format[k]);
        plot_put_text(script, "OUTPUT", path);
        fputs(body, script);
        fputs("unset output\n", script);
    }
}

static bool add_picture(struct work *w, int i, struct error *e) {
    if (!sheet_open(&w->body, e))
        return false;
    struct plot_job job = {&w->arena, &w->summary, &w->hists, &w->series,
                           w->temp,   w->body.f,   &w->panels};
    bool fine = picture[i].prepare(&job, &w->drawn[i], e) && fputc('\0', w->body.f) != EOF &&
                sheet_close(&w->body, e);
    if (fine && w->drawn[i])
        add_body(w, picture[i].name, w->body.text, w->script.f);
    sheet_release(&w->body);
    return fine;
}

static bool draw(struct work *w, struct error *e) {
    if (!sheet_open(&w->script, e))
        return false;
    plot_put_text(w->script.f, "SCRIPTS", w->options->scripts);
    plot_put_text(w->script.f, "TEMP", w->temp);
    bool fine = true, some = false;
    for (int i = 0; fine && i < PICTURES; i++) {
        fine = add_picture(w, i, e);
        some = some || w->drawn[i];
    }
    if (fine && !some)
        fine = error_set(
            e, "%s: nothing to draw: histogram.csv and series.csv are missing or empty", w->dir);
    return fine && sheet_close(&w->script, e) &&
           plot_pipe_run(&w->arena, w->script.text, w->script.n, e);
}

/* Complete pictures get their names. */
static bool publish(struct work *w, void (*wrote)(void *ctx, const char *path), void *ctx,
                    struct error *e) {
    char from[PATHS + 64], to[PATHS + 64];
    for (int i = 0; i < PICTURES; i++) {
        for (int k = 0; w->drawn[i] && k < w->formats; k++) {
            snprintf(from, sizeof from, "%s/%s.%s", w->temp, picture[i].name, w->format[k]);
            snprintf(to, sizeof to, "%s/%s.%s", w->dir, picture[i].name, w->format[k]);
            if (rename(from, to))
                return error_set(e, "%s: %s", to, strerror(errno));
            if (wrote)
                wrote(ctx, to);
        }
    }
    return true;
}

static bool plot(void *ctx, struct error *e) {
    struct work *w = ctx;
    return choose_formats(w, e) && plot_summary_load(&w->summary, &w->arena, w->dir, e) &&
           plot_hists_load(&w->hists, &w->arena, w->dir, e) &&
           plot_series_open(&w->series, &w->arena, w->dir, e) && make_temp(w, e) && draw(w, e);
}

/* Also what has been put away already. */
static void put_away(void *ctx) {
    struct work *w = ctx;
    if (w->temp[0])
        whole_remove(w->temp);
    w->temp[0] = '\0';
    plot_summary_free(&w->summary);
    plot_hists_free(&w->hists);
    plot_series_free(&w->series);
    sheet_release(&w->script);
    sheet_release(&w->body);
    sheet_release(&w->panels);
    arena_release(&w->arena);
}

bool plot_folder(const char *dir, const struct plot_options *o,
                 void (*wrote)(void *ctx, const char *path), void *ctx, struct error *e) {
    struct work w = {.dir = dir, .options = o};
    bool fine = mem_try(plot, put_away, &w, drawing, e) && publish(&w, wrote, ctx, e);
    put_away(&w);
    return fine;
}
