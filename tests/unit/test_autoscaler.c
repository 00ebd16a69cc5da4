/* Autoscalers at work on a group: what they see and when, zero and back, the clock, and others who
 * move the count. */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "kit.h"

#include "agent/registry.h"

/* Four servers, a second a call: `rate` calls/s use rate / 4 of a replica. */
static struct node *make_pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &station_type, "name=rank, service=1s, servers=4", NULL);
}

struct model {
    struct sim *sim;
    struct node *group, *lb, *driver, *scaler;
};

static struct model model_of(int64_t count, int64_t max, const char *scaler,
                             struct node *(*build)(struct sim *, uint32_t)) {
    struct model m = {.sim = build_new(1)};
    m.group = kit_group(m.sim, "pod", count, max, build);
    m.lb = build_node(m.sim, &balance_type, "name=lb, policy=least_request, choice_count=9",
                      m.group, NULL);
    m.driver = build_driver(m.sim, m.lb);
    if (scaler)
        m.scaler = build_node(m.sim, &autoscaler_type,
                              arena_print(&m.sim->arena, "of=pod, %s", scaler), NULL);
    return m;
}
static struct model model(int64_t count, int64_t max, const char *scaler) {
    return model_of(count, max, scaler, make_pod);
}
/* With what comes first in the table in front. */
static struct model model_with(int64_t count, int64_t max, const char *first, const char *more) {
    char both[400];
    snprintf(both, sizeof both, "%s, %s", first, more);
    return model(count, max, both);
}

static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

/* ---- a story of the count */

struct watch {
    struct model *m;
    double from, gap;
    int n;
    char story[400];
    size_t len;
};
static void watch(void *ctx) {
    struct watch *w = ctx;
    w->len += (size_t)snprintf(w->story + w->len, sizeof w->story - w->len, "%s%lld",
                               w->len ? " " : "", (long long)group_of(w->m->group)->count);
}
static void watch_from(struct watch *w, struct model *m, double from, double gap, int n) {
    *w = (struct watch){.m = m};
    for (int i = 0; i < n; i++)
        build_at(m->sim, from + i * gap, watch, w);
}

/* ---- hpa */

#define QUICK "scale_down={stabilization_window=0s}"

/* 6 calls/s are 1.5 replicas' work: at 50 % they want 3, and nothing is known before 15 s. */
static void usage_sets_the_count(void **state) {
    (void)state;
    struct model m = model(2, 8, "target=50%, " QUICK);
    struct watch w;
    driver_calls(m.driver, .01, 1. / 6, 600, NULL);
    watch_from(&w, &m, 14.9, 15, 9);
    build_run(m.sim, m.driver, 0, 150);
    /* after 15 s the third one has a reading of its own only at 45 s */
    assert_string_equal(w.story, "2 3 3 3 3 3 3 3 1");
    assert_near(metric(&m, "autoscaler:scale_ups") * 150, 1, 1e-9);
    assert_near(metric(&m, "autoscaler:scale_downs") * 150, 1, 1e-9);
    assert_near(metric(&m, "autoscaler:desired"), (2 * 15 + 3 * 105 + 1 * 30) / 150., 1e-9);
    sim_free(m.sim);
}

static void what_is_seen_is_old(void **state) {
    (void)state;
    static const struct {
        const char *lag, *story;
    } rows[] = {{"metrics_lag=0s", "2 3 3 3"},
                {"metrics_lag=1s", "2 2 3 3"},
                {"metrics_lag=15s", "2 2 3 3"},
                {"metrics_lag=16s", "2 2 2 3"}};
    for (int i = 0; i < 4; i++) {
        struct model m = model_with(2, 8, "target=50%", rows[i].lag);
        struct watch w;
        driver_calls(m.driver, .01, 1. / 6, 400, NULL);
        watch_from(&w, &m, 14.9, 15, 4);
        build_run(m.sim, m.driver, 0, 70);
        assert_string_equal(w.story, rows[i].story);
        sim_free(m.sim);
    }
}

/* A reading of 30 s comes out every 30 s, whoever looks in between. */
static void readings_come_at_their_own_pace(void **state) {
    (void)state;
    struct model m = model(2, 8, "target=50%, metrics_window=30s, sync_period=10s");
    struct watch w;
    driver_calls(m.driver, .01, 1. / 6, 400, NULL);
    watch_from(&w, &m, 9.9, 10, 5);
    build_run(m.sim, m.driver, 0, 60);
    assert_string_equal(w.story, "2 2 2 3 3");
    sim_free(m.sim);
}

/* Both stations work on the pool, which is what is counted; the bulkhead is full of calls that
 * wait. */
static struct node *make_shared(struct sim *sim, uint32_t index) {
    (void)index;
    struct node *cpu = build_node(sim, &pool_type, "name=cpu, servers=4", NULL);
    struct node *a = build_node(sim, &station_type, "name=a, on=@1, service=250ms", cpu, NULL),
                *b = build_node(sim, &station_type, "name=b, on=@1, service=750ms", cpu, NULL);
    struct node *chain = build_node(sim, &chain_type, "", a, b, NULL);
    return build_node(sim, &bulkhead_type, "name=door, max_concurrent_calls=100", chain, NULL);
}

static void a_pool_is_counted_once(void **state) {
    (void)state;
    struct model m = model_of(2, 8, "target=50%", make_shared);
    struct watch w;
    driver_calls(m.driver, .01, 1. / 6, 200, NULL);
    watch_from(&w, &m, 14.9, 15, 2);
    build_run(m.sim, m.driver, 0, 31);
    assert_string_equal(w.story, "2 3");
    sim_free(m.sim);
}

static void any_metric_of_a_replica_will_do(void **state) {
    (void)state;
    static const struct {
        const char *scaler, *story;
    } rows[] = {{"metric=in_flight, target=1", "2 6"}, /* 3 in each of the two */
                {"metric='rank:in_flight', target=1.5", "2 4"},
                {"metric='latency.mean', target=500ms", "2 4"},
                {"metric=queue, target=1", "2 2"}};
    for (int i = 0; i < 4; i++) {
        struct model m = model(2, 8, rows[i].scaler);
        struct watch w;
        driver_calls(m.driver, .01, 1. / 6, 120, NULL);
        watch_from(&w, &m, 14.9, 1, 2);
        build_run(m.sim, m.driver, 0, 17);
        assert_string_equal(w.story, rows[i].story);
        sim_free(m.sim);
    }
}

/* One that starts counts as idle: what it is meant to take is not asked for again. */
static void those_that_start_are_not_asked_for_twice(void **state) {
    (void)state;
    struct model m = model(2, 20, "target=50%, cold_start=40s");
    struct watch w;
    driver_calls(m.driver, .01, .125, 1000, NULL); /* 8/s: all busy; 4 wanted */
    watch_from(&w, &m, 14.9, 15, 5);
    build_run(m.sim, m.driver, 0, 76);
    assert_string_equal(w.story, "2 4 4 4 4");
    assert_near(metric(&m, "pod:cold_start"), 40, 1e-9);
    sim_free(m.sim);
}

/* ---- others who move the count */

/* A fault sets it like an operator; the autoscaler goes on from there. At its end the fault puts
 * back what it had found. */
static void a_fault_sets_the_count_for_a_while(void **state) {
    (void)state;
    struct model m = model(2, 8, "target=50%");
    struct watch w;
    driver_calls(m.driver, .01, .25, 800, NULL); /* one replica's work: 2 */
    kit_fault(m.sim, "set", "'pod:count', 6, from=20s, to=350s");
    watch_from(&w, &m, 19, 2, 2);
    build_run(m.sim, m.driver, 0, 30);
    assert_string_equal(w.story, "2 6");
    sim_free(m.sim);
    m = model(2, 8, "target=50%, " QUICK);
    driver_calls(m.driver, .01, .25, 800, NULL);
    kit_fault(m.sim, "set", "'pod:count', 6, from=20s, to=61s");
    watch_from(&w, &m, 29.9, 15, 4);
    build_run(m.sim, m.driver, 0, 76);
    assert_string_equal(w.story, "6 2 2 2"); /* at 30 s it is back at what the load wants */
    sim_free(m.sim);
}

/* At 0 replicas an HPA is switched off. */
static void zero_switches_hpa_off(void **state) {
    (void)state;
    struct model m = model(2, 8, "target=50%");
    struct watch w;
    driver_calls(m.driver, .01, .25, 400, NULL);
    build_set(m.group, 20, "count", "0");
    watch_from(&w, &m, 19, 20, 4);
    build_run(m.sim, m.driver, 0, 80);
    assert_string_equal(w.story, "2 0 0 0");
    assert_true(metric(&m, "lb:refused") > 0); /* nobody would come */
    sim_free(m.sim);
}

/* ---- knative */

#define KNATIVE "algorithm=knative, container_concurrency_target=10, "

/* 8 under way, 2.8 for each. */
static void calls_under_way_set_the_count(void **state) {
    (void)state;
    struct model m = model(4, 20,
                           "algorithm=knative, container_concurrency_target=4, stable_window=20s, "
                           "min_scale=1");
    struct watch w;
    driver_calls(m.driver, .01, .125, 400, NULL);
    watch_from(&w, &m, 1.9, 20, 2);
    build_run(m.sim, m.driver, 0, 30);
    assert_string_equal(w.story, "4 3");
    assert_near(metric(&m, "autoscaler:panicking"), 0, 0);
    sim_free(m.sim);
}

static void a_surge_is_a_panic(void **state) {
    (void)state;
    struct model m = model(1, 20, KNATIVE "min_scale=1");
    struct watch w;
    driver_calls(m.driver, .01, 1, 30, NULL);
    driver_calls(m.driver, 30, .01, 400, NULL);
    watch_from(&w, &m, 29.9, 2.2, 2);
    build_run(m.sim, m.driver, 0, 200);
    /* at 32 s some 200 are there, 33 in the mean of 6 s, 5 of 1: panic */
    assert_true(metric(&m, "autoscaler:panicking") > 60. / 200 &&
                metric(&m, "autoscaler:panicking") < 90. / 200);
    assert_int_equal(strncmp(w.story, "1 ", 2), 0);
    assert_true(atoi(w.story + 2) >= 3);
    sim_free(m.sim);
}

/* ---- to zero and back */

#define TO_ZERO                                                                                    \
    "algorithm=knative, container_concurrency_target=10, stable_window=20s, "                      \
    "scale_to_zero_grace_period=0s, "

static void calls_wait_for_one_that_starts(void **state) {
    (void)state;
    struct model m = model(1, 4, TO_ZERO "cold_start=5s");
    struct watch w;
    driver_call(m.driver, .5, NULL);
    driver_call(m.driver, 50, NULL);
    driver_call(m.driver, 52, NULL);
    watch_from(&w, &m, 21.5, 2, 2);
    watch_from(&w, &m, 21.5, 4, 8);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 3), "ok ok ok");
    assert_near(ns_to_s(driver_arrival(m.driver, 1)->done), 56, 1e-9);
    assert_near(ns_to_s(driver_arrival(m.driver, 2)->done), 56, 1e-9);
    assert_near(metric(&m, "lb:wait.mean"), 8. / 2, 1e-6); /* of those that waited */
    assert_near(metric(&m, "pod:activator_queue"), 8. / 100, 1e-9);
    assert_near(metric(&m, "lb:refused"), 0, 0);
    assert_near(metric(&m, "pod:started") * 100, 1, 1e-9);
    sim_free(m.sim);
}

static void who_waits_may_leave(void **state) {
    (void)state;
    struct model m = model(0, 4, TO_ZERO "cold_start=5s");
    driver_call(m.driver, 1, NULL)->cancel_after = ns_from_s(2);
    driver_call(m.driver, 2, NULL);
    driver_call(m.driver, 3, NULL)->cancel_after = ns_from_s(1);
    build_run(m.sim, m.driver, 0, 50);
    assert_near(ns_to_s(driver_arrival(m.driver, 1)->done), 7, 1e-9);
    assert_near(metric(&m, "pod:activator_queue"), (2 + 4 + 1) / 50., 1e-9);
    assert_near(metric(&m, "lb:share{outcome=cancelled}"), 2. / 3, 1e-9);
    sim_free(m.sim);
}

/* Nothing that waits is left when the run ends, or when the balancer goes down. */
static void the_end_and_a_crash_find_those_who_wait(void **state) {
    (void)state;
    struct model m = model(0, 4, TO_ZERO "cold_start=50s");
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_false(driver_arrival(m.driver, 0)->answered);
    sim_free(m.sim);
    m = model(0, 4, TO_ZERO "cold_start=5s");
    driver_call(m.driver, 1, NULL);
    kit_fault(m.sim, "down", "'lb', from=2s, to=3s");
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 1), "error");
    sim_free(m.sim);
}

/* A start that takes no time answers at once. */
static void a_start_may_take_no_time(void **state) {
    (void)state;
    struct model m = model(0, 4, TO_ZERO);
    driver_call(m.driver, 1, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_near(ns_to_s(driver_arrival(m.driver, 0)->done), 2, 1e-9);
    sim_free(m.sim);
}

static void a_fan_out_waits_as_well(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *group = kit_group(sim, "pod", 0, 2, make_pod),
                *fan = build_node(sim, &fanout_type, "name=fan", group, NULL),
                *driver = build_driver(sim, fan);
    build_node(sim, &autoscaler_type, "of=pod, cold_start=5s, " TO_ZERO, NULL);
    driver_call(driver, 1, NULL);
    build_run(sim, driver, 0, 20);
    assert_near(ns_to_s(driver_arrival(driver, 0)->done), 7, 1e-9);
    sim_free(sim);
}

/* With a minimum of one nobody would start another for the call. */
static void without_zero_calls_are_refused(void **state) {
    (void)state;
    struct model m = model(0, 4, TO_ZERO "min_scale=1, cold_start=5s");
    driver_call(m.driver, 1, NULL);
    driver_call(m.driver, 9, NULL);
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 2), "error ok");
    sim_free(m.sim);
}

static void initial_scale_is_there_at_once(void **state) {
    (void)state;
    struct model m = model(1, 9, KNATIVE "initial_scale=5, cold_start=9s");
    build_run(m.sim, m.driver, 0, 1);
    assert_near(metric(&m, "pod:replicas"), 5, 1e-9);
    sim_free(m.sim);
}

/* ---- the clock */

static void a_timetable_sets_the_count(void **state) {
    (void)state;
    struct model m = model(1, 9,
                           "algorithm=scheduled, period=40s, "
                           "schedule={{at=30s, min=2}, {at=10s, min=5}}");
    struct watch w;
    watch_from(&w, &m, -5, 10, 10);
    build_run(m.sim, m.driver, 10, 90); /* it is 30 s of the day before when warm-up begins */
    assert_string_equal(w.story, "2 2 5 5 2 2 5 5 2 2");
    assert_near(metric(&m, "pod:replicas"), (20 * 5 + 20 * 5 + 50 * 2) / 90., 1e-9);
    sim_free(m.sim);
}

static void a_timetable_is_a_floor_for_the_others(void **state) {
    (void)state;
    static const char *const scalers[] = {"target=50%, sync_period=1s, metrics_window=1s, " QUICK,
                                          KNATIVE
                                          "tick_interval=1s, stable_window=10s, min_scale=1"};
    for (int i = 0; i < 2; i++) {
        struct model m =
            model_with(1, 9, scalers[i], "period=60s, schedule={{at=20s, min=4}, {at=40s, min=0}}");
        struct watch w;
        driver_calls(m.driver, .01, 1, 100, NULL);
        watch_from(&w, &m, 15.5, 10, 5);
        build_run(m.sim, m.driver, 0, 70);
        assert_string_equal(w.story, "1 4 4 1 1");
        sim_free(m.sim);
    }
}

/* ---- what makes no sense */

static const char *seal_refusal(int64_t count, int64_t max, const char *scaler) {
    static char text[500];
    struct model m = model(count, max, scaler);
    snprintf(text, sizeof text, "%s", build_seal_refusal(m.sim, m.driver));
    sim_free(m.sim);
    return text;
}

static const char *refusal(const char *scaler) {
    static char text[500];
    struct model m = model(1, 4, NULL);
    snprintf(text, sizeof text, "%s",
             build_refusal(m.sim, &autoscaler_type,
                           arena_print(&m.sim->arena, "of=pod, %s", scaler), NULL));
    sim_free(m.sim);
    return text;
}

static void what_belongs_to_another_algorithm_is_refused(void **state) {
    (void)state;
    assert_says(refusal("algorithm=knative, target=50%"),
                "'target' means nothing with algorithm = \"knative\"");
    assert_says(refusal("stable_window=5s"), "'stable_window' means nothing with algorithm = ");
    assert_says(refusal("algorithm=scheduled, metrics_lag=5s"), "'metrics_lag' means nothing");
    assert_says(refusal("algorithm=knative, scale_up={pods=3}"), "'scale_up' means nothing");
    assert_says(refusal("period=3h"), "'period' means nothing without 'schedule'");
    assert_says(refusal("min_replicas=0"), "min_replicas = 0: it must lie in 1..");
    assert_says(refusal("scale_up={select_policy=fast}"), "select_policy = \"fast\"");
}

static void what_does_not_fit_the_group_is_refused(void **state) {
    (void)state;
    assert_says(seal_refusal(1, 4, "max_replicas=5"), "pod may grow to max = 4 replicas");
    assert_says(seal_refusal(1, 4, "min_replicas=3, max_replicas=2"),
                "min_replicas = 3 is above max_replicas = 2");
    assert_says(seal_refusal(1, 4, "algorithm=knative, max_scale=5"), "may grow to max = 4");
    assert_says(seal_refusal(1, 4, "algorithm=knative, min_scale=3, max_scale=2"),
                "min_scale = 3 is above max_scale = 2");
    assert_says(seal_refusal(1, 4, "metric=in_flight"), "target: it wants the in_flight");
    assert_says(seal_refusal(1, 4, "metric=speed, target=3"), "metric = \"speed\"");
    assert_says(seal_refusal(1, 4, "metric='door:queue', target=3"), "nothing has the address");
    assert_says(seal_refusal(1, 4, "scale_up={pods=0, percent=0}"),
                "scale_up: pods and percent are both 0");
    assert_says(seal_refusal(1, 4, "scale_down={stabilization_window=1000h}, sync_period=1ms"),
                "a million looks");
    assert_says(seal_refusal(1, 4, "metrics_window=1ms, metrics_lag=1000h"), "a million readings");
    assert_says(seal_refusal(1, 4, "algorithm=scheduled"), "'schedule' is missing");
    assert_says(seal_refusal(1, 4, "schedule={{at=8h, min=5}}"),
                "schedule: 5 replicas are more than max = 4");
    assert_says(seal_refusal(1, 4, "schedule={{at=8h, min=2}}, period=8h"),
                "schedule: entry 1: at is not within the period");
    assert_says(seal_refusal(1, 4, "schedule={{at=8h, min=2}, {at=8h, min=3}}"),
                "two entries begin at the same time");
    assert_says(seal_refusal(1, 4, "schedule={{at=8h}}"), "'min' is missing");
    assert_says(seal_refusal(1, 4, "schedule=3"), "it wants a list such as");
}

static void a_group_has_one_autoscaler_and_one_cold_start(void **state) {
    (void)state;
    struct model m = model(1, 4, "target=50%");
    build_node(m.sim, &autoscaler_type, "name=other, of=pod", NULL);
    assert_says(build_seal_refusal(m.sim, m.driver), "pod is scaled by");
    sim_free(m.sim);
    m = model(1, 4, "cold_start=3s");
    kit_put(m.group, "cold_start", kit_value(m.sim, "5s"));
    assert_says(build_seal_refusal(m.sim, m.driver), "cold_start: pod has one already");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_sets_the_count),
        cmocka_unit_test(what_is_seen_is_old),
        cmocka_unit_test(readings_come_at_their_own_pace),
        cmocka_unit_test(a_pool_is_counted_once),
        cmocka_unit_test(any_metric_of_a_replica_will_do),
        cmocka_unit_test(those_that_start_are_not_asked_for_twice),
        cmocka_unit_test(a_fault_sets_the_count_for_a_while),
        cmocka_unit_test(zero_switches_hpa_off),
        cmocka_unit_test(calls_under_way_set_the_count),
        cmocka_unit_test(a_surge_is_a_panic),
        cmocka_unit_test(calls_wait_for_one_that_starts),
        cmocka_unit_test(who_waits_may_leave),
        cmocka_unit_test(the_end_and_a_crash_find_those_who_wait),
        cmocka_unit_test(a_start_may_take_no_time),
        cmocka_unit_test(a_fan_out_waits_as_well),
        cmocka_unit_test(without_zero_calls_are_refused),
        cmocka_unit_test(initial_scale_is_there_at_once),
        cmocka_unit_test(a_timetable_sets_the_count),
        cmocka_unit_test(a_timetable_is_a_floor_for_the_others),
        cmocka_unit_test(what_belongs_to_another_algorithm_is_refused),
        cmocka_unit_test(what_does_not_fit_the_group_is_refused),
        cmocka_unit_test(a_group_has_one_autoscaler_and_one_cold_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
