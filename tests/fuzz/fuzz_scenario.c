/* Fuzzes the whole way in: a file is opened, built once as the base case and once as each of its
 * cases, and what it measures is bound. With little memory and few steps, so that loops end soon.
 * Nothing is simulated. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void remove_file(void) {
    unlink(path);
}

static void make_path(void) {
    const char *dir = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.30s/nines-%ld.lua", dir ? dir : "/tmp", (long)getpid());
    atexit(remove_file);
}

/* One line is all a message may take on the command line, and it has to say something. */
static void check_message(const struct error *e) {
    assert(error_is(e) && strlen(e->text) > 5);
}

static void build(const struct scenario_maker *m, const char *in_case) {
    struct scenario s;
    struct error e = {{0}};
    struct scenario_request request = {
        .seed = 1, .replication = 1, .in_case = in_case, .warmup = -1};
    if (!m->build(m, &request, &s, &e)) {
        check_message(&e);
        return;
    }
    assert(!error_is(&e));
    char name[64] = "";
    if (!in_case && s.n_cases)
        snprintf(name, sizeof name, "%s", s.cases[0].name);
    m->free_sim(m, s.sim);
    if (name[0])
        build(m, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error e = {{0}};
    const char *library = getenv("NINES_LUA");
    if (!path[0])
        make_path();
    FILE *f = fopen(path, "wb");
    if (!f)
        return 0;
    fwrite(data, 1, size, f);
    fclose(f);
    struct host_options options = {
        .library = library ? library : "lua", .memory_limit = 16u << 20, .step_limit = 1000000};
    struct scenario_maker *m = host_open(path, &options, NULL, 0, &e);
    if (!m) {
        check_message(&e);
        return 0;
    }
    build(m, NULL);
    host_close(m);
    return 0;
}
