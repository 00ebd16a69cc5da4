#include "check.h"
#include "kit.h"

struct model {
    struct sim *sim;
    struct node *store, *cache, *driver;
};

static struct model model(uint64_t seed, const char *spec, const char *store) {
    struct model m = {.sim = build_new(seed)};
    m.store = build_node(m.sim, &leaf_type, store, NULL);
    m.cache = build_node(m.sim, &cache_type, spec, m.store, NULL);
    m.driver = build_driver(m.sim, m.cache);
    return m;
}

static void a_hit_takes_the_lookup(void **state) {
    (void)state;
    struct model m = model(1, "hit_ratio=1, lookup=2ms", "says='ok 10ms'");
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 1002 * MS);
    assert_int_equal(driver_arrival(m.driver, 0)->outcome, OUTCOME_OK);
    assert_int_equal(leaf_count(m.store), 0);
    assert_true(build_metric(m.sim, "cache:calls{result=miss}") ==
                    1 || /* arrivals: under the first */
                build_metric(m.sim, "cache:calls{result=hit}") == 1);
    assert_near(build_metric(m.sim, "cache:service.mean"), .002, 1e-12);
    sim_free(m.sim);
}

static void a_miss_asks_the_store(void **state) {
    (void)state;
    struct model m = model(1, "hit_ratio=0, lookup=2ms", "says='ok 10ms, error 5ms'");
    driver_calls(m.driver, 1, 1, 2, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_near(leaf_time(m.store, 0), 1.002, 1e-12);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 1012 * MS);
    assert_int_equal(driver_arrival(m.driver, 1)->done, 2007 * MS);
    assert_int_equal(driver_arrival(m.driver, 1)->outcome, OUTCOME_ERROR);
    assert_near(build_metric(m.sim, "cache:latency.mean{result=miss}"), .012, 1e-12);
    sim_free(m.sim);
}

static void without_a_lookup_no_time_passes(void **state) {
    (void)state;
    struct model m = model(1, "hit_ratio='50%'", "");
    driver_calls(m.driver, 1, .001, 100, NULL);
    build_run(m.sim, m.driver, 0, 10);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(driver_arrival(m.driver, i)->done, driver_arrival(m.driver, i)->time);
    sim_free(m.sim);
}

static void the_ratio_is_met(void **state) {
    (void)state;
    struct model m = model(7, "hit_ratio=0.8, lookup=exponential{mean=1ms}", "says='ok 1ms'");
    driver_calls(m.driver, 0, .001, 40000, NULL);
    build_run(m.sim, m.driver, 0, 100);
    double ratio = build_metric(m.sim, "cache:hit_ratio"); /* one standard error is .002 */
    assert_near(ratio, .8, .008);
    assert_int_equal(leaf_count(m.store), (int)(40000 * (1 - ratio) + .5));
    assert_near(build_metric(m.sim, "cache:hits"), 400 * ratio, 1e-6);
    assert_near(build_metric(m.sim, "cache:misses"), 400 * (1 - ratio), 1e-6);
    assert_near(build_metric(m.sim, "cache:service.mean"), .001, 4 * .001 / 200);
    sim_free(m.sim);
}

/* The same calls hit for any lookup time, and more of them for a larger ratio. */
static void draws_are_common(void **state) {
    (void)state;
    uint32_t misses[3];
    static const char *const specs[3] = {"hit_ratio=.5", "hit_ratio=.5, lookup=3ms",
                                         "hit_ratio=.6"};
    bool missed[3][1000] = {{false}};
    for (int k = 0; k < 3; k++) {
        struct model m = model(3, specs[k], "says='ok 1s'");
        driver_calls(m.driver, 0, .01, 1000, NULL);
        build_run(m.sim, m.driver, 0, 100);
        for (uint32_t i = 0; i < 1000; i++) {
            const struct arrival *a = driver_arrival(m.driver, i);
            missed[k][i] = a->done - a->time >= NS_PER_S;
        }
        misses[k] = leaf_count(m.store);
        sim_free(m.sim);
    }
    assert_int_equal(misses[0], misses[1]);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(missed[0][i], missed[1][i]);
        assert_true(missed[0][i] || !missed[2][i]);
    }
}

static uint32_t hits(struct node *driver, double from, double to) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < driver_count(driver); i++) {
        const struct arrival *a = driver_arrival(driver, i);
        n += a->time >= ns_from_s(from) && a->time < ns_from_s(to) && a->done - a->time < 500 * MS;
    }
    return n;
}

static void a_flush_is_refilled(void **state) {
    (void)state;
    struct model m = model(5, "hit_ratio=1, refill=100s", "says='ok 1s'");
    build_flush(m.cache, 99.9999);
    driver_calls(m.driver, 0, .01, 40000, NULL);
    build_run(m.sim, m.driver, 0, 500);
    assert_int_equal(hits(m.driver, 0, 99.99), 9999);
    assert_true(hits(m.driver, 100, 101) <= 4);            /* mean .5 */
    assert_in_range(hits(m.driver, 100, 200), 4800, 5200); /* half of them; one SE is below 50 */
    assert_in_range(hits(m.driver, 149, 151), 72, 128);    /* half way: .5 of 200; one SE is 7 */
    assert_int_equal(hits(m.driver, 200, 400), 20000);
    sim_free(m.sim);
}

static void a_refill_of_nothing_is_at_once(void **state) {
    (void)state;
    struct model m = model(5, "hit_ratio=1, refill=0s", "says='ok 1s'");
    build_flush(m.cache, 1);
    driver_calls(m.driver, 0, .5, 10, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(leaf_count(m.store), 0);
    sim_free(m.sim);
}

static void a_second_flush_begins_anew(void **state) {
    (void)state;
    struct model m = model(5, "hit_ratio=1, refill=10s", "says='ok 1s'");
    build_flush(m.cache, 10);
    build_flush(m.cache, 15);
    driver_calls(m.driver, 15.0001, .001, 100, NULL); /* the ratio is below .01 */
    driver_calls(m.driver, 25, .001, 100, NULL);
    build_run(m.sim, m.driver, 0, 40);
    assert_true(hits(m.driver, 15, 16) <= 5);
    assert_int_equal(hits(m.driver, 25, 26), 100);
    sim_free(m.sim);
}

static void the_ratio_is_live(void **state) {
    (void)state;
    struct model m = model(1, "hit_ratio=1", "says='ok 1s'");
    build_set(m.cache, 1.5, "hit_ratio", "0");
    driver_calls(m.driver, 1, 1, 2, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(leaf_count(m.store), 1);
    assert_near(leaf_time(m.store, 0), 2, 1e-12);
    sim_free(m.sim);
}

static void slow_down(void *ctx) {
    struct node *n = ctx;
    n->gate.active = true;
    n->gate.slow = 3;
}

static void a_slow_fault_stretches_the_lookup(void **state) {
    (void)state;
    struct model m = model(1, "hit_ratio=1, lookup=2ms", "");
    build_at(m.sim, 1.5, slow_down, m.cache);
    driver_calls(m.driver, 1, 1, 2, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(driver_arrival(m.driver, 0)->done, 1002 * MS);
    assert_int_equal(driver_arrival(m.driver, 1)->done, 2006 * MS);
    sim_free(m.sim);
}

static void a_lookup_can_be_withdrawn(void **state) {
    (void)state;
    struct model m = model(1, "hit_ratio=0, lookup=10ms", "says='ok 10ms'");
    driver_call(m.driver, 1, NULL)->cancel_after = 4 * MS;  /* in the lookup */
    driver_call(m.driver, 2, NULL)->cancel_after = 14 * MS; /* at the store */
    driver_call(m.driver, 3, NULL)->cancel_after = 10 * MS; /* as the lookup ends */
    build_run(m.sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 3), "cancelled cancelled cancelled");
    assert_int_equal(leaf_count(m.store), 1);
    assert_near(build_metric(m.sim, "cache:service.min"), .004, .004 / 100);
    sim_free(m.sim);
}

static void a_run_may_end_amid_lookups(void **state) {
    (void)state;
    struct model m = model(1, "hit_ratio=.5, lookup=1s", "says='ok 1s'");
    driver_calls(m.driver, 0, .01, 1000, NULL);
    build_run(m.sim, m.driver, 0, 5);
    sim_free(m.sim);
}

/* ---- semantic caches */

/* A fifth of the hits of one class and none of the other's answer another question. */
static void a_hit_may_be_wrong(void **state) {
    (void)state;
    enum { CALLS = 20000 };
    struct model m = model(5,
                           "hit_ratio={easy=.8, hard=.1}, wrong_hit_ratio={easy=.2, hard=0}, "
                           "wrong_hit_quality=.3",
                           "says='ok 1ms'");
    build_class(m.sim, "easy", 0);
    build_class(m.sim, "hard", 0);
    for (int i = 0; i < 2 * CALLS; i++)
        driver_call(m.driver, .001 * i, i % 2 ? "hard" : "easy");
    build_run(m.sim, m.driver, 0, 100);
    uint64_t hits[2] = {0}, wrong = 0;
    for (uint32_t i = 0; i < 2 * CALLS; i++) {
        const struct arrival *a = driver_arrival(m.driver, i);
        bool bad = a->outcome == OUTCOME_DEGRADED;
        hits[i % 2] += a->done == a->time;
        wrong += bad;
        assert_near(a->quality, bad ? .3f : 1, 1e-6);
        assert_false(bad && i % 2);
    }
    assert_true(kit_share(hits[0], CALLS, .8));
    assert_true(kit_share(hits[1], CALLS, .1));
    assert_true(kit_share(wrong, hits[0], .2));
    assert_near(build_metric(m.sim, "cache:wrong_hits"), (double)wrong / 100, 1e-9);
    assert_near(build_metric(m.sim, "cache:wrong_hit_ratio"),
                (double)wrong / (double)(hits[0] + hits[1]), 1e-12);
    assert_near(build_metric(m.sim, "cache:calls{result=hit}"), (double)(hits[0] + hits[1]), 0);
    sim_free(m.sim);
}

/* Who hits is the same whether hits may be wrong or not. */
static void being_wrong_changes_nothing_else(void **state) {
    (void)state;
    double hits[2];
    for (int k = 0; k < 2; k++) {
        struct model m = model(3, k ? "hit_ratio=.5, wrong_hit_ratio=1" : "hit_ratio=.5", "");
        driver_calls(m.driver, 0, .01, 1000, NULL);
        build_run(m.sim, m.driver, 0, 100);
        hits[k] = build_metric(m.sim, "cache:hits");
        assert_near(build_metric(m.sim, "share{outcome=degraded}"), k ? hits[k] / 10 : 0, 1e-12);
        sim_free(m.sim);
    }
    assert_near(hits[0], hits[1], 0);
}

/* From nothing to half within 10 s: a quarter on average. */
static void a_run_may_begin_cold(void **state) {
    (void)state;
    struct model m = model(4, "hit_ratio=.5, warm=false, refill=10s", "");
    driver_calls(m.driver, 0, .0005, 40000, NULL);
    build_run_phases(
        m.sim, m.driver, 0, 20,
        (const struct span[]){{"cold", 0, 10 * NS_PER_S}, {"warm", 10 * NS_PER_S, 20 * NS_PER_S}},
        2);
    assert_near(build_metric(m.sim, "cache:hit_ratio{phase=cold}"), .25, .013); /* 4 s.e. */
    assert_near(build_metric(m.sim, "cache:hit_ratio{phase=warm}"), .5, .015);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &cache_type, "lookup=1ms", NULL), "'hit_ratio' is missing");
    assert_says(build_refusal(sim, &cache_type, "hit_ratio=150%", NULL), "0..1");
    assert_says(build_refusal(sim, &cache_type, "hit_ratio=1, lookup=50%", NULL), "duration");
    assert_says(build_refusal(sim, &cache_type, "hit_rate=1", NULL), "did you mean 'hit_ratio'");
    assert_says(build_refusal(sim, &cache_type, "hit_ratio=.5, wrong_hit_ratio=2", NULL), "0..1");
    assert_says(build_refusal(sim, &cache_type, "hit_ratio=.5, wrong_hit_quality=.2", NULL),
                "wrong_hit_ratio");
    assert_says(build_refusal(sim, &cache_type, "key=x, capacity=5, warm=false", NULL),
                "hit_ratio");
    struct node *lonely = build_node(sim, &cache_type, "hit_ratio=1", NULL);
    assert_says(build_seal_refusal(sim, build_driver(sim, lonely)), "guards nothing");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_takes_the_lookup),
        cmocka_unit_test(a_miss_asks_the_store),
        cmocka_unit_test(without_a_lookup_no_time_passes),
        cmocka_unit_test(the_ratio_is_met),
        cmocka_unit_test(draws_are_common),
        cmocka_unit_test(a_flush_is_refilled),
        cmocka_unit_test(a_refill_of_nothing_is_at_once),
        cmocka_unit_test(a_second_flush_begins_anew),
        cmocka_unit_test(the_ratio_is_live),
        cmocka_unit_test(a_slow_fault_stretches_the_lookup),
        cmocka_unit_test(a_lookup_can_be_withdrawn),
        cmocka_unit_test(a_run_may_end_amid_lookups),
        cmocka_unit_test(a_hit_may_be_wrong),
        cmocka_unit_test(being_wrong_changes_nothing_else),
        cmocka_unit_test(a_run_may_begin_cold),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
