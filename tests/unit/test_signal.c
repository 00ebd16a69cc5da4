/* Signals: their values, products, and how far a straight line carries. */
#include "check.h"
#include "kit.h"

#include <math.h>

#include "core/signal.h"

static struct sim *sim;

static int setup(void **state) {
    (void)state;
    sim = build_new(1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sim_free(sim);
    return 0;
}

static const struct signal *make(const char *text) {
    return kit_value(sim, text).quantity->signal;
}

static const char *refusal(enum signal_kind kind, const char *table) {
    static struct error e;
    e = (struct error){{0}};
    struct value v = kit_value(sim, table);
    assert_null(signal_read(&sim->arena, kind, &v.table, &e));
    return e.text;
}

static void a_ramp_is_straight_between_points_and_level_outside(void **state) {
    (void)state;
    const struct signal *s = make("ramp{{10s, 1}, {20s, 4}, {40s, 2}}");
    static const double want[][2] = {{-100, 1}, {0, 1},  {10, 1},   {15, 2.5}, {20, 4},
                                     {25, 3.5}, {40, 2}, {1000, 2}, {12, 1.6}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_near(signal_at(s, want[i][0]), want[i][1], 1e-12);
}

static void a_ramp_may_jump(void **state) {
    (void)state;
    const struct signal *s = make("ramp{{0, 1}, {10s, 2}, {10s, 5}, {20s, 6}}");
    assert_near(signal_at(s, 9.999999), 2, 1e-6);
    assert_near(signal_at(s, 10), 5, 0);
    assert_near(signal_at(s, 15), 5.5, 1e-12);
}

static void steps_hold_from_their_time_on(void **state) {
    (void)state;
    const struct signal *s = make("steps{{10s, 5ms}, {20s, 7ms}}"); /* values may have units */
    assert_near(signal_at(s, -5), .005, 0);
    assert_near(signal_at(s, 19.999999), .005, 0);
    assert_near(signal_at(s, 20), .007, 0);
    assert_near(signal_at(s, 1e6), .007, 0);
}

static void a_pulse_is_half_open(void **state) {
    (void)state;
    const struct signal *s = make("pulse{from=10s, to=20s, value=3}");
    assert_near(signal_at(s, 9.999999), 1, 0);
    assert_near(signal_at(s, 10), 3, 0);
    assert_near(signal_at(s, 19.999999), 3, 0);
    assert_near(signal_at(s, 20), 1, 0);
    assert_near(signal_at(make("pulse{from=10s, to=20s, value=3, base=0}"), 0), 0, 0);
}

static double mean(const struct signal *s, double from, double to) {
    double sum = 0;
    enum { N = 20000 };
    for (int i = 0; i < N; i++)
        sum += signal_at(s, from + (to - from) * (i + .5) / N);
    return sum / N;
}

static void a_day_has_mean_1_and_its_peak_where_it_was_asked(void **state) {
    (void)state;
    static const double peaks[] = {1.2, 2, 5, 20};
    for (int i = 0; i < 4; i++) {
        const struct signal *s = make(arena_print(
            &sim->arena, "diurnal{peak_to_mean=%g, period=100s, peak_at=30s}", peaks[i]));
        assert_near(mean(s, 0, 100), 1, 1e-6);
        assert_near(signal_at(s, 30), peaks[i], 1e-6 * peaks[i]);
        assert_near(signal_at(s, 130), peaks[i], 1e-6 * peaks[i]);
        assert_near(signal_at(s, 20), signal_at(s, 40), 1e-9);
        assert_true(signal_at(s, 80) >= 0 && signal_at(s, 80) < 1);
    }
    assert_near(signal_at(make("diurnal{peak_to_mean=3}"), 14 * 3600), 3, 1e-5);
    assert_near(signal_at(make("diurnal{peak_to_mean=3, period=12h}"), 7 * 3600), 3, 1e-5);
    assert_near(signal_at(make("diurnal{peak_to_mean=1}"), 5000), 1, 1e-9);
}

/* Up within 2 s to 5, and down again by half in each .6931 time constants. */
static void a_spike_rises_and_decays(void **state) {
    (void)state;
    const struct signal *s = make("spike{from=10s, value=5, rise=2s, decay=10s}");
    static const double want[][2] = {{0, 1}, {10, 1}, {11, 3}, {12, 5}, {1000, 1}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_near(signal_at(s, want[i][0]), want[i][1], 1e-12);
    for (double t = 12; t < 200; t += .37)
        assert_near(signal_at(s, t), 1 + 4 * exp(-(t - 12) / 10), .008);
    s = make("spike{from=5s, value=3, base=0}");
    assert_near(signal_at(s, 4.9999), 0, 0);
    assert_near(signal_at(s, 5), 3, 0);
    assert_near(signal_at(s, 35), 3 * exp(-1), 1e-9);
}

static void signals_multiply(void **state) {
    (void)state;
    const struct signal *a = make("ramp{{0, 1}, {10s, 2}}"), *b = make("steps{{0, 3}, {5s, 4}}"),
                        *c = make("pulse{from=2s, to=8s, value=10}");
    const struct signal *p = signal_product(&sim->arena, signal_product(&sim->arena, a, b), c);
    assert_int_equal(signal_factors(p), 3);
    for (double t = -1; t < 12; t += .5)
        assert_near(signal_at(p, t), signal_at(a, t) * signal_at(b, t) * signal_at(c, t), 1e-12);
    assert_int_equal(signal_factors(a), 1); /* the factors are left as they were */
    assert_near(signal_at(signal_product(&sim->arena, a, NULL), 5), 1.5, 1e-12);
    assert_near(signal_at(signal_product(&sim->arena, NULL, a), 5), 1.5, 1e-12);
    assert_int_equal(signal_factors(NULL), 0);
    assert_near(signal_at(NULL, 5), 1, 0);
}

static void a_step_ends_at_the_next_break(void **state) {
    (void)state;
    const struct signal *s = make("steps{{10s, 1}, {20s, 2}}");
    assert_near(signal_step(s, 0), 10, 0);
    assert_near(signal_step(s, 12), 8, 0);
    assert_true(isinf(signal_step(s, 20)));
    const struct signal *r = make("ramp{{10s, 1}, {20s, 2}}");
    assert_near(signal_step(r, 4), 6, 0);
    assert_near(signal_step(r, 15), 5, 0);
    assert_true(isinf(signal_step(r, 20)));
    assert_near(signal_step(signal_product(&sim->arena, s, r), 4), 6, 0);
    const struct signal *d = make("diurnal{peak_to_mean=3, period=1440s}");
    assert_near(signal_step(d, 77), 1, 0);
    assert_near(signal_step(signal_product(&sim->arena, d, s), 19.5), .5, 1e-9);
    assert_true(isinf(signal_step(NULL, 0)));
}

/* Straight lines along the steps stay near the signal, whatever was multiplied. */
static void steps_are_short_enough_for_straight_lines(void **state) {
    (void)state;
    const struct signal *a = make("ramp{{0, 0}, {50s, 8}, {100s, 1}}"),
                        *b = make("ramp{{0, 5}, {80s, 0}}"),
                        *d = make("diurnal{peak_to_mean=4, period=90s}");
    const struct signal *products[] = {
        a, signal_product(&sim->arena, a, b), signal_product(&sim->arena, b, d),
        signal_product(&sim->arena, signal_product(&sim->arena, a, b), d)};
    for (int i = 0; i < 4; i++) {
        double worst = 0, t = 0;
        for (int guard = 0; t < 100 && guard < 100000; guard++) {
            double h = fmin(signal_step(products[i], t), 100 - t), left = signal_at(products[i], t),
                   right = signal_at(products[i], t + h * (1 - 1e-9));
            for (int k = 1; k < 10; k++)
                worst = fmax(worst, fabs(signal_at(products[i], t + h * k / 10) - left -
                                         (right - left) * k / 10));
            t += h;
        }
        assert_true(t >= 100);
        assert_near(worst, 0, .005); /* of values up to 20 */
    }
}

static void bad_signals_are_refused(void **state) {
    (void)state;
    static const struct {
        enum signal_kind kind;
        const char *table, *says;
    } cases[] = {
        {SIGNAL_RAMP, "{}", "ramp: it wants a list of points"},
        {SIGNAL_SPIKE, "{from=1s}", "spike: 'value' is missing"},
        {SIGNAL_SPIKE, "{from=1s, value=2, decay=0s}", "'decay' must be above 0"},
        {SIGNAL_SPIKE, "{from=1s, value=2, to=3s}", "unknown key 'to'"},
        {SIGNAL_RAMP, "{{0, 1}, 5}", "ramp: point 2 is a text; it wants { time, value }"},
        {SIGNAL_RAMP, "{{0, 1, 2}}", "ramp: point 1 is a table; it wants { time, value }"},
        {SIGNAL_STEPS, "{{5s, 1}, {4s, 2}}", "steps: point 2 lies before point 1"},
        {SIGNAL_STEPS, "{{5s, -1}}", "steps: point 1 has a negative value"},
        {SIGNAL_STEPS, "{{5%, 1}}", "steps: \"5%\" is not a duration"},
        {SIGNAL_STEPS, "{{5s, 1}, x=3}", "steps: it wants a list of points"},
        {SIGNAL_PULSE, "{from=1s, to=2s}", "pulse: 'value' is missing"},
        {SIGNAL_PULSE, "{from=2s, to=2s, value=1}", "pulse: 'to' must be after 'from'"},
        {SIGNAL_PULSE, "{from=2s, to=3s, value=1, top=4}", "pulse: unknown key 'top'"},
        {SIGNAL_PULSE, "{from=2s, to=3s, value=-1}", "values not negative"},
        {SIGNAL_DIURNAL, "{}", "diurnal: 'peak_to_mean' is missing"},
        {SIGNAL_DIURNAL, "{peak_to_mean=0.5}", "peak_to_mean must lie in 1..20"},
        {SIGNAL_DIURNAL, "{peak_to_mean=2, period=0s}", "period above 0"},
        {SIGNAL_DIURNAL, "{peak_to_mean=2, 5}", "unknown key '(positional)'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(refusal(cases[i].kind, cases[i].table), cases[i].says);
}

/* ---- driving a plain parameter */

static void a_plain_number_follows_a_signal(void **state) {
    (void)state;
    struct node *s = build_node(sim, &station_type,
                                "service=1s, servers=steps{{0, 1}, {10s, 3}, {20s, 1}}", NULL);
    struct node *driver = build_driver(sim, s);
    static const double at[] = {5, 10, 15, 25}, third[] = {3, 1, 1, 3};
    for (int i = 0; i < 4; i++)
        driver_calls(driver, at[i], 0, 3, NULL);
    build_run(sim, driver, 0, 40);
    for (uint32_t i = 0; i < 4; i++) {
        const struct arrival *a = driver_arrival(driver, 3 * i + 2);
        assert_near(ns_to_s(a->done - a->time), third[i], 1e-9);
    }
}

static double share(struct node *driver, double from, double to) {
    return driver_outcomes(driver, from, to, OUTCOME_ERROR) / (10 * (to - from));
}

static void a_ratio_climbs_along_a_ramp(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "fails=ramp{{10s, 0}, {11s, 1}}", NULL);
    struct node *driver = build_driver(sim, leaf);
    driver_calls(driver, .05, .1, 300, NULL);
    build_run(sim, driver, 0, 40);
    assert_near(share(driver, 0, 10), 0, 0);
    assert_near(share(driver, 11.01, 30), 1, .01);
}

static void a_fixed_parameter_takes_no_signal(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    assert_says(build_refusal(sim, &balance_type, "minimum_ring_size=ramp{{0, 1}, {5s, 3}}", leaf, NULL),
                "minimum_ring_size: it wants a plain number here, no distribution and no signal");
    assert_says(
        build_refusal(sim, &station_type, "service=1s, servers=uniform{min=1, max=3}", NULL),
        "servers: it wants a plain number here, no distribution");
    assert_says(build_refusal(sim, &station_type, "service=1s, servers=steps{{0, 0}}", NULL),
                "servers = 0: it must lie in 1..1000000");
    struct node *s =
        build_node(sim, &station_type, "service=1s, servers=steps{{0, 1}, {2s, 0}}", NULL);
    assert_says(build_run_failure(sim, build_driver(sim, s), 5),
                "servers = 0: it must lie in 1..1000000");
}

/* Whole numbers are rounded along a signal, and so is the first of them. */
static void a_whole_number_follows_in_steps(void **state) {
    (void)state;
    struct node *station =
        build_node(sim, &station_type, "service=1s, servers=ramp{{0s, 1.4}, {10s, 3.4}}", NULL);
    struct node *driver = build_driver(sim, station);
    driver_calls(driver, 0, 1, 1, NULL);
    assert_near(schema_number(station, schema_find(&station_type, "servers", &(struct error){{0}})),
                1, 0);
    driver_calls(driver, 20, 0, 4, NULL);
    build_run(sim, driver, 0, 30);
    assert_string_equal(driver_story(driver, 5), "ok ok ok ok ok");
    assert_near(ns_to_s(driver_arrival(driver, 3)->done), 21, 1e-9); /* three servers by then */
    assert_near(ns_to_s(driver_arrival(driver, 4)->done), 22, 1e-9);
}

/* What was made and then not used is not driven: it was never sealed. */
static void what_is_no_part_of_the_model_is_left_alone(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    build_node(sim, &limiter_type, "rate=5, burst=ramp{{0s, 1}, {5s, 3}}", leaf, NULL);
    struct node *pool = build_node(sim, &pool_type, "servers=2", NULL);
    build_node(sim, &station_type, "service=1s, servers=ramp{{0s, 1}, {5s, 3}}, on=@1", pool, NULL);
    struct node *driver = build_driver(sim, leaf);
    driver_calls(driver, 0, 1, 3, NULL);
    build_run(sim, driver, 0, 10);
    assert_string_equal(driver_story(driver, 3), "ok ok ok");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_ramp_is_straight_between_points_and_level_outside),
        TEST(a_ramp_may_jump),
        TEST(steps_hold_from_their_time_on),
        TEST(a_pulse_is_half_open),
        TEST(a_day_has_mean_1_and_its_peak_where_it_was_asked),
        TEST(a_spike_rises_and_decays),
        TEST(signals_multiply),
        TEST(a_step_ends_at_the_next_break),
        TEST(steps_are_short_enough_for_straight_lines),
        TEST(bad_signals_are_refused),
        TEST(a_plain_number_follows_a_signal),
        TEST(a_ratio_climbs_along_a_ramp),
        TEST(a_fixed_parameter_takes_no_signal),
        TEST(a_whole_number_follows_in_steps),
        TEST(what_is_no_part_of_the_model_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
