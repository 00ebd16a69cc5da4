#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "report/folder.h"
#include "report/json.h"
#include "report/plot.h"
#include "report/text.h"
#include "report/whole.h"

static void wrote(void *ctx, const char *path) {
    (void)ctx, (void)path;
}

static bool draw(const char *dir, void *ctx, struct error *e) {
    const struct options *o = ctx;
    char scripts[PATH_SIZE];
    if (!path_find("plots", scripts))
        return error_set(
            e, "the gnuplot scripts that come with nines are not there; install it whole");
    struct plot_options p = {.format = o->format, .scripts = scripts};
    return plot_folder(dir, &p, wrote, NULL, e);
}

/* --plot without --out: a folder named after the scenario and the case. */
static const char *out_folder(const struct options *o, const char *path, char *buffer,
                              size_t size) {
    if (o->out || !o->plot)
        return o->out;
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    int n = (int)strcspn(base, ".");
    if (o->in_case)
        snprintf(buffer, size, "out/%.*s-%s", n, base, o->in_case);
    else
        snprintf(buffer, size, "out/%.*s", n, base);
    return buffer;
}

/* The folder that `dir` lies in; "." when the name has none. */
static void parent_of(const char *dir, char *out, size_t size) {
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    while (n && dir[n - 1] != '/')
        n--;
    while (n > 1 && dir[n - 1] == '/')
        n--;
    snprintf(out, size, "%.*s", n ? (int)n : 1, n ? dir : ".");
}

/* Before a long run: could `dir` be made when it is over? */
static bool may_make(const char *dir, struct error *e) {
    char parent[PATH_SIZE];
    struct stat st;
    parent_of(dir, parent, sizeof parent);
    if (stat(parent, &st))
        return errno == ENOENT ? may_make(parent, e)
                               : error_set(e, "%s: %s", parent, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(e, "%s: it is no folder", parent);
    return !access(parent, W_OK | X_OK) || error_set(e, "%s: %s", parent, strerror(errno));
}

static bool make_parents(const char *dir, struct error *e) {
    char parent[PATH_SIZE];
    struct stat st;
    parent_of(dir, parent, sizeof parent);
    if (!stat(parent, &st))
        return true;
    return make_parents(parent, e) &&
           (!mkdir(parent, 0777) || errno == EEXIST ||
            error_set(e, "%s: it cannot be made: %s", parent, strerror(errno)));
}

struct printing {
    const struct options *o;
    const struct study *s;
};

static bool print(FILE *f, void *ctx, struct error *e) {
    const struct options *o = ((struct printing *)ctx)->o;
    const struct study *s = ((struct printing *)ctx)->s;
    const struct case_result *c = &s->cases[0];
    struct text_style style = {cli_colour()};
    if (o->json) {
        json_t *j = json_result(s, c, o->words[0], false);
        bool ok = json_write(f, j, e);
        json_decref(j);
        return ok;
    }
    if (o->csv)
        return csv_metrics(f, s, c);
    if (!o->quiet)
        text_summary(f, s, c, o->words[0], &style);
    return true;
}

static bool write_out(const struct options *o, const struct study *s, const char *dir,
                      struct error *e) {
    if (!dir)
        return true;
    if (!make_parents(dir, e))
        return false;
    bool ok = folder_write(dir, s, &s->cases[0], o->words[0], false, o->plot ? draw : NULL,
                           (void *)(uintptr_t)o, e);
    if (ok && !o->quiet)
        fprintf(stderr, "written: %s\n", dir);
    return ok;
}

static int run(const struct options *o, struct scenario_maker *m, const char *dir) {
    struct error e = {{0}};
    struct study s;
    struct progress p;
    struct study_options so = cli_study_options(o);
    const char *one[] = {o->in_case ? o->in_case : "base"};
    so.cases = one;
    so.n_cases = 1;
    so.windows = dir ? 200 : 0;
    progress_begin(&p, &so, o);
    bool ok = study_run(m, &so, &s, &e);
    progress_end(&p);
    ok = ok && whole_write(stdout, print, &(struct printing){o, &s}, &e) &&
         write_out(o, &s, dir, &e);
    study_release(&s);
    return ok ? 0 : cli_fail(&e);
}

int command_run(const struct options *o) {
    struct error e = {{0}};
    char path[PATH_SIZE], buffer[PATH_SIZE];
    if (o->n_words != 1) {
        error_set(&e, o->n_words ? "run takes one scenario"
                                 : "run which scenario? for example: nines run quickstart");
        return cli_fail(&e);
    }
    if (o->json && o->csv)
        error_set(&e, "--json and --csv exclude each other; --out DIR writes both");
    else if (o->format && !o->plot)
        error_set(&e, "--format says how pictures are written; it wants --plot");
    if (error_is(&e))
        return cli_fail(&e);
    struct scenario_maker *m = cli_open(o, o->words[0], path, &e);
    const char *dir = m ? out_folder(o, path, buffer, sizeof buffer) : NULL;
    if (!m || (dir && (!folder_check(dir, &e) || !may_make(dir, &e)))) {
        host_close(m);
        return cli_fail(&e);
    }
    int status = run(o, m, dir);
    host_close(m);
    return status;
}
