#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const char template[] =
    "-- What is the question? Say it in one line.\n"
    "local k = knobs {\n"
    "  rps     = { 100, \"offered load, requests/s\", min = 0 },\n"
    "  servers = { 4, \"workers of the backend\", integer = true, min = 1 },\n"
    "}\n\n"
    "local backend = station { name = \"backend\", servers = k.servers, service = lognormal { mean "
    "= \"30ms\", cv = 1 } }\n\n"
    "return scenario {\n"
    "  title    = \"%s\",\n"
    "  workload = open { name = \"clients\", rate = k.rps },\n"
    "  entry    = timeout { after = \"500ms\", backend },\n"
    "  run      = { warmup = \"10s\", duration = \"60s\", replications = 10 },\n"
    "  cases    = { busy = { rps = 130 } },\n"
    "  slo      = { \"latency.p99 < 300ms\" },\n"
    "  claims   = {\n"
    "    claim { \"four workers are enough\", \"latency.p99 < 300ms\" },\n"
    "    claim { \"and for 30 %% more\", \"latency.p99 < 300ms\", case = \"busy\",\n"
    "            expect = \"fails\", because = \"130/s x 30 ms keep 3.9 of the four busy\" },\n"
    "  },\n"
    "}\n";

int command_new(const struct options *o) {
    struct error e = {{0}};
    char path[PATH_SIZE];
    const char *name = o->n_words == 1 ? o->words[0] : "";
    size_t n = strlen(name);
    if (!n || n > 200) {
        error_set(&e, "new wants a name: nines new shop");
        return cli_fail(&e);
    }
    bool lua = n > 4 && !strcmp(name + n - 4, ".lua");
    snprintf(path, sizeof path, "%s%s", name, lua ? "" : ".lua");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    char title[256];
    snprintf(title, sizeof title, "%.*s", lua ? (int)strlen(base) - 4 : (int)strlen(base), base);
    for (char *c = title; *c; c++)
        if (*c == '"' || *c == '\\' || *c == '\n')
            *c = '_';
    if (!f)
        error_set(&e, "%s: %s", path,
                  errno == EEXIST ? "it exists already; choose another name" : strerror(errno));
    else if (fprintf(f, template, title) < 0 || fclose(f))
        error_set(&e, "%s: it could not be written whole: %s", path, strerror(errno));
    if (error_is(&e))
        return cli_fail(&e);
    if (!o->quiet)
        printf("%s is written. Next: nines run %s\n", path, path);
    return 0;
}
