#include "plot.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
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

/* One call of plot_folder. */
struct work {
    const char *dir;
    const struct plot_options *options;
    char temp[PATHS];
    struct plot_summary summary;
    struct plot_hists hists;
    struct plot_series series;
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
    return error_set(e, "%s: no temporary folder can be made in it: %s", w->dir, strerror(why));
}

static void remove_temp(const char *temp) {
    DIR *d = temp[0] ? opendir(temp) : NULL;
    if (!d)
        return;
    for (struct dirent *entry; (entry = readdir(d));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(temp);
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

static bool add_picture(struct work *w, int i, FILE *script, struct error *e) {
    char *body = NULL;
    size_t size;
    struct plot_job job = {&w->summary, &w->hists, &w->series, w->temp, NULL};
    job.script = open_memstream(&body, &size);
    if (!job.script)
        return error_set(e, "out of memory for the script of a picture");
    bool fine = picture[i].prepare(&job, &w->drawn[i], e);
    fclose(job.script);
    if (fine && w->drawn[i])
        add_body(w, picture[i].name, body, script);
    free(body);
    return fine;
}

static bool draw(struct work *w, struct error *e) {
    char *text = NULL;
    size_t size;
    FILE *script = open_memstream(&text, &size);
    if (!script)
        return error_set(e, "out of memory for the script of the pictures");
    plot_put_text(script, "SCRIPTS", w->options->scripts);
    plot_put_text(script, "TEMP", w->temp);
    bool fine = true, some = false;
    for (int i = 0; fine && i < PICTURES; i++) {
        fine = add_picture(w, i, script, e);
        some = some || w->drawn[i];
    }
    fclose(script);
    if (fine && !some)
        fine = error_set(
            e, "%s: nothing to draw: histogram.csv and series.csv are missing or empty", w->dir);
    fine = fine && plot_pipe_run(text, size, e);
    free(text);
    return fine;
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

bool plot_folder(const char *dir, const struct plot_options *o,
                 void (*wrote)(void *ctx, const char *path), void *ctx, struct error *e) {
    struct work *w = mem_zero(sizeof *w);
    w->dir = dir;
    w->options = o;
    bool fine = choose_formats(w, e) && plot_summary_load(&w->summary, dir, e) &&
                plot_hists_load(&w->hists, dir, e) && plot_series_open(&w->series, dir, e) &&
                make_temp(w, e) && draw(w, e) && publish(w, wrote, ctx, e);
    remove_temp(w->temp);
    plot_summary_free(&w->summary);
    plot_hists_free(&w->hists);
    plot_series_free(&w->series);
    free(w);
    return fine;
}
