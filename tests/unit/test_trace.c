/* Recorded workloads: what a file says comes at the time it says. */
#include "check.h"
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];
static struct sim *sim;
static struct node *leaf, *trace;

static void file(const char *ending, const char *text) {
    snprintf(path, sizeof path, "/tmp/nines-trace-XXXXXX%s", ending);
    int fd = mkstemps(path, (int)strlen(ending));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void make(const char *spec) {
    sim = build_new(1);
    leaf = build_node(sim, &worker_type, "time=0s", NULL);
    trace = build_node(sim, &trace_type,
                       arena_print(&sim->arena, "name=users, file='%s', to=@1, %s", path, spec),
                       leaf, NULL);
}

static int done(void **state) {
    (void)state;
    sim_free(sim);
    sim = NULL;
    unlink(path);
    return 0;
}

static bool run(double warmup, double seconds) {
    struct error e = {{0}};
    struct span none = {0};
    struct sim_limits limits = {.warmup = ns_from_s(warmup),
                                .duration = seconds > 0 ? ns_from_s(seconds) : NS_NEVER};
    kit_story();
    if (!sim_wire(sim, &trace, 1, &e) || !sim_seal(sim, &none, 0, &limits, &e))
        fail_msg("%s", e.text);
    return sim_run(sim);
}

static void arrives(const double *want, uint32_t n) {
    assert_int_equal(worker_count(leaf), n);
    for (uint32_t i = 0; i < n; i++)
        assert_near(worker_seen(leaf, i)->time, want[i], 1e-9);
}
#define ARRIVES(...)                                                                               \
    arrives((const double[]){__VA_ARGS__},                                                         \
            (uint32_t)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))

static const char plain[] =
    "arrival_s,tokens,kind\n10,5,chat\n12.5,7,batch\n12.5,8,chat\n20,9,chat\n";

static void rows_come_at_their_times(void **state) {
    (void)state;
    file(".csv", plain);
    make("");
    assert_true(run(0, 0));
    ARRIVES(0, 2.5, 2.5, 10);                 /* the first row is the beginning */
    assert_int_equal(sim->ended, 10000 * MS); /* the run ends with the last answer */
    assert_near(build_metric(sim, "calls"), 4, 0);
}

static void the_run_goes_on_until_the_last_answer(void **state) {
    (void)state;
    file(".csv", plain);
    sim = build_new(1);
    struct node *d = build_node(sim, &delay_type, "time=3s", NULL);
    trace = build_node(sim, &trace_type,
                       arena_print(&sim->arena, "name=users, file='%s', to=@1", path), d, NULL);
    assert_true(run(0, 0));
    assert_int_equal(sim->ended, 13000 * MS);
    assert_near(build_metric(sim, "throughput"), 4 / 13., 1e-9);
}

static void a_duration_cuts_it_short(void **state) {
    (void)state;
    file(".csv", plain);
    make("");
    assert_true(run(0, 10)); /* the row at the end is beyond it */
    ARRIVES(0, 2.5, 2.5);
}

static void rows_of_the_warmup_are_not_measured(void **state) {
    (void)state;
    file(".csv", plain);
    make("");
    assert_true(run(2, 20));
    ARRIVES(-2, .5, .5, 8);
    assert_near(build_metric(sim, "calls"), 3, 0);
}

static void a_warmup_longer_than_the_trace_leaves_nothing(void **state) {
    (void)state;
    file(".csv", plain);
    make("");
    assert_true(run(60, 0));
    assert_int_equal(worker_count(leaf), 4);
    assert_near(build_metric(sim, "calls"), 0, 0);
    assert_true(isnan(build_metric(sim, "offered")));
}

static void columns_become_facts_and_classes(void **state) {
    (void)state;
    file(".csv", plain);
    make("class=kind, classes={chat={priority=2}, batch={}}, facts={size=tokens}");
    assert_true(run(0, 0));
    static const double facts[] = {5, 7, 8, 9};
    for (uint32_t i = 0; i < 4; i++) {
        assert_near(worker_seen(leaf, i)->fact, facts[i], 0);
        assert_string_equal(sim->classes[worker_seen(leaf, i)->class].name,
                            i == 1 ? "batch" : "chat");
        assert_int_equal(worker_seen(leaf, i)->request, i + 1);
    }
    assert_int_equal(sim->classes[sim_find_class(sim, "chat")].level, 1);
    assert_near(build_metric(sim, "calls{class=chat}"), 3, 0);
}

static void speed_and_unit(void **state) {
    (void)state;
    file(".csv", "t,x\n1000,1\n1500,1\n4000,1\n");
    make("arrival=t, time_unit=1ms, speed=2");
    assert_true(run(0, 0));
    ARRIVES(0, .25, 1.5);
}

static void a_limit_stops_it(void **state) {
    (void)state;
    file(".csv", plain);
    make("limit=2");
    assert_true(run(0, 0));
    ARRIVES(0, 2.5);
    assert_int_equal(sim->ended, 2500 * MS);
}

static void a_loop_goes_on_one_mean_gap_later(void **state) {
    (void)state;
    file(".csv", "arrival_s\n5\n6\n9\n"); /* gaps 1 and 3: a lap of 4 + 2 s */
    make("loop=true");
    assert_true(run(0, 20));
    ARRIVES(0, 1, 4, 6, 7, 10, 12, 13, 16, 18, 19);
    done(NULL);
    file(".csv", "arrival_s\n5\n6\n9\n");
    make("loop=true, limit=5, speed=2");
    assert_true(run(0, 0));
    ARRIVES(0, .5, 2, 3, 3.5);
}

static void a_single_row_loops_by_the_unit(void **state) {
    (void)state;
    file(".csv", "arrival_s\n5\n");
    make("loop=true, limit=3");
    assert_true(run(0, 0));
    ARRIVES(0, 1, 2);
}

static void an_empty_file_is_an_empty_run(void **state) {
    (void)state;
    static const char *const specs[] = {"", "loop=true"};
    for (int i = 0; i < 2; i++) {
        file(".csv", "arrival_s\n");
        make(specs[i]);
        assert_true(run(0, 0));
        assert_int_equal(worker_count(leaf), 0);
        assert_int_equal(sim->ended, 0);
        if (!i)
            done(NULL);
    }
}

static void json_lines(void **state) {
    (void)state;
    file(".jsonl", "{\"arrival_s\": 1, \"tokens\": 5, \"kind\": \"chat\", \"more\": [1, 2]}\n\n"
                   "{\"kind\": \"batch\", \"tokens\": 6, \"arrival_s\": 3.5}\n");
    make("class=kind, classes={chat={}, batch={}}, facts={size=tokens}");
    assert_true(run(0, 0));
    ARRIVES(0, 2.5);
    assert_near(worker_seen(leaf, 1)->fact, 6, 0);
    assert_string_equal(sim->classes[worker_seen(leaf, 1)->class].name, "batch");
}

static void two_traces_end_together(void **state) {
    (void)state;
    struct error e = {{0}};
    struct span none = {0};
    struct sim_limits limits = {.duration = NS_NEVER};
    file(".csv", plain);
    make("");
    struct node *second = build_node(
        sim, &trace_type, arena_print(&sim->arena, "name=more, file='%s', to=@1, speed=0.5", path),
        leaf, NULL);
    struct node *both[] = {trace, second};
    assert_true(sim_wire(sim, both, 2, &e) && sim_seal(sim, &none, 0, &limits, &e) && sim_run(sim));
    ARRIVES(0, 0, 2.5, 2.5, 5, 5, 10, 20);
    assert_int_equal(sim->ended, 20000 * MS);
}

/* Ciw's state tracker: one server, arrivals and services in cycles; over (5, 10) it holds 0, 1, 2,
 * 3 customers for shares .64 .22 .10 .04 of the time. */
static void an_example_worked_out_elsewhere(void **state) {
    (void)state;
    static const double gaps[] = {1.5, .3, 2.4, 1.1}, services[] = {1.8, 2.2, .2, .2, .2, .2};
    char text[2000] =
        "arrival_s,s\n0,0\n"; /* a row at the beginning that takes no time, to set the clock */
    double t = 0;
    for (int i = 0; i < 12; i++) {
        t += gaps[i % 4];
        snprintf(text + strlen(text), 60, "%.6f,%g\n", t, services[i % 6]);
    }
    file(".csv", text);
    sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "service=0s", NULL);
    struct value spelled = kit_value(sim, "{0, s=1}");
    struct error e = {{0}};
    struct quantity *q = quantity_linear(sim, &spelled.table, &e);
    kit_put(s, "service", (struct value){.type = VALUE_QUANTITY, .quantity = q});
    trace = build_node(sim, &trace_type,
                       arena_print(&sim->arena, "file='%s', facts={s=s}, to=@1", path), s, NULL);
    struct span span = {"x", ns_from_s(5), ns_from_s(10)};
    struct sim_limits limits = {.duration = ns_from_s(12)};
    assert_true(sim_wire(sim, &trace, 1, &e) && sim_seal(sim, &span, 1, &limits, &e) &&
                sim_run(sim));
    assert_near(build_metric(sim, "station:in_flight{phase=x}"), .22 + 2 * .10 + 3 * .04, 1e-9);
    assert_near(build_metric(sim, "station:utilization{phase=x}"), .36, 1e-9);
    assert_near(build_metric(sim, "station:queue{phase=x}"), .10 + 2 * .04, 1e-9);
}

static void a_bad_row_stops_the_run(void **state) {
    (void)state;
    static const char *const cases[][4] = {
        {".csv", "arrival_s,kind,n\n5,chat,1\n4,chat,1\n", "",
         ":3: arrival 4 lies before the row above (5); rows must be in order of time"},
        {".csv", "arrival_s,kind,n\n5,chat,1\nsix,chat,1\n", "",
         ":3: column arrival_s: 'six' is not a number"},
        {".csv", "arrival_s,kind,n\n5,chat,1\n6,chat,x\n", "facts={n=n}",
         ":3: column n: 'x' is not a number"},
        {".csv", "arrival_s,kind,n\n5,chat,1\n6,call,1\n", "class=kind, classes={chat={}}",
         ":3: class 'call' is not among the classes of the workload"},
        {".csv", "arrival_s,kind,n\n5,chat,1\n6\n", "facts={n=n}", ":3:"},
        {".jsonl", "{\"arrival_s\": 1}\n{\"arrival_s\": }\n", "", ":2:"},
        {".jsonl", "{\"arrival_s\": 1}\n{\"arrival\": 2}\n", "", ":2:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file(cases[i][0], cases[i][1]);
        make(cases[i][2]);
        assert_false(run(0, 0));
        assert_says(sim->error.text, path);
        assert_says(sim->error.text, cases[i][3]);
        assert_says(sim->error.text, "test.lua:1");
        if (i + 1 < sizeof cases / sizeof *cases)
            done(NULL);
    }
}

static void bad_traces_are_refused(void **state) {
    (void)state;
    file(".csv", plain);
    static const char *const cases[][2] = {
        {"speed=0", "speed = 0: it must be at least 1e-09"},
        {"time_unit=0s", "time_unit = 0: it must be at least 1e-09"},
        {"class=kind", "class: name the classes too"},
        {"classes={chat={}}", "classes: say which column holds the class"},
        {"arrival=time", "no column 'time'"},
        {"facts={n=token}", "no column 'token' (did you mean 'tokens'?)"},
        {"facts={n={}}", "facts: it wants fact = \"column\" pairs"},
        {"facts=5", "facts: it wants fact = \"column\" pairs"},
        {"limit=-1", "limit"},
    };
    sim = build_new(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(build_refusal(sim, &trace_type,
                                  arena_print(&sim->arena, "file='%s', %s", path, cases[i][0]),
                                  NULL),
                    cases[i][1]);
    assert_says(build_refusal(sim, &trace_type, "file='/nowhere/at/all.csv'", NULL),
                "/nowhere/at/all.csv");
    assert_says(build_refusal(sim, &trace_type, "", NULL), "'file' is missing");
}

static void files_lie_beside_the_scenario(void **state) {
    (void)state;
    file(".csv", plain);
    sim = build_new(1);
    sim->folder = "/tmp";
    leaf = build_node(sim, &worker_type, "time=0s", NULL);
    trace = build_node(sim, &trace_type, arena_print(&sim->arena, "file='%s', to=@1", path + 5),
                       leaf, NULL);
    assert_true(run(0, 0));
    assert_int_equal(worker_count(leaf), 4);
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, done)
    const struct CMUnitTest tests[] = {
        TEST(rows_come_at_their_times),
        TEST(the_run_goes_on_until_the_last_answer),
        TEST(a_duration_cuts_it_short),
        TEST(rows_of_the_warmup_are_not_measured),
        TEST(a_warmup_longer_than_the_trace_leaves_nothing),
        TEST(columns_become_facts_and_classes),
        TEST(speed_and_unit),
        TEST(a_limit_stops_it),
        TEST(a_loop_goes_on_one_mean_gap_later),
        TEST(a_single_row_loops_by_the_unit),
        TEST(an_empty_file_is_an_empty_run),
        TEST(json_lines),
        TEST(two_traces_end_together),
        TEST(an_example_worked_out_elsewhere),
        TEST(a_bad_row_stops_the_run),
        TEST(bad_traces_are_refused),
        TEST(files_lie_beside_the_scenario),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
