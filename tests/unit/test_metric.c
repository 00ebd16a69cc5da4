/* Metrics against values that were worked out by hand. */
#include "check.h"
#include "kit.h"

#include "base/stats.h"

static struct sim *sim;
static struct node *driver;

static int setup(void **state) {
    (void)state;
    sim = build_new(1);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    sim_free(sim);
    return 0;
}

static double metric(const char *text) {
    return build_metric(sim, text);
}

static void is(const char *text, double want) {
    double x = metric(text);
    if (!(fabs(x - want) <= 1e-9 * fmax(1, fabs(want))))
        fail_msg("%s is %.12g, not %.12g", text, x, want);
}

static void lacks(const char *text, enum metric_lack why) {
    struct error e = {{0}};
    struct metric_ref ref;
    struct metric_query q;
    enum metric_lack lack = LACK_NOTHING;
    assert_true(metric_ref_parse(&sim->arena, text, &ref, &e) && metric_bind(sim, &ref, &q, &e));
    double x = metric_value(sim, &q, &lack);
    if (!isnan(x) || lack != why)
        fail_msg("%s is %g and lacks '%s'", text, x, metric_lack_text(lack));
}

static const char *refusal(const char *text) {
    static struct error e;
    struct metric_ref ref;
    struct metric_query q;
    e = (struct error){{0}};
    if (metric_ref_parse(&sim->arena, text, &ref, &e) && metric_bind(sim, &ref, &q, &e))
        fail_msg("%s was accepted", text);
    return e.text;
}

static double extreme(const char *text, int sign) {
    struct error e = {{0}};
    struct metric_ref ref;
    struct metric_query q;
    enum metric_lack lack;
    assert_true(metric_ref_parse(&sim->arena, text, &ref, &e) && metric_bind(sim, &ref, &q, &e));
    double x = metric_extreme(sim, &q, sign, &lack);
    return x;
}

/* ---- outcomes, classes, deadlines */

/* Ten calls, one a second; the leaf takes 100 ms, the driver's patience is 150 ms for class a and
 * 50 ms for b. */
static void ten_calls(void) {
    build_class(sim, "a", 0);
    build_class(sim, "b", 1);
    struct node *leaf =
        build_node(sim, &leaf_type,
                   "says='ok 100ms, degraded 100ms, error 10ms, ok 100ms, shed 0s, timeout 500ms, "
                   "ok 100ms, limited 0s, ok 200ms, ok 100ms'",
                   NULL);
    driver = build_driver(sim, leaf);
    for (int i = 0; i < 10; i++)
        driver_call(driver, i, i % 2 ? "b" : "a")->patience = i % 2 ? 50 * MS : 150 * MS;
}

static void counts_and_shares(void **state) {
    (void)state;
    ten_calls();
    build_run(sim, driver, 5, 20);
    is("calls", 10);
    is("offered", .5);
    is("throughput", 6. / 20); /* ok and degraded */
    is("throughput{outcome=error|shed}", 2. / 20);
    is("throughput{outcome=*}", 10. / 20);
    is("goodput", 2. / 20); /* a: the first and the seventh; all of b are late, and one of a */
    is("goodput{class=a}", 2. / 20);
    is("goodput{class=b}", 0);
    is("availability", .6);
    is("availability{class=a}", 3. / 5); /* ok, error, shed, ok, ok */
    is("availability{class=b}", 3. / 5); /* degraded, ok, timeout, limited, ok */
    is("share{outcome=error}", .1);
    is("share{outcome=error|timeout|limited}", .3);
    is("share{outcome=*}", 1);
    is("share{class=a,outcome=error}", .2); /* of the calls of that class */
    is("share{class=a|b,outcome=error}", .1);
    is("share{outcome=ok}", .5);
    is("calls{outcome=ok}", 5);
    is("calls{class=b}", 5);
    is("calls{class=b,outcome=limited}", 1);
    is("leaf:calls{class=a}", 5);
}

static void latency_covers_good_answers(void **state) {
    (void)state;
    ten_calls();
    build_run(sim, driver, 5, 20);
    is("latency.mean", .7 / 6);
    is("latency.mean{outcome=timeout}", .5);
    is("latency.mean{class=a}", .4 / 3);
    assert_near(metric("latency.max"), .2, .0002); /* users' histograms: 3 digits */
    assert_near(metric("latency.min"), .1, .0001);
    assert_near(metric("leaf:latency.max"), .2, .002);
    assert_near(metric("latency.sd"), .0408248, .0003);
    is("in_flight", (.7 + .01 + .5) / 20);
}

static void in_flight_calls_are_offered_but_not_finished(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 1s, ok 100s'", NULL);
    driver = build_driver(sim, leaf);
    driver_calls(driver, 0, 1, 4, NULL);
    build_run(sim, driver, 0, 10);
    is("calls", 4);
    is("throughput{outcome=*}", .1);
    is("availability", 1); /* of those that finished */
    is("in_flight", (1 + 9 + 8 + 7) / 10.);
}

static void percentiles_want_five_values_beyond_them(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 10ms'", NULL);
    driver = build_driver(sim, leaf);
    driver_calls(driver, 0, .001, 499, NULL);
    build_run(sim, driver, 0, 10);
    lacks("latency.p99", LACK_FEW);
    lacks("latency.p01", LACK_FEW);
    assert_near(metric("latency.p98"), .01, .0001);
    assert_near(metric("latency.p50"), .01, .0001);
    lacks("latency.p50{outcome=error}", LACK_SAMPLES);
    lacks("latency.mean{outcome=error}", LACK_SAMPLES);
    teardown(NULL), setup(NULL);
    leaf = build_node(sim, &leaf_type, "says='ok 10ms'", NULL);
    driver = build_driver(sim, leaf);
    driver_calls(driver, 0, .001, 500, NULL);
    build_run(sim, driver, 0, 10);
    assert_near(metric("latency.p99"), .01, .0001);
    lacks("latency.p999", LACK_FEW);
    teardown(NULL), setup(NULL);
    leaf = build_node(sim, &leaf_type, "", NULL);
    driver = build_driver(sim, leaf);
    build_run(sim, driver, 0, 10); /* nobody came */
    lacks("latency.mean", LACK_SAMPLES);
    lacks("availability", LACK_SAMPLES);
    lacks("share{outcome=ok}", LACK_SAMPLES);
    is("offered", 0);
    is("calls", 0);
    assert_string_equal(metric_lack_text(LACK_NOTHING), "");
}

static void percentiles_are_those_of_the_sample(void **state) {
    (void)state;
    struct node *d = build_node(sim, &delay_type, "time=exponential{mean=1s}", NULL);
    driver = build_driver(sim, d);
    driver_calls(driver, 0, .01, 2000, NULL);
    build_run(sim, driver, 0, 100);
    static double x[2000];
    for (uint32_t i = 0; i < 2000; i++)
        x[i] = ns_to_s(driver_arrival(driver, i)->done - driver_arrival(driver, i)->time);
    for (int i = 0; i < 2000; i++)
        for (int k = i; k > 0 && x[k - 1] > x[k]; k--) {
            double t = x[k];
            x[k] = x[k - 1];
            x[k - 1] = t;
        }
    assert_near(metric("latency.p50"), x[999], .001 * x[999]);
    assert_near(metric("latency.p95"), x[1899], .001 * x[1899]);
    assert_near(metric("latency.p99"), x[1979], .001 * x[1979]);
    assert_near(metric("delay:latency.p99"), x[1979], .01 * x[1979]);
}

/* ---- results */

static void results(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 1s, error 1s, ok 1s'", NULL);
    struct node *k = build_node(sim, &cache_type, "hit_ratio=0, lookup=100ms", leaf, NULL);
    driver = build_driver(sim, k);
    driver_calls(driver, 0, 2, 3, NULL);
    driver_calls(driver, 10, 1, 5, NULL);
    build_set(k, 9, "hit_ratio", "1");
    build_run(sim, driver, 0, 20);
    is("cache:hit_ratio", 5. / 8);
    is("cache:hits", 5. / 20);
    is("cache:share{result=hit}", 5. / 8);
    is("cache:share{result=miss}", 2. / 8); /* good ones among all */
    is("cache:share{result=miss,outcome=error}", 1. / 8);
    is("cache:share{result=miss,outcome=*}", 3. / 8);
    is("cache:calls", 8);
    is("cache:calls{result=hit}", 5);
    is("cache:calls{result=miss}", 3);
    is("cache:calls{result=miss,outcome=ok}", 2);
    is("cache:availability{result=miss}", 2. / 3);
    is("cache:availability{result=hit}", 1);
    is("cache:throughput{result=miss}", 2. / 20);
    is("cache:latency.mean{result=hit}", .1);
    is("cache:latency.mean{result=miss}", 1.1);
    is("cache:latency.mean{result=*}", (5 * .1 + 2 * 1.1) / 7);
    is("cache:service.mean", .1);
    assert_says(refusal("cache:offered{result=miss}"), "'offered' is not kept by result");
    assert_says(refusal("cache:service.mean{result=miss}"), "'service' is not kept by result");
    assert_says(refusal("cache:share{result=mis}"),
                "there is no result 'mis'; there are hit, miss");
    assert_says(refusal("leaf:share{result=hit}"), "there is no result 'hit'");
}

/* ---- phases */

/* One call every second at .5, 1.5, …; phases that overlap, leave gaps, and reach beyond the end.
 */
static void phases(void **state) {
    (void)state;
    struct node *s = build_node(sim, &station_type, "service=200ms", NULL);
    driver = build_driver(sim, s);
    driver_calls(driver, -4.5, 1, 34, NULL);
    const struct span spans[] = {{"early", 0, ns_from_s(10)},
                                 {"middle", ns_from_s(5), ns_from_s(15)},
                                 {"late", ns_from_s(20), ns_from_s(40)},
                                 {"beyond", ns_from_s(50), ns_from_s(60)}};
    kit_fault(sim, "slow", "'station', factor=2, from=8s, to=12s");
    build_run_phases(sim, driver, 10, 30, spans, 4);
    is("calls", 29); /* .5 … 28.5 */
    is("calls{phase=early}", 10);
    is("calls{phase=middle}", 10);
    is("calls{phase=early|middle}", 15); /* no call twice */
    is("calls{phase=late}", 9);
    is("offered{phase=late}", .9); /* over the ten seconds that there are */
    is("offered{phase=*}", 24. / 25);
    is("calls{phase=beyond}", 0);
    lacks("offered{phase=beyond}", LACK_SAMPLES);
    is("latency.mean{phase=early}", (8 * .2 + 2 * .4) / 10);
    is("latency.mean{phase=middle}", (6 * .2 + 4 * .4) / 10);
    is("latency.mean{phase=late}", .2);
    is("station:utilization{phase=early}", (8 * .2 + 2 * .4) / 10);
    is("station:utilization{phase=early|middle}", (11 * .2 + 4 * .4) / 15);
    is("station:utilization{phase=late}", .18);
    is("station:in_flight{phase=late}", .18);
}

/* Phases are half-open: what comes at the moment of a boundary, a request or a fault, belongs to
 * what begins there. */
static void boundaries_belong_to_what_follows(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *k = build_node(sim, &cache_type, "hit_ratio=1, refill=0s", leaf, NULL);
    driver = build_driver(sim, k);
    driver_call(driver, 20, NULL); /* planned before the run begins */
    driver_call(driver, 30, NULL);
    const struct span spans[] = {{"a", 0, ns_from_s(10)},
                                 {"b", ns_from_s(10), ns_from_s(20)},
                                 {"c", ns_from_s(20), ns_from_s(30)},
                                 {"d", ns_from_s(30), ns_from_s(40)}};
    kit_fault(sim, "down", "'cache', from=30s, to=31s");
    build_run_phases(sim, driver, 5, 40, spans, 4);
    is("calls{phase=b}", 0);
    is("calls{phase=c}", 1);
    is("calls{phase=d}", 1);
    is("cache:hits{phase=b}", 0); /* what is counted when it happens */
    is("cache:hits{phase=c}", .1);
}

static void counters_count_in_the_phase_in_which_they_happen(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "says='ok 3s'", NULL);
    struct node *t = build_node(sim, &timeout_type, "after=2s", leaf, NULL);
    driver = build_driver(sim, t);
    driver_call(driver, 9, NULL);
    const struct span spans[] = {{"a", 0, ns_from_s(10)}, {"b", ns_from_s(10), ns_from_s(20)}};
    build_run_phases(sim, driver, 5, 40, spans, 2);
    is("share{outcome=timeout,phase=a}", 1); /* the request came in a */
    is("timeout:expired{phase=a}", 0);
    is("timeout:expired{phase=b}", .1);
    is("in_flight{phase=a}", .1);
    is("in_flight{phase=b}", .1);
}

static void warmup_is_not_measured(void **state) {
    (void)state;
    struct node *s = build_node(sim, &station_type, "service=4s", NULL);
    driver = build_driver(sim, s);
    driver_call(driver, -5, NULL);
    driver_call(driver, -2, NULL);
    driver_call(driver, 5, NULL);
    build_run(sim, driver, 10, 20);
    is("calls", 1);
    is("latency.mean", 4);                    /* those from before 0 are not in it */
    is("station:utilization", (3 + 4) / 20.); /* but the server was busy with them */
    is("station:queue", 0);
    is("in_flight", (3 + 4) / 20.);
    assert_int_equal(sim->at_start.in_flight, 1);
    assert_int_equal(sim->at_end.arrived - sim->at_start.arrived, 1);
}

static void too_many_phases_are_refused(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    driver = build_driver(sim, leaf);
    struct span spans[100];
    struct error e = {{0}};
    struct sim_limits limits = {.duration = ns_from_s(1000)};
    for (int i = 0; i < 100; i++)
        spans[i] = (struct span){"x", 0, ns_from_s(1000)}; /* one piece, many names */
    build_class(sim, "user", 0);
    assert_true(sim_wire(sim, &driver, 1, &e));
    assert_false(sim_seal(sim, spans, 100, &limits, &e));
    assert_says(e.text, "use fewer");
    e.text[0] = 0;
    for (int i = 0; i < 62; i++)
        spans[i] = (struct span){"x", ns_from_s(i), ns_from_s(i + .5)};
    assert_false(sim_seal(sim, spans, 62, &limits, &e));
    assert_says(e.text, "the phases cut the run into more than 62 pieces");
    e.text[0] = 0;
    spans[0] = (struct span){"x", 5, 5};
    assert_false(sim_seal(sim, spans, 1, &limits, &e));
    assert_says(e.text, "phase 'x' must begin at 0 or later and end after it begins");
}

/* ---- several nodes */

static struct node *pod(struct sim *s, uint32_t index) {
    return build_node(s, &station_type, arena_print(&s->arena, "name=rank, service=%us", index + 1),
                      NULL);
}

static void replicas_pool_and_differ(void **state) {
    (void)state;
    struct node *group = kit_group(sim, "pod", 3, 3, pod);
    driver = build_driver(sim, build_node(sim, &balance_type, "name=lb", group, NULL));
    driver_calls(driver, 0, 10, 6, NULL); /* 1 s, 2 s, 3 s, and again */
    build_run(sim, driver, 0, 60);
    is("pod[*].rank:latency.mean", 2);
    is("pod[2].rank:latency.mean", 2);
    is("pod[2..3].rank:latency.mean", 2.5);
    is("pod[*].rank:calls", 6);
    is("pod[*].rank:offered", .1);
    is("pod[*].rank:in_flight", 12. / 60);    /* counts add up */
    is("pod[*].rank:utilization", 12. / 180); /* shares are shares of all */
    is("pod[3].rank:utilization", 6. / 60);
    assert_near(extreme("pod[*].rank:utilization", 1), 6. / 60, 1e-12);
    assert_near(extreme("pod[*].rank:utilization", -1), 2. / 60, 1e-12);
    assert_near(extreme("pod[*].rank:latency.mean", 1), 3, 1e-12);
    assert_near(extreme("pod[*].rank:latency.mean", -1), 1, 1e-12);
    assert_true(isnan(extreme("pod[*].rank:latency.p99", 1)));
}

static void a_queue_is_a_mean_over_replicas(void **state) {
    (void)state;
    struct node *group = kit_group(sim, "pod", 2, 2, pod);
    driver = build_driver(sim, build_node(sim, &balance_type, "name=lb", group, NULL));
    driver_calls(driver, 0, 0, 4, NULL); /* on each, one waits: 1 s and 2 s */
    build_run(sim, driver, 0, 10);
    is("pod[1].rank:queue", .1);
    is("pod[2].rank:queue", .2);
    is("pod[*].rank:queue", .15);
    is("pod[*].rank:queue.mean", .15);
    assert_near(extreme("pod:queue", 1), .2, 1e-12);
}

/* Sources keep finer histograms than others: both in one query, as "*" finds them. */
static void any_nodes_can_be_pooled(void **state) {
    (void)state;
    struct node *s = build_node(sim, &station_type, "service=1s", NULL);
    driver = build_driver(sim, build_node(sim, &delay_type, "time=1s", s, NULL));
    driver_calls(driver, 0, 5, 4, NULL);
    build_run(sim, driver, 0, 60);
    is("*:latency.mean", (2 + 2 + 1) / 3.);
    assert_near(metric("*:latency.max"), 2, .02);
    is("*:calls", 12);
    assert_near(metric("*:service.mean"), 1, 1e-9);
}

static void edges_of_a_shared_node_have_meters(void **state) {
    (void)state;
    struct node *s = build_node(sim, &station_type, "name=s, service=1s, servers=5", NULL);
    struct node *a = build_node(sim, &delay_type, "name=a, time=0s", s, NULL);
    struct node *b = build_node(sim, &delay_type, "name=b, time=0s", s, NULL);
    driver = build_driver(sim, build_node(sim, &chain_type, "", a, b, b, NULL));
    driver_calls(driver, 0, 5, 4, NULL);
    build_run(sim, driver, 0, 60);
    assert_non_null(a->out[0]->meter);
    assert_int_equal(meter_totals(a->out[0]->meter).arrived, 4);
    assert_int_equal(meter_totals(b->out[0]->meter).arrived, 8);
    assert_int_equal(meter_totals(b->out[0]->meter).departed, 8);
    is("s:calls", 12);
    assert_null(driver->out[0]->meter); /* its callee's own meter will do */
}

static void histograms_merge(void **state) {
    (void)state;
    ten_calls();
    build_run(sim, driver, 5, 20);
    struct error e = {{0}};
    struct metric_ref ref;
    struct metric_query q;
    struct hist h;
    hist_init(&h, HIST_FINE);
    assert_true(metric_ref_parse(&sim->arena, "latency.mean{class=a}", &ref, &e) &&
                metric_bind(sim, &ref, &q, &e));
    metric_histogram(&q, &h);
    assert_int_equal(h.total, 3);
    assert_int_equal(metric_sample(&q), 3);
    hist_release(&h);
}

/* ---- binding */

static void units_are_known(void **state) {
    (void)state;
    build_class(sim, "user", 0);
    struct node *s = build_node(sim, &station_type, "service=1s", NULL);
    driver =
        build_driver(sim, build_node(sim, &retry_type, "",
                                     build_node(sim, &timeout_type, "after=1s", s, NULL), NULL));
    build_run(sim, driver, 0, 1);
    static const struct {
        const char *text;
        enum unit unit;
    } cases[] = {
        {"latency.p99", UNIT_TIME},
        {"offered", UNIT_RATE},
        {"availability", UNIT_RATIO},
        {"calls", UNIT_NONE},
        {"station:utilization", UNIT_RATIO},
        {"station:queue", UNIT_NONE},
        {"timeout:expired", UNIT_RATE},
        {"retry:attempts_per_call", UNIT_NONE},
        {"cost.per_hour", UNIT_MONEY},
        {"station:wait.mean", UNIT_TIME},
        {"in_flight", UNIT_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e = {{0}};
        struct metric_ref ref;
        struct metric_query q;
        assert_true(metric_ref_parse(&sim->arena, cases[i].text, &ref, &e) &&
                    metric_bind(sim, &ref, &q, &e));
        assert_int_equal(q.unit, cases[i].unit);
        }
}

static void what_cannot_be_bound_says_why(void **state) {
    (void)state;
    build_class(sim, "human", 0);
    build_class(sim, "agent", 0);
    struct node *s = build_node(sim, &station_type, "service=1s", NULL);
    struct node *k = build_node(sim, &cache_type, "hit_ratio=0.5", s, NULL);
    driver = build_driver(sim, k);
    const struct span spans[] = {{"calm", 0, ns_from_s(1)}, {"storm", ns_from_s(1), ns_from_s(2)}};
    build_run_phases(sim, driver, 0, 2, spans, 2);
    static const char *const cases[][2] = {
        {"latency", "metric latency: 'latency' is a distribution; say which statistic: "
                    "latency.mean, latency.p99"},
        {"wait", "'wait' is a distribution"},
        {"latency.p100", "unknown statistic 'p100'; there are mean, sd, min, max and percentiles"},
        {"latency.median", "unknown statistic 'median'"},
        {"goodput.p99", "'goodput' takes no statistic"},
        {"cache:hit_ratio.p99", "'hit_ratio' takes no statistic"},
        {"cost", "it is cost.per_request or cost.per_hour"},
        {"cost.per_day", "it is cost.per_request or cost.per_hour"},
        {"latenzy.p99", "unknown metric 'latenzy'; did you mean 'latency'?"},
        {"hit_ratio", "unknown metric 'hit_ratio' of the whole system; metrics of a component "
                      "begin with its address"},
        {"cache:hitratio", "did you mean 'hit_ratio'?"},
        {"station:hit_ratio", "unknown metric 'hit_ratio'"},
        {"cach:hit_ratio", "nothing has the address 'cach'; did you mean 'cache'?"},
        {"pod[3:queue", "is not an address"},
        {"latency.p99{class=humans}", "there is no class 'humans'; there are human, agent"},
        {"latency.p99{class=human|robot}", "there is no class 'robot'"},
        {"latency.p99{phase=strom}", "there is no phase 'strom'; there are calm, storm"},
        {"latency.p99{outcome=bad}", "there is no outcome 'bad'; there are ok, degraded"},
        {"latency.p99{region=eu}", "the model has no regions"},
        {"station:queue{class=human}", "'queue' is not kept by class"},
        {"in_flight{class=human}", "'in_flight' is not kept by class"},
        {"cost.per_hour{outcome=ok}", "'cost' is not kept by outcome"},
        {"offered{outcome=ok}", "'offered' is not kept by outcome"},
        {"availability{outcome=ok}", "'availability' is not kept by outcome"},
        {"station:wait.mean{outcome=ok}", "'wait' is not kept by outcome"},
        {"share", "say the share of what: share{outcome=shed}"},
        {"share{class=human}", "say the share of what"},
        {"station:cost.per_hour", "nothing at 'station' has a 'cost'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(refusal(cases[i][0]), cases[i][1]);
}

static void resources_have_only_their_own_metrics(void **state) {
    (void)state;
    struct node *cpu = build_node(sim, &pool_type, "name=cpu, servers=2", NULL);
    struct node *s = build_node(sim, &station_type, "service=1s, on=@1", cpu, NULL);
    driver = build_driver(sim, s);
    driver_call(driver, 0, NULL);
    build_run(sim, driver, 0, 10);
    is("cpu:utilization", .05);
    assert_says(refusal("cpu:latency.mean"), "nothing at 'cpu' has a 'latency'");
    assert_says(refusal("cpu:in_flight"), "nothing at 'cpu' has a 'in_flight'");
    is("*:utilization", 2 * .05 / 2); /* the pool's and the station's */
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(counts_and_shares),
        TEST(latency_covers_good_answers),
        TEST(in_flight_calls_are_offered_but_not_finished),
        TEST(percentiles_want_five_values_beyond_them),
        TEST(percentiles_are_those_of_the_sample),
        TEST(results),
        TEST(phases),
        TEST(boundaries_belong_to_what_follows),
        TEST(counters_count_in_the_phase_in_which_they_happen),
        TEST(warmup_is_not_measured),
        TEST(too_many_phases_are_refused),
        TEST(replicas_pool_and_differ),
        TEST(a_queue_is_a_mean_over_replicas),
        TEST(any_nodes_can_be_pooled),
        TEST(edges_of_a_shared_node_have_meters),
        TEST(histograms_merge),
        TEST(units_are_known),
        TEST(what_cannot_be_bound_says_why),
        TEST(resources_have_only_their_own_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
