/* Time series: what happened in each window of a run. */
#include "check.h"
#include "kit.h"

#include <stdlib.h>

#include "lab/series.h"

static struct sim *sim;
static struct series_names names;
static struct series series;

static void run_windows(struct node *driver, double warmup, double seconds, double window) {
    struct error e = {{0}};
    struct span none = {0};
    struct sim_limits limits = {
        .warmup = ns_from_s(warmup), .duration = ns_from_s(seconds), .window = ns_from_s(window)};
    if (!sim->n_classes)
        build_class(sim, "user", 0);
    assert_true(sim_wire(sim, &driver, 1, &e) && sim_seal(sim, &none, 0, &limits, &e));
    series_name(sim, &names);
    struct sampler *s = sampler_new(sim, &names);
    assert_true(sim_run(sim));
    sampler_take(s, &series);
    sampler_free(s);
}

static int done(void **state) {
    (void)state;
    free(series.value);
    sim_free(sim);
    return 0;
}

static const double *column(const char *name) {
    static double out[100];
    for (uint32_t k = 0; k < names.n; k++)
        if (!strcmp(names.at[k], name)) {
            for (uint32_t w = 0; w < series.n_windows; w++)
                out[w] = series.value[(size_t)w * names.n + k];
            return out;
        }
    fail_msg("there is no column %s", name);
    return NULL;
}

static void is(const char *name, const double *want, uint32_t n) {
    const double *x = column(name);
    assert_int_equal(series.n_windows, n);
    for (uint32_t w = 0; w < n; w++)
        if (!(isnan(want[w]) ? isnan(x[w]) : fabs(x[w] - want[w]) < 1e-9))
            fail_msg("%s in window %u is %.12g, not %.12g", name, w, x[w], want[w]);
}
#define IS(name, ...)                                                                              \
    is(name, (const double[]){__VA_ARGS__},                                                        \
       (uint32_t)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))

/* Two calls come 5 s into the warm-up, three at 5 s and two at 18 s; from 15 s on they take 4 s
 * instead of 2. */
static void windows_cover_the_whole_run(void **state) {
    (void)state;
    sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "name=s, service=2s", NULL);
    struct node *driver = build_driver(sim, s);
    driver_calls(driver, -5, 0, 2, NULL);
    driver_calls(driver, 5, 0, 3, NULL);
    build_set(s, 15, "service", "4s");
    driver_calls(driver, 18, 0, 2, NULL);
    run_windows(driver, 10, 20, 10);
    IS("offered", .2, .3, .2);
    IS("goodput", .2, .2, .1); /* what is answered in the next window counts there */
    IS("latency.mean", 3, 3, 6);
    IS("s:in_flight", .6, (2 + 4 + 5) / 10., (1 + 2 + 2) / 10.);
    IS("s:queue", .2, (2 + 4) / 10., .2);
    IS("s:utilization", .4, .5, (1 + 2) / 10.);
}

static void windows_that_do_not_fit_leave_a_rest(void **state) {
    (void)state;
    sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *driver = build_driver(sim, leaf);
    driver_calls(driver, .5, 1, 10, NULL);
    run_windows(driver, 0, 10, 3);
    IS("offered", 1, 1, 1);
}

static void a_window_without_answers_has_no_latency(void **state) {
    (void)state;
    sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 1s, error 1s'", NULL);
    struct node *driver = build_driver(sim, leaf);
    driver_call(driver, 0, NULL);
    driver_call(driver, 15, NULL);
    run_windows(driver, 0, 20, 10);
    IS("latency.mean", 1, NAN);
    IS("goodput", .1, 0);
    IS("latency.p50", NAN, NAN); /* of one value there are no percentiles */
}

static void lateness_is_no_goodput(void **state) {
    (void)state;
    sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 1s'", NULL);
    struct node *driver = build_driver(sim, leaf);
    driver_call(driver, 0, NULL)->patience = 500 * MS;
    driver_call(driver, 3, NULL)->patience = 1500 * MS;
    driver_call(driver, 12, NULL)->patience = 500 * MS;
    run_windows(driver, 0, 20, 10);
    IS("goodput", .1, 0);
}

static void percentiles_are_those_of_the_window(void **state) {
    (void)state;
    sim = build_new(1);
    struct node *d = build_node(sim, &delay_type, "time=steps{{0, 10ms}, {10s, 50ms}}", NULL);
    struct node *driver = build_driver(sim, d);
    driver_calls(driver, 0, .01, 2000, NULL);
    run_windows(driver, 0, 20, 10);
    assert_near(column("latency.p99")[0], .01, 1e-4);
    assert_near(column("latency.p50")[1], .05, 5e-4);
    assert_near(column("latency.p90")[1], .05, 5e-4);
}

static struct node *pod(struct sim *s, uint32_t index) {
    return build_node(s, &station_type, arena_print(&s->arena, "name=rank, service=%us", index + 1),
                      NULL);
}

static struct node *unlike_pod(struct sim *s, uint32_t index) {
    return build_node(s, &station_type,
                      arena_print(&s->arena, "name=rank, servers=%u, service=1s", index ? 9 : 1),
                      NULL);
}

/* Of ten servers two are busy for a second. */
static void shares_of_unlike_replicas_are_those_of_all_their_servers(void **state) {
    (void)state;
    sim = build_new(1);
    struct node *group = kit_group(sim, "pod", 2, 2, unlike_pod);
    struct node *driver = build_driver(sim, build_node(sim, &balance_type, "name=lb", group, NULL));
    driver_calls(driver, 0, 0, 2, NULL);
    run_windows(driver, 0, 4, 2);
    IS("pod[1].rank:utilization", .5, 0);
    IS("pod[2].rank:utilization", 1 / 18., 0);
    IS("pod[*].rank:utilization", .1, 0);
    assert_near(build_metric(sim, "pod[*].rank:utilization"), .05, 1e-12);
}

static void replicas_are_pooled(void **state) {
    (void)state;
    sim = build_new(1);
    struct node *group = kit_group(sim, "pod", 2, 2, pod);
    struct node *driver = build_driver(sim, build_node(sim, &balance_type, "name=lb", group, NULL));
    driver_calls(driver, 0, 0, 4, NULL); /* 1 s and 2 s, one waits on each */
    run_windows(driver, 0, 10, 5);
    IS("pod[1].rank:utilization", .4, 0);
    IS("pod[2].rank:utilization", .8, 0);
    IS("pod[*].rank:utilization", .6, 0);
    IS("pod[*].rank:queue", .3, 0);                       /* a replica's mean, like the metric */
    IS("pod[*].rank:in_flight", (1 + 2 + 2 + 4) / 5., 0); /* the sum, like the metric */
    assert_near(build_metric(sim, "pod[*].rank:queue"), .15, 1e-9);
    assert_near(build_metric(sim, "pod[*].rank:in_flight"), .9, 1e-9);
}

static void shared_servers_have_a_column(void **state) {
    (void)state;
    sim = build_new(1);
    struct node *cpu = build_node(sim, &pool_type, "name=cpu, servers=2", NULL);
    struct node *s = build_node(sim, &station_type, "name=s, service=2s, on=@1", cpu, NULL);
    struct node *driver = build_driver(sim, s);
    driver_call(driver, 0, NULL);
    build_set(cpu, 5, "servers", "4");
    driver_call(driver, 6, NULL);
    run_windows(driver, 0, 10, 5);
    IS("cpu:utilization", .2, .1);
    IS("s:utilization", .2, .1);
    for (uint32_t k = 0; k < names.n; k++)
        assert_string_not_equal(names.at[k], "cpu:in_flight");
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, done)
    const struct CMUnitTest tests[] = {
        TEST(windows_cover_the_whole_run),
        TEST(windows_that_do_not_fit_leave_a_rest),
        TEST(a_window_without_answers_has_no_latency),
        TEST(lateness_is_no_goodput),
        TEST(percentiles_are_those_of_the_window),
        TEST(shares_of_unlike_replicas_are_those_of_all_their_servers),
        TEST(replicas_are_pooled),
        TEST(shared_servers_have_a_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
