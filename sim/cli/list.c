#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static int is_scenario(const struct dirent *d) {
    size_t n = strlen(d->d_name);
    return n > 4 && !strcmp(d->d_name + n - 4, ".lua");
}

/* Behind the first `mark` that ends a sentence; 0: there is none. */
static size_t sentence(const char *text, char mark) {
    for (const char *c = text; *c; c++)
        if (*c == mark && (c[1] == ' ' || !c[1]))
            return (size_t)(c - text) + 1;
    return 0;
}

/* The comment that a file begins with says what it asks: up to its first question, or, when that is
 * far or there is none, up to the end of its first sentence. */
static void question(const char *folder, const char *name, char *out, size_t size) {
    enum { FAR = 160 };
    char path[PATH_SIZE * 2], line[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    size_t n = 0;
    out[0] = 0;
    while (f && n < FAR && n + 2 < size && fgets(line, sizeof line, f) &&
           !strncmp(line, "-- ", 3)) {
        line[strcspn(line, "\n")] = 0;
        n += (size_t)snprintf(out + n, size - n, "%s%s", n ? " " : "", line + 3);
    }
    size_t asks = sentence(out, '?'), says = sentence(out, '.');
    size_t end = asks && (asks <= FAR || !says) ? asks : says;
    if (end && end < size)
        out[end] = 0;
    if (f)
        fclose(f);
}

int command_list(const struct options *o) {
    struct error e = {{0}};
    char folder[PATH_SIZE], text[600];
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
    int width = 0;
    for (int i = 0; i < n; i++)
        width =
            (int)strlen(names[i]->d_name) - 4 > width ? (int)strlen(names[i]->d_name) - 4 : width;
    for (int i = 0; i < n; i++) {
        question(folder, names[i]->d_name, text, sizeof text);
        printf("%-*.*s  %s\n", width, (int)strlen(names[i]->d_name) - 4, names[i]->d_name, text);
        free(names[i]);
    }
    free(names);
    printf("\nnines run NAME runs one; the files are in %s\n", folder);
    return 0;
}
