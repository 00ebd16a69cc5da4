/* Quantities: constants, distributions, by class, by facts, along signals. */
#include "check.h"
#include "kit.h"

#include "base/stats.h"

static struct sim *sim;
static struct node *delay;

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

static struct value linear(const char *table) {
    struct error e = {{0}};
    struct value v = kit_value(sim, table);
    struct quantity *q = quantity_linear(sim, &v.table, &e);
    if (!q)
        print_error("%s\n", e.text);
    assert_non_null(q);
    return (struct value){.type = VALUE_QUANTITY, .quantity = q};
}

static struct value table(const char *text) {
    struct error e = {{0}};
    struct value v = kit_value(sim, text);
    struct quantity *q = quantity_table(sim, &v.table, &e);
    if (!q)
        print_error("%s\n", e.text);
    assert_non_null(q);
    return (struct value){.type = VALUE_QUANTITY, .quantity = q};
}

/* One request a second from `source`'s spec into a delay of this time. */
static struct node *source(const char *spec, struct value time) {
    delay = build_node(sim, &delay_type, "time=0s", NULL);
    kit_put(delay, "time", time);
    return build_node(
        sim, &open_type,
        arena_print(&sim->arena, "name=users, rate=1, arrivals=deterministic, to=@1, %s", spec),
        delay, NULL);
}

static double mean(const char *labels) {
    return build_metric(sim, arena_print(&sim->arena, "delay:latency.mean%s", labels));
}

static void by_class_with_a_default(void **state) {
    (void)state;
    struct node *s = source("classes={a={share=0.5}, b={share=0.25}, c={share=0.25}}",
                            kit_value(sim, "{b=2s, default=5s}"));
    build_run(sim, s, 0, 100);
    assert_near(mean("{class=a}"), 5, 1e-9);
    assert_near(mean("{class=b}"), 2, 1e-9);
    assert_near(mean("{class=c}"), 5, 1e-9);
}

static void by_class_goes_on_below(void **state) {
    (void)state;
    struct node *s =
        source("classes={a={share=0.5}, b={share=0.5}}",
               kit_value(sim, "{a=steps{{0, 1s}, {50s, 2s}}, b=uniform{min=3, max=4}}"));
    build_run(sim, s, 0, 100);
    assert_near(mean("{class=a}"), 1.5, .3);
    assert_near(mean("{class=b}"), 3.5, .4);
}

static void by_class_must_be_complete_and_known(void **state) {
    (void)state;
    struct node *s = source("classes={a={share=0.5}, b={share=0.5}}", kit_value(sim, "{b=2s}"));
    assert_says(build_seal_refusal(sim, s), "leaves out 'a'; name it or give a 'default'");
    teardown(NULL), setup(NULL);
    s = source("classes={a={share=1}}", kit_value(sim, "{a=1s, z=2s}"));
    assert_says(build_seal_refusal(sim, s), "names 'z', which is no class of the workload");
    assert_says(build_refusal(sim, &delay_type, "time={1s, 2s}", NULL),
                "time: a table by class wants class names as keys");
    assert_says(build_refusal(sim, &delay_type, "time={}", NULL), "time: the table is empty");
    assert_says(build_refusal(sim, &delay_type, "time={a=often}", NULL),
                "time.a: \"often\" was given; it wants a duration");
    assert_says(build_refusal(sim, &delay_type, "time={a=-1s}", NULL), "time.a: -1 is negative");
}

static void linear_in_facts(void **state) {
    (void)state;
    struct node *s =
        source("facts={tokens=100, images=2}", linear("{6ms, tokens=1ms, images=500ms}"));
    build_run(sim, s, 0, 100);
    assert_near(mean(""), 1.106, 1e-9);
    teardown(NULL), setup(NULL);
    s = source("facts={tokens=100}", linear("{tokens=1ms}")); /* without a base */
    build_run(sim, s, 0, 100);
    assert_near(mean(""), .1, 1e-9);
    teardown(NULL), setup(NULL);
    s = source("facts={tokens=100}", linear("{50ms, tokens=-1ms}")); /* never below 0 */
    build_run(sim, s, 0, 100);
    assert_near(mean(""), 0, 0);
}

static void linear_over_facts_of_a_class(void **state) {
    (void)state;
    struct node *s = source("facts={tokens=7}, classes={a={share=0.5, tokens=100}, b={share=0.5}}",
                            linear("{{a=1s, b=2s}, tokens=10ms}"));
    build_run(sim, s, 0, 100);
    assert_near(mean("{class=a}"), 2, 1e-9); /* the class's own fact wins */
    assert_near(mean("{class=b}"), 2.07, 1e-9);
}

static void a_table_of_points(void **state) {
    (void)state;
    static const double facts[] = {0, 100, 150, 200, 300, 50, 1000},
                        want[] = {0, 1, 2, 3, 5, .0, 19};
    for (int i = 0; i < 7; i++) {
        struct node *s = source(arena_print(&sim->arena, "facts={x=%g}", facts[i]),
                                table("{by=x, {100, 1s}, {200, 3s}}"));
        build_run(sim, s, 0, 50);
        assert_near(mean(""), want[i],
                    1e-9); /* the outer pieces go on beyond the points, not below 0 */
        teardown(NULL), setup(NULL);
    }
    struct node *s = source("facts={x=5}", table("{by=x, {100, 1500ms}}"));
    build_run(sim, s, 0, 50);
    assert_near(mean(""), 1.5, 1e-9);
}

static void a_missing_fact_is_told(void **state) {
    (void)state;
    struct node *s = source("", linear("{1s, tokens=1ms}"));
    assert_says(build_seal_refusal(sim, s), "no workload gives requests the fact 'tokens'");
    teardown(NULL), setup(NULL);
    s = source("classes={a={share=0.5, tokens=100}, b={share=0.5}}", linear("{1s, tokens=1ms}"));
    assert_says(build_run_failure(sim, s, 100),
                "delay: a request of class 'b' has no fact 'tokens'; give it in the workload");
}

static void bad_ones_are_refused(void **state) {
    (void)state;
    struct error e = {{0}};
    static const char *const linears[][2] = {
        {"{1s, 2s, tokens=1}", "linear: it takes one base and then fact = factor pairs"},
        {"{often, tokens=1}", "linear: the base: \"often\" was given"},
        {"{1s, tokens=often}", "linear: tokens: \"often\" was given; it wants a number"},
    };
    static const char *const tables[][2] = {
        {"{{1, 2}}", "table: it wants by = \"fact\" and points"},
        {"{by=x}", "table: it wants by = \"fact\" and points"},
        {"{by=x, 5}", "table: point 1 is a text; it wants { fact, value }"},
        {"{by=x, {5}}", "table: point 1 is a table; it wants { fact, value }"},
        {"{by=x, {5, 1s}, {5, 2s}}", "table: point 2: facts must increase"},
        {"{by=x, {5, -1s}}", "values must not be negative"},
    };
    for (size_t i = 0; i < sizeof linears / sizeof *linears; i++) {
        struct value v = kit_value(sim, linears[i][0]);
        e.text[0] = 0;
        assert_null(quantity_linear(sim, &v.table, &e));
        assert_says(e.text, linears[i][1]);
    }
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct value v = kit_value(sim, tables[i][0]);
        e.text[0] = 0;
        assert_null(quantity_table(sim, &v.table, &e));
        assert_says(e.text, tables[i][1]);
    }
}

static void scaled_ones_are_multiples(void **state) {
    (void)state;
    static const char *const texts[] = {"2s", "uniform{min=1, max=3}", "steps{{0, 2}}",
                                        "{users=2s}"};
    for (int i = 0; i < 5; i++) {
        struct value v;
        if (i == 4) {
            v = linear("{1s, x=100ms}");
        } else {
            struct error e = {{0}};
            struct value spelled = kit_value(sim, texts[i]);
            v = (struct value){.type = VALUE_QUANTITY,
                               .quantity = quantity_read(sim, &spelled, UNIT_TIME, "x", &e)};
            assert_non_null(v.quantity);
        }
        struct quantity *half = quantity_scaled(sim, v.quantity, .5);
        struct node *a = build_node(sim, &delay_type, "name=a, time=0s", NULL);
        struct node *b = build_node(sim, &delay_type, "name=b, time=0s", NULL);
        kit_put(a, "time", v);
        kit_put(b, "time",
                (struct value){.type = VALUE_QUANTITY, .quantity = quantity_scaled(sim, half, 3)});
        struct node *chain = build_node(sim, &chain_type, "", a, b, NULL);
        struct node *s =
            build_node(sim, &open_type, "name=users, rate=10, facts={x=10}, to=@1", chain, NULL);
        build_run(sim, s, 0, 300);
        double x = build_metric(sim, "a:latency.mean"), y = build_metric(sim, "b:latency.mean");
        assert_near(x, 2, i == 1 ? .05 : 1e-9);
        assert_near(y, 3, i == 1 ? .08 : 1e-9);
        teardown(NULL), setup(NULL);
    }
}

static void values_at_a_time_are_known_without_a_request(void **state) {
    (void)state;
    struct error e = {{0}};
    struct value c = kit_value(sim, "3s"), s = kit_value(sim, "ramp{{0, 0}, {10s, 5}}"),
                 d = kit_value(sim, "exponential{mean=4s}"), t = kit_value(sim, "{a=1s}");
    struct quantity *q = quantity_read(sim, &c, UNIT_TIME, "x", &e);
    assert_true(quantity_fixed(q));
    assert_near(quantity_at(q, 7), 3, 0);
    assert_near(quantity_at(quantity_scaled(sim, s.quantity, 2), 5), 5, 1e-12);
    assert_true(isnan(quantity_at(d.quantity, 0)));
    assert_near(quantity_mean(quantity_scaled(sim, d.quantity, 2), 0), 8, 1e-12);
    assert_true(isnan(quantity_mean(quantity_read(sim, &t, UNIT_TIME, "x", &e), 0)));
}

/* The same request draws the same wherever it stands in time; other nodes and other requests draw
 * anew. */
static void draws_belong_to_requests(void **state) {
    (void)state;
    double x[2][400];
    for (int i = 0; i < 2; i++) {
        struct node *a = build_node(sim, &delay_type, "name=a, time=exponential{mean=1s}", NULL);
        struct node *t = i ? build_node(sim, &timeout_type, "after=1h", a, NULL) : a;
        struct node *driver = build_driver(sim, i ? t : build_node(sim, &chain_type, "", a, NULL));
        driver_calls(driver, i, .1, 400, NULL);
        build_run(sim, driver, 0, 100);
        for (uint32_t k = 0; k < 400; k++)
            x[i][k] = ns_to_s(driver_arrival(driver, k)->done - driver_arrival(driver, k)->time);
        teardown(NULL), setup(NULL);
    }
    for (int k = 0; k < 400; k++)
        assert_near(x[0][k], x[1][k], 1e-9);
    struct estimate e = stats_estimate(x[0], 400, .9999);
    assert_true(e.ci.lo < 1 && 1 < e.ci.hi);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(by_class_with_a_default),
        TEST(by_class_goes_on_below),
        TEST(by_class_must_be_complete_and_known),
        TEST(linear_in_facts),
        TEST(linear_over_facts_of_a_class),
        TEST(a_table_of_points),
        TEST(a_missing_fact_is_told),
        TEST(bad_ones_are_refused),
        TEST(scaled_ones_are_multiples),
        TEST(values_at_a_time_are_known_without_a_request),
        TEST(draws_belong_to_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
