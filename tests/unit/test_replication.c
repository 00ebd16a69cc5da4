/* Asynchronous replication: what a read at a copy misses, and for how long. */
#include "check.h"
#include "kit.h"

#include "agent/registry.h"
#include "core/region.h"

struct model {
    struct sim *sim;
    struct node *us, *eu, *copy, *driver;
};

/* Calls go to both stores: to the one in us, which is written to, and to the copy in eu. */
static struct model model(const char *spec) {
    struct model m = {.sim = build_new(1)};
    m.us = build_node(m.sim, &region_type, "name=us",
                      build_node(m.sim, &leaf_type, "name=store, says='ok 0s'", NULL), NULL);
    m.eu = build_node(m.sim, &region_type, "name=eu",
                      build_node(m.sim, &leaf_type, "name=store, says='ok 0s'", NULL), NULL);
    m.copy = build_node(
        m.sim, &replication_type,
        arena_print(&m.sim->arena, "name=copy, from=us.store, to={eu.store}, %s", spec), NULL);
    m.driver = build_driver(m.sim, m.us);
    struct node *reader = build_driver(m.sim, m.eu);
    reader->name = "reader";
    return m;
}

static struct node *reader(struct model *m) {
    return m->sim->nodes[m->sim->n_nodes - 1];
}
static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

/* Writes at 1, 2, 3 s take 1.5 s: the copy misses something from 1 to 4.5 s. A read sees how old
 * the oldest of it is. */
static void a_read_sees_the_age_of_what_it_misses(void **state) {
    (void)state;
    static const double reads[] = {.5, 1.5, 2.25, 2.75, 4.25, 4.75},
                        stale[] = {0, .5, 1.25, .75, 1.25, 0};
    double sum = 0;
    struct model m = model("share=100%, lag=1500ms");
    struct node *r = reader(&m);
    driver_calls(m.driver, 1, 1, 3, NULL);
    for (int i = 0; i < 6; i++) {
        driver_call(r, reads[i], NULL);
        sum += stale[i];
    }
    build_run(m.sim, m.driver, 0, 10);
    assert_near(metric(&m, "copy:staleness.mean"), sum / 6, 1e-9);
    assert_near(metric(&m, "copy:staleness.max"), 1.25, .05);
    assert_near(metric(&m, "copy:staleness.min"), 0, 1e-9);
    assert_near(metric(&m, "copy:fresh"), 2. / 6, 1e-12);
    assert_near(metric(&m, "copy:delay.mean"), 1.5, 1e-9);
    assert_near(metric(&m, "copy:behind"), 3 * 1.5 / 10, 1e-9);
    assert_near(metric(&m, "copy:writes") * 10, 3, 1e-9);
    sim_free(m.sim);
}

static void phases_have_their_own(void **state) {
    (void)state;
    struct model m = model("share=100%, lag=1s");
    struct span phases[] = {{"a", 0, 2 * NS_PER_S}, {"b", 2 * NS_PER_S, 5 * NS_PER_S}};
    struct node *r = reader(&m);
    driver_calls(m.driver, 1, 2, 2, NULL);
    driver_call(r, 1.25, NULL);
    driver_call(r, 3.75, NULL);
    build_run_phases(m.sim, m.driver, 0, 5, phases, 2);
    assert_near(metric(&m, "copy:staleness.mean{phase=a}"), .25, 1e-9);
    assert_near(metric(&m, "copy:staleness.mean{phase=b}"), .75, 1e-9);
    assert_near(metric(&m, "copy:staleness.mean"), .5, 1e-9);
    sim_free(m.sim);
}

/* The link is cut from 2.5 to 6.5 s: what is under way is lost, attempts fail at 3, 4, 5 and 6 s
 * (the write of 3 s begins them), and at 7 s all is sent. */
static void a_cut_link_catches_up(void **state) {
    (void)state;
    static const char *const links[] = {"copy -> eu.store", "us -> eu", "eu", "us.store"};
    for (int i = 0; i < 3; i++) {
        struct model m = model("share=100%, lag=1s");
        struct node *r = reader(&m);
        kit_fault(m.sim, "down",
                  arena_print(&m.sim->arena, "'%s', from='2500ms', to='6500ms'", links[i]));
        driver_calls(m.driver, 1, 1, 5, NULL);
        driver_call(r, 7.5, NULL);
        driver_call(r, 8.5, NULL);
        build_run(m.sim, m.driver, 0, 10);
        /* applied: 1 at 2; 2 is lost at 3, as is nothing else; 2, 3, 4 and 5 at 8 */
        assert_near(metric(&m, "copy:delay.mean"), (1 + 6 + 5 + 4 + 3) / 5., 1e-9);
        assert_near(metric(&m, "copy:resent") * 10, 1, 1e-9);
        assert_near(metric(&m, "copy:staleness.max"), 5.5, .1); /* at 7.5: since 2 */
        assert_near(metric(&m, "copy:staleness.min"), 0, 0);
        sim_free(m.sim);
    }
}

/* While the original is down nothing is written at it. */
static void there_are_no_writes_while_it_is_down(void **state) {
    (void)state;
    struct model m = model("writes=100, lag=10ms");
    kit_fault(m.sim, "down", "'us.store', from='10s', to='40s'");
    build_run(m.sim, m.driver, 0, 50);
    assert_true(kit_poisson((uint64_t)(metric(&m, "copy:writes") * 50 + .5), 2000));
    sim_free(m.sim);
}

/* Ten writes at once over a link that carries two a second: the last one leaves after 4.5 s. */
static void bandwidth_makes_a_backlog(void **state) {
    (void)state;
    struct model m = model("share=100%, lag=1s, bandwidth=2");
    driver_calls(m.driver, 1, 0, 10, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_near(metric(&m, "copy:delay.mean"), 1 + 4.5 / 2, 1e-9);
    assert_near(metric(&m, "copy:delay.max"), 5.5, .2);
    sim_free(m.sim);
}

/* The first write takes 3 s, the second 1 s: in order it waits for the first. */
static void writes_overtake_unless_in_order(void **state) {
    (void)state;
    static const double want[] = {(3 + 2) / 2., (3 + 1) / 2.};
    for (int i = 0; i < 2; i++) {
        struct model m = model(i ? "share=100%, lag=1s, in_order=false" : "share=100%, lag=1s");
        kit_fault(m.sim, "delay_added", "'copy -> eu.store', delay='2s', to='1500ms'");
        driver_calls(m.driver, 1, 1, 2, NULL);
        build_run(m.sim, m.driver, 0, 10);
        assert_near(metric(&m, "copy:delay.mean"), want[i], 1e-9);
        sim_free(m.sim);
    }
}

/* Each write gets through with probability 1/2, at intervals of 1 + 1 s after the first. */
static void errors_on_the_link_are_sent_again(void **state) {
    (void)state;
    struct model m = model("share=100%, lag=1s, in_order=false");
    kit_fault(m.sim, "errors", "'copy -> eu.store', rate='50%'");
    driver_calls(m.driver, 0, 20, 1000, NULL);
    build_run(m.sim, m.driver, 0, 20000);
    uint64_t resent = (uint64_t)(metric(&m, "copy:resent") * 20000 + .5);
    assert_true(kit_share(1000, 1000 + resent, .5));
    assert_near(metric(&m, "copy:delay.mean"), 1 + 2 * (double)resent / 1000, .01);
    sim_free(m.sim);
}

static void a_slow_fault_stretches_the_lag(void **state) {
    (void)state;
    struct model m = model("share=100%, lag=1s");
    kit_fault(m.sim, "slow", "'copy', factor=3");
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_near(metric(&m, "copy:delay.mean"), 3, 1e-9);
    sim_free(m.sim);
}

static void writes_may_be_a_share_of_calls_or_change(void **state) {
    (void)state;
    struct model m = model("share=25%, lag=1ms");
    driver_calls(m.driver, 0, .001, 8000, NULL);
    build_run(m.sim, m.driver, 0, 10);
    assert_true(kit_share((uint64_t)(metric(&m, "copy:writes") * 10 + .5), 8000, .25));
    sim_free(m.sim);
    m = model("writes=10, lag=1ms");
    build_set(m.copy, 50, "writes", "100");
    build_run(m.sim, m.driver, 0, 100);
    assert_true(kit_poisson((uint64_t)(metric(&m, "copy:writes") * 100 + .5), 5500));
    sim_free(m.sim);
}

static void an_alert_may_watch_it(void **state) {
    (void)state;
    struct model m = model("share=100%, lag=1s");
    struct node *r = reader(&m);
    build_node(m.sim, &alert_type, "name=old, when='copy:staleness.max > 2s', window=1s", NULL);
    kit_fault(m.sim, "down", "'us -> eu', from='5250ms', to='12s'");
    driver_calls(m.driver, 0, .5, 60, NULL);
    driver_calls(r, 0, .05, 590, NULL);
    build_run(m.sim, m.driver, 0, 30);
    /* lost on the way at 5.5: written at 4.5 */
    assert_near(metric(&m, "old:first_fired"), 6.5, .11);
    sim_free(m.sim);
}

static void bad_ones_are_refused(void **state) {
    (void)state;
    static const char *const specs[][2] = {
        {"from=us.store, to={us.store}", "to: 'us.store' is where the writes come from"},
        {"from=us.store, to={ue.store}", "to: nothing has the address 'ue.store'; did you mean"},
        {"from=us.store, to={driver}", "to = \"driver\" is a"},
        {"from=driver, to={us.store}", "from: 'driver' (driver) is not called"},
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct sim *sim = build_new(1);
        struct node *us = build_node(sim, &region_type, "name=us",
                                     build_node(sim, &leaf_type, "name=store", NULL), NULL);
        build_node(sim, &replication_type, specs[i][0], NULL);
        assert_says(build_seal_refusal(sim, build_driver(sim, us)), specs[i][1]);
        sim_free(sim);
    }
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &replication_type, "from=a, to={b}, share=2", NULL), "share");
    assert_says(build_refusal(sim, &replication_type, "from=a", NULL), "it needs at least one");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_sees_the_age_of_what_it_misses),
        cmocka_unit_test(phases_have_their_own),
        cmocka_unit_test(a_cut_link_catches_up),
        cmocka_unit_test(there_are_no_writes_while_it_is_down),
        cmocka_unit_test(bandwidth_makes_a_backlog),
        cmocka_unit_test(writes_overtake_unless_in_order),
        cmocka_unit_test(errors_on_the_link_are_sent_again),
        cmocka_unit_test(a_slow_fault_stretches_the_lag),
        cmocka_unit_test(writes_may_be_a_share_of_calls_or_change),
        cmocka_unit_test(an_alert_may_watch_it),
        cmocka_unit_test(bad_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
