/* The rules by which limits on concurrency move: vectors from the published code of their systems.
 */
#include "check.h"

#include "node/concurrency.h"

static struct sample sample(double rtt, int64_t in_flight) {
    return (struct sample){rtt, in_flight, false};
}
static struct sample drop(int64_t in_flight) {
    return (struct sample){1, in_flight, true};
}

/* ---- AIMD */

static const struct aimd aimd = {20, 20, 200, 0.9, 5 * NS_PER_S};

static void aimd_adds_one_and_takes_a_tenth(void **state) {
    (void)state;
    struct sample ok = sample(1e6, 60), few = sample(1e6, 40), d = drop(60);
    assert_near(aimd_next(&aimd, 100, &ok), 101, 0);
    assert_near(aimd_next(&aimd, 100, &few), 100, 0);
    assert_near(aimd_next(&aimd, 100, &d), 90, 0);
    assert_near(aimd_next(&aimd, 21, &d), 20, 0);
    struct sample half = sample(1e6, 50), full = sample(1e6, 200);
    assert_near(aimd_next(&aimd, 100, &half), 101, 0); /* half the limit is enough */
    assert_near(aimd_next(&aimd, 200, &full), 200, 0);
    struct sample in_time = sample(5e9, 60), late = sample(5e9 + 1, 60);
    assert_near(aimd_next(&aimd, 100, &in_time), 101, 0);
    assert_near(aimd_next(&aimd, 100, &late), 90, 0);
}

/* ---- Vegas */

static const struct vegas vegas = {.initial = 20,
                                   .most = 1000,
                                   .smoothing = 1,
                                   .alpha = 3,
                                   .beta = 6,
                                   .threshold = 1,
                                   .probe_multiplier = 30};

static double vegas_at(double limit, double ratio, int64_t in_flight) {
    struct sample s = sample(1e6 * ratio, in_flight);
    return vegas_next(&vegas, limit, 1e6, &s);
}

static void vegas_follows_the_queue(void **state) {
    (void)state;
    assert_near(vegas_at(20, 1, 20), 26, 0);   /* no queue: by beta */
    assert_near(vegas_at(20, 1.1, 20), 21, 0); /* 2 < alpha */
    assert_near(vegas_at(20, 1.2, 20), 20, 0); /* 4: between alpha and beta */
    assert_near(vegas_at(20, 2, 20), 19, 0);   /* 10 > beta */
    assert_near(vegas_at(100, 1.05, 100), 102, 0);
    assert_near(vegas_at(20, 1, 9), 20, 0); /* not half in use */
    assert_near(vegas_at(20, 1, 10), 26, 0);
    assert_near(vegas_at(999, 1, 999), 1000, 0);
    struct sample d = drop(20), one = drop(1);
    assert_near(vegas_next(&vegas, 20, 1, &d), 19, 0);
    assert_near(vegas_next(&vegas, 1, 1, &one), 1, 0);
    struct vegas slow = vegas;
    slow.smoothing = 0.5;
    struct sample s = sample(1e6, 20);
    assert_near(vegas_next(&slow, 20, 1e6, &s), 23, 0);
}

static void vegas_remembers_the_shortest(void **state) {
    (void)state;
    struct rng r = {7};
    struct vegas v = vegas;
    double limit = 20;
    vegas_start(&v, &r);
    struct sample s = sample(2e6, 20), shorter = sample(1e6, 20), longer = sample(1.2e6, 20);
    assert_false(vegas_sample(&v, &limit, &s, &r));
    assert_false(vegas_sample(&v, &limit, &shorter, &r));
    assert_true(vegas_sample(&v, &limit, &longer, &r));
    assert_near(v.no_load, 1e6, 0);
    assert_near(limit, 20, 0);
    /* somewhere within 0.5 to 1 times 30 x 20 samples it starts anew */
    int n = 3;
    while (vegas_sample(&v, &limit, &longer, &r))
        n++;
    n++;
    assert_true(n >= 300 && n <= 600);
    assert_near(v.no_load, 1.2e6, 0);
}

/* ---- Gradient2 */

static const struct gradient2 gradient2 = {.initial = 20,
                                           .least = 20,
                                           .most = 200,
                                           .queue_size = 4,
                                           .long_window = 600,
                                           .smoothing = 0.2,
                                           .tolerance = 1.5};

static void gradient2_compares_short_and_long(void **state) {
    (void)state;
    static const struct {
        double rtt, long_rtt;
        int64_t in_flight;
        double limit;
    } cases[] = {
        {10, 10, 80, 100.8}, {20, 10, 80, 95.8},  {60, 10, 80, 90.8},
        {10, 10, 40, 100},   {10, 10, 50, 100.8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sample s = sample(cases[i].rtt, cases[i].in_flight);
        assert_near(gradient2_next(&gradient2, 100, cases[i].long_rtt, &s), cases[i].limit, 1e-9);
    }
    struct sample s = sample(10, 200), low = sample(60, 20);
    assert_near(gradient2_next(&gradient2, 200, 10, &s), 200, 0);
    assert_near(gradient2_next(&gradient2, 20, 10, &low), 20, 0);
}

/* Ten samples count alike, later ones by 2 / 601; twice as long as the last, it decays. */
static void gradient2_averages(void **state) {
    (void)state;
    struct gradient2 g = gradient2;
    for (int i = 1; i <= 10; i++) {
        struct sample s = sample(i, 1);
        gradient2_sample(&g, 20, &s);
    }
    assert_near(g.long_rtt, 5.5, 1e-12);
    struct sample s = sample(11, 1), quick = sample(1, 20);
    gradient2_sample(&g, 20, &s);
    assert_near(g.long_rtt, 5.5 + 5.5 * 2 / 601, 1e-12);
    double before = g.long_rtt + (1 - g.long_rtt) * 2 / 601;
    assert_near(gradient2_sample(&g, 20, &quick), 20.8, 1e-12);
    assert_near(g.long_rtt, 0.95 * before, 1e-12);
}

/* ---- windows */

static void a_window_speaks_once_for_many(void **state) {
    (void)state;
    struct windowed w = {
        .min_time = NS_PER_S, .max_time = NS_PER_S, .min_rtt_threshold = 100000, .size = 10};
    struct sample out = {0};
    hist_init(&w.hist, HIST_COARSE);
    for (int i = 0; i < 9; i++) { /* the first one closes a window of its own, too small */
        struct sample s = sample(1e6 * (i + 1), i);
        assert_false(windowed_sample(&w, i ? NS_PER_S : 1, &s, &out));
    }
    struct sample short_one = sample(99999, 900), d = {2e6, 3, true}, last = sample(5e6, 2);
    assert_false(windowed_sample(&w, NS_PER_S + 5, &short_one, &out));
    assert_false(windowed_sample(&w, NS_PER_S + 1, &d, &out)); /* not yet after 1 s + 1 ns */
    assert_true(windowed_sample(&w, NS_PER_S + 2, &last, &out));
    assert_near(out.rtt, (44 + 2 + 5) * 1e6 / 10, 1e-6); /* 2..9, the drop, the last */
    assert_int_equal(out.in_flight, 8);
    assert_true(out.dropped);
    assert_int_equal(w.next, 2 * NS_PER_S + 2);
    assert_int_equal(w.n, 0);
    hist_release(&w.hist);
}

static void its_length_follows_the_shortest_rtt(void **state) {
    (void)state;
    struct windowed w = {.min_time = NS_PER_S, .max_time = 3 * NS_PER_S, .size = 1};
    struct sample out;
    hist_init(&w.hist, HIST_COARSE);
    ns_t at = 1;
    static const double rtt[] = {0.1e9, 1e9, 9e9}, length[] = {1, 2, 3};
    for (int i = 0; i < 3; i++) {
        struct sample s = sample(rtt[i], 1);
        assert_true(windowed_sample(&w, at, &s, &out));
        assert_int_equal(w.next - at, length[i] * 1e9);
        at = w.next + 1;
    }
    hist_release(&w.hist);
}

static void it_may_be_a_percentile(void **state) {
    (void)state;
    struct windowed w = {
        .min_time = NS_PER_S, .max_time = NS_PER_S, .size = 1, .percentile = 0.9, .next = 1};
    struct sample out;
    hist_init(&w.hist, HIST_COARSE);
    for (int i = 1; i < 100; i++) {
        struct sample s = sample(1e6 * i, 1);
        assert_false(windowed_sample(&w, 1, &s, &out));
    }
    struct sample s = sample(1e8, 1);
    assert_true(windowed_sample(&w, 2, &s, &out));
    assert_near(out.rtt, 90e6, 1e6);
    hist_release(&w.hist);
}

/* ---- Envoy */

static void envoy_compares_with_the_no_load_rtt(void **state) {
    (void)state;
    static const struct gradient g = {.least = 3, .most = 1000, .buffer = 0.25};
    static const struct {
        int64_t limit;
        double min_rtt, rtt;
        int64_t next;
    } cases[] = {{100, 10, 12.5, 110}, {100, 10, 25, 57},  {100, 10, 100, 57}, {100, 10, 5, 214},
                 {3, 10, 10, 5},       {900, 10, 5, 1000}, {3, 10, 1000, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(gradient_next(&g, cases[i].limit, cases[i].min_rtt, cases[i].rtt),
                         cases[i].next);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aimd_adds_one_and_takes_a_tenth),
        cmocka_unit_test(vegas_follows_the_queue),
        cmocka_unit_test(vegas_remembers_the_shortest),
        cmocka_unit_test(gradient2_compares_short_and_long),
        cmocka_unit_test(gradient2_averages),
        cmocka_unit_test(a_window_speaks_once_for_many),
        cmocka_unit_test(its_length_follows_the_shortest_rtt),
        cmocka_unit_test(it_may_be_a_percentile),
        cmocka_unit_test(envoy_compares_with_the_no_load_rtt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
