/* What the commands that simulate have in common. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/cli.h"

bool cli_colour(void) {
    const char *no = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && (!no || !*no);
}

struct scenario_maker *cli_open(const struct options *o, const char *name, char *path,
                                struct error *e) {
    char library[PATH_SIZE];
    struct host_options host = {.library = path_find("lua", library) ? library : NULL};
    if (!path_scenario(name, path, e))
        return NULL;
    if (!host.library) {
        error_set(e, "the Lua files that come with nines are neither beside the program nor in "
                     "../share/nines; install it whole");
        return NULL;
    }
    return host_open(path, &host, o->sets, o->n_sets, e);
}

struct study_options cli_study_options(const struct options *o) {
    return (struct study_options){.seed = o->seed,
                                  .replications = o->replications,
                                  .max_replications = o->max_replications,
                                  .precision = o->precision,
                                  .warmup = o->warmup,
                                  .duration = o->duration,
                                  .jobs = o->jobs,
                                  .all_nodes = o->all_nodes,
                                  .full_audit = o->full_audit};
}

/* ---- progress */

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void show(void *ctx, double share, ns_t simulated, uint64_t events) {
    struct progress *p = ctx;
    double spent = seconds() - p->began;
    char time[40], eta[40] = "", rate[40] = "";
    if (spent < 0.5)
        return;
    if (share > 0.02)
        snprintf(eta, sizeof eta, "  %s to go",
                 unit_format((char[40]){0}, 40, ceil(spent / share * (1 - share)), UNIT_TIME));
    if (events)
        snprintf(rate, sizeof rate, "  %.1f M events/s", (double)events / spent / 1e6);
    fprintf(stderr, "\r\033[K%3.0f %%  %s simulated%s%s", 100 * share,
            unit_format(time, sizeof time, ns_to_s(simulated), UNIT_TIME), rate, eta);
    fflush(stderr);
    p->shown = true;
}

void progress_begin(struct progress *p, struct study_options *s, const struct options *o) {
    *p = (struct progress){.began = seconds()};
    if (o->quiet || !isatty(STDERR_FILENO))
        return;
    s->progress = show;
    s->progress_ctx = p;
}

void progress_end(struct progress *p) {
    if (p->shown)
        fputs("\r\033[K", stderr);
}
