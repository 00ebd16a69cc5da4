/* Closed workloads: who asks when. */
#include "check.h"
#include "kit.h"

#include <stdio.h>

static struct sim *sim;
static struct node *leaf, *users;

static void make_with(uint64_t seed, const char *spec, const char *says) {
    sim = build_new(seed);
    leaf = build_node(sim, &leaf_type, says, NULL);
    users = build_node(sim, &closed_type, arena_print(&sim->arena, "name=users, to=@1, %s", spec),
                       leaf, NULL);
}

static void make(const char *spec, const char *says) {
    make_with(1, spec, says);
}

static void asked_at(double seconds, const double *want, uint32_t n) {
    build_run(sim, users, 0, seconds);
    for (uint32_t i = 0; i < leaf_count(leaf) && i < n; i++)
        assert_near(leaf_time(leaf, i), want[i], 1e-9);
    assert_int_equal(leaf_count(leaf), n);
    sim_free(sim);
}

static void a_user_waits_and_thinks(void **state) {
    (void)state;
    make("users=1, think=2s", "says='ok 1s, error 500ms, ok 1s'");
    asked_at(8, (const double[]){0, 3, 5.5}, 3);
}

static void users_do_not_wait_for_each_other(void **state) {
    (void)state;
    make("users=2, think=2s", "says='ok 1s, ok 4s, ok 1s'");
    asked_at(9, (const double[]){0, 0, 3, 6, 6}, 5);
}

static void no_thinking_is_asking_again(void **state) {
    (void)state;
    make("users=1", "says='ok 2s'");
    asked_at(7, (const double[]){0, 2, 4, 6}, 4);
}

static void without_time_it_does_not_advance(void **state) {
    (void)state;
    struct error e = {{0}};
    struct span none = {0};
    make("users=1", "says='ok 1s, ok 0s'");
    struct node *line = build_node(sim, &delay_type, "time=0s", NULL);
    users = build_node(sim, &closed_type, "to=@1, users=1", line, NULL);
    struct sim_limits limits = {.duration = ns_from_s(10), .max_events_per_tick = 10000};
    assert_true(sim_wire(sim, &users, 1, &e) && sim_seal(sim, &none, 0, &limits, &e));
    assert_false(sim_run(sim));
    assert_says(sim->error.text, "time is not advancing");
    sim_free(sim);
}

/* Two requests, one second of thought between them, ten seconds until the next session. */
static void sessions_end(void **state) {
    (void)state;
    make("users=1, think=1s, session=2, pause=10s", "says='ok 1s'");
    asked_at(30, (const double[]){0, 2, 13, 15, 26, 28}, 6);
    make("users=1, think=1s, session=.2, pause=4s", "says='ok 1s'"); /* one at least */
    asked_at(12, (const double[]){0, 5, 10}, 3);
}

static void the_meter_is_the_users(void **state) {
    (void)state;
    make("users=3, think=2s", "says='ok 1s, ok 1s, error 1s, ok 1s'");
    build_run(sim, users, 0, 9);
    assert_near(build_metric(sim, "calls"), 9, 0);
    assert_near(build_metric(sim, "users:calls"), 9, 0);
    assert_near(build_metric(sim, "latency.mean"), 1, 1e-12);
    assert_near(build_metric(sim, "availability"), 8 / 9., 1e-12);
    assert_near(build_metric(sim, "in_flight"), 1, 1e-12);
    assert_near(build_metric(sim, "users:users"), 3, 1e-12);
    assert_near(build_metric(sim, "throughput"), 8 / 9., 1e-12);
    sim_free(sim);
}

static void a_deadline_is_kept(void **state) {
    (void)state;
    make("users=1, think=1s, deadline=1500ms", "says='ok 1s, ok 2s, ok 1s'");
    build_run(sim, users, 0, 6.5);
    assert_near(build_metric(sim, "goodput"), 2 / 6.5, 1e-12);
    sim_free(sim);
}

/* Three at first. One from 1.5 s: a, who thinks, goes at once; b goes with the answer at 2 s; c
 * stays, is answered at 6, and asks from 8 to 9 and at 11 again. Two from 10 s: d comes and asks.
 */
static void users_come_and_go(void **state) {
    (void)state;
    make("users=3, think=2s", "says='ok 1s, ok 2s, ok 6s, ok 1s'");
    build_set(users, 1.5, "users", "1");
    build_set(users, 10, "users", "2");
    build_run(sim, users, 0, 12);
    static const double want[] = {0, 0, 0, 8, 10, 11};
    assert_int_equal(leaf_count(leaf), 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_near(leaf_time(leaf, i), want[i], 1e-9);
    assert_near(build_metric(sim, "users:users"), (3 * 1.5 + 2 * .5 + 1 * 8 + 2 * 2) / 12, 1e-9);
    sim_free(sim);
}

static void a_signal_brings_them(void **state) {
    (void)state;
    make("users=steps{{0, 1}, {5s, 3}}, think=1s", "says='ok 100ms'");
    build_run(sim, users, 0, 10);
    assert_near(build_metric(sim, "users:users"), 2, 1e-9);
    sim_free(sim);
}

static void classes_and_facts_are_drawn(void **state) {
    (void)state;
    sim = build_new(3);
    leaf = build_node(sim, &worker_type, "time=100ms", NULL);
    users = build_node(sim, &closed_type,
                       "name=users, to=@1, users=50, think={a=1s, b=300ms}, "
                       "classes={a={share=.75, x=1}, b={share=.25, x=2}}",
                       leaf, NULL);
    kit_story();
    build_run(sim, users, 0, 300);
    uint64_t b = 0, n = worker_count(leaf);
    for (uint32_t i = 0; i < n; i++) {
        const struct seen_call *s = worker_seen(leaf, i);
        b += s->class == 1;
        assert_near(s->fact, s->class + 1, 0);
        assert_true(s->key == rng_key(users->salt, s->request));
    }
    assert_true(kit_share(b, n, .25));
    assert_near((double)n / 300, 50 / (.1 + .75 + .25 * .3), .5); /* one SE is .1 */
    sim_free(sim);
}

/* The callee may have other callers, whose share is told apart by its edge. */
static void two_workloads_share_an_entry(void **state) {
    (void)state;
    struct error e = {{0}};
    struct span none = {0};
    struct sim_limits limits = {.duration = ns_from_s(10)};
    make("users=1, think=1s", "says='ok 1s'");
    struct node *more =
        build_node(sim, &closed_type, "name=more, to=@1, users=2, think=4s", leaf, NULL);
    struct node *open =
        build_node(sim, &open_type, "name=open, to=@1, rate=1, arrivals=deterministic", leaf, NULL);
    struct node *sources[] = {users, more, open};
    assert_true(sim_wire(sim, sources, 3, &e) && sim_seal(sim, &none, 0, &limits, &e));
    assert_true(sim_run(sim));
    assert_near(build_metric(sim, "users:calls"), 5, 0);
    assert_near(build_metric(sim, "more:calls"), 4, 0);
    assert_near(build_metric(sim, "open:calls"), 9, 0);
    assert_near(build_metric(sim, "calls"), 18, 0);
    sim_free(sim);
}

/* ---- reloads */

/* 5 s of work, and 2 s of patience for the first two: the user has the answer of the third. */
static void impatient_users_send_anew(void **state) {
    (void)state;
    make("users=1, think=1s, reload={after=2s, at_most=2}", "says='ok 5s, ok 5s, ok 1s, ok 1s'");
    build_run(sim, users, 0, 9);
    static const double want[] = {0, 2, 4, 6, 8};
    assert_int_equal(leaf_count(leaf), 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_near(leaf_time(leaf, i), want[i], 1e-9);
    assert_int_equal(leaf_attempt(leaf, 2), 3);
    assert_near(build_metric(sim, "latency.max"), 5, .01); /* from the first click on */
    assert_near(build_metric(sim, "calls"), 3, 0);
    assert_near(build_metric(sim, "users:reloads"), 2 / 9., 1e-12);
    assert_near(build_metric(sim, "leaf:calls{outcome=ok}"), 4,
                0); /* nobody stopped the old ones */
    assert_near(build_metric(sim, "leaf:in_flight"), (5 + 5 + 1 + 1 + 1) / 9., 1e-9);
    sim_free(sim);
}

static void after_the_last_one_they_wait(void **state) {
    (void)state;
    make("users=1, think=1s, reload={after=2s}", "says='ok 5s'"); /* once */
    asked_at(16, (const double[]){0, 2, 8, 10}, 4);
    make("users=1, think=1s, reload={after=5s}", "says='ok 5s'"); /* a tie: the answer was first */
    asked_at(10, (const double[]){0, 5}, 2);
    assert_says(
        build_refusal(sim = build_new(1), &closed_type, "users=1, reload={at_most=2}", NULL),
        "after");
    sim_free(sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    sim = build_new(1);
    assert_says(build_refusal(sim, &closed_type, "think=1s", NULL), "'users' is missing");
    assert_says(build_refusal(sim, &closed_type, "users=1.5", NULL), "whole number");
    assert_says(build_refusal(sim, &closed_type, "users=1, think=-1", NULL), "negative");
    assert_says(build_refusal(sim, &closed_type, "users=1, classes={a=1}", NULL), "classes: each");
    assert_says(build_refusal(sim, &closed_type, "users=1, pause=1s", NULL),
                "'pause' means nothing without 'session'");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_waits_and_thinks),
        cmocka_unit_test(users_do_not_wait_for_each_other),
        cmocka_unit_test(no_thinking_is_asking_again),
        cmocka_unit_test(without_time_it_does_not_advance),
        cmocka_unit_test(sessions_end),
        cmocka_unit_test(the_meter_is_the_users),
        cmocka_unit_test(a_deadline_is_kept),
        cmocka_unit_test(users_come_and_go),
        cmocka_unit_test(a_signal_brings_them),
        cmocka_unit_test(classes_and_facts_are_drawn),
        cmocka_unit_test(two_workloads_share_an_entry),
        cmocka_unit_test(impatient_users_send_anew),
        cmocka_unit_test(after_the_last_one_they_wait),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
