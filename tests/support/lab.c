#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool lab_quick(void) {
    return getenv("NINES_QUICK") != NULL;
}

static bool write_text(struct lab *l, const char *text) {
    strcpy(l->path, "/tmp/nines-test-XXXXXX.lua");
    int fd = mkstemps(l->path, 4);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    return f && fputs(text, f) >= 0 && fclose(f) == 0;
}

bool lab_run(struct lab *l, const char *text, uint64_t seed, int64_t replications, int jobs) {
    struct study_options o = {
        .seed = seed, .replications = replications, .warmup = WARMUP_FILE, .jobs = jobs};
    return lab_study(l, text, &o);
}

bool lab_study(struct lab *l, const char *text, const struct study_options *o) {
    struct error e = {{0}};
    struct host_options host = {.library = "lua"};
    *l = (struct lab){0};
    bool ok = write_text(l, text) && (l->maker = host_open(l->path, &host, NULL, 0, &e)) &&
              study_run(l->maker, o, &l->study, &e);
    if (!ok)
        fprintf(stderr, "the scenario does not run: %s\n%s\n", e.text, text);
    return ok;
}

void lab_release(struct lab *l) {
    if (l->maker)
        study_release(&l->study);
    host_close(l->maker);
    unlink(l->path);
}

uint32_t lab_query(const struct lab *l, const char *metric) {
    for (uint32_t i = 0; i < l->study.n_queries; i++)
        if (!strcmp(l->study.queries[i].text, metric))
            return i;
    fprintf(stderr, "%s is not among the metrics\n", metric);
    abort();
}

double *lab_values(struct lab *l, const char *metric, uint32_t *n) {
    const struct case_result *c = &l->study.cases[0];
    for (uint32_t i = 0; i < l->study.n_queries; i++)
        if (!strcmp(l->study.queries[i].text, metric)) {
            double *x = calloc(c->n, sizeof *x);
            *n = c->n;
            for (uint32_t r = 0; x && r < c->n; r++)
                x[r] = c->rep[r].value[i];
            return x;
        }
    return NULL;
}
