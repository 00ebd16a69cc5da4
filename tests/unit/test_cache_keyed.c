/* The cache that knows its keys. The fact "key" is that of the request. */
#include "check.h"

#include <stdio.h>

#include "node/contents.h"

struct model {
    struct sim *sim;
    struct node *store, *cache, *driver;
};

static struct model model_with(uint64_t seed, const char *spec, const char *store) {
    struct model m = {.sim = build_new(seed)};
    sim_fact(m.sim, "key");
    m.store = build_node(m.sim, &leaf_type, store, NULL);
    m.cache = build_node(m.sim, &cache_type, arena_print(&m.sim->arena, "key=key, %s", spec),
                         m.store, NULL);
    m.driver = build_driver(m.sim, m.cache);
    return m;
}

static struct model model(const char *spec, const char *store) {
    return model_with(1, spec, store);
}

static struct arrival *ask(struct model *m, double seconds, double key) {
    struct arrival *a = driver_call(m->driver, seconds, NULL);
    a->fact = key;
    return a;
}

/* "1.01 ok, 2 error, …": when the first `n` were answered, in seconds. */
static const char *story(struct model *m) {
    static char text[1000];
    size_t len = 0;
    for (uint32_t i = 0; i < driver_count(m->driver); i++) {
        const struct arrival *a = driver_arrival(m->driver, i);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%g %s", i ? ", " : "",
                                ns_to_s(a->done), a->answered ? outcome_names[a->outcome] : "-");
    }
    return text;
}

static void finishes_as(struct model *m, double seconds, const char *want, uint32_t asked) {
    build_run(m->sim, m->driver, 0, seconds);
    assert_string_equal(story(m), want);
    assert_int_equal(leaf_count(m->store), asked);
}

static void what_was_fetched_is_kept(void **state) {
    (void)state;
    struct model m = model("capacity=10, lookup=2ms", "says='ok 10ms'");
    static const double keys[] = {5, 5, 7, 7, 5, -0.0, 0.0};
    for (int i = 0; i < 7; i++)
        ask(&m, i + 1, keys[i]);
    finishes_as(&m, 10, "1.012 ok, 2.002 ok, 3.012 ok, 4.002 ok, 5.002 ok, 6.012 ok, 7.002 ok", 3);
    assert_near(build_metric(m.sim, "cache:hit_ratio"), 4 / 7., 1e-12);
    assert_near(build_metric(m.sim, "cache:miss_ratio"), 3 / 7., 1e-12);
    assert_near(build_metric(m.sim, "cache:share{result=hit}"), 4 / 7., 1e-12);
    assert_near(build_metric(m.sim, "cache:service.mean"), .002, 1e-12);
    assert_near(build_metric(m.sim, "cache:entries"), (8.988 + 6.988 + 3.988) / 10, 1e-9);
    sim_free(m.sim);
}

static void a_full_cache_evicts(void **state) {
    (void)state;
    struct model m = model("capacity=2", "says='ok 10ms'");
    static const double keys[] = {1, 2, 1, 3, 1, 2};
    for (int i = 0; i < 6; i++)
        ask(&m, i, keys[i]);
    finishes_as(&m, 10, "0.01 ok, 1.01 ok, 2 ok, 3.01 ok, 4 ok, 5.01 ok", 4);
    assert_near(build_metric(m.sim, "cache:evictions"), .2, 1e-12);
    sim_free(m.sim);
}

/* Without coalescing each asks for itself, and the last answer decides how long it is fresh. */
static void each_asks_for_itself(void **state) {
    (void)state;
    struct model m = model("capacity=9, ttl=5s", "says='ok 1s'");
    static const double times[] = {0, .5, 1.2, 6.3, 6.5};
    for (int i = 0; i < 5; i++)
        ask(&m, times[i], 0);
    finishes_as(&m, 10, "1 ok, 1.5 ok, 1.2 ok, 6.3 ok, 7.5 ok", 3);
    sim_free(m.sim);
}

static void a_ttl_counts_from_writing(void **state) {
    (void)state;
    struct model m = model("capacity=9, ttl=5s", "says='ok 100ms'");
    static const double times[] = {1, 4, 6, 6.1, 11, 11.3};
    for (int i = 0; i < 6; i++)
        ask(&m, times[i], 0);
    finishes_as(&m, 20, "1.1 ok, 4 ok, 6 ok, 6.2 ok, 11 ok, 11.4 ok", 3);
    sim_free(m.sim);
}

static void a_ttl_may_count_from_use(void **state) {
    (void)state;
    struct model m = model("capacity=9, ttl=5s, ttl_from=access", "says='ok 0s'");
    static const double times[] = {0, 4, 8, 12, 17, 21};
    for (int i = 0; i < 6; i++)
        ask(&m, times[i], 0);
    build_run(m.sim, m.driver, 0, 30);
    assert_int_equal(leaf_count(m.store), 2);
    assert_near(leaf_time(m.store, 1), 17, 1e-12);
    sim_free(m.sim);
}

static void a_ttl_is_drawn_and_live(void **state) {
    (void)state;
    struct model m = model("capacity=1e4, ttl=uniform{min=2s, max=4s}", "says='ok 0s'");
    build_set(m.cache, 9, "ttl", "100s");
    for (int i = 0; i < 1000; i++)
        ask(&m, 0, i);
    for (int i = 0; i < 1000; i++)
        ask(&m, 2.5, i); /* a quarter is over: 250, one SE is 14 */
    for (int i = 0; i < 1000; i++)
        ask(&m, 10, 5000 + i);
    for (int i = 0; i < 1000; i++)
        ask(&m, 109, 5000 + i);
    build_run(m.sim, m.driver, 0, 200);
    assert_in_range(leaf_count(m.store), 2000 + 250 - 56, 2000 + 250 + 56);
    sim_free(m.sim);
}

static void failures_are_not_kept(void **state) {
    (void)state;
    struct model m = model("capacity=9", "says='error 10ms, degraded 10ms, ok 10ms'");
    for (int i = 0; i < 4; i++)
        ask(&m, i, 0);
    finishes_as(&m, 10, "0.01 error, 1.01 degraded, 2.01 ok, 3 ok", 3);
    sim_free(m.sim);
}

static void failures_may_be_kept(void **state) {
    (void)state;
    struct model m = model("capacity=9, ttl=100s, negative_ttl=2s, stale_while_revalidate=9s",
                           "says='error 10ms, shed 10ms, ok 10ms'");
    static const double times[] = {0, 1, 2.02, 3, 4};
    for (int i = 0; i < 5; i++)
        ask(&m, times[i], 0);
    finishes_as(&m, 10, "0.01 error, 1 error, 2.03 shed, 3.01 ok, 4 ok", 3);
    assert_near(build_metric(m.sim, "cache:negative_hits"), .1, 1e-12);
    assert_near(build_metric(m.sim, "cache:hits"), .2, 1e-12);
    sim_free(m.sim);
}

/* The first answer, of the second to ask, is kept; the failure after it is not. */
static void a_failure_does_not_replace_what_is_fresh(void **state) {
    (void)state;
    struct model m = model("capacity=9, negative_ttl=9s", "says='error 2s, ok 1s'");
    ask(&m, 0, 0);
    ask(&m, .5, 0);
    ask(&m, 3, 0);
    finishes_as(&m, 10, "2 error, 1.5 ok, 3 ok", 2);
    sim_free(m.sim);
}

/* Written at 1, fresh until 6; again from 8 to 13. */
static void stale_while_revalidate(void **state) {
    (void)state;
    struct model m = model("capacity=9, ttl=5s, stale_while_revalidate=3s", "says='ok 1s'");
    static const double times[] = {0, 7, 7.5, 9, 16.5};
    for (int i = 0; i < 5; i++)
        ask(&m, times[i], 0);
    finishes_as(&m, 20, "1 ok, 7 ok, 7.5 ok, 9 ok, 17.5 ok", 3);
    assert_near(leaf_time(m.store, 1), 7, 1e-12);
    assert_near(build_metric(m.sim, "cache:staleness"), 1.25, 1e-12);
    assert_near(build_metric(m.sim, "cache:stale"), .1, 1e-12);
    assert_near(build_metric(m.sim, "cache:refreshes"), .05, 1e-12);
    assert_near(build_metric(m.sim, "cache:latency.mean{result=refresh}"), 1, 1e-12);
    assert_near(build_metric(m.sim, "calls"), 5, 0); /* a refresh is no user's */
    sim_free(m.sim);
}

/* A failed refresh leaves what there is. */
static void a_refresh_may_fail(void **state) {
    (void)state;
    struct model m = model("capacity=9, ttl=5s, stale_while_revalidate=3s, stale_quality=.75",
                           "says='ok 0s, error 100ms, ok 100ms'");
    static const double times[] = {0, 6, 7, 7.2};
    for (int i = 0; i < 4; i++)
        ask(&m, times[i], 0);
    finishes_as(&m, 20, "0 ok, 6 degraded, 7 degraded, 7.2 ok", 3);
    assert_near((double)driver_arrival(m.driver, 1)->quality, .75, 1e-6);
    sim_free(m.sim);
}

/* Fresh until 6; a failure at 8 is covered (2 beyond), one at 12 is not (6 beyond). */
static void stale_if_error(void **state) {
    (void)state;
    struct model m = model("capacity=9, ttl=5s, stale_if_error=4s, negative_ttl=9s, coalesce=true",
                           "says='ok 1s, error 1s, error 1s'");
    static const double times[] = {0, 7, 7.5, 11, 13};
    for (int i = 0; i < 5; i++)
        ask(&m, times[i], 0);
    finishes_as(&m, 20, "1 ok, 8 ok, 8 ok, 12 error, 13 error", 3);
    assert_near(build_metric(m.sim, "cache:staleness"), 2, 1e-12);
    assert_near(build_metric(m.sim, "cache:stale"), .1, 1e-12);
    sim_free(m.sim);
}

/* ---- one for many */

static void others_wait_for_the_leader(void **state) {
    (void)state;
    struct model m = model("capacity=9, coalesce=true", "says='ok 1s, error 1s'");
    static const double times[] = {0, .2, .5, 2}, keys[] = {0, 0, 0, 0};
    for (int i = 0; i < 4; i++)
        ask(&m, times[i], keys[i]);
    ask(&m, 3, 1);
    ask(&m, 3.5, 1);
    finishes_as(&m, 10, "1 ok, 1 ok, 1 ok, 2 ok, 4 error, 4 error", 2);
    assert_near(build_metric(m.sim, "cache:coalesced_ratio"), .5, 1e-12);
    assert_near(build_metric(m.sim, "cache:coalesced"), .3, 1e-12);
    assert_near(build_metric(m.sim, "cache:wait.mean"), (.8 + .5 + .5) / 3, .01);
    sim_free(m.sim);
}

static void a_waiter_may_leave(void **state) {
    (void)state;
    struct model m = model("capacity=9, coalesce=true", "says='ok 1s'");
    for (int i = 0; i < 4; i++)
        ask(&m, .1 * i, 0)->cancel_after = i == 2 ? 300 * MS : 0;
    finishes_as(&m, 10, "1 ok, 1 ok, 0.5 cancelled, 1 ok", 1);
    sim_free(m.sim);
}

static void a_leader_may_leave(void **state) {
    (void)state;
    static const char *const policies[] = {"continue", "fail_all", "promote"};
    static const char *const want[] = {"0.3 cancelled, 1 ok, 1 ok, 2 ok",
                                       "0.3 cancelled, 0.3 error, 0.3 error, 3 ok",
                                       "0.3 cancelled, 1.3 ok, 1.3 ok, 2 ok"};
    for (int p = 0; p < 3; p++) {
        struct sim *text = build_new(1);
        struct model m =
            model(arena_print(&text->arena, "capacity=9, coalesce=true, on_leader_cancel=%s",
                              policies[p]),
                  "says='ok 1s'");
        ask(&m, 0, 0)->cancel_after = 300 * MS;
        ask(&m, .1, 0);
        ask(&m, .2, 0);
        ask(&m, 2, 0);
        finishes_as(&m, 10, want[p], p ? 2 : 1);
        sim_free(m.sim);
        sim_free(text);
    }
}

/* Nobody waits: with continue the fetch goes on and fills the cache, else the next one leads. */
static void a_lonely_leader_may_leave(void **state) {
    (void)state;
    for (int p = 0; p < 3; p++) {
        struct model m = model(p == 0   ? "capacity=9, coalesce=true"
                               : p == 1 ? "capacity=9, coalesce=true, on_leader_cancel=fail_all"
                                        : "capacity=9, coalesce=true, on_leader_cancel=promote",
                               "says='ok 1s'");
        ask(&m, 0, 0)->cancel_after = 300 * MS;
        ask(&m, .5, 0);
        finishes_as(&m, 10, p ? "0.3 cancelled, 1.5 ok" : "0.3 cancelled, 1 ok", p ? 2 : 1);
        sim_free(m.sim);
    }
}

/* The promoted one may leave as well, and so on. */
static void promotion_goes_on(void **state) {
    (void)state;
    struct model m = model("capacity=9, coalesce=true, on_leader_cancel=promote", "says='ok 1s'");
    for (int i = 0; i < 4; i++)
        ask(&m, .1 * i, 0)->cancel_after = i < 3 ? 500 * MS : 0;
    finishes_as(&m, 10, "0.5 cancelled, 0.6 cancelled, 0.7 cancelled, 1.7 ok", 4);
    sim_free(m.sim);
}

static void a_crash_ends_them_all(void **state) {
    (void)state;
    for (int p = 0; p < 3; p++) {
        struct model m = model(p == 0   ? "capacity=9, coalesce=true"
                               : p == 1 ? "capacity=9, coalesce=true, on_leader_cancel=fail_all"
                                        : "capacity=9, coalesce=true, on_leader_cancel=promote",
                               "says='ok 1s'");
        build_crash(m.cache, .5);
        for (int i = 0; i < 4; i++)
            ask(&m, .1 * i, 0);
        ask(&m, .6, 0);
        ask(&m, .7, 0);
        finishes_as(&m, 10, "0.5 error, 0.5 error, 0.5 error, 0.5 error, 1.6 ok, 1.6 ok", 2);
        sim_free(m.sim);
    }
}

/* One who asks after the time for stale answers waits for the refresh that is under way. */
static void a_refresh_leads(void **state) {
    (void)state;
    struct model m = model("capacity=9, ttl=5s, stale_while_revalidate=1s, coalesce=true",
                           "says='ok 0s, ok 2s, error 1s'");
    ask(&m, 0, 0);
    ask(&m, 5.5, 0);
    ask(&m, 6.5, 0);
    finishes_as(&m, 20, "0 ok, 5.5 ok, 7.5 ok", 2);
    sim_free(m.sim);
}

/* ---- contents */

static void a_flush_loses_everything(void **state) {
    (void)state;
    struct model m = model("capacity=9, coalesce=true", "says='ok 1s'");
    build_flush(m.cache, 1.5);
    build_flush(m.cache, 2.7);
    static const double times[] = {0, 1.2, 2, 2.5, 4}; /* what is being fetched is kept */
    for (int i = 0; i < 5; i++)
        ask(&m, times[i], 0);
    finishes_as(&m, 10, "1 ok, 1.2 ok, 3 ok, 3 ok, 4 ok", 2);
    sim_free(m.sim);
}

static void it_may_be_full_from_the_start(void **state) {
    (void)state;
    struct model m = model("capacity=3, prefill=10, ttl=4s", "says='ok 0s'");
    static const double keys[] = {3, 2, 1, 4, 5, 3, 1};
    static const double times[] = {0, 1, 2, 3, 3, 3, 4.5};
    for (int i = 0; i < 7; i++) /* 4 drops 3, 5 drops 2, 3 drops 1 */
        ask(&m, times[i], keys[i]);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(leaf_count(m.store), 4);
    assert_near(build_metric(m.sim, "cache:entries"), 3, 1e-12);
    assert_near(build_metric(m.sim, "cache:evictions"), .4, 1e-12);
    sim_free(m.sim);
}

static void the_capacity_is_live(void **state) {
    (void)state;
    struct model m = model("capacity=3, prefill=3", "says='ok 0s'");
    build_set(m.cache, 1, "capacity", "1");
    static const double keys[] = {3, 2, 1, 1, 2, 3};
    for (int i = 0; i < 6; i++)
        ask(&m, i < 3 ? .5 : 2, keys[i]);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(leaf_count(m.store), 2);
    assert_near(build_metric(m.sim, "cache:entries"), (3 + 9) / 10., 1e-12);
    sim_free(m.sim);
}

/* The fact is the size as well: 6 and 5 do not fit into 10, 20 never does. */
static void sizes_count(void **state) {
    (void)state;
    struct model m = model("capacity='10B', size=key", "says='ok 0s'");
    static const double keys[] = {6, 4, 6, 4, 5, 4, 6, 20, 20};
    for (int i = 0; i < 9; i++)
        ask(&m, i, keys[i]);
    build_run(m.sim, m.driver, 0, 10);
    assert_int_equal(leaf_count(m.store), 6);
    sim_free(m.sim);
}

/* Everything at once, withdrawn at any time, with crashes and flushes: the audits must hold. */
static void the_books_are_right_in_any_weather(void **state) {
    (void)state;
    static const char *const policies[] = {"true, on_leader_cancel=continue",
                                           "true, on_leader_cancel=fail_all",
                                           "true, on_leader_cancel=promote"};
    for (uint64_t seed = 0; seed < 36; seed++) {
        struct sim *text = build_new(1);
        struct model m = model_with(
            seed,
            arena_print(&text->arena,
                        "capacity=20, ttl=exp{mean=2s}, negative_ttl=1s, coalesce=%s, lookup=%s, "
                        "stale_while_revalidate=1s, stale_if_error=2s, eviction=%s",
                        seed % 4 ? policies[seed % 3] : "false", seed % 2 ? "exp{mean=20ms}" : "0",
                        eviction_names[seed % 6]),
            seed % 5 ? "says='ok 300ms, error 200ms, ok 400ms, ok 300ms, error 0s, ok 700ms', "
                       "fails=.3"
                     : "says='ok 500ms', stubborn=true, fails=.1");
        struct rng r = {rng_key(seed, 9)};
        for (int i = 0; i < 6; i++) {
            build_crash(i % 2 ? m.cache : m.store, 5 + 7 * i);
            build_flush(m.cache, 6 + 7 * i);
        }
        for (int i = 0; i < 4000; i++) {
            struct arrival *a = ask(&m, .01 * i, (double)rng_below(&r, 30));
            a->cancel_after = rng_below(&r, 3) ? 0 : (ns_t)rng_below(&r, 600) * MS;
            a->cause = (enum cause)rng_below(&r, CAUSE_CRASH);
        }
        build_run(m.sim, m.driver, 0, seed % 2 ? 40.2 : 50);
        assert_true(driver_outcomes(m.driver, 0, 40, OUTCOME_OK) > 1000);
        sim_free(m.sim);
        sim_free(text);
    }
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    sim_fact(sim, "key");
    assert_says(build_refusal(sim, &cache_type, "hit_ratio=1, key=key, capacity=5", NULL),
                "exclude each other");
    assert_says(build_refusal(sim, &cache_type, "hit_ratio=1, capacity=5", NULL),
                "'capacity' means nothing without 'key': the fact that entries are found by");
    assert_says(build_refusal(sim, &cache_type, "key=key", NULL),
                "'key' means nothing without 'capacity': how many entries fit");
    assert_says(build_refusal(sim, &cache_type, "hit_ratio=1, ttl=5s", NULL),
                "'ttl' means nothing");
    assert_says(build_refusal(sim, &cache_type, "key=key, capacity=5, refill=5s", NULL),
                "'refill' means nothing without 'hit_ratio'");
    assert_says(build_refusal(sim, &cache_type,
                              "key=key, capacity=5, coalesce=false, on_leader_cancel=promote",
                              NULL),
                "'on_leader_cancel' means nothing without 'coalesce'");
    assert_says(build_refusal(sim, &cache_type, "key=key, capacity=5, eviction=lry", NULL),
                "did you mean \"lru\"");
    assert_says(build_refusal(sim, &cache_type,
                              "key=key, capacity=5, negative_ttl=1s, negative_on=ok", NULL),
                "are no failures");
    assert_says(build_refusal(sim, &cache_type, "key=key, capacity=5, size=s, prefill=3", NULL),
                "not known how much");
    sim_free(sim);
    static const char *const late[][2] = {
        {"capacity=.5", "not one entry fits"},
        {"capacity=5, size=bytes", "no workload gives requests the fact 'bytes'"},
        {"capacity=5, prefill=1, ttl=ramp{{0, 1}, {1s, 2}}", "has to be a duration"},
    };
    for (int i = 0; i < 3; i++) {
        struct model m = model(late[i][0], "");
        ask(&m, 0, 0);
        assert_says(build_seal_refusal(m.sim, m.driver), late[i][1]);
        sim_free(m.sim);
    }
    struct model m = model("capacity=9", "");
    ask(&m, 0, NAN);
    assert_says(build_run_failure(m.sim, m.driver, 10), "has no fact 'key'");
    sim_free(m.sim);
    m = model("capacity=9", "");
    build_set(m.cache, 1, "hit_ratio", "0");
    ask(&m, 0, 0);
    assert_says(build_run_failure(m.sim, m.driver, 10), "its hit ratio is a result");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_fetched_is_kept),
        cmocka_unit_test(a_full_cache_evicts),
        cmocka_unit_test(each_asks_for_itself),
        cmocka_unit_test(a_ttl_counts_from_writing),
        cmocka_unit_test(a_ttl_may_count_from_use),
        cmocka_unit_test(a_ttl_is_drawn_and_live),
        cmocka_unit_test(failures_are_not_kept),
        cmocka_unit_test(failures_may_be_kept),
        cmocka_unit_test(a_failure_does_not_replace_what_is_fresh),
        cmocka_unit_test(stale_while_revalidate),
        cmocka_unit_test(a_refresh_may_fail),
        cmocka_unit_test(stale_if_error),
        cmocka_unit_test(others_wait_for_the_leader),
        cmocka_unit_test(a_waiter_may_leave),
        cmocka_unit_test(a_leader_may_leave),
        cmocka_unit_test(a_lonely_leader_may_leave),
        cmocka_unit_test(promotion_goes_on),
        cmocka_unit_test(a_crash_ends_them_all),
        cmocka_unit_test(a_refresh_leads),
        cmocka_unit_test(a_flush_loses_everything),
        cmocka_unit_test(it_may_be_full_from_the_start),
        cmocka_unit_test(the_capacity_is_live),
        cmocka_unit_test(sizes_count),
        cmocka_unit_test(the_books_are_right_in_any_weather),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
