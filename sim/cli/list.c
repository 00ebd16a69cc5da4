#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static int is_scenario(const struct dirent *d) {
    size_t n = strlen(d->d_name);
    return n > 4 && !strcmp(d->d_name + n - 4, ".lua");
}

/* The first comment line of a file says what it asks. */
static void question(const char *folder, const char *name, char *out, size_t size) {
    char path[PATH_SIZE * 2];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    out[0] = 0;
    if (!f)
        return;
    if (fgets(out, (int)size, f) && !strncmp(out, "-- ", 3))
        memmove(out, out + 3, strlen(out + 3) + 1);
    out[strcspn(out, "\n")] = 0;
    fclose(f);
}

int command_list(const struct options *o) {
    struct error e = {{0}};
    char folder[PATH_SIZE], text[200];
    struct dirent **names;
    if (o->n_words) {
        error_set(&e, "list takes no words");
        return cli_fail(&e);
    }
    int n = path_find("scenarios", folder) ? scandir(folder, &names, is_scenario, alphasort) : -1;
    if (n < 0) {
        error_set(&e, "the scenarios that come with nines are not there; install it whole");
        return cli_fail(&e);
    }
    for (int i = 0; i < n; i++) {
        question(folder, names[i]->d_name, text, sizeof text);
        printf("%-14.*s %s\n", (int)strlen(names[i]->d_name) - 4, names[i]->d_name, text);
        free(names[i]);
    }
    free(names);
    printf("\nnines run NAME runs one; the files are in %s\n", folder);
    return 0;
}
