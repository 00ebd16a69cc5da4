/* Open workloads: when requests come, of which class, with which facts. */
#include "check.h"
#include "kit.h"

#include <math.h>

#include "base/stats.h"
#include "core/signal.h"

static struct sim *sim;
static struct node *leaf, *source;

static void make_with(uint64_t seed, const char *spec) {
    sim = build_new(seed);
    leaf = build_node(sim, &worker_type, "time=0s", NULL);
    source = build_node(sim, &open_type, arena_print(&sim->arena, "name=users, to=@1, %s", spec),
                        leaf, NULL);
}

static void make(const char *spec) {
    make_with(1, spec);
}
static uint32_t count(void) {
    return worker_count(leaf);
}
static double when(uint32_t i) {
    return worker_seen(leaf, i)->time;
}

static void run(double seconds) {
    kit_story();
    build_run(sim, source, 0, seconds);
}

/* ---- when */

static void deterministic_ones_come_evenly(void **state) {
    (void)state;
    make("rate=4, arrivals=deterministic");
    run(10);
    assert_int_equal(count(),
                     39); /* the first after a whole gap; the one at the end is beyond it */
    for (uint32_t i = 0; i < count(); i++)
        assert_near(when(i), .25 * (i + 1), 1e-9);
    sim_free(sim);
    make("interarrival=2500ms");
    run(10);
    assert_int_equal(count(), 3);
    assert_near(when(2), 7.5, 1e-9);
    sim_free(sim);
}

/* Counts in windows against the integral of the rate: together and each by itself. */
static void counts_fit(uint64_t seed, const char *spec, const struct signal *s, double times,
                       double seconds) {
    enum { WINDOWS = 16 };
    make_with(seed, spec);
    run(seconds);
    uint64_t seen[WINDOWS] = {0};
    double expected[WINDOWS], all = 0;
    for (uint32_t i = 0; i < count(); i++)
        seen[(int)(when(i) / seconds * WINDOWS)]++;
    for (int w = 0; w < WINDOWS; w++) {
        double sum = 0;
        enum { N = 4000 };
        for (int i = 0; i < N; i++)
            sum += signal_at(s, seconds * (w + (i + .5) / N) / WINDOWS);
        expected[w] = times * sum / N * seconds / WINDOWS;
        all += expected[w];
        assert_true(kit_poisson(seen[w], expected[w]));
    }
    assert_true(kit_poisson(count(), all));
    assert_true(kit_chi2(seen, expected, WINDOWS) > 1e-4);
    sim_free(sim);
}

static void poisson_counts_follow_the_rate(void **state) {
    (void)state;
    struct sim *other = build_new(1);
    static const char *const rates[] = {
        "ramp{{0, 10}, {50s, 200}, {100s, 20}}",
        "steps{{0, 50}, {30s, 250}, {31s, 5}}",
        "pulse{from=20s, to=24s, value=400, base=20}",
        "diurnal{peak_to_mean=5, period=70s, peak_at=20s}",
    };
    for (int i = 0; i < 4; i++) {
        const struct signal *s = kit_value(other, rates[i]).quantity->signal;
        if (i < 3)
            counts_fit(11 + (uint64_t)i, arena_print(&other->arena, "rate=%s", rates[i]), s, 1,
                       100);
    }
    /* a product, scaled: as 100 * diurnal { … } * ramp { … } makes it */
    struct value a = kit_value(other, rates[3]), b = kit_value(other, "ramp{{0, 1}, {100s, 3}}");
    make_with(21, "rate=1");
    struct quantity *q = quantity_new(sim, QUANTITY_SIGNAL);
    q->signal = signal_product(&sim->arena, a.quantity->signal, b.quantity->signal);
    kit_put(source, "rate",
            (struct value){.type = VALUE_QUANTITY, .quantity = quantity_scaled(sim, q, 60)});
    run(100);
    uint64_t seen[20] = {0};
    double expected[20];
    for (uint32_t i = 0; i < count(); i++)
        seen[(int)(when(i) / 5)]++;
    for (int w = 0; w < 20; w++) {
        expected[w] = 0;
        for (int i = 0; i < 5000; i++)
            expected[w] += 60 * signal_at(q->signal, 5 * (w + (i + .5) / 5000)) / 1000;
        assert_true(kit_poisson(seen[w], expected[w]));
    }
    assert_true(kit_chi2(seen, expected, 20) > 1e-4);
    sim_free(sim);
    sim_free(other);
}

static void poisson_gaps_are_exponential(void **state) {
    (void)state;
    make_with(3, "rate=200");
    run(200);
    uint64_t seen[10] = {0};
    double expected[10];
    for (uint32_t i = 1; i < count(); i++)
        seen[(int)(10 * (1 - exp(-200 * (when(i) - when(i - 1)))))]++; /* deciles */
    for (int i = 0; i < 10; i++)
        expected[i] = (count() - 1) / 10.;
    assert_true(kit_chi2(seen, expected, 10) > 1e-4);
    sim_free(sim);
}

static void deterministic_ones_keep_to_the_integral(void **state) {
    (void)state;
    make("arrivals=deterministic, rate=ramp{{0, 0}, {10s, 10}}"); /* n arrivals until sqrt(2 n) */
    run(20.05);
    for (uint32_t i = 0; i < 50; i++)
        assert_near(when(i), sqrt(2 * (i + 1.)), 1e-6);
    assert_int_equal(count(), 150);
    sim_free(sim);
    make("arrivals=deterministic, rate=steps{{0, 1}, {10.5s, 100}, {11.5s, 1}}");
    run(20);
    assert_near(when(9), 10, 1e-6);
    assert_near(when(10), 10.505, 1e-6); /* half a gap at the old rate, half at the new one */
    sim_free(sim);
}

/* A rate that falls to nothing comes back. */
static void a_rate_of_0_is_a_pause(void **state) {
    (void)state;
    make("arrivals=deterministic, rate=ramp{{0, 10}, {10s, 0}, {20s, 10}}");
    run(20);
    assert_in_range(count(), 99, 100);
    sim_free(sim);
    make("arrivals=deterministic, rate=pulse{from=5s, to=6s, value=10, base=0}");
    run(20);
    assert_in_range(count(), 9, 10);
    assert_near(when(0), 5.1, 1e-6);
    sim_free(sim);
    make("rate=0");
    run(20);
    assert_int_equal(count(), 0);
    sim_free(sim);
    make_with(5, "rate=steps{{0, 0}, {10s, 50}, {20s, 0}, {30s, 50}, {40s, 0}}");
    run(60);
    for (uint32_t i = 0; i < count(); i++)
        assert_true((when(i) >= 10 && when(i) <= 20) || (when(i) >= 30 && when(i) <= 40));
    assert_true(kit_poisson(count(), 1000));
    sim_free(sim);
}

static double gap_cv(double from, double to, double *mean) {
    double x[100000];
    size_t n = 0;
    for (uint32_t i = 1; i < count(); i++)
        if (when(i - 1) >= from && when(i) < to)
            x[n++] = when(i) - when(i - 1);
    struct estimate e = stats_estimate(x, n, .9999);
    *mean = e.mean;
    return e.sd / e.mean;
}

static void renewals_keep_their_shape_at_any_rate(void **state) {
    (void)state;
    double m;
    make_with(8, "interarrival=gamma{mean=10ms, cv=0.5}");
    run(200);
    assert_near(gap_cv(0, 200, &m), .5, .02);
    assert_near(m, .01, .0002); /* 20,000 gaps: one standard error is .00004 */
    sim_free(sim);
    make_with(8, "interarrival=gamma{mean=10ms, cv=0.5}, rate=steps{{0, 50}, {100s, 200}}");
    run(200);
    assert_near(gap_cv(0, 100, &m), .5, .03);
    assert_near(m, .02, .0006);
    assert_near(gap_cv(100, 200, &m), .5, .02);
    assert_near(m, .005, .00008);
    sim_free(sim);
    make_with(8, "interarrival=gamma{mean=10ms, cv=2}, rate=50");
    run(400);
    assert_near(gap_cv(0, 400, &m), 2, .1);
    sim_free(sim);
}

static void a_live_rate_takes_over_the_rest_of_the_gap(void **state) {
    (void)state;
    make("rate=1, arrivals=deterministic");
    build_set(source, 2.5, "rate", "10"); /* half an arrival is left */
    build_set(source, 4, "rate", "0");
    build_set(source, 7, "rate", "1");
    run(9.5);
    static const double want[] = {1, 2, 2.55, 2.65};
    for (uint32_t i = 0; i < 4; i++)
        assert_near(when(i), want[i], 1e-6);
    assert_near(when(16), 3.95, 1e-6);
    assert_near(when(17), 7.5, 1e-6); /* half a gap was left at 4 as well */
    assert_near(when(18), 8.5, 1e-6);
    assert_int_equal(count(), 19);
    sim_free(sim);
    make_with(4, "rate=ramp{{0, 10}, {100s, 110}}");
    build_set(source, 50, "rate", "300");
    run(100);
    uint32_t early = 0;
    while (early < count() && when(early) < 50)
        early++;
    assert_true(kit_poisson(early, 50 * 35));
    assert_true(kit_poisson(count() - early, 15000));
    sim_free(sim);
}

/* ---- states */

/* Evenly spaced arrivals show the states: gaps of 1 s or of .1 s, but for one over a change. */
static void an_mmpp_goes_through_its_states(void **state) {
    (void)state;
    make_with(21, "rate=1, arrivals=deterministic, mmpp={{1, 20s}, {10, 5s}}");
    run(20000);
    uint32_t slow = 0, fast = 0, mixed = 0;
    for (uint32_t i = 1; i < count(); i++) {
        double gap = when(i) - when(i - 1);
        slow += fabs(gap - 1) < 1e-6;
        fast += fabs(gap - .1) < 1e-6;
        mixed += gap < 1 - 1e-6 && gap > .1 + 1e-6;
    }
    /* 800 rounds of 25 s: one change in 12.5 s, and the states last 20 and 5 s on average. */
    assert_true(kit_poisson(mixed, 1600));
    assert_near(slow, 16000, 16000 * .12); /* 800 exponentials: one standard error is 3.5 % */
    assert_near(fast, 40000, 40000 * .15);
    sim_free(sim);
}

/* Another rate, or another law of the gaps, leaves the states as they are. */
static void states_have_a_stream_of_their_own(void **state) {
    (void)state;
#define STATES ", mmpp={{0, 10s}, {1, 10s}}"
    static const char *const specs[] = {"rate=20" STATES, "rate=200" STATES,
                                        "rate=20, interarrival=gamma{mean=1s, cv=.5}" STATES};
    enum { WINDOWS = 400 };
    bool on[3][WINDOWS] = {{false}};
    for (int k = 0; k < 3; k++) {
        make_with(9, specs[k]);
        build_set(source, 300, "rate", k == 1 ? "400" : "20");
        run(WINDOWS);
        for (uint32_t i = 0; i < count(); i++)
            on[k][(int)when(i)] = true;
        sim_free(sim);
    }
    for (int k = 1; k < 3; k++) {
        int differ = 0;
        for (int w = 0; w < WINDOWS; w++)
            differ += on[0][w] != on[k][w];
        assert_in_range(differ, 0, 12); /* a moment of a state may see no arrival */
    }
}

static void without_a_rate_the_factors_are_rates(void **state) {
    (void)state;
    make_with(3, "mmpp={{0, 1s}, {100, 1s}, {200, 2s}}");
    run(4000);
    assert_near(count() / 4000., (0 + 100 + 400) / 4., 7); /* 1,000 rounds of 4 s or so */
    sim_free(sim);
    struct sim *s = build_new(1);
    assert_says(build_refusal(s, &open_type, "rate=1, mmpp={{1, 1s}}", NULL), "two states");
    assert_says(build_refusal(s, &open_type, "rate=1, mmpp={{1, 1s}, 3}", NULL), "state 2");
    assert_says(build_refusal(s, &open_type, "rate=1, mmpp={{1, 1s}, {-1, 1s}}", NULL), "negative");
    assert_says(build_refusal(s, &open_type, "rate=1, mmpp={{1, 1s}, {1, 0s}}", NULL), "duration");
    sim_free(s);
}

/* Values given from outside, after the file was read, hold like those in it. */
static void a_gap_may_be_set_before_the_run(void **state) {
    (void)state;
    struct error e = {{0}};
    static const char *const before[] = {"rate=1", "interarrival=gamma{mean=1s, cv=0.5}",
                                         "interarrival=3s"};
    for (int i = 0; i < 3; i++) {
        make(before[i]);
        struct sim_limits limits = {.duration = ns_from_s(10)};
        struct span none = {0};
        kit_story();
        assert_true(sim_wire(sim, &source, 1, &e));
        kit_put(source, "interarrival", value_of_text("500ms"));
        if (i == 0)
            kit_put(source, "rate", value_of_text("2"));
        assert_true(sim_seal(sim, &none, 0, &limits, &e) && sim_run(sim));
        assert_int_equal(count(), 19);
        sim_free(sim);
    }
}

static void the_same_seed_gives_the_same_arrivals(void **state) {
    (void)state;
    double x[3];
    static const uint64_t seeds[] = {1, 1, 2};
    for (int i = 0; i < 3; i++) {
        make_with(seeds[i], "rate=10");
        run(10);
        x[i] = when(20);
        sim_free(sim);
    }
    assert_true(x[0] == x[1] && x[0] != x[2]);
}

/* ---- who */

static void classes_have_their_shares(void **state) {
    (void)state;
    make_with(6, "rate=1000, classes={a={share='62.5%', priority=2}, b={share=0.25}, "
                 "c={share=0.125, priority=-1}}");
    run(40);
    uint64_t seen[3] = {0};
    for (uint32_t i = 0; i < count(); i++)
        seen[worker_seen(leaf, i)->class]++;
    double expected[3] = {count() * .625, count() * .25, count() * .125};
    assert_true(kit_chi2(seen, expected, 3) > 1e-4);
    assert_int_equal(sim->classes[sim_find_class(sim, "a")].level, 2);
    assert_int_equal(sim->classes[sim_find_class(sim, "c")].level, 0);
    assert_near(build_metric(sim, "calls{class=b}"), (double)seen[1], 0);
    sim_free(sim);
}

static void without_classes_the_name_is_the_class(void **state) {
    (void)state;
    make("rate=10");
    run(5);
    assert_string_equal(sim->classes[0].name, "users");
    assert_near(build_metric(sim, "calls{class=users}"), count(), 0);
    sim_free(sim);
}

static void facts_are_drawn_for_each_request(void **state) {
    (void)state;
    make_with(2, "rate=1000, facts={x=uniform{min=10, max=20}}");
    run(20);
    uint64_t seen[10] = {0};
    double expected[10];
    for (uint32_t i = 0; i < count(); i++)
        seen[(int)(worker_seen(leaf, i)->fact - 10)]++;
    for (int i = 0; i < 10; i++)
        expected[i] = count() / 10.;
    assert_true(kit_chi2(seen, expected, 10) > 1e-4);
    sim_free(sim);
}

static void requests_are_numbered_and_keyed(void **state) {
    (void)state;
    make("rate=10, arrivals=deterministic");
    run(2);
    for (uint32_t i = 0; i < count(); i++) {
        assert_int_equal(worker_seen(leaf, i)->request, i + 1);
        assert_true(worker_seen(leaf, i)->key == rng_key(source->salt, i + 1));
    }
    sim_free(sim);
}

static void a_deadline_counts_from_the_arrival(void **state) {
    (void)state;
    make("rate=1, arrivals=deterministic, deadline=250ms");
    run(3);
    assert_int_equal(worker_seen(leaf, 1)->deadline, 2250 * MS);
    sim_free(sim);
}

static void bad_sources_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "'rate' is missing: requests a second (or give interarrival)"},
        {"rate=uniform{min=1, max=2}", "rate: it wants a number a second or a signal"},
        {"rate=-1", "rate: -1 is negative"},
        {"rate='5ms'", "rate: \"5ms\" is not a number a second"},
        {"interarrival=0s", "interarrival: it must be above 0"},
        {"interarrival=ramp{{0, 1}, {1s, 2}}",
         "interarrival: it wants a distribution or a duration"},
        {"interarrival=pareto{min=1, shape=1}",
         "interarrival: its mean must be above 0 and finite"},
        {"rate=1, classes={}", "classes: it wants a table"},
        {"rate=1, classes={a={}}", "classes: a: 'share' is missing"},
        {"rate=1, classes={a={share=0.5}}", "the shares add up to 0.5, not to 1"},
        {"rate=1, classes={a={share=50}, b={share=0.5}}", "share"},
        {"rate=1, classes={a=1}", "classes: each is a name and a table"},
        {"rate=1, classes={'a b'={share=1}}", "classes"},
        {"rate=1, classes={a={share=1, tokens=often}}",
         "classes: a: fact tokens: \"often\" was given"},
        {"rate=1, facts=5", "facts: it wants a table"},
        {"rate=1, facts={5}", "facts are given by name"},
        {"rate=1, facts={9x=5}", "a name has letters, digits and underscores"},
        {"rate=1, rat=2", "unknown key 'rat'; did you mean 'rate'?"},
        {"rate=1, arrivals=poison", "did you mean \"poisson\"?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *s = build_new(1);
        assert_says(build_refusal(s, &open_type, cases[i][0], NULL), cases[i][1]);
        sim_free(s);
    }
    struct sim *s = build_new(1);
    build_node(s, &open_type, "name=x, rate=1, classes={a={share=1, priority=1}}", NULL);
    assert_says(build_refusal(s, &open_type, "name=y, rate=1, classes={a={share=1}}", NULL),
                "class 'a' has priority 0 here and 1 in another workload");
    sim_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deterministic_ones_come_evenly),
        cmocka_unit_test(poisson_counts_follow_the_rate),
        cmocka_unit_test(poisson_gaps_are_exponential),
        cmocka_unit_test(deterministic_ones_keep_to_the_integral),
        cmocka_unit_test(a_rate_of_0_is_a_pause),
        cmocka_unit_test(renewals_keep_their_shape_at_any_rate),
        cmocka_unit_test(a_live_rate_takes_over_the_rest_of_the_gap),
        cmocka_unit_test(an_mmpp_goes_through_its_states),
        cmocka_unit_test(states_have_a_stream_of_their_own),
        cmocka_unit_test(without_a_rate_the_factors_are_rates),
        cmocka_unit_test(a_gap_may_be_set_before_the_run),
        cmocka_unit_test(the_same_seed_gives_the_same_arrivals),
        cmocka_unit_test(classes_have_their_shares),
        cmocka_unit_test(without_classes_the_name_is_the_class),
        cmocka_unit_test(facts_are_drawn_for_each_request),
        cmocka_unit_test(requests_are_numbered_and_keyed),
        cmocka_unit_test(a_deadline_counts_from_the_arrival),
        cmocka_unit_test(bad_sources_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
