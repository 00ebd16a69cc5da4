/* Machines that are taken away: how often, who, and what comes in their place. What happens to one
 * replica is in test_group.c. */
#include "check.h"
#include "kit.h"

#include "agent/registry.h"

static struct node *make_pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &station_type, "name=rank, service=10s, servers=1000", NULL);
}

struct model {
    struct sim *sim;
    struct node *group, *lb, *driver, *spot;
};

static struct model model(int64_t count, int64_t max, const char *spot) {
    struct model m = {.sim = build_new(1)};
    m.group = kit_group(m.sim, "pod", count, max, make_pod);
    m.lb = build_node(m.sim, &balance_type, "name=lb", m.group, NULL);
    m.driver = build_driver(m.sim, m.lb);
    m.spot = build_node(m.sim, &spot_type, arena_print(&m.sim->arena, "of=pod, %s", spot), NULL);
    return m;
}
static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

/* Ten replicas of which each gets notice every 100 s are asked back every 10 s. */
static void each_has_its_own_lifetime(void **state) {
    (void)state;
    static const char *const ways[] = {"mtbf=100s, notice=0s",
                                       "mtbf=100s, notice=0s, at_once=1%"}; /* of 10: one */
    static const double rates[] = {.1, 1};
    for (int i = 0; i < 2; i++) {
        struct model m = model(10, 10, ways[i]);
        build_run(m.sim, m.driver, 0, 9000);
        uint64_t n = (uint64_t)round(metric(&m, "spot:notices") * 9000);
        assert_true(kit_poisson(n, rates[i] * 9000));
        assert_near(metric(&m, "spot:reclaims"), metric(&m, "spot:notices"), 1e-12);
        assert_near(metric(&m, "pod:started"), metric(&m, "spot:notices"), 1e-12);
        assert_near(metric(&m, "pod:replicas"), 10, 1e-9); /* with no cold start */
        sim_free(m.sim);
    }
}

/* Places where none runs are asked for nothing: 3 of 30. */
static void only_those_that_run_get_notice(void **state) {
    (void)state;
    struct model m = model(3, 30, "mtbf=30s, notice=5s");
    build_run(m.sim, m.driver, 0, 9000);
    assert_true(kit_poisson((uint64_t)round(metric(&m, "spot:notices") * 9000), 900));
    sim_free(m.sim);
}

/* 40 % of ten go together, and so 2.5 times as seldom as one machine does. */
static void many_may_go_at_once(void **state) {
    (void)state;
    struct model m = model(10, 20, "mtbf=100s, notice=0s, at_once=40%");
    build_run(m.sim, m.driver, 0, 9000);
    double reclaims = metric(&m, "spot:reclaims") * 9000;
    assert_true(kit_poisson((uint64_t)round(reclaims), 9000 / 40.));
    assert_near(metric(&m, "spot:notices") * 9000, 4 * reclaims, 1e-6);
    sim_free(m.sim);
}

/* Each is away for the 20 s of the delay and the 30 s of the cold start: of ten, 10 x 200 / 250 are
 * there (a renewal process; the other places do not matter). */
static void a_replacement_takes_its_time(void **state) {
    (void)state;
    struct model m = model(10, 10, "mtbf=200s, notice=0s, replacement_delay=20s");
    kit_put(m.group, "cold_start", kit_value(m.sim, "30s"));
    build_run(m.sim, m.driver, 1000, 90000);
    /* a start may be cut off as well: those that are starting live as long, so a place is in use
     * for 200 s, of which the first 30 s are cold: ready for 200 e^(-30/200), away for 20 s */
    double life = 200, ready = life * exp(-30 / life);
    assert_near(metric(&m, "pod:provisioned"), 10 * life / (life + 20), .12);
    assert_near(metric(&m, "pod:replicas"), 10 * ready / (life + 20), .12);
    sim_free(m.sim);
}

/* Calls of 10 s that one of two has when it gets notice of 4 s: 60 % of them are cut off. */
static void calls_that_are_longer_than_the_notice_are_cut_off(void **state) {
    (void)state;
    struct model m = model(2, 4, "mtbf=400s, notice=4s");
    driver_poisson(m.driver, 0, 20000, 1, NULL);
    build_run(m.sim, m.driver, 0, 20000);
    double errors = driver_outcomes(m.driver, 0, 20000, OUTCOME_ERROR);
    assert_near(metric(&m, "pod:cut_off") * 20000, errors, 1e-6);
    double each = errors / (metric(&m, "spot:notices") * 20000);
    assert_near(each, 3, .9); /* half of the 10 under way, 60 % of them; some 100 notices of it */
    sim_free(m.sim);
}

static void the_notice_may_be_long_enough(void **state) {
    (void)state;
    struct model m = model(2, 4, "mtbf=50s, notice=11s");
    driver_poisson(m.driver, 0, 900, 1, NULL);
    build_run(m.sim, m.driver, 0, 950);
    assert_near(metric(&m, "pod:cut_off"), 0, 0);
    assert_near(metric(&m, "share{outcome=ok}"), 1, 0);
    assert_true(metric(&m, "spot:notices") > 0);
    sim_free(m.sim);
}

/* They may be asked back more often from now on. */
static void mtbf_may_change(void **state) {
    (void)state;
    struct model m = model(10, 10, "mtbf=1000000s, notice=0s");
    build_set(m.spot, 100, "mtbf", "10s");
    build_run(m.sim, m.driver, 0, 1000);
    assert_true(kit_poisson((uint64_t)round(metric(&m, "spot:notices") * 1000), 900));
    sim_free(m.sim);
}

static void with_an_autoscaler(void **state) {
    (void)state;
    struct model m = model(2, 8, "mtbf=60s, notice=5s, replacement_delay=10s");
    kit_put(m.group, "cold_start", kit_value(m.sim, "7s"));
    build_node(m.sim, &autoscaler_type, "of=pod, metric=in_flight, target=5", NULL);
    driver_poisson(m.driver, 0, 600, 2, NULL);
    build_run(m.sim, m.driver, 0, 600); /* under the full audit */
    assert_true(metric(&m, "spot:notices") > 0 && metric(&m, "autoscaler:scale_ups") > 0);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct model m = model(1, 2, "mtbf=60s");
    assert_says(build_refusal(m.sim, &spot_type, "of=pod", NULL), "'mtbf' is missing");
    assert_says(build_refusal(m.sim, &spot_type, "of=pod, mtbf=0s", NULL), "mtbf = 0: it must lie");
    sim_free(m.sim);
    m = model(1, 2, "mtbf=60s");
    build_node(m.sim, &spot_type, "name=other, of=pod, mtbf=5s", NULL);
    assert_says(build_seal_refusal(m.sim, m.driver), "pod is on the machines of");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_own_lifetime),
        cmocka_unit_test(only_those_that_run_get_notice),
        cmocka_unit_test(many_may_go_at_once),
        cmocka_unit_test(a_replacement_takes_its_time),
        cmocka_unit_test(calls_that_are_longer_than_the_notice_are_cut_off),
        cmocka_unit_test(the_notice_may_be_long_enough),
        cmocka_unit_test(mtbf_may_change),
        cmocka_unit_test(with_an_autoscaler),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
