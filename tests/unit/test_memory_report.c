/* Memory that runs out while results are written: the output is whole or absent, with one clean
 * sentence, and nothing is left behind. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "bind/host.h"
#include "check.h"
#include "lab.h"
#include "lab/study.h"
#include "report/folder.h"
#include "report/json.h"
#include "report/plot.h"
#include "report/text.h"
#include "report/whole.h"
#include "starve.h"

enum { DENSE = 300, MANY = 200000 };

/* Every allocation at first, then about every seventh: the list of metrics is long and uniform.
 * Another seed would meet others. */
static long after(long n, struct rng *r) {
    return n < DENSE && !lab_quick() ? n + 1 : n + 1 + (long)rng_below(r, lab_quick() ? 61 : 13);
}

static struct scenario_maker *maker;
static struct study study;
static char dir[] = "/tmp/nines-starve-XXXXXX", folder[64], put_out[1 << 18];

/* ---- what is written */

static bool summary(FILE *f, void *ctx, struct error *e) {
    (void)ctx, (void)e;
    text_summary(f, &study, &study.cases[0], "model", &(struct text_style){false});
    return true;
}

static bool claims(FILE *f, void *ctx, struct error *e) {
    int counts[3], different;
    (void)ctx, (void)e;
    text_claims(f, &study, &(struct text_style){false}, counts, &different);
    return true;
}

static bool compare(FILE *f, void *ctx, struct error *e) {
    (void)ctx, (void)e;
    text_compare(f, &study, &study.cases[0], "A", &study, &study.cases[1], "B");
    return true;
}

static bool csv(FILE *f, void *ctx, struct error *e) {
    (void)ctx, (void)e;
    return csv_metrics(f, &study, &study.cases[0]);
}

static bool json(FILE *f, void *ctx, struct error *e) {
    (void)ctx;
    json_t *j = json_result(&study, &study.cases[0], "model", true);
    bool ok = json_write(f, j, e);
    json_decref(j);
    return ok;
}

/* Into put_out; its length, or -1. The stream itself needs no memory. */
static long put(bool (*write)(FILE *f, void *ctx, struct error *e), FILE *to, struct error *e) {
    rewind(to);
    bool ok = whole_write(to, write, NULL, e);
    long n = ftell(to);
    if (!ok) {
        assert_int_equal(n, 0);
        return -1;
    }
    assert_true(n > 100 && n < (long)sizeof put_out);
    return n;
}

/* ---- one report, starved */

static void starve_text(bool (*write)(FILE *f, void *ctx, struct error *e), bool all) {
    static char want[sizeof put_out];
    struct rng r = {8};
    struct error e = {{0}};
    FILE *to = fmemopen(put_out, sizeof put_out, "w");
    assert_non_null(to);
    setvbuf(to, NULL, _IONBF, 0);
    long size = put(write, to, &e);
    memcpy(want, put_out, (size_t)size);
    for (long n = 0; n < MANY; n = after(n, &r)) {
        struct held before = held_now();
        e = (struct error){{0}};
        starve_arm(n, all);
        long got = put(write, to, &e);
        bool fired = starve_disarm();
        if (got < 0)
            assert_clean(&e);
        else {
            assert_int_equal(got, size);
            assert_memory_equal(put_out, want, (size_t)size);
        }
        assert_same_held(before, n, &e);
        if (!fired) {
            assert_true(n > 0);
            fclose(to);
            return;
        }
    }
    fail_msg("there is no end to the allocations");
}

static void test_texts(void **state) {
    (void)state;
    bool (*const all[])(FILE * f, void *ctx, struct error *e) = {summary, claims, compare, csv,
                                                                 json};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        starve_text(all[i], false);
        starve_text(all[i], true);
    }
}

/* ---- folders and pictures */

static int entries(const char *path) {
    DIR *d = opendir(path);
    int n = 0;
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n ? n - 2 : 0;
}

static bool write_folder(struct error *e) {
    return folder_write(folder, &study, &study.cases[0], "model", false, NULL, NULL, e);
}

static void starve_folder(bool all) {
    struct rng r = {9};
    for (long n = 0; n < MANY; n = after(n, &r)) {
        struct held before = held_now();
        struct error e = {{0}};
        starve_arm(n, all);
        bool ok = write_folder(&e), fired = starve_disarm();
        assert_int_equal(entries(folder), ok ? 4 : 0);
        assert_int_equal(entries(dir), ok ? 1 : 0); /* no partial one beside it */
        whole_remove(folder);
        if (!ok)
            assert_clean(&e);
        assert_same_held(before, n, &e);
        if (!fired) {
            assert_true(ok && n > 0);
            return;
        }
    }
    fail_msg("there is no end to the allocations");
}

static void test_folder(void **state) {
    (void)state;
    starve_folder(false);
    starve_folder(true);
}

static void starve_plots(bool all) {
    const struct plot_options o = {.scripts = "plots", .format = "svg"};
    struct error e = {{0}};
    struct rng r = {10};
    assert_true(write_folder(&e));
    for (long n = 0; n < MANY; n = after(n, &r)) {
        struct held before = held_now();
        e = (struct error){{0}};
        starve_arm(n, all);
        bool ok = plot_folder(folder, &o, NULL, NULL, &e), fired = starve_disarm();
        assert_int_equal(entries(folder), ok ? 8 : 4); /* all pictures or none */
        for (const char *const *p =
                 (const char *const[]){"latency", "tail", "percentiles", "load", NULL};
             *p; p++) {
            char path[128];
            snprintf(path, sizeof path, "%s/%s.svg", folder, *p);
            unlink(path);
        }
        if (!ok)
            assert_clean(&e);
        assert_same_held(before, n, &e);
        if (!fired) {
            assert_true(ok && n > 0);
            whole_remove(folder);
            return;
        }
    }
    fail_msg("there is no end to the allocations");
}

static void test_plots(void **state) {
    (void)state;
    starve_plots(false);
    starve_plots(true);
}

/* ---- set-up: a study, and a gnuplot that draws nothing fast */

static int set_up(void **state) {
    (void)state;
    static const char *const cases[] = {"base", "slow_pod"};
    const struct host_options o = {.library = "lua"};
    const struct study_options so = {.seed = 7,
                                     .replications = 2,
                                     .warmup = -1,
                                     .jobs = 1,
                                     .cases = cases,
                                     .n_cases = 2,
                                     .claims = true,
                                     .windows = 20};
    struct error e = {{0}};
    char bin[64], path[4096];
    if (!mkdtemp(dir))
        return -1;
    snprintf(folder, sizeof folder, "%s/out", dir);
    snprintf(bin, sizeof bin, "%s-bin", dir);
    snprintf(path, sizeof path, "%s/gnuplot", bin);
    mkdir(bin, 0777);
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    fputs(
        "#!/bin/sh\nsed -n \"s/^OUTPUT *= *['\\\"]\\(.*\\)['\\\"]/\\1/p\" | while read -r p; do : "
        "> \"$p\"; done\n",
        f);
    fclose(f);
    chmod(path, 0777);
    snprintf(path, sizeof path, "%s:%s", bin, getenv("PATH"));
    setenv("PATH", path, 1);
    maker = host_open("tests/unit/starve/model.lua", &o, NULL, 0, &e);
    if (maker && study_run(maker, &so, &study, &e))
        return 0;
    print_error("%s\n", e.text);
    return -1;
}

static int tear_down(void **state) {
    (void)state;
    char bin[64];
    snprintf(bin, sizeof bin, "%s-bin", dir);
    whole_remove(bin);
    whole_remove(dir);
    study_release(&study);
    host_close(maker);
    return 0;
}

int main(void) {
    mem_guard_json();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_plots),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
