/* Replicas: who is there, who is called, and what they cost. */
#include <stdio.h>

#include "check.h"
#include "kit.h"

static struct node *make_pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &station_type, "name=rank, service=4s, servers=9", NULL);
}

struct model {
    struct sim *sim;
    struct node *group, *lb, *driver;
};

static struct model model(int64_t count, int64_t max, const char *lb) {
    struct model m = {.sim = build_new(1)};
    m.group = kit_group(m.sim, "pod", count, max, make_pod);
    m.lb = build_node(m.sim, &balance_type, arena_print(&m.sim->arena, "name=lb, %s", lb), m.group,
                      NULL);
    m.driver = build_driver(m.sim, m.lb);
    return m;
}

static void cold_start(struct model *m, const char *text) {
    kit_put(m->group, "cold_start", kit_value(m->sim, text));
}
static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}
static double calls(struct model *m, int pod) {
    return metric(m, arena_print(&m->sim->arena, "pod[%d].rank:calls", pod));
}
static enum replica_state state_of(struct model *m, int pod) {
    return group_of(m->group)->at[pod - 1].state;
}

struct look {
    struct model *m;
    enum replica_state want[4];
};
static void look(void *ctx) {
    struct look *l = ctx;
    for (int i = 0; i < (int)group_of(l->m->group)->max; i++)
        assert_int_equal(state_of(l->m, i + 1), l->want[i]);
}

#define ABSENT REPLICA_ABSENT
#define STARTING REPLICA_STARTING
#define READY REPLICA_READY
#define DRAINING REPLICA_DRAINING

static void only_those_ready_are_called(void **state) {
    (void)state;
    static const char *const policies[] = {"policy=round_robin", "policy=random",
                                           "policy=least_request"};
    for (int i = 0; i < 3; i++) {
        struct model m = model(2, 4, policies[i]);
        driver_calls(m.driver, 0, .1, 60, NULL);
        build_run(m.sim, m.driver, 0, 30);
        assert_near(calls(&m, 1) + calls(&m, 2), 60, 0);
        assert_true(calls(&m, 1) > 10 && calls(&m, 2) > 10);
        assert_near(metric(&m, "pod:replicas"), 2, 1e-12);
        assert_near(metric(&m, "pod:provisioned"), 2, 1e-12);
        sim_free(m.sim);
    }
}

static void a_new_replica_starts_cold(void **state) {
    (void)state;
    struct model m = model(1, 3, "");
    cold_start(&m, "10s");
    build_set(m.group, 5, "count", "3");
    struct look before = {&m, {READY, ABSENT, ABSENT}},
                starting = {&m, {READY, STARTING, STARTING}}, after = {&m, {READY, READY, READY}};
    build_at(m.sim, 4.9, look, &before);
    build_at(m.sim, 14.9, look, &starting);
    build_at(m.sim, 15.1, look, &after);
    driver_calls(m.driver, .5, 1, 30, NULL);
    build_run(m.sim, m.driver, 0, 40);
    assert_near(calls(&m, 1), 20, 0);
    assert_near(calls(&m, 2), 5, 0);
    assert_near(calls(&m, 3), 5, 0);
    assert_near(metric(&m, "pod:replicas"), (40 + 2 * 25) / 40., 1e-12);
    assert_near(metric(&m, "pod:provisioned"), (40 + 2 * 35) / 40., 1e-12);
    assert_near(metric(&m, "pod:started") * 40, 2, 1e-9);
    sim_free(m.sim);
}

static void a_replica_drains_before_it_leaves(void **state) {
    (void)state;
    struct model m = model(2, 2, "");
    group_of(m.group)->hourly = 3.6;
    driver_calls(m.driver, 0, 1, 12, NULL); /* each takes 4 s; the odd ones go to the second */
    build_set(m.group, 5.5, "count", "1");
    struct look draining = {&m, {READY, DRAINING}}, gone = {&m, {READY, ABSENT}};
    build_at(m.sim, 8.9, look, &draining);
    build_at(m.sim, 9.1, look, &gone); /* the one that came at 5 is done at 9 */
    build_run(m.sim, m.driver, 0, 20);
    assert_int_equal(driver_outcomes(m.driver, 0, 20, OUTCOME_OK), 12);
    assert_near(calls(&m, 2), 3, 0);
    assert_near(metric(&m, "pod:replicas"), (20 + 5.5) / 20, 1e-12);
    assert_near(metric(&m, "pod:provisioned"), (20 + 9) / 20., 1e-12);
    assert_near(metric(&m, "cost.per_hour"), 3.6 * 29 / 20, 1e-9);
    assert_near(metric(&m, "cost.per_request"), 3.6 / 3600 * 29 / 12, 1e-9);
    sim_free(m.sim);
}

static void an_idle_or_starting_one_leaves_at_once(void **state) {
    (void)state;
    struct model m = model(2, 3, "");
    cold_start(&m, "10s");
    build_set(m.group, 1, "count", "3");
    build_set(m.group, 2, "count", "1");
    struct look after = {&m, {READY, ABSENT, ABSENT}};
    build_at(m.sim, 2.1, look, &after);
    build_at(m.sim, 20, look, &after); /* the cancelled start does not come about */
    build_run(m.sim, m.driver, 0, 30);
    assert_near(metric(&m, "pod:provisioned"), (30 + 2 + 1) / 30., 1e-12);
    sim_free(m.sim);
}

static void one_that_drains_is_called_back_warm(void **state) {
    (void)state;
    struct model m = model(2, 2, "");
    cold_start(&m, "10s");
    driver_calls(m.driver, 0, 1, 12, NULL);
    build_set(m.group, 5.5, "count", "1");
    build_set(m.group, 6.5, "count", "2");
    struct look after = {&m, {READY, READY}};
    build_at(m.sim, 6.6, look, &after);
    build_at(m.sim, 19, look, &after); /* the end of those calls does not make it leave */
    build_run(m.sim, m.driver, 0, 20);
    assert_near(metric(&m, "pod:provisioned"), 2, 1e-12);
    assert_near(metric(&m, "pod:started"), 0, 0);
    assert_near(metric(&m, "pod:replicas"), 2 - 1. / 20, 1e-12);
    sim_free(m.sim);
}

static void a_crash_ends_the_draining(void **state) {
    (void)state;
    struct model m = model(2, 2, "");
    driver_calls(m.driver, 0, 1, 6, NULL);
    build_set(m.group, 5.5, "count", "1");
    kit_fault(m.sim, "down", "'pod[2]', from=6s, to=7s");
    struct look gone = {&m, {READY, ABSENT}};
    build_at(m.sim, 6.1, look, &gone);
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 6), "ok ok ok error ok error");
    assert_near(metric(&m, "pod:provisioned"), (20 + 6) / 20., 1e-12);
    sim_free(m.sim);
}

static void nobody_ready_is_an_error(void **state) {
    (void)state;
    static const char *const lbs[] = {"policy=round_robin", "policy=random",
                                      "policy=least_request"};
    for (int i = 0; i < 3; i++) {
        struct model m = model(0, 2, lbs[i]);
        cold_start(&m, "2s");
        build_set(m.group, 5, "count", "1");
        driver_calls(m.driver, .5, 1, 10, NULL);
        build_run(m.sim, m.driver, 0, 20);
        assert_int_equal(driver_outcomes(m.driver, 0, 7, OUTCOME_ERROR), 7);
        assert_int_equal(driver_outcomes(m.driver, 7, 20, OUTCOME_OK), 3);
        assert_near(metric(&m, "lb:refused") * 20, 7, 1e-9);
        sim_free(m.sim);
    }
}

static void cold_starts_may_vary(void **state) {
    (void)state;
    struct model m = model(0, 40, "");
    cold_start(&m, "uniform{min=10, max=20}");
    build_set(m.group, 0, "count", "40");
    build_run(m.sim, m.driver, 0, 20);
    /* 40 uniform times in 10..20: the mean number ready over 20 s is 40 x 5 / 20; its sd is 40^.5
     * x 2.89 / 20 */
    assert_near(metric(&m, "pod:replicas"), 10, 4 * .92);
    assert_near(metric(&m, "pod:provisioned"), 40, 1e-9);
    sim_free(m.sim);
    m = model(0, 40, "");
    cold_start(&m, "steps{{0, 1s}, {10s, 3s}}");
    build_set(m.group, 5, "count", "1");
    build_set(m.group, 15, "count", "2");
    build_run(m.sim, m.driver, 0, 20);
    assert_near(metric(&m, "pod:replicas"), (14 + 2) / 20., 1e-9);
    sim_free(m.sim);
}

static void the_count_may_follow_a_signal_and_a_fault(void **state) {
    (void)state;
    struct model m = model(1, 3, "");
    kit_fault(m.sim, "set", "'pod:count', 3, from=4s, to=10s");
    driver_calls(m.driver, .5, 1, 16, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_near(calls(&m, 2) + calls(&m, 3), 4, 0); /* of the six from 4 to 10 s */
    assert_near(metric(&m, "pod:replicas"), (20 + 2 * 6) / 20., 1e-12);
    sim_free(m.sim);
    m = model(1, 3, "");
    kit_put(m.group, "count",
            kit_value(m.sim, "steps{{0, 1}, {5s, 2.6}, {10s, 0.2}}")); /* rounded */
    build_run(m.sim, m.driver, 0, 20);
    assert_near(metric(&m, "pod:replicas"), (5 + 3 * 5) / 20., 1e-12);
    sim_free(m.sim);
}

static void phases_have_their_own_costs(void **state) {
    (void)state;
    struct model m = model(1, 3, "");
    group_of(m.group)->hourly = 7.2;
    build_set(m.group, 10, "count", "3");
    driver_calls(m.driver, .5, 1, 20, NULL);
    struct span phases[] = {{"few", 0, ns_from_s(10)}, {"many", ns_from_s(10), ns_from_s(20)}};
    build_run_phases(m.sim, m.driver, 30, 20, phases, 2); /* warm-up costs nothing */
    assert_near(metric(&m, "cost.per_hour{phase=few}"), 7.2, 1e-9);
    assert_near(metric(&m, "cost.per_hour{phase=many}"), 3 * 7.2, 1e-9);
    assert_near(metric(&m, "cost.per_hour"), 2 * 7.2, 1e-9);
    assert_near(metric(&m, "cost.per_request{phase=few}"), .002, 1e-9);
    sim_free(m.sim);
}

/* Whoever names a group wants its cost, not everybody's. */
static void a_group_has_its_own_cost(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *a = kit_group(sim, "gpu", 2, 2, make_pod),
                *b = kit_group(sim, "web", 3, 3, make_pod);
    group_of(a)->hourly = 10;
    group_of(b)->hourly = 1;
    struct node *x = build_node(sim, &balance_type, "name=x", a, NULL),
                *y = build_node(sim, &balance_type, "name=y", b, NULL);
    struct node *driver = build_driver(sim, build_node(sim, &chain_type, "", x, y, NULL));
    driver_calls(driver, .5, 1, 4, NULL);
    build_run(sim, driver, 0, 20);
    assert_near(build_metric(sim, "cost.per_hour"), 23, 1e-9);
    assert_near(build_metric(sim, "gpu:cost.per_hour"), 20, 1e-9);
    assert_near(build_metric(sim, "web:cost.per_hour"), 3, 1e-9);
    assert_near(build_metric(sim, "gpu:cost.per_request"), 20. / 3600 * 20 / 4, 1e-9);
    sim_free(sim);
}

/* ---- set from outside, after the replicas were built */

static const char *set_before(struct model *m, const char *param, const char *value) {
    static struct error e;
    struct sim_limits limits = {.duration = ns_from_s(10)};
    struct span none = {0};
    e = (struct error){{0}};
    assert_true(sim_wire(m->sim, &m->driver, 1, &e));
    kit_put(m->group, param, value_of_text(value));
    if (sim_seal(m->sim, &none, 0, &limits, &e))
        assert_true(sim_run(m->sim));
    return e.text;
}

static void the_count_set_from_outside_stays_within_max(void **state) {
    (void)state;
    struct model m = model(1, 3, "");
    assert_string_equal(set_before(&m, "count", "2"), "");
    assert_near(metric(&m, "pod:replicas"), 2, 1e-12);
    sim_free(m.sim);
    m = model(1, 3, "");
    assert_says(set_before(&m, "count", "100"), "count = 100 is above max = 3; set max");
    sim_free(m.sim);
    m = model(1, 3, "");
    assert_says(set_before(&m, "max", "100"), "max = 100: 3 replicas have been built");
    sim_free(m.sim);
}

static void a_live_count_stays_within_max(void **state) {
    (void)state;
    struct model m = model(1, 3, "");
    build_set(m.group, 2, "count", "4");
    assert_says(build_run_failure(m.sim, m.driver, 5), "pod: count = 4 is above max = 3");
    sim_free(m.sim);
}

/* ---- machines that are taken away */

struct eviction {
    struct model *m;
    uint32_t pod;
    double notice;
};
static void evict(void *ctx) {
    struct eviction *x = ctx;
    group_evict(group_of(x->m->group), x->pod - 1, ns_from_s(x->notice));
}
static void replace(void *ctx) {
    group_replace(group_of(((struct model *)ctx)->group));
}

/* The calls of 3 and 5 s, of four seconds each, are with the second one when it gets notice at 5.5;
 * that of 3 s ends in time. */
static void an_evicted_one_drains_and_then_goes(void **state) {
    (void)state;
    struct model m = model(2, 3, "");
    cold_start(&m, "2s");
    struct eviction x = {&m, 2, 3};
    struct look draining = {&m, {READY, DRAINING, STARTING}}, gone = {&m, {READY, ABSENT, READY}};
    driver_calls(m.driver, 0, 1, 12, NULL);
    build_at(m.sim, 5.5, evict, &x);
    build_at(m.sim, 6.5, replace, &m);
    build_at(m.sim, 6.6, look, &draining);
    build_at(m.sim, 8.49, look, &draining);
    build_at(m.sim, 8.51, look, &gone);
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 12), "ok ok ok ok ok error ok ok ok ok ok ok");
    assert_near(ns_to_s(driver_arrival(m.driver, 5)->done), 8.5, 1e-9);
    assert_near(metric(&m, "pod:cut_off") * 20, 1, 1e-9);
    assert_near(metric(&m, "pod:started") * 20, 1, 1e-9);
    assert_near(metric(&m, "pod:provisioned"), (20 + 8.5 + 13.5) / 20, 1e-9);
    sim_free(m.sim);
}

/* Nobody calls it back, and without room for another one that starts when it has gone: at the end
 * of its last call, or when its machine goes. */
static void without_room_the_next_one_waits(void **state) {
    (void)state;
    static const struct { double notice, gone; } rows[] = {{100, 9}, {1, 6.5}};
    for (int i = 0; i < 2; i++) {
        struct model m = model(2, 2, "");
        cold_start(&m, "2s");
        struct eviction x = {&m, 2, rows[i].notice};
        struct look draining = {&m, {READY, DRAINING}}, starting = {&m, {READY, STARTING}},
                    after = {&m, {READY, READY}};
        driver_calls(m.driver, 0, 1, 12, NULL);
        build_at(m.sim, 5.5, evict, &x);
        build_at(m.sim, 5.5, replace, &m);
        build_set(m.group, 5.7, "count", "1");
        build_set(m.group, 5.8, "count", "2");
        build_at(m.sim, rows[i].gone - .1, look, &draining);
        build_at(m.sim, rows[i].gone + .1, look, &starting);
        build_at(m.sim, rows[i].gone + 2.1, look, &after);
        build_run(m.sim, m.driver, 0, 20);
        sim_free(m.sim);
    }
}

/* Until it is replaced the group is one short, and growing by one makes it one less short. */
static void what_is_lost_is_missed_until_it_is_replaced(void **state) {
    (void)state;
    struct model m = model(2, 4, "");
    struct eviction x = {&m, 1, 5};
    struct look less = {&m, {ABSENT, READY, ABSENT, ABSENT}},
                more = {&m, {READY, READY, ABSENT, ABSENT}},
                all = {&m, {READY, READY, READY, ABSENT}};
    build_at(m.sim, 1, evict, &x);
    build_at(m.sim, 2, look, &less);
    build_set(m.group, 3, "count", "3");
    build_at(m.sim, 4, look, &more);
    build_at(m.sim, 5, replace, &m);
    build_at(m.sim, 6, look, &all);
    build_run(m.sim, m.driver, 0, 20);
    assert_near(metric(&m, "pod:cut_off"), 0, 0);
    sim_free(m.sim);
}

static void one_that_starts_may_be_evicted(void **state) {
    (void)state;
    struct model m = model(1, 2, "");
    cold_start(&m, "10s");
    struct eviction x = {&m, 2, 5};
    struct look gone = {&m, {READY, ABSENT}}, anew = {&m, {READY, STARTING}},
                there = {&m, {READY, READY}};
    build_set(m.group, 1, "count", "2");
    build_at(m.sim, 5, evict, &x);
    build_at(m.sim, 5.1, look, &gone);
    build_at(m.sim, 6, replace, &m);
    build_at(m.sim, 15.9, look, &anew);
    build_at(m.sim, 16.1, look, &there);
    build_run(m.sim, m.driver, 0, 20);
    sim_free(m.sim);
}

/* ---- cold starts made of parts */

static void parts_are_added_up(void **state) {
    (void)state;
    struct model m = model(0, 2, "");
    cold_start(&m, "{scheduling=1s, image_pull=10s, model_load=steps{{0, 3s}, {20s, 4s}}, "
                   "warm_up=0.5s, readiness=0.25s}");
    struct look before = {&m, {STARTING, ABSENT}}, after = {&m, {READY, ABSENT}};
    build_set(m.group, 1, "count", "1");
    build_set(m.group, 20, "count", "2");
    build_at(m.sim, 15.74, look, &before);
    build_at(m.sim, 15.76, look, &after);
    build_run(m.sim, m.driver, 0, 40);
    assert_near(metric(&m, "pod:cold_start"), (14.75 + 15.75) / 2, 1e-9);
    sim_free(m.sim);
}

/* 4 of 10 starts pull no image; the parts are drawn apart. */
static void images_may_be_there(void **state) {
    (void)state;
    struct model m = model(0, 2000, "");
    cold_start(&m, "{image_pull=10s, image_cached=40%, model_load=exponential{mean=1}, "
                   "warm_up=exponential{mean=1}}");
    build_set(m.group, 0, "count", "2000");
    build_run(m.sim, m.driver, 0, 60);
    uint64_t quick = 0;
    double sum = 0, squares = 0;
    for (int i = 0; i < 2000; i++) {
        double t = ns_to_s(group_of(m.group)->at[i].since);
        quick += t < 10;
        sum += t >= 10 ? t - 10 : 0;
        squares += t >= 10 ? (t - 12) * (t - 12) : 0;
    }
    assert_true(kit_share(quick, 2000, .4));
    assert_near(sum / (double)(2000 - quick), 2, 4 * sqrt(2 / 1200.));
    assert_near(squares / (double)(2000 - quick), 2, .5); /* 2, not the 4 of one drawn twice */
    sim_free(m.sim);
}

static const char *bad_start(const char *text) {
    static char says[400];
    struct model m = model(1, 1, "");
    cold_start(&m, text);
    snprintf(says, sizeof says, "%s", build_seal_refusal(m.sim, m.driver));
    sim_free(m.sim);
    return says;
}

static void bad_cold_starts_are_refused(void **state) {
    (void)state;
    assert_says(bad_start("{image_pul=3s}"), "image_pull");
    assert_says(bad_start("{image_cached=50%}"), "'image_cached' means nothing without");
    assert_says(bad_start("{image_pull=fast}"), "cold_start: image_pull");
    assert_says(bad_start("{warm_up={user=3s}}"), "cold_start: warm_up: a start belongs to no");
    assert_says(bad_start("soon"), "cold_start: \"soon\"");
}

/* What starts anew has forgotten all. */
static struct node *make_cache(struct sim *sim, uint32_t index) {
    (void)index;
    struct node *inner = build_node(sim, &delay_type, "time=1ms", NULL);
    return build_node(sim, &cache_type, "name=store, key=user, capacity=10", inner, NULL);
}

/* Nine servers that do five calls; three more replicas that might be there are not. The second one
 * is there from 10 s to 15 s. */
static void one_that_is_not_there_has_no_servers(void **state) {
    (void)state;
    struct model m = model(1, 4, "");
    driver_calls(m.driver, 0, 1, 5, NULL);
    build_set(m.group, 10, "count", "2");
    build_set(m.group, 15, "count", "1");
    static const struct span phases[] = {{"alone", 0, 10 * NS_PER_S}};
    build_run_phases(m.sim, m.driver, 0, 20, phases, 1);
    const double busy = 5 * 4. / 9;
    assert_near(metric(&m, "pod[1].rank:utilization"), busy / 20, 1e-9);
    assert_near(metric(&m, "pod[*].rank:utilization{phase=alone}"), busy / 10, 1e-9);
    assert_near(metric(&m, "pod[*].rank:utilization"), busy / (20 + 5), 1e-9);
    assert_true(isnan(metric(&m, "pod[3].rank:utilization")));
    sim_free(m.sim);
}

static struct node *make_single(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &station_type, "name=rank, service=4s", NULL);
}

/* Of three calls one waits for 4 s and one for 8 s. */
static void means_are_those_of_who_is_there(void **state) {
    (void)state;
    struct model m = {.sim = build_new(1)};
    m.group = kit_group(m.sim, "pod", 1, 4, make_single);
    m.driver = build_driver(m.sim, build_node(m.sim, &balance_type, "name=lb", m.group, NULL));
    driver_calls(m.driver, 0, 0, 3, NULL);
    build_set(m.group, 14, "count", "2");
    build_set(m.group, 19, "count", "1");
    build_run(m.sim, m.driver, 0, 20);
    assert_near(metric(&m, "pod[1].rank:queue"), 12. / 20, 1e-9);
    assert_near(metric(&m, "pod[2].rank:queue"), 0, 0);
    assert_near(metric(&m, "pod[*].rank:queue"), 12. / (20 + 5), 1e-9);
    assert_true(isnan(metric(&m, "pod[3].rank:queue")));
    sim_free(m.sim);
}

static void one_that_starts_has_empty_caches(void **state) {
    (void)state;
    struct model m = {.sim = build_new(1)};
    sim_fact(m.sim, "user");
    m.group = kit_group(m.sim, "pod", 1, 1, make_cache);
    m.lb = build_node(m.sim, &balance_type, "name=lb", m.group, NULL);
    m.driver = build_driver(m.sim, m.lb);
    driver_calls(m.driver, 0, 1, 4, NULL);
    build_set(m.group, 1.5, "count", "0");
    build_set(m.group, 1.6, "count", "1");
    build_run(m.sim, m.driver, 0, 10);
    assert_near(metric(&m, "pod[1].store:hit_ratio"), .5, 1e-9); /* miss, hit; miss, hit */
    sim_free(m.sim);
}

static void bad_groups_are_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct error e = {{0}};
    struct group *g = group_of(node_new(sim, &replicas_type, "x.lua:1"));
    g->count = 5, g->max = 3;
    assert_false(group_reserve(g, &e));
    assert_says(e.text, "count = 5 is above max = 3");
    e.text[0] = 0, g->count = 0, g->max = 0;
    assert_false(group_reserve(g, &e));
    assert_says(e.text, "max = 0: it must lie in 1..100000");
    e.text[0] = 0, g->count = 2, g->max = 0;
    assert_true(group_reserve(g, &e));
    assert_int_equal(g->max, 2);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_those_ready_are_called),
        cmocka_unit_test(a_new_replica_starts_cold),
        cmocka_unit_test(a_replica_drains_before_it_leaves),
        cmocka_unit_test(an_idle_or_starting_one_leaves_at_once),
        cmocka_unit_test(one_that_drains_is_called_back_warm),
        cmocka_unit_test(a_crash_ends_the_draining),
        cmocka_unit_test(nobody_ready_is_an_error),
        cmocka_unit_test(cold_starts_may_vary),
        cmocka_unit_test(the_count_may_follow_a_signal_and_a_fault),
        cmocka_unit_test(phases_have_their_own_costs),
        cmocka_unit_test(a_group_has_its_own_cost),
        cmocka_unit_test(the_count_set_from_outside_stays_within_max),
        cmocka_unit_test(a_live_count_stays_within_max),
        cmocka_unit_test(an_evicted_one_drains_and_then_goes),
        cmocka_unit_test(without_room_the_next_one_waits),
        cmocka_unit_test(what_is_lost_is_missed_until_it_is_replaced),
        cmocka_unit_test(one_that_starts_may_be_evicted),
        cmocka_unit_test(parts_are_added_up),
        cmocka_unit_test(images_may_be_there),
        cmocka_unit_test(bad_cold_starts_are_refused),
        cmocka_unit_test(one_that_is_not_there_has_no_servers),
        cmocka_unit_test(means_are_those_of_who_is_there),
        cmocka_unit_test(one_that_starts_has_empty_caches),
        cmocka_unit_test(bad_groups_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
