/* A global load balancer: who goes where, what it costs, and how long clients go by old answers. */
#include "check.h"
#include "kit.h"

#include "agent/registry.h"
#include "core/region.h"

enum { US, EU, AP };

struct model {
    struct sim *sim;
    struct node *region[3], *leaf[3], *geo, *users[3];
};

/* Three regions that answer at once, and users in each. */
static struct model model(const char *spec) {
    static const char *const names[] = {"us", "eu", "ap"};
    struct model m = {.sim = build_new(1)};
    struct arena *a = &m.sim->arena;
    sim_fact(m.sim, "user");
    for (int i = 0; i < 3; i++) {
        m.leaf[i] = build_node(m.sim, &leaf_type, "name=app, says='ok 0s'", NULL);
        m.region[i] =
            build_node(m.sim, &region_type, arena_print(a, "name=%s", names[i]), m.leaf[i], NULL);
    }
    m.geo = build_node(m.sim, &geo_type, arena_print(a, "name=gslb, %s", spec), m.region[US],
                       m.region[EU], m.region[AP], NULL);
    for (int i = 0; i < 3; i++) {
        m.users[i] = build_driver(m.sim, m.geo);
        m.users[i]->name = arena_print(a, "%s_users", names[i]);
        m.users[i]->home = m.region[i];
    }
    return m;
}

#define RTT "rtt={us_eu=80ms, us_ap=150ms, ap_eu=220ms}"

static void run(struct model *m, double seconds) {
    build_run(m->sim, m->users[0], 0, seconds);
}
static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

/* ---- verdicts at a time, as a health check gives them */

struct verdict {
    struct model *m;
    uint32_t target;
    bool healthy;
};
static void tell(void *ctx) {
    const struct verdict *v = ctx;
    v->m->geo->type->ops.verdict(v->m->geo, v->target, v->healthy);
}
static void verdict(struct model *m, double time, uint32_t target, bool healthy) {
    struct verdict *v = arena_alloc(&m->sim->arena, sizeof *v);
    *v = (struct verdict){m, target, healthy};
    build_at(m->sim, time, tell, v);
}

/* Where the calls of one region's users went: "us us eu", by when each leaf heard of them. */
static const char *went(struct model *m, int users) {
    static char out[400];
    static const char *const names[] = {"us", "eu", "ap"};
    out[0] = 0;
    for (uint32_t i = 0; i < driver_count(m->users[users]); i++) {
        const struct arrival *a = driver_arrival(m->users[users], i);
        const char *where = a->answered ? outcome_names[a->outcome] : "-";
        for (int r = 0; r < 3; r++)
            for (uint32_t k = 0; k < leaf_count(m->leaf[r]); k++)
                if (fabs(leaf_time(m->leaf[r], k) - ns_to_s(a->time + a->done) / 2) < 1e-6)
                    where = names[r];
        strcat(strcat(out, i ? " " : ""), where);
    }
    return out;
}

/* ---- */

static void the_nearest_serves_and_half_the_way_is_paid_each_way(void **state) {
    (void)state;
    struct model m = model(RTT ", local_rtt=4ms, ttl=0s");
    for (int i = 0; i < 3; i++)
        driver_call(m.users[i], 1, NULL);
    run(&m, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leaf_count(m.leaf[i]), 1);
        assert_near(leaf_time(m.leaf[i], 0), 1.002, 1e-9);
        assert_near(ns_to_s(driver_arrival(m.users[i], 0)->done), 1.004, 1e-9);
    }
    assert_near(metric(&m, "gslb:network.mean"), .004, 1e-9);
    assert_near(metric(&m, "gslb:diverted"), 0, 0);
    sim_free(m.sim);
}

static void the_next_nearest_takes_over(void **state) {
    (void)state;
    struct model m = model(RTT ", ttl=0s");
    verdict(&m, 1, EU, false);
    verdict(&m, 3, US, false);
    verdict(&m, 5, EU, true);
    verdict(&m, 7, US, true);
    driver_calls(m.users[EU], .5, 2, 4, NULL);
    driver_calls(m.users[AP], .6, 2, 4, NULL);
    run(&m, 10);
    assert_string_equal(went(&m, EU), "eu us ap eu");
    assert_string_equal(went(&m, AP), "ap ap ap ap");
    assert_near(ns_to_s(driver_arrival(m.users[EU], 2)->done), 4.5 + .22, 1e-9);
    assert_near(metric(&m, "gslb:diverted") * 10, 2, 1e-9);
    assert_near(metric(&m, "gslb:stale"), 0, 0);
    assert_near(metric(&m, "gslb:healthy"), (30. - 4 - 4) / 10, 1e-9);
    sim_free(m.sim);
}

static void when_none_is_healthy_all_are_tried(void **state) {
    (void)state;
    struct model m = model(RTT ", ttl=0s");
    for (uint32_t i = 0; i < 3; i++)
        verdict(&m, 1, i, false);
    driver_call(m.users[AP], 2, NULL);
    run(&m, 5);
    assert_string_equal(went(&m, AP), "ap");
    sim_free(m.sim);
}

static void failover_takes_the_first_in_the_list(void **state) {
    (void)state;
    struct model m = model("policy=failover, ttl=0s, local_rtt=1ms");
    verdict(&m, 1, US, false);
    verdict(&m, 2, EU, false);
    verdict(&m, 3, US, true);
    driver_calls(m.users[EU], .5, 1, 4, NULL);
    run(&m, 5);
    assert_int_equal(leaf_count(m.leaf[US]), 2);
    assert_int_equal(leaf_count(m.leaf[EU]), 1);
    assert_int_equal(leaf_count(m.leaf[AP]), 1);
    sim_free(m.sim);
}

static void weights_are_shares_of_the_healthy(void **state) {
    (void)state;
    struct model m = model("policy=weighted, weights={us=3, eu=1, ap=0}, ttl=0s");
    verdict(&m, 100, US, false);
    verdict(&m, 150, EU, false);
    build_set(m.geo, 200, "weights", "{us=0, eu=0, ap=1}");
    driver_calls(m.users[EU], 0, .02, 10000, NULL);
    run(&m, 300);
    assert_true(kit_share(leaf_count(m.leaf[US]), 5000, .75));
    assert_int_equal(leaf_count(m.leaf[US]) + leaf_count(m.leaf[EU]), 7500);
    assert_int_equal(leaf_count(m.leaf[AP]), 2500); /* a weight of 0: when there is no other */
    sim_free(m.sim);
}

/* Verdict at 100, ttl 60: of the answers that are gone by in the next minute half are old, and
 * none after it. */
static void answers_are_kept_for_a_ttl(void **state) {
    (void)state;
    struct model m = model("policy=failover, ttl=60s");
    verdict(&m, 100, US, false);
    driver_calls(m.users[EU], 0, .01, 20000, NULL);
    run(&m, 200);
    uint32_t old = 0, late = 0;
    for (uint32_t i = 0; i < leaf_count(m.leaf[US]); i++) {
        old += leaf_time(m.leaf[US], i) >= 100;
        late += leaf_time(m.leaf[US], i) >= 160;
    }
    assert_true(kit_share(old, 6000, .5));
    assert_int_equal(late, 0);
    assert_near(metric(&m, "gslb:stale") * 200, old, 1e-6);
    assert_near(metric(&m, "gslb:diverted") * 200, 10000 - old, 1e-6);
    sim_free(m.sim);
}

static void the_answer_changes_after_the_propagation(void **state) {
    (void)state;
    struct model m = model("policy=failover, ttl=0s, propagation=5s, local_rtt=1ms");
    verdict(&m, 10, US, false);
    verdict(&m, 12, US, true);
    driver_calls(m.users[EU], 9.5, 1, 10, NULL);
    run(&m, 30);
    assert_string_equal(went(&m, EU), "us us us us us us eu eu us us");
    sim_free(m.sim);
}

/* One client asks once a second: it changes its mind once, within the ttl, and the next client at
 * another moment. */
static void a_client_keeps_to_its_moments(void **state) {
    (void)state;
    double moment[2] = {0};
    for (int client = 0; client < 2; client++) {
        struct model m = model("policy=failover, ttl=60s, key=user");
        verdict(&m, 100, US, false);
        for (int i = 0; i < 200; i++)
            driver_call(m.users[EU], i, NULL)->fact = client + 1;
        run(&m, 201);
        uint32_t before = leaf_count(m.leaf[US]);
        assert_int_equal(before + leaf_count(m.leaf[EU]), 200);
        assert_true(before >= 100 && before <= 161);
        assert_near(leaf_time(m.leaf[EU], 0), leaf_time(m.leaf[US], before - 1) + 1, 1e-9);
        moment[client] = before;
        sim_free(m.sim);
    }
    assert_true(moment[0] != moment[1]);
}

static void some_never_ask_again(void **state) {
    (void)state;
    struct model m = model("policy=failover, ttl=10s, ignore_ttl=25%");
    verdict(&m, 100, US, false);
    verdict(&m, 120, AP, false);
    driver_calls(m.users[EU], 140, .01, 10000, NULL);
    run(&m, 250);
    assert_true(kit_share(leaf_count(m.leaf[US]), 10000, .25));
    sim_free(m.sim);
}

static void data_may_have_to_stay(void **state) {
    (void)state;
    struct model m = model(RTT ", ttl=0s, residency={eu={eu, ap}, us={us}}");
    verdict(&m, 1, EU, false);
    verdict(&m, 2, US, false);
    verdict(&m, 3, AP, false);
    driver_calls(m.users[EU], .5, 1, 4, NULL);
    driver_calls(m.users[US], .6, 1, 4, NULL);
    run(&m, 10);
    assert_string_equal(went(&m, EU), "eu ap ap invalid"); /* ap is farther than us */
    assert_string_equal(went(&m, US), "us us invalid invalid");
    assert_near(metric(&m, "gslb:refused") * 10, 3, 1e-9);
    sim_free(m.sim);
}

/* From .5 to 1.5 nobody in eu reaches us; from 2.5 on all ways into ap take a second longer. */
static void links_between_regions_have_faults(void **state) {
    (void)state;
    struct model m = model(RTT ", ttl=0s");
    verdict(&m, 0, EU, false);
    kit_fault(m.sim, "down", "'eu -> us', from='500ms', to='1500ms'");
    kit_fault(m.sim, "delay_added", "'gslb -> ap', delay='1s', from='2500ms'");
    driver_calls(m.users[EU], 0, 1, 3, NULL);
    driver_calls(m.users[US], 0, 1, 3, NULL);
    driver_calls(m.users[AP], 0, 1, 4, NULL);
    run(&m, 10);
    assert_string_equal(driver_story(m.users[EU], 3), "ok error ok");
    assert_string_equal(driver_story(m.users[US], 3), "ok ok ok");
    assert_near(ns_to_s(driver_arrival(m.users[EU], 1)->done), 1.08, 1e-9);
    assert_near(ns_to_s(driver_arrival(m.users[AP], 2)->done), 2, 1e-9);
    assert_near(ns_to_s(driver_arrival(m.users[AP], 3)->done), 4, 1e-9);
    sim_free(m.sim);
}

static void users_who_leave_are_forgotten(void **state) {
    (void)state;
    struct model m = model("policy=failover, ttl=0s, rtt={us_eu=2s, us_ap=0s, ap_eu=0s}");
    for (int i = 0; i < 2; i++) {
        struct arrival *a = driver_call(m.users[EU], 0, NULL);
        a->cancel_after = i ? 1500 * MS : 500 * MS; /* on the way there, and back */
        a->cause = CAUSE_GONE;
    }
    run(&m, 5);
    assert_int_equal(leaf_count(m.leaf[US]), 1);
    assert_true(isnan(metric(&m, "gslb:network.mean"))); /* nobody came back */
    sim_free(m.sim);
}

/* Probes every 10 s of a region that is down from 100 s to 200 s: three in a row fail, two are
 * good. */
static void a_health_check_tells_it(void **state) {
    (void)state;
    struct model m = model("policy=failover, ttl=60s");
    build_node(m.sim, &health_check_type, "name=probe, of=gslb, ttl=0s, interval=10s, timeout=1s",
               NULL);
    kit_fault(m.sim, "down", "'us', from='95s', to='195s'");
    driver_calls(m.users[EU], .5, 1, 299, NULL);
    build_run(m.sim, m.users[0], 0, 300);
    assert_int_equal(driver_outcomes(m.users[EU], 0, 300, OUTCOME_ERROR), 25); /* 95.5 … 119.5 */
    assert_near(metric(&m, "probe:first_unhealthy"), 120, 1e-6);
    assert_near(metric(&m, "probe:recovered"), 210, 1e-6);
    assert_int_equal(leaf_count(m.leaf[EU]), 90 + 30); /* calls, and the probes */
    sim_free(m.sim);
}

static void bad_ones_are_refused(void **state) {
    (void)state;
    static const char *const specs[][2] = {
        {"rtt={us_eu=80ms}", "rtt: us_ap is missing"},
        {"", "rtt: us_eu is missing"},
        {"rtt={us_xx=80ms}", "rtt: us_xx: it wants the names of two of its regions"},
        {"rtt={us_eu=80ms, eu_us=70ms}", "rtt: eu_us: it is there already"},
        {"policy=failover, weights={us=1}", "'weights' mean nothing with policy = \"failover\""},
        {"policy=weighted, weights={us=1}", "weights: 'eu' is left out"},
        {"policy=weighted, weights={us=0, eu=0, ap=0}", "weights: all are 0"},
        {"policy=weighted, weights={us=1, eu=1, aq=1}", "weights: 'aq' is none of its regions"},
        {RTT ", residency={eu=eu}", "residency: eu: it wants a list"},
        {RTT ", residency={eu={mars}}", "residency: 'mars' is none of its regions"},
        {RTT ", key=nobody", "key = \"nobody\": no workload gives requests this fact"},
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct model m = model(specs[i][0]);
        assert_says(build_seal_refusal(m.sim, m.users[0]), specs[i][1]);
        sim_free(m.sim);
    }
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "name=app", NULL);
    assert_says(build_refusal(sim, &geo_type, "", leaf, NULL), "it wants region { … }");
    struct node *us = build_node(sim, &region_type, "name=us", leaf, NULL);
    assert_says(build_refusal(sim, &geo_type, "", us, us, NULL), "the region 'us' is there twice");
    sim_free(sim);
}

/* As a script that makes them in a loop has them. */
static void regions_may_come_as_a_list(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *region[2];
    for (int i = 0; i < 2; i++)
        region[i] = build_node(sim, &region_type, i ? "name=eu" : "name=us",
                               build_node(sim, &leaf_type, "name=app", NULL), NULL);
    struct node *geo =
        build_node(sim, &geo_type, "{@1, @2}, rtt={us_eu=80ms}", region[0], region[1], NULL);
    struct node *driver = build_driver(sim, geo);
    driver->home = region[1];
    driver_call(driver, 0, NULL);
    build_run(sim, driver, 0, 1);
    assert_near(build_metric(sim, "eu:calls"), 1, 0);
    assert_says(build_refusal(sim, &geo_type, "{}", NULL), "it wants a component");
    sim_free(sim);
}

static void links_that_are_none_are_refused(void **state) {
    (void)state;
    struct model m = model(RTT);
    kit_fault(m.sim, "down", "'us.app -> eu'");
    assert_says(build_seal_refusal(m.sim, m.users[0]), "'us.app' does not call 'eu'");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_serves_and_half_the_way_is_paid_each_way),
        cmocka_unit_test(the_next_nearest_takes_over),
        cmocka_unit_test(when_none_is_healthy_all_are_tried),
        cmocka_unit_test(failover_takes_the_first_in_the_list),
        cmocka_unit_test(weights_are_shares_of_the_healthy),
        cmocka_unit_test(answers_are_kept_for_a_ttl),
        cmocka_unit_test(the_answer_changes_after_the_propagation),
        cmocka_unit_test(a_client_keeps_to_its_moments),
        cmocka_unit_test(some_never_ask_again),
        cmocka_unit_test(data_may_have_to_stay),
        cmocka_unit_test(links_between_regions_have_faults),
        cmocka_unit_test(users_who_leave_are_forgotten),
        cmocka_unit_test(a_health_check_tells_it),
        cmocka_unit_test(bad_ones_are_refused),
        cmocka_unit_test(links_that_are_none_are_refused),
        cmocka_unit_test(regions_may_come_as_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
