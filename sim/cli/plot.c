#include "report/plot.h"

#include <stdio.h>

#include "cli/cli.h"

static void wrote(void *ctx, const char *path) {
    const struct options *o = ctx;
    if (!o->quiet)
        puts(path);
}

int command_plot(const struct options *o) {
    struct error e = {{0}};
    char scripts[PATH_SIZE];
    if (o->n_words != 1)
        error_set(
            &e,
            "plot wants the folder of a result: nines run recsys --out DIR, then nines plot DIR");
    else if (!path_find("plots", scripts))
        error_set(&e, "the gnuplot scripts that come with nines are not there; install it whole");
    else {
        struct plot_options p = {.format = o->format, .scripts = scripts};
        plot_folder(o->words[0], &p, wrote, (void *)(uintptr_t)o, &e);
    }
    return error_is(&e) ? cli_fail(&e) : 0;
}
