/* Critical paths, worked out by hand; and what blame makes of them. */
#include <stdio.h>

#include "check.h"
#include "core/blame.h"

static char story[2000];

/* "leaf stall 20; retry backoff 3": in ms, from front to back; requests on lines of their own. */
static void ended(struct trail_watch *w, const struct call *root, const struct stretch *path,
                  uint32_t n) {
    size_t at = strlen(story);
    (void)w, (void)root;
    for (uint32_t i = n; i-- > 0;)
        at += (size_t)snprintf(story + at, sizeof story - at, "%s%s %s %g",
                               i + 1 == n ? (at ? " | " : "") : "; ", path[i].node->name,
                               spend_names[path[i].what], ns_to_s(path[i].to - path[i].from) * 1e3);
}

static const char *watch(struct sim *sim, struct node *driver) {
    struct trail_watch w = {.ended = ended};
    story[0] = 0;
    trail_watch(&w, sim);
    build_run(sim, driver, 0, 100);
    trail_release(&w);
    sim_free(sim);
    return story;
}

static struct node *leaf(struct sim *sim, const char *name, const char *says) {
    char spec[200];
    snprintf(spec, sizeof spec, "name='%s', says='%s'", name, says);
    return build_node(sim, &leaf_type, spec, NULL);
}

/* One call, at 0, to `wrapper` around a leaf. */
static const char *wrapped(const struct node_type *type, const char *spec, const char *says) {
    struct sim *sim = build_new(1);
    struct node *driver =
        build_driver(sim, build_node(sim, type, spec, leaf(sim, "leaf", says), NULL));
    driver_call(driver, 0, NULL);
    return watch(sim, driver);
}

static void a_queue_is_waiting_and_service(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver = build_driver(sim, build_node(sim, &station_type, "service=10ms", NULL));
    driver_calls(driver, 0, 0.004, 2, NULL);
    assert_string_equal(watch(sim, driver),
                        "station service 10 | station wait 6; station service 10");
}

static void attempts_follow_each_other(void **state) {
    (void)state;
    const char *spec = "max_attempts=3, backoff={kind=fixed, base=3ms}";
    assert_string_equal(wrapped(&retry_type, spec, "error 10ms, ok 5ms"),
                        "leaf stall 10; retry backoff 3; leaf stall 5");
}

/* Whether the work below is stopped or goes on makes no difference to who waited for it. */
static void what_was_given_up_is_abandoned(void **state) {
    (void)state;
    static const char *const ends[] = {"abandon", "stop", "drop_queued"};
    for (int i = 0; i < 3; i++) {
        char spec[100];
        snprintf(spec, sizeof spec, "after=20ms, on_expiry=%s", ends[i]);
        assert_string_equal(wrapped(&timeout_type, spec, "ok 1s"), "leaf abandoned 20");
        assert_string_equal(wrapped(&timeout_type, spec, "ok 5ms"), "leaf stall 5");
    }
}

/* A user who reloads is still there when the first answer comes, which nobody waits for. */
static void what_was_left_behind_is_abandoned(void **state) {
    (void)state;
    static const char *const users = "name=users, users=1, think=200s, reload={after=2s}";
    struct sim *sim = build_new(1);
    struct node *source =
        build_node(sim, &closed_type, users, leaf(sim, "a", "ok 2500ms, ok 1s"), NULL);
    assert_string_equal(watch(sim, source), "a abandoned 2000; a stall 1000");
    sim = build_new(1);
    struct node *chain = build_node(sim, &chain_type, "", leaf(sim, "a", "ok 2600ms, ok 500ms"),
                                    leaf(sim, "b", "ok 500ms, ok 50s"), NULL);
    source = build_node(sim, &closed_type, users, chain, NULL);
    assert_string_equal(watch(sim, source), "a abandoned 2000; a stall 500; b stall 500");
}

static void the_time_before_the_winner_was_sent_is_a_hedge(void **state) {
    (void)state;
    assert_string_equal(wrapped(&hedge_type, "after=20ms", "ok 100ms, ok 10ms"),
                        "hedge hedge 20; leaf stall 10");
    assert_string_equal(wrapped(&hedge_type, "after=20ms", "ok 50ms, ok 100ms"), "leaf stall 50");
    assert_string_equal(
        wrapped(&hedge_type, "after=20ms, cancel_losers=false", "ok 100ms, ok 10ms"),
        "hedge hedge 20; leaf stall 10");
}

static void of_calls_side_by_side_the_last_one_counts(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver =
        build_driver(sim, build_node(sim, &fanout_type, "", leaf(sim, "a", "ok 10ms"),
                                     leaf(sim, "b", "ok 30ms"), leaf(sim, "c", "ok 20ms"), NULL));
    driver_call(driver, 0, NULL);
    assert_string_equal(watch(sim, driver), "b stall 30");
}

static void calls_in_a_row_come_in_order(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *chain = build_node(sim, &chain_type, "", leaf(sim, "a", "ok 10ms"),
                                    leaf(sim, "b", "ok 0s"), leaf(sim, "c", "ok 20ms"), NULL);
    struct node *driver = build_driver(sim, chain);
    driver_call(driver, 0, NULL);
    assert_string_equal(watch(sim, driver), "a stall 10; c stall 20");
}

static void a_batch_is_the_work_of_all_in_it(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *batch = build_node(sim, &batch_type, "max_batch_size=2, max_queue_delay=1s",
                                    leaf(sim, "gpu", "ok 10ms"), NULL);
    struct node *driver = build_driver(sim, batch);
    driver_calls(driver, 0, 0.004, 2, NULL);
    assert_string_equal(watch(sim, driver), "batch wait 4; gpu stall 10 | gpu stall 10");
}

static void a_fetch_is_that_of_all_who_wait_for_it(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    sim_fact(sim, "key");
    struct node *cache =
        build_node(sim, &cache_type, "key='key', capacity=10, lookup=1ms, coalesce=true",
                   leaf(sim, "store", "ok 10ms"), NULL);
    struct node *driver = build_driver(sim, cache);
    for (int i = 0; i < 2; i++)
        driver_call(driver, 0.004 * i, NULL)->fact = 7;
    assert_string_equal(watch(sim, driver), "cache service 1; store stall 10 | cache service 1; "
                                            "store stall 6");
}

/* ---- blame */

/* 98 answers at once and two after 100 ms, 90 of them waiting. */
static void blame_is_a_share_of_the_time_of_the_slowest(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *s = build_node(sim, &station_type, "service=10ms", NULL);
    struct node *driver = build_driver(sim, s);
    driver_calls(driver, 0, 0.02, 600, NULL); /* nobody waits */
    driver_calls(driver, 20, 0, 10, NULL);    /* 10, 20, … 100 ms */
    blame_watch(sim);
    build_run(sim, driver, 0, 100);
    assert_near(build_metric(sim, "station:blame.p50"), 1, 0);
    struct blame_band b = {.from = 1 - 5. / 610, .to = 1}; /* 60 to 100 ms */
    blame_read(sim, ~UINT64_C(1), UINT64_MAX, &b);
    assert_near(b.n, 5, 1e-9);
    assert_near(b.total, 400e6, 1);
    assert_near(b.ns[SPENDS * 1 + PHASE_WAIT] + b.ns[PHASE_WAIT], 350e6, 1);
    blame_band_release(&b);
    const struct exemplar *x = blame_exemplar(sim, 1);
    assert_int_equal(x->latency, 100 * MS);
    assert_int_equal(x->n, 2);
    assert_int_equal(x->path[0].what, PHASE_SERVICE);
    sim_free(sim);
}

static const char *refusal(struct sim *sim, const char *text) {
    static struct error e;
    struct metric_ref ref;
    struct metric_query q;
    e = (struct error){{0}};
    assert_true(metric_ref_parse(&sim->arena, text, &ref, &e));
    assert_false(metric_bind(sim, &ref, &q, &e));
    return e.text;
}

static void blame_says_what_it_wants(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *driver = build_driver(sim, build_node(sim, &station_type, "service=10ms", NULL));
    driver_call(driver, 0, NULL);
    build_run(sim, driver, 0, 1);
    assert_says(refusal(sim, "station:blame"), "blame");
    assert_says(refusal(sim, "station:blame.mean"), "blame.p99 is the share of the time");
    assert_says(refusal(sim, "blame.p99"), "begins with its address");
    assert_says(refusal(sim, "station:blame.p99{outcome=ok}"), "not kept by outcome");
    assert_true(isnan(build_metric(sim, "station:blame.p99"))); /* nobody watched */
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_is_waiting_and_service),
        cmocka_unit_test(attempts_follow_each_other),
        cmocka_unit_test(what_was_given_up_is_abandoned),
        cmocka_unit_test(what_was_left_behind_is_abandoned),
        cmocka_unit_test(the_time_before_the_winner_was_sent_is_a_hedge),
        cmocka_unit_test(of_calls_side_by_side_the_last_one_counts),
        cmocka_unit_test(calls_in_a_row_come_in_order),
        cmocka_unit_test(a_batch_is_the_work_of_all_in_it),
        cmocka_unit_test(a_fetch_is_that_of_all_who_wait_for_it),
        cmocka_unit_test(blame_is_a_share_of_the_time_of_the_slowest),
        cmocka_unit_test(blame_says_what_it_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
