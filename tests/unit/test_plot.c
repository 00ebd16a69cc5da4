/* Pictures of a result folder. Runs from the root of the repository: the scripts are in plots/. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <unistd.h>

#include "report/plot.h"
#include "report/plot_impl.h"

static const struct plot_options both = {NULL, "plots"};

struct folder {
    char path[64];
    struct error e;
    int wrote;
};

static void count_written(void *ctx, const char *path) {
    struct folder *f = ctx;
    assert_int_equal(strncmp(path, f->path, strlen(f->path)), 0);
    f->wrote++;
}

static bool draw(struct folder *f, const struct plot_options *o) {
    f->wrote = 0;
    f->e = (struct error){0};
    bool fine = plot_folder(f->path, o, count_written, f, &f->e);
    assert_int_equal(fine, !error_is(&f->e));
    assert_null(strchr(f->e.text, '\n'));
    return fine;
}

static void put(const struct folder *f, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static const char summary[] =
    "{\"schema\": \"nines.result/1\", \"scenario\": \"s\", \"title\": \"It's 100 % {a_b}^2 @ "
    "\\\"x\\\" `id`\","
    " \"case\": \"c_1\", \"seed\": 7, \"replications\": 2,"
    " \"time\": {\"warmup_s\": 2, \"measured_s\": 10},"
    " \"metrics\": {\"latency.p99\": {\"value\": 0.03}, \"latency.p50\": {\"value\": null}},"
    " \"faults\": [{\"text\": \"slow pod[1].cpu x10\", \"from_s\": 4, \"to_s\": 6},"
    "              {\"text\": \"down b\", \"from_s\": 5, \"to_s\": null}],"
    " \"slo\": [{\"condition\": \"latency.p99 < 50ms\", \"metric\": \"latency.p99\", \"bound\": "
    "0.05},"
    "           {\"condition\": \"availability > 99%\", \"metric\": \"availability\", \"bound\": "
    "0.99}]}";

static const char histogram[] = "metric,low_s,high_s,count\n"
                                "latency,0.001,0.0011,50\n"
                                "latency,0.002,0.0021,40\n"
                                "latency,0.03,0.031,10\n"
                                "latency{class=a},0.001,0.0011,50\n"
                                "latency{class=b},0.03,0.031,10\n";

static void put_series(const struct folder *f) {
    char text[4096] = "t_s,metric,value\n";
    static const char *const metrics[] = {
        "latency.p50",      "latency.p99",      "offered",        "goodput",
        "pod[1].cpu:queue", "pod[*].cpu:queue", "db:utilization", "pod[*].cpu:utilization"};
    for (int t = -2; t < 10; t++)
        for (int i = 0; i < 8 && t != 3; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%d.5,%s,%g\n", t, metrics[i],
                     i < 2 ? 0.01 * (i + 1) : i / 8.0);
    put(f, "series.csv", text);
}

static int setup(void **state) {
    struct folder *f = calloc(1, sizeof *f);
    strcpy(f->path, "/tmp/nines-plot-XXXXXX");
    if (!mkdtemp(f->path))
        return -1;
    put(f, "summary.json", summary);
    put(f, "histogram.csv", histogram);
    put_series(f);
    *state = f;
    return 0;
}

static int files(const struct folder *f, const char *ending) {
    DIR *d = opendir(f->path);
    assert_non_null(d);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(d));) {
        size_t length = strlen(entry->d_name), tail = strlen(ending);
        n += length >= tail && !strcmp(entry->d_name + length - tail, ending);
        assert_int_not_equal(strncmp(entry->d_name, ".plot-", 6),
                             0); /* nothing temporary remains */
    }
    closedir(d);
    return n;
}

static int teardown(void **state) {
    struct folder *f = *state;
    DIR *d = opendir(f->path);
    for (struct dirent *entry; d && (entry = readdir(d));)
        unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
    rmdir(f->path);
    free(f);
    return 0;
}

static void check_magic(const struct folder *f, const char *name, const char *magic) {
    char path[128], head[8] = "";
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fread(head, 1, strlen(magic), in), strlen(magic));
    fclose(in);
    assert_memory_equal(head, magic, strlen(magic));
}

static void test_pictures(void **state) {
    struct folder *f = *state;
    if (!draw(f, &both))
        fail_msg("%s", f->e.text);
    assert_int_equal(f->wrote, 8);
    static const char *const names[] = {"latency", "tail", "percentiles", "load"};
    for (int i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.svg", names[i]);
        check_magic(f, name, "<?xml");
        snprintf(name, sizeof name, "%s.png", names[i]);
        check_magic(f, name, "\x89PNG\r\n\x1a\n");
    }
    assert_int_equal(files(f, "g"), 8);
}

static void test_pdf_replaces(void **state) {
    struct folder *f = *state;
    put(f, "latency.pdf", "old");
    assert_true(draw(f, &(struct plot_options){"pdf", "plots"}));
    assert_int_equal(f->wrote, 4);
    check_magic(f, "latency.pdf", "%PDF");
    assert_int_equal(files(f, ".png"), 0);
}

static void test_unknown_format(void **state) {
    struct folder *f = *state;
    assert_false(draw(f, &(struct plot_options){"gif", "plots"}));
    assert_non_null(strstr(f->e.text, "'gif'"));
}

static void test_part_of_the_data(void **state) {
    struct folder *f = *state;
    put(f, "series.csv", "t_s,metric,value\n");
    assert_true(draw(f, &(struct plot_options){"svg", "plots"}));
    assert_int_equal(f->wrote, 2);
    put(f, "histogram.csv", "metric,low_s,high_s,count\n");
    assert_false(draw(f, &both));
    assert_non_null(strstr(f->e.text, "nothing to draw"));
    assert_int_equal(files(f, ".svg"), 2); /* those of before */
}

/* All latencies zero: a histogram, but no logarithmic tail. */
static void test_all_zero(void **state) {
    struct folder *f = *state;
    put(f, "histogram.csv", "metric,low_s,high_s,count\nlatency,0,0,5\n");
    put(f, "series.csv", "t_s,metric,value\n0.5,latency.p50,0\n");
    assert_true(draw(f, &(struct plot_options){"svg", "plots"}));
    assert_int_equal(f->wrote, 2);
}

static void test_no_gnuplot(void **state) {
    struct folder *f = *state;
    char *path = strdup(getenv("PATH"));
    setenv("PATH", f->path, 1);
    bool fine = draw(f, &both);
    setenv("PATH", path, 1);
    free(path);
    assert_false(fine);
    assert_string_equal(f->e.text,
                        "gnuplot is not installed: the pictures were not drawn (apt install "
                        "gnuplot-nox); everything else is complete");
    assert_int_equal(files(f, "g"), 0);
}

static void test_gnuplot_refuses(void **state) {
    struct folder *f = *state;
    assert_false(draw(f, &(struct plot_options){"svg", "no/such/folder"}));
    assert_non_null(strstr(f->e.text, "gnuplot refused: "));
    assert_non_null(strstr(f->e.text, "no/such/folder"));
    assert_int_equal(files(f, ".svg"), 0);
}

static void test_malformed(void **state) {
    static const struct {
        const char *file, *text, *says;
    } cases[] = {
        {"summary.json", "{\"schema\": \n oops", "summary.json:2: "},
        {"summary.json", "[1]", "summary.json: not a result"},
        {"summary.json", "{\"schema\": \"nines.result/2\"}", "nines.result/1"},
        {"summary.json", "{\"schema\": \"nines.result/1\"}", "'metrics'"},
        {"summary.json", "{\"schema\": \"nines.result/1\", \"metrics\": {}, \"faults\": 3}",
         "'faults'"},
        {"summary.json", "{\"schema\": \"nines.result/1\", \"metrics\": {}, \"faults\": [{}]}",
         "from_s"},
        {"summary.json",
         "{\"schema\": \"nines.result/1\", \"metrics\": {}, \"time\": {\"warmup_s\": \"2s\"}}",
         "'warmup_s'"},
        {"histogram.csv", "metric,low_s,high_s,count\nlatency,0.1,x,3\n", "histogram.csv:2"},
        {"histogram.csv", "metric,low_s,high_s,count\nlatency,0.1,0.05,3\n", "histogram.csv:2"},
        {"histogram.csv", "metric,low_s,high_s,count\nlatency,2,3,1\nlatency,1,2,1\n",
         "histogram.csv:3"},
        {"histogram.csv", "metric,low_s\nlatency,0.1\n", "histogram.csv"},
        {"series.csv", "t_s,metric,value\n1,offered,many\n", "series.csv:2"},
        {"series.csv", "", "series.csv"},
    };
    struct folder *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put(f, "summary.json", summary);
        put(f, "histogram.csv", histogram);
        put_series(f);
        put(f, cases[i].file, cases[i].text);
        assert_false(draw(f, &both));
        if (!strstr(f->e.text, cases[i].file) || !strstr(f->e.text, cases[i].says))
            fail_msg("case %zu: %s", i, f->e.text);
        assert_int_equal(files(f, "g"), 0);
    }
}

static void test_no_result(void **state) {
    struct folder *f = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/summary.json", f->path);
    unlink(path);
    assert_false(draw(f, &both));
    assert_non_null(strstr(f->e.text, "summary.json"));
}

static void test_spread(void **state) {
    (void)state;
    static const double wanted[] = {100, 102, 104, 700, 995}, width[] = {80, 90, 100, 80, 120};
    double centre[5];
    memcpy(centre, wanted, sizeof centre);
    plot_spread(centre, width, 5, 1000);
    assert_true(centre[0] - width[0] / 2 >= 0);
    assert_true(centre[4] + width[4] / 2 <= 1000);
    for (int i = 1; i < 5; i++)
        assert_true(centre[i] - width[i] / 2 > centre[i - 1] + width[i - 1] / 2);
    assert_true(fabs(centre[3] - 700) < 1e-9); /* alone, so it stays */
}

static void test_lanes(void **state) {
    (void)state;
    struct plot_span s[] = {{.from = 0, .to = 100, .text = "a", .width = 50},
                            {.from = 50, .to = 90, .text = "b", .width = 60},
                            {.from = 60, .to = 61, .text = "c", .width = 300},
                            {.from = 480, .to = 500, .text = "d", .width = 200}};
    assert_int_equal(plot_lanes(s, 4, 500), 0);
    for (int i = 0; i < 4; i++) {
        assert_true(s[i].named);
        assert_true(s[i].text_x >= 0 && s[i].text_x + s[i].width <= 500);
        for (int k = 0; k < i; k++)
            if (s[i].lane == s[k].lane)
                assert_true(s[i].text_x > s[k].text_x + s[k].width && s[i].from > s[k].to);
    }
    assert_int_equal(s[2].lane, 2);
}

static void test_rebin_keeps_the_total(void **state) {
    (void)state;
    struct plot_bucket b[] = {{0, 0, 3}, {0.001, 0.00101, 5}, {0.5, 0.7, 2}, {1, 1, 10}};
    struct plot_hist h = {"latency", b, 4, 4, 20};
    struct plot_axis a;
    double share[40], total = 0;
    plot_axis_log(&a, "latency", PLOT_DURATION, 1e-4, 2);
    plot_hist_rebin(&h, &a, share, 40);
    for (int i = 0; i < 40; i++)
        total += share[i];
    assert_true(fabs(total - 1) < 1e-12);
    assert_true(fabs(share[0] - 0.15) < 1e-12); /* zero stands left of a logarithmic axis */
    assert_true(fabs(plot_hist_quantile(&h, 0.99) - 1) < 1e-12);
}

static void test_ticks(void **state) {
    (void)state;
    struct plot_axis a;
    plot_axis_log(&a, "latency", PLOT_DURATION, 5e-4, 20);
    int labelled = 0;
    for (int i = 0; i < a.n; i++) {
        labelled += a.text[i][0] != '\0';
        if (fabs(a.at[i] - 0.1) < 1e-9)
            assert_string_equal(a.text[i], "100 ms");
        if (fabs(a.at[i] - 10) < 1e-9)
            assert_string_equal(a.text[i], "10 s");
    }
    assert_true(labelled >= 4 && labelled <= 12);
    plot_axis_log(&a, "share", PLOT_SHARE, 1e-6, 1);
    assert_string_equal(a.text[0], "0.0001 %");
    plot_axis_clock(&a, -3600, 86400);
    assert_non_null(strstr(a.label, ", h"));
    plot_axis_clock(&a, 0, 900);
    assert_non_null(strstr(a.label, ", min"));
    plot_axis_linear(&a, "latency", PLOT_DURATION, 0, 0.08, 6);
    assert_string_equal(a.label, "latency, ms");
}

static void test_text(void **state) {
    (void)state;
    struct arena a = {0};
    char *s = plot_text_fit(&a, "a\tb\n\n\x01 c\xff", 1000, 15);
    assert_string_equal(s, "a b c\xEF\xBF\xBD");
    s = plot_text_fit(&a, "a rather long sentence that has no room", 100, 15);
    assert_true(plot_text_width(s, 15) <= 100);
    assert_string_equal(s + strlen(s) - 3, "…");
    arena_release(&a);
    char value[32];
    assert_string_equal(plot_duration_text(value, sizeof value, 0.0082149), "8.21 ms");
    assert_string_equal(plot_duration_text(value, sizeof value, 0.9997), "1.00 s");
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_pictures),        WITH_FOLDER(test_pdf_replaces),
        WITH_FOLDER(test_unknown_format),  WITH_FOLDER(test_part_of_the_data),
        WITH_FOLDER(test_all_zero),        WITH_FOLDER(test_no_gnuplot),
        WITH_FOLDER(test_gnuplot_refuses), WITH_FOLDER(test_malformed),
        WITH_FOLDER(test_no_result),       cmocka_unit_test(test_spread),
        cmocka_unit_test(test_lanes),      cmocka_unit_test(test_rebin_keeps_the_total),
        cmocka_unit_test(test_ticks),      cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
