/* Faults and the gates they act through. */
#include "check.h"
#include "kit.h"

#include "base/stats.h"

struct model {
    struct sim *sim;
    struct node *station, *delay, *driver;
};

/* driver -> delay "a" (no time) -> station "b". */
static struct model model_of(struct sim *sim, const char *spec) {
    struct model m = {.sim = sim};
    m.station = build_node(sim, &station_type, arena_print(&sim->arena, "name=b, %s", spec), NULL);
    m.delay = build_node(sim, &delay_type, "name=a, time=0s", m.station, NULL);
    m.driver = build_driver(sim, m.delay);
    return m;
}

static struct model model(const char *spec) {
    return model_of(build_new(1), spec);
}

static double took(struct model *m, uint32_t i) {
    const struct arrival *a = driver_arrival(m->driver, i);
    return ns_to_s(a->done - a->time);
}

static void tooks(struct model *m, const double *want, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        assert_near(took(m, i), want[i], 1e-12);
}
#define TOOK(m, ...)                                                                               \
    tooks(m, (const double[]){__VA_ARGS__},                                                        \
          (uint32_t)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))

static double metric(struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

/* ---- down */

static void down_kills_and_refuses(void **state) {
    (void)state;
    struct model m = model("service=4s");
    kit_fault(m.sim, "down", "'b', from=2s, to=5s");
    driver_calls(m.driver, 0, 1, 7, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_string_equal(driver_story(m.driver, 7), "error error error error error ok ok");
    TOOK(&m, 2, 1, 0, 0, 0, 4, 7);
    sim_free(m.sim);
}

static void down_for_good(void **state) {
    (void)state;
    struct model m = model("service=1s");
    kit_fault(m.sim, "down", "'b', from=2s");
    driver_calls(m.driver, .5, 1, 20, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_int_equal(driver_outcomes(m.driver, 0, 2, OUTCOME_OK), 1);
    assert_int_equal(driver_outcomes(m.driver, 0, 30, OUTCOME_ERROR), 19);
    sim_free(m.sim);
}

static void a_wrapper_that_is_down_withdraws_the_work(void **state) {
    (void)state;
    struct model m = model("service=4s");
    kit_fault(m.sim, "down", "'a', from=1s, to=2s");
    driver_call(m.driver, 0, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_string_equal(driver_story(m.driver, 1), "error");
    assert_near(metric(&m, "b:share{outcome=cancelled}"), 1, 0);
    assert_near(metric(&m, "b:utilization"), 1. / 30, 1e-12);
    sim_free(m.sim);
}

static void two_faults_hold_it_down_together(void **state) {
    (void)state;
    struct model m = model("service=0s");
    kit_fault(m.sim, "down", "'b', from=1s, to=5s");
    kit_fault(m.sim, "down", "'b', from=3s, to=7s");
    driver_calls(m.driver, .5, 1, 9, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_string_equal(driver_story(m.driver, 9), "ok error error error error error error ok ok");
    sim_free(m.sim);
}

static void an_edge_may_be_down(void **state) {
    (void)state;
    struct model m = model("service=4s");
    kit_fault(m.sim, "down", "'a -> b', from=1s, to=2s");
    driver_calls(m.driver, .5, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 30);
    assert_string_equal(driver_story(m.driver, 3),
                        "ok error ok"); /* what is there already goes on */
    sim_free(m.sim);
}

/* ---- slow */

static void slow_stretches_what_is_drawn_while_it_lasts(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    kit_fault(m.sim, "slow", "'b', factor=3, from=2s, to=4s");
    driver_calls(m.driver, 1.5, 1, 4, NULL);
    build_run(m.sim, m.driver, 0, 30);
    TOOK(&m, 1, 3, 3, 1); /* at 1.5, 2.5, 3.5 and 4.5 s: begun work keeps its time */
    sim_free(m.sim);
}

static void slow_touches_nothing_else(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *b = build_node(sim, &station_type, "name=b, service=1s", NULL);
    struct node *a = build_node(sim, &delay_type, "name=a, time=2s", b, NULL);
    struct model m = {sim, b, a, build_driver(sim, a)};
    kit_fault(sim, "slow", "'a', factor=10");
    driver_call(m.driver, 0, NULL);
    build_run(sim, m.driver, 0, 60);
    TOOK(&m, 21);
    sim_free(sim);
}

static void slow_faults_multiply_and_heal_one_by_one(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    kit_fault(m.sim, "slow", "'b', factor=3, from=1s, to=3s");
    kit_fault(m.sim, "slow", "'b', factor=0.5, from=2s, to=4s");
    driver_calls(m.driver, .5, 1, 5, NULL);
    build_run(m.sim, m.driver, 0, 30);
    TOOK(&m, 1, 3, 1.5, .5, 1);
    sim_free(m.sim);
}

static void slowness_may_follow_a_signal(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=99");
    kit_fault(m.sim, "slow", "'b', factor=steps{{0, 2}, {4.1s, 5}, {8.3s, 3}}, from=1s, to=10s");
    driver_call(m.driver, .5, NULL);
    driver_call(m.driver, 1, NULL); /* the fault was planned first */
    driver_call(m.driver, 4.0999999, NULL);
    driver_call(m.driver, 4.1000001, NULL);
    driver_call(m.driver, 8.2999999, NULL);
    driver_call(m.driver, 8.3000001, NULL);
    driver_call(m.driver, 10, NULL);
    build_run(m.sim, m.driver, 0, 30);
    TOOK(&m, 1, 2, 2, 5, 5, 3, 1);
    sim_free(m.sim);
}

/* ---- errors */

static void errors_come_at_their_rate(void **state) {
    (void)state;
    struct model m = model("service=0s");
    kit_fault(m.sim, "errors", "'b', rate='5%', from=100s, to=300s");
    driver_calls(m.driver, 0, .01, 40000, NULL);
    build_run(m.sim, m.driver, 0, 400);
    assert_int_equal(driver_outcomes(m.driver, 0, 100, OUTCOME_ERROR), 0);
    assert_int_equal(driver_outcomes(m.driver, 300, 400, OUTCOME_ERROR), 0);
    assert_true(kit_share(driver_outcomes(m.driver, 100, 300, OUTCOME_ERROR), 20000, .05));
    sim_free(m.sim);
}

static void error_rates_combine_as_independent_ones(void **state) {
    (void)state;
    struct model m = model("service=0s");
    kit_fault(m.sim, "errors", "'b', rate=0.3");
    kit_fault(m.sim, "errors", "'b', rate=0.4");
    kit_fault(m.sim, "errors", "'a', rate=0.5");
    kit_fault(m.sim, "errors", "'a -> b', rate=0.2");
    driver_calls(m.driver, 0, .01, 40000, NULL);
    build_run(m.sim, m.driver, 0, 400);
    assert_true(kit_share(driver_outcomes(m.driver, 0, 400, OUTCOME_OK), 40000, .7 * .6 * .5 * .8));
    sim_free(m.sim);
}

static void a_retry_does_not_meet_the_same_error(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *b = build_node(sim, &leaf_type, "name=b", NULL);
    struct node *r = build_node(sim, &retry_type, "backoff={base=1ms}, max_attempts=2", b, NULL);
    struct model m = {sim, b, r, build_driver(sim, r)};
    kit_fault(sim, "errors", "'b', rate=0.5");
    driver_calls(m.driver, 0, .01, 20000, NULL);
    build_run(sim, m.driver, 0, 210);
    assert_true(kit_share(driver_outcomes(m.driver, 0, 210, OUTCOME_ERROR), 20000, .25));
    sim_free(sim);
}

/* ---- added delay */

static void delay_is_added_on_the_way_in(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    kit_fault(m.sim, "delay_added", "'b', delay=2s, from=1s, to=4s");
    kit_fault(m.sim, "delay_added", "'a -> b', delay=500ms, from=2s, to=5s");
    driver_calls(m.driver, .5, 1, 6, NULL);
    build_run(m.sim, m.driver, 0, 60);
    TOOK(&m, 1, 3, 3.5, 3.5, 1.5,
         1); /* slowness of the node does not touch it, nor does the end of the fault */
    assert_near(metric(&m, "b:network.max"), 2.5, .02);
    assert_near(metric(&m, "b:service.mean"), 1, 1e-9);
    sim_free(m.sim);
}

static void delay_on_an_edge_spares_the_other_callers(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *b = build_node(sim, &station_type, "name=b, service=1s, servers=9", NULL);
    struct node *a = build_node(sim, &delay_type, "name=a, time=0s", b, NULL);
    struct node *c = build_node(sim, &delay_type, "name=c, time=0s", b, NULL);
    struct node *chain = build_node(sim, &chain_type, "", a, c, NULL);
    struct model m = {sim, b, a, build_driver(sim, chain)};
    kit_fault(sim, "delay_added", "'c -> b', delay=4s");
    driver_call(m.driver, 0, NULL);
    build_run(sim, m.driver, 0, 60);
    TOOK(&m, 6);
    assert_near(metric(&m, "a:latency.mean"), 1, 1e-9);
    assert_near(metric(&m, "c:latency.mean"), 5, 1e-9);
    sim_free(sim);
}

static void calls_are_withdrawn_on_the_way(void **state) {
    (void)state;
    for (int cause = CAUSE_QUEUED; cause <= CAUSE_GONE; cause++) {
        struct model m = model("service=1s");
        kit_fault(m.sim, "delay_added", "'a -> b', delay=2s");
        struct arrival *first = driver_call(m.driver, 0, NULL);
        first->cancel_after = 1000 * MS;
        first->cause = (enum cause)cause;
        driver_call(m.driver, .5, NULL)->cancel_after = 1500 * MS; /* long before it is there */
        driver_call(m.driver, .7, NULL);
        build_run(m.sim, m.driver, 0, 60);
        assert_string_equal(driver_story(m.driver, 3), "cancelled cancelled ok");
        assert_near(took(&m, 2), 3, 1e-12);
        assert_near(metric(&m, "b:utilization"), 1. / 60, 1e-12);
        sim_free(m.sim);
    }
}

/* A call that a timeout abandons while it is on its way still arrives, and works for nobody. */
static void the_abandoned_arrive(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *b = build_node(sim, &station_type, "name=b, service=1s", NULL);
    struct node *t = build_node(sim, &timeout_type, "after=1s", b, NULL);
    struct model m = {sim, b, t, build_driver(sim, t)};
    kit_fault(sim, "delay_added", "'b', delay=3s");
    driver_call(m.driver, 0, NULL);
    build_run(sim, m.driver, 0, 10);
    assert_string_equal(driver_story(m.driver, 1), "timeout");
    assert_near(metric(&m, "b:utilization"), .1, 1e-12);
    assert_near(metric(&m, "b:latency.mean"), 4, 1e-9);
    sim_free(sim);
}

static void what_goes_down_meanwhile_refuses_late_arrivals(void **state) {
    (void)state;
    static const char *const targets[] = {"'b', from=1s, to=2s", "'b', from=1s, to=9s",
                                          "'a -> b', from=1s, to=9s", "'a -> b', from=1s, to=2s"};
    static const char *const stories[] = {"error", "error", "error", "ok"};
    static const double took_s[] = {1, 1, 3, 4};
    for (int i = 0; i < 4; i++) {
        struct model m = model("service=1s");
        kit_fault(m.sim, "delay_added", "'b', delay=3s");
        kit_fault(m.sim, "down", targets[i]);
        driver_call(m.driver, 0, NULL);
        build_run(m.sim, m.driver, 0, 20);
        assert_string_equal(driver_story(m.driver, 1), stories[i]);
        assert_near(took(&m, 0), took_s[i],
                    1e-9); /* a node that crashes kills those under way to it at once */
        sim_free(m.sim);
    }
}

/* ---- set and flush */

static void set_restores(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    kit_fault(m.sim, "set", "'b:service', 5s, from=1s, to=2s");
    driver_calls(m.driver, .5, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 30);
    TOOK(&m, 1, 5, 1);
    sim_free(m.sim);
}

static void set_restores_a_distribution_and_a_table(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "x", 0);
    build_class(sim, "y", 0);
    struct model m = model_of(sim, "service={x=1s, default=2s}, servers=9");
    kit_fault(sim, "set", "'b:service', uniform{min=10, max=11}, from=1s, to=2s");
    for (int i = 0; i < 6; i++)
        driver_call(m.driver, .5 + i / 2, i % 2 ? "y" : "x");
    build_run(sim, m.driver, 0, 30);
    static const double least[] = {1, 2, 10, 10, 1, 2}, most[] = {1, 2, 11, 11, 1, 2};
    for (uint32_t i = 0; i < 6; i++)
        assert_true(took(&m, i) >= least[i] - 1e-9 && took(&m, i) <= most[i] + 1e-9);
    sim_free(sim);
}

/* A table by class that a fault brings is looked up like one that stands in the component. */
static void set_to_a_table_by_class(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    build_class(sim, "x", 0);
    build_class(sim, "y", 0);
    struct model m = model_of(sim, "service=1s, servers=9");
    kit_fault(sim, "set", "'b:service', {x=3s, default=7s}, from=1s, to=2s");
    for (int i = 0; i < 6; i++)
        driver_call(m.driver, .5 + i / 2, i % 2 ? "y" : "x");
    build_run(sim, m.driver, 0, 30);
    TOOK(&m, 1, 1, 3, 7, 1, 1);
    sim_free(sim);
    sim = build_new(1);
    build_class(sim, "x", 0);
    m = model_of(sim, "service=1s");
    kit_fault(sim, "set", "'b:service', {z=3s}, from=1s, to=2s");
    assert_says(build_seal_refusal(sim, m.driver), "names 'z', which is no class of the workload");
    sim_free(sim);
}

/* Faults that overlap: the one that came last holds, and when all are over nothing is left of any.
 */
static void set_faults_may_overlap(void **state) {
    (void)state;
    static const char *const first[] = {"from=1s, to=5s", "from=1s, to=9s", "from=1s, to=7s"};
    static const char *const second[] = {"from=3s, to=7s", "from=3s, to=7s", "from=3s, to=7s"};
    static const double want[][6] = {{1, 5, 7, 7, 1, 1}, {1, 5, 7, 7, 5, 1}, {1, 5, 7, 7, 1, 1}};
    for (int i = 0; i < 3; i++) {
        struct model m = model("service=1s, servers=9");
        kit_fault(m.sim, "set", arena_print(&m.sim->arena, "'b:service', 5s, %s", first[i]));
        kit_fault(m.sim, "set", arena_print(&m.sim->arena, "'b:service', 7s, %s", second[i]));
        driver_calls(m.driver, .5, 2, 6, NULL); /* .5 2.5 4.5 6.5 8.5 10.5 */
        build_run(m.sim, m.driver, 0, 30);
        tooks(&m, want[i], 6);
        sim_free(m.sim);
    }
}

static void three_set_faults_may_overlap(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    kit_fault(m.sim, "set", "'b:service', 2s, from=1s, to=6s");
    kit_fault(m.sim, "set", "'b:service', 3s, from=2s, to=4s");
    kit_fault(m.sim, "set", "'b:service', 4s, from=3s, to=5s");
    driver_calls(m.driver, .5, 1, 7, NULL);
    build_run(m.sim, m.driver, 0, 30);
    TOOK(&m, 1, 2, 3, 4, 4, 2, 1);
    sim_free(m.sim);
}

static void set_reaches_all_that_have_the_parameter(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *b = build_node(sim, &station_type, "name=b, service=1s", NULL);
    struct node *a = build_node(sim, &delay_type, "name=a, time=1s", b, NULL);
    struct model m = {sim, b, a, build_driver(sim, a)};
    kit_fault(sim, "set", "'*:service', 4s, from=5s, to=9s");
    driver_call(m.driver, 0, NULL);
    driver_call(m.driver, 6, NULL);
    driver_call(m.driver, 15, NULL);
    build_run(sim, m.driver, 0, 30);
    TOOK(&m, 2, 5, 2);
    sim_free(sim);
}

static void set_acts_on_a_rate_and_its_signal_comes_back(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *o = build_node(
        sim, &open_type,
        "name=users, arrivals=deterministic, rate=steps{{0, 10}, {30s, 20}}, to=@1", leaf, NULL);
    kit_fault(sim, "set", "'users:rate', 100, from=10s, to=20s");
    struct span phases[] = {{"a", 0, ns_from_s(10)},
                            {"b", ns_from_s(10), ns_from_s(20)},
                            {"c", ns_from_s(20), ns_from_s(30)},
                            {"d", ns_from_s(30), ns_from_s(40)}};
    build_run_phases(sim, o, 0, 40, phases, 4);
    assert_near(build_metric(sim, "offered{phase=a}"), 10, .11);
    assert_near(build_metric(sim, "offered{phase=b}"), 100, .11);
    assert_near(build_metric(sim, "offered{phase=c}"), 10, .11);
    assert_near(build_metric(sim, "offered{phase=d}"), 20, .11);
    sim_free(sim);
}

static void flush_empties(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "name=store", NULL);
    struct node *k = build_node(sim, &cache_type, "hit_ratio=1, refill=10s", leaf, NULL);
    struct node *driver = build_driver(sim, k);
    struct span phase = {"fault", ns_from_s(5), ns_from_s(8)};
    kit_fault_in(sim, "flush", "'cache', phase=fault", &phase, 1);
    driver_calls(driver, 4.999999, .000002, 2, NULL);
    driver_call(driver, 15, NULL);
    build_run(sim, driver, 0, 20);
    assert_int_equal(leaf_count(leaf), 1);
    assert_near(leaf_time(leaf, 0), 5.000001, 1e-9);
    sim_free(sim);
}

/* ---- groups */

static struct node *pod(struct sim *sim, uint32_t index) {
    (void)index;
    struct node *s = build_node(sim, &station_type, "name=rank, service=1s, servers=9", NULL);
    return build_node(sim, &delay_type, "name=entry, time=1s", s, NULL);
}

static struct model fleet(void) {
    struct model m = {.sim = build_new(1)};
    struct node *group = kit_group(m.sim, "pod", 3, 3, pod);
    m.delay = build_node(m.sim, &balance_type, "name=lb", group, NULL); /* round robin */
    m.driver = build_driver(m.sim, m.delay);
    driver_calls(m.driver, 0, .1, 6, NULL);
    return m;
}

static void a_slow_replica_is_slow_in_all_its_parts(void **state) {
    (void)state;
    struct model m = fleet();
    kit_fault(m.sim, "slow", "'pod[2]', factor=10");
    build_run(m.sim, m.driver, 0, 60);
    TOOK(&m, 2, 20, 2, 2, 20, 2);
    sim_free(m.sim);
    m = fleet();
    kit_fault(m.sim, "slow", "'pod[2].rank', factor=10");
    build_run(m.sim, m.driver, 0, 60);
    TOOK(&m, 2, 11, 2, 2, 11, 2);
    sim_free(m.sim);
}

static void a_replica_that_is_down_is_still_called(void **state) {
    (void)state;
    struct model m = fleet();
    kit_fault(m.sim, "down", "'pod[2]'");
    build_run(m.sim, m.driver, 0, 60);
    assert_string_equal(driver_story(m.driver, 6), "ok error ok ok error ok");
    sim_free(m.sim);
    m = fleet();
    kit_fault(m.sim, "down", "'lb -> pod[2..3]'");
    build_run(m.sim, m.driver, 0, 60);
    assert_string_equal(driver_story(m.driver, 6), "ok error error ok error error");
    sim_free(m.sim);
    m = fleet();
    kit_fault(m.sim, "down", "'pod[*].rank'");
    build_run(m.sim, m.driver, 0, 60);
    assert_string_equal(driver_story(m.driver, 6), "error error error error error error");
    TOOK(&m, 1, 1, 1, 1, 1, 1);
    sim_free(m.sim);
}

/* ---- random faults */

/* Exponential times: a share mtbf / (mtbf + mttr) of the time is good; over 30 runs of about 400
 * cycles each. */
static void random_faults_have_their_availability(void **state) {
    (void)state;
    enum { RUNS = 30 };
    double x[RUNS];
    for (uint64_t i = 0; i < RUNS; i++) {
        struct model m = model_of(build_new_replication(3, i + 1), "service=0s");
        kit_random(m.sim, "20s", "5s", "down", "'b'");
        driver_calls(m.driver, 0, .5, 20000, NULL);
        build_run(m.sim, m.driver, 0, 10000);
        x[i] = driver_outcomes(m.driver, 0, 10000, OUTCOME_OK) / 20000.;
        sim_free(m.sim);
    }
    struct estimate e = stats_estimate(x, RUNS, .999);
    assert_true(e.ci.lo < .8 && .8 < e.ci.hi);
    assert_true(e.ci.hi - e.ci.lo < .03);
}

static struct node *leaf_pod(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &leaf_type, "name=rank", NULL);
}

static void strikes_each_by_itself(const char *kind, const char *fault) {
    struct sim *sim = build_new(7);
    struct node *group = kit_group(sim, "pod", 2, 2, leaf_pod);
    struct node *driver = build_driver(sim, build_node(sim, &balance_type, "name=lb", group, NULL));
    kit_random(sim, "10s", "10s", kind, fault);
    driver_calls(driver, 1, 0, 2, NULL);
    for (int i = 1; i < 2000; i++) /* pairs, far apart: nearly independent looks at both */
        driver_calls(driver, 100. * i, 0, 2, NULL);
    build_run(sim, driver, 0, 200000);
    uint64_t both = 0, one = 0;
    for (uint32_t i = 0; i < 4000; i += 2) {
        int bad = (driver_arrival(driver, i)->outcome == OUTCOME_ERROR) +
                  (driver_arrival(driver, i + 1)->outcome == OUTCOME_ERROR);
        both += bad == 2;
        one += bad == 1;
    }
    assert_true(kit_share(both, 2000, .25));
    assert_true(kit_share(one, 2000, .5));
    sim_free(sim);
}

static void random_faults_strike_each_target_by_itself(void **state) {
    (void)state;
    strikes_each_by_itself("down", "'pod[*]'");
    strikes_each_by_itself("down", "'lb -> pod[*]'");
    strikes_each_by_itself("set", "'pod[*]:fails', 1");
}

static void random_faults_may_have_any_law(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    kit_random(m.sim, "uniform{min=4.5, max=4.6}", "uniform{min=1.5, max=1.6}", "slow",
               "'b', factor=3");
    driver_calls(m.driver, .5, 1, 11, NULL);
    build_run(m.sim, m.driver, 0, 60);
    TOOK(&m, 1, 1, 1, 1, 1, 3); /* it strikes after 4.5 s and goes on for 1.5 s */
    assert_near(took(&m, 7), 1, 1e-9);
    assert_near(took(&m, 9), 1, 1e-9);
    sim_free(m.sim);
}

static void random_sets_restore(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    kit_random(m.sim, "uniform{min=4, max=4}", "uniform{min=2, max=2}", "set", "'b:service', 3s");
    driver_calls(m.driver, .5, 1, 12, NULL);
    build_run(m.sim, m.driver, 0, 60);
    TOOK(&m, 1, 1, 1, 1, 3, 3, 1, 1, 1, 1, 3, 3);
    sim_free(m.sim);
}

/* ---- reading */

static void faults_follow_phases(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    struct span phases[] = {{"calm", 0, ns_from_s(1)}, {"storm", ns_from_s(1), ns_from_s(2)}};
    kit_fault_in(m.sim, "slow", "'b', factor=2, phase=storm", phases, 2);
    driver_calls(m.driver, .5, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 30);
    TOOK(&m, 1, 2, 1);
    sim_free(m.sim);
}

static void times_count_from_the_end_of_warmup(void **state) {
    (void)state;
    struct model m = model("service=1s, servers=9");
    kit_fault(m.sim, "slow", "'b', factor=2, from=0s, to=1s");
    driver_call(m.driver, -.5, NULL);
    driver_call(m.driver, .5, NULL);
    build_run(m.sim, m.driver, 10, 30);
    TOOK(&m, 1, 2);
    sim_free(m.sim);
}

static void faults_can_be_listed(void **state) {
    (void)state;
    struct model m = model("service=1s");
    kit_fault(m.sim, "slow", "'b', factor=2.50, from=1s");
    kit_fault(m.sim, "down", "'a -> b', from=1s, to=2s");
    kit_fault(m.sim, "errors", "'b', rate='5%'");
    kit_fault(m.sim, "set", "'b:service', 2s");
    kit_random(m.sim, "1h", "5m", "down", "'b'");
    build_run(m.sim, m.driver, 0, 1);
    struct fault_info info[8];
    assert_int_equal(fault_list(m.sim, info, 8), 5);
    static const char *const texts[] = {"slow b x2.50", "down a -> b", "errors b 5%",
                                        "set b:service = 2s", "random down b"};
    for (int i = 0; i < 5; i++)
        assert_string_equal(info[i].text, texts[i]);
    assert_true(info[0].from == ns_from_s(1) && info[0].to == NS_NEVER);
    assert_true(info[1].to == ns_from_s(2));
    assert_true(info[4].from == NS_NEVER);
    assert_int_equal(fault_list(m.sim, info, 2), 5);
    sim_free(m.sim);
}

static void bad_faults_are_refused_when_read(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"slow", "'b'", "test.lua:7: slow: 'factor' is missing"},
        {"slow", "factor=2", "it wants a target first, such as slow"},
        {"slow", "'b', factor=0", "factor: it must be above 0"},
        {"slow", "'b', factor=uniform{min=1, max=2}", "factor: it wants a plain value or a signal"},
        {"slow", "'b', factor=2, rate=3", "unknown key 'rate'"},
        {"slow", "'b', 'c', factor=2", "unknown key '(positional)'"},
        {"down", "'b', from=5s, to=5s", "'to' must be after 'from'"},
        {"down", "'b', from=-5s", "faults begin at 0"},
        {"down", "'b', from=5%", "from: \"5%\" is not a duration"},
        {"down", "'b', phase=storm", "the scenario has no such phase"},
        {"down", "'b', phase=storm, from=1s", "'phase' and 'from'/'to' exclude each other"},
        {"errors", "'b', rate='150%'", "it must lie in 0..1"},
        {"errors", "'b', rate=5s", "is not a ratio"},
        {"delay_added", "'b'", "'delay' is missing"},
        {"delay_added", "'b', delay=-1s", "negative"},
        {"set", "'b:service'", "it wants a value"},
        {"random", "'b'", "it wants mtbf, mttr and one fault"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        assert_says(kit_fault_refusal(sim, cases[i][0], cases[i][1]), cases[i][2]);
        sim_free(sim);
    }
    assert_int_equal(fault_kind("slow"), FAULT_SLOW);
    assert_int_equal(fault_kind("earthquake"), -1);
}

static void bad_targets_are_refused_when_sealed(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"down", "'c'", "test.lua:7: nothing has the address 'c'"},
        {"down", "'driver'", "down: driver (a driver) is not called"},
        {"down", "'cpu'", "down: cpu (a pool) is not called"},
        {"slow", "'driver', factor=2",
         "slow: driver takes no time of its own; name what is below it"},
        {"flush", "'b'", "flush: b (a station) has no contents"},
        {"down", "'b -> a'", "down: 'b' does not call 'a'"},
        {"slow", "'a -> b', factor=2", "slow: it acts on a component, not on an edge"},
        {"delay_added", "'a -> ', delay=1s", "is not an address"},
        {"set", "'b', 5", "wants the form \"address:parameter\""},
        {"set", "'b:servce', 5", "did you mean 'service'?"},
        {"set", "'b:discipline', lifo", "cannot change while running"},
        {"set", "'b:service', often", "set: service: \"often\" was given"},
        {"set", "'b:servers', 0", "servers = 0: it must lie in 1"},
        {"set", "'b:servers', ramp{{0, 1}, {5s, 3}}", "it wants a plain value"},
        {"set", "'*:nothing', 5", "unknown key 'nothing'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        struct node *cpu = build_node(sim, &pool_type, "name=cpu, servers=2", NULL);
        struct node *x = build_node(sim, &station_type, "name=x, on=@1, service=1s", cpu, NULL);
        struct node *b = build_node(sim, &station_type, "name=b, service=1s", NULL);
        struct node *a = build_node(sim, &delay_type, "name=a, time=0s", b, NULL);
        struct node *driver = build_driver(sim, build_node(sim, &chain_type, "", a, x, NULL));
        kit_fault(sim, cases[i][0], cases[i][1]);
        assert_says(build_seal_refusal(sim, driver), cases[i][2]);
        sim_free(sim);
    }
}

/* Times inside a random fault would be ignored. */
static void a_random_fault_has_no_times(void **state) {
    (void)state;
    static const char *const tables[] = {"'b', from=5s", "'b', to=5s", "'b', phase=storm"};
    for (int i = 0; i < 3; i++) {
        struct sim *sim = build_new(1);
        struct error e = {{0}};
        struct value inner = kit_value(sim, arena_print(&sim->arena, "{%s}", tables[i]));
        struct object down = {"down", "test.lua:8", inner.table};
        struct entry at[] = {{.key = "mtbf", .value = value_of_text("1h")},
                             {.key = "mttr", .value = value_of_text("1m")},
                             {.index = 1, .value = {.type = VALUE_OBJECT, .object = &down}}};
        struct object o = {"random", "test.lua:7", {at, 3}};
        assert_false(fault_add(sim, &o, NULL, 0, &e));
        sim_free(sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(down_kills_and_refuses),
        cmocka_unit_test(down_for_good),
        cmocka_unit_test(a_wrapper_that_is_down_withdraws_the_work),
        cmocka_unit_test(two_faults_hold_it_down_together),
        cmocka_unit_test(an_edge_may_be_down),
        cmocka_unit_test(slow_stretches_what_is_drawn_while_it_lasts),
        cmocka_unit_test(slow_touches_nothing_else),
        cmocka_unit_test(slow_faults_multiply_and_heal_one_by_one),
        cmocka_unit_test(slowness_may_follow_a_signal),
        cmocka_unit_test(errors_come_at_their_rate),
        cmocka_unit_test(error_rates_combine_as_independent_ones),
        cmocka_unit_test(a_retry_does_not_meet_the_same_error),
        cmocka_unit_test(delay_is_added_on_the_way_in),
        cmocka_unit_test(delay_on_an_edge_spares_the_other_callers),
        cmocka_unit_test(calls_are_withdrawn_on_the_way),
        cmocka_unit_test(the_abandoned_arrive),
        cmocka_unit_test(what_goes_down_meanwhile_refuses_late_arrivals),
        cmocka_unit_test(set_restores),
        cmocka_unit_test(set_restores_a_distribution_and_a_table),
        cmocka_unit_test(set_to_a_table_by_class),
        cmocka_unit_test(set_faults_may_overlap),
        cmocka_unit_test(three_set_faults_may_overlap),
        cmocka_unit_test(set_reaches_all_that_have_the_parameter),
        cmocka_unit_test(set_acts_on_a_rate_and_its_signal_comes_back),
        cmocka_unit_test(flush_empties),
        cmocka_unit_test(a_slow_replica_is_slow_in_all_its_parts),
        cmocka_unit_test(a_replica_that_is_down_is_still_called),
        cmocka_unit_test(random_faults_have_their_availability),
        cmocka_unit_test(random_faults_strike_each_target_by_itself),
        cmocka_unit_test(random_faults_may_have_any_law),
        cmocka_unit_test(random_sets_restore),
        cmocka_unit_test(faults_follow_phases),
        cmocka_unit_test(times_count_from_the_end_of_warmup),
        cmocka_unit_test(faults_can_be_listed),
        cmocka_unit_test(bad_faults_are_refused_when_read),
        cmocka_unit_test(bad_targets_are_refused_when_sealed),
        cmocka_unit_test(a_random_fault_has_no_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
