/* Conditions: the grammar, canonical texts, and what is said about mistakes. */
#include "check.h"

#include "core/condition.h"

static struct arena arena;
static struct error e;

static int setup(void **state) {
    (void)state;
    e = (struct error){{0}};
    return 0;
}
static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    arena = (struct arena){0};
    return 0;
}

static const struct condition *parse(const char *text) {
    e = (struct error){{0}};
    const struct condition *c = condition_parse(&arena, text, &e);
    if (!c)
        print_error("%s\n", e.text);
    assert_non_null(c);
    return c;
}

static const char *metric(const char *text) {
    struct metric_ref m;
    e = (struct error){{0}};
    if (!metric_ref_parse(&arena, text, &m, &e))
        print_error("%s\n", e.text);
    assert_false(error_is(&e));
    return m.text;
}

/* ---- metrics */

static void metrics_have_a_canonical_text(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"latency.p99", "latency.p99"},
        {"  latency.p99  ", "latency.p99"},
        {"goodput", "goodput"},
        {"pod[3].rank:queue", "pod[3].rank:queue"},
        {"pod[*]:latency.p99{ class = human , phase=fault }",
         "pod[*]:latency.p99{class=human,phase=fault}"},
        {"share {outcome=shed|limited}", "share{outcome=shed|limited}"},
        {"share{outcome=*}", "share{outcome=*}"},
        {"latency.mean{class=chat-long}", "latency.mean{class=chat-long}"},
        {"*:in_flight", "*:in_flight"},
        {"pod[1..4].cpu:utilization.mean", "pod[1..4].cpu:utilization.mean"},
        {"cost.per_request", "cost.per_request"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(metric(cases[i][0]), cases[i][1]);
}

static void the_parts_of_a_metric(void **state) {
    (void)state;
    struct metric_ref m;
    assert_true(metric_ref_parse(&arena, "pod[3].rank:latency.p99{class=a|b,phase=x}", &m, &e));
    assert_string_equal(m.address, "pod[3].rank");
    assert_string_equal(m.name, "latency");
    assert_string_equal(m.stat, "p99");
    assert_int_equal(m.n_labels, 2);
    assert_string_equal(metric_label(&m, "class"), "a|b");
    assert_string_equal(metric_label(&m, "phase"), "x");
    assert_null(metric_label(&m, "outcome"));
    assert_true(metric_ref_parse(&arena, "goodput", &m, &e));
    assert_null(m.address);
    assert_null(m.stat);
    assert_int_equal(m.n_labels, 0);
}

static void percentiles(void **state) {
    (void)state;
    static const struct {
        const char *stat;
        double p;
    } cases[] = {
        {"p50", .5},      {"p5", .05},         {"p05", .05},   {"p99", .99}, {"p999", .999},
        {"p9999", .9999}, {"p10", .1},         {"p975", .975}, {"p1", .01},  {"p0", NAN},
        {"p00", NAN},     {"p100", NAN},       {"p990", NAN},  {"p", NAN},   {"p9x", NAN},
        {"p1e1", NAN},    {"p0x1", NAN},       {"mean", NAN},  {"q50", NAN}, {"p5.5", NAN},
        {"p-5", NAN},     {"p123456789", NAN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double p = stat_percentile(cases[i].stat);
        assert_true(isnan(cases[i].p) ? isnan(p) : fabs(p - cases[i].p) < 1e-12);
    }
}

/* ---- conditions */

static void relations_and_values(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum relation relation;
        double value;
        enum unit unit;
    } cases[] = {
        {"latency.p99 < 50ms", REL_LT, .05, UNIT_TIME},
        {"latency.p99<=50ms", REL_LE, .05, UNIT_TIME},
        {"latency.p99>1.5e-3", REL_GT, .0015, UNIT_NONE},
        {"availability >= 99.9%", REL_GE, .999, UNIT_RATIO},
        {"offered > 1000/s", REL_GT, 1000, UNIT_RATE},
        {"offered > 60/min", REL_GT, 1, UNIT_RATE},
        {"latency.p50 < 250\xc2\xb5s", REL_LT, 250e-6, UNIT_TIME},
        {"in_flight < .5", REL_LT, .5, UNIT_NONE},
        {"in_flight > -1", REL_GT, -1, UNIT_NONE},
        {"cost.per_hour < 12USD", REL_LT, 12, UNIT_MONEY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct condition *c = parse(cases[i].text);
        assert_int_equal(c->relation, cases[i].relation);
        assert_near(c->value, cases[i].value, 1e-15);
        assert_int_equal(c->unit, cases[i].unit);
        assert_false(c->has_right);
        assert_string_equal(c->text, cases[i].text);
    }
}

static void a_bound_may_be_a_metric(void **state) {
    (void)state;
    const struct condition *c = parse("latency.p99 < latency.p99{case=calm}");
    assert_true(c->has_right && c->factor == 1);
    assert_string_equal(c->right.metric.text, "latency.p99{case=calm}");
    c = parse("latency.p99{phase=b} <= 1.5 * latency.p99{phase=a}");
    assert_true(c->has_right);
    assert_near(c->factor, 1.5, 0);
    c = parse("goodput > 90% * max(pod[*]:goodput)");
    assert_near(c->factor, .9, 1e-12);
    assert_int_equal(c->right.kind, EXPR_MAX);
}

static void extremes(void **state) {
    (void)state;
    const struct condition *c = parse("max(pod[*].cpu:utilization) < 80%");
    assert_int_equal(c->left.kind, EXPR_MAX);
    assert_string_equal(c->left.metric.text, "pod[*].cpu:utilization");
    c = parse("min( pod:queue ) > 2 * min(pod:queue{phase=x})");
    assert_int_equal(c->left.kind, EXPR_MIN);
    assert_string_equal(c->left.metric.text, "pod:queue");
    assert_string_equal(c->right.metric.text, "pod:queue{phase=x}");
}

static void tolerances(void **state) {
    (void)state;
    const struct condition *c = parse("latency.mean = 48ms +- 2ms");
    assert_near(c->tolerance, .002, 1e-15);
    assert_false(c->relative);
    assert_true(condition_compare(c, .0499, .048) && !condition_compare(c, .0501, .048));
    assert_true(condition_compare(c, .0461, .048) && !condition_compare(c, .0459, .048));
    c = parse("latency.mean == 48ms+-10%");
    assert_int_equal(c->relation, REL_EQ);
    assert_true(c->relative);
    assert_true(condition_compare(c, 109, 100) && !condition_compare(c, 111, 100) &&
                !condition_compare(c, 89, 100));
    assert_true(condition_compare(c, -109, -100));
    c = parse("goodput = 2 * goodput{case=half} +- 5%");
    assert_true(c->has_right && c->relative && c->factor == 2);
}

static void comparisons(void **state) {
    (void)state;
    static const char *const texts[] = {"in_flight < 5", "in_flight <= 5", "in_flight > 5",
                                        "in_flight >= 5"};
    static const bool want[][3] = {
        {true, false, false}, {true, true, false}, {false, false, true}, {false, true, true}};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++)
            assert_int_equal(condition_compare(parse(texts[i]), 4 + k, 5), want[i][k]);
    for (int i = 0; i < 4; i++)
        assert_false(condition_compare(parse(texts[i]), NAN, 5));
}

static void fractions(void **state) {
    (void)state;
    const struct condition *c =
        parse("fraction(latency.p99{phase=after} < 1.1 * latency.p99{phase=before}) >= 95%");
    assert_int_equal(c->left.kind, EXPR_FRACTION);
    assert_near(c->value, .95, 1e-12);
    assert_int_equal(c->left.inner->relation, REL_LT);
    assert_near(c->left.inner->factor, 1.1, 0);
    assert_string_equal(c->left.inner->text,
                        "latency.p99{phase=after} < 1.1 * latency.p99{phase=before}");
    c = parse("fraction(max(pod:queue) > 5) = 50% +- 5%");
    assert_int_equal(c->left.inner->left.kind, EXPR_MAX);
    assert_true(c->relative);
}

static void blanks_do_not_matter(void **state) {
    (void)state;
    const struct condition *a = parse("max(pod[*]:latency.p99{class=a,phase=b})<=1.5*latency.p99");
    const struct condition *b =
        parse("\t max( pod[*]:latency.p99 { class = a , phase = b } )  <=  1.5  *  latency.p99 \n");
    assert_string_equal(a->left.metric.text, b->left.metric.text);
    assert_true(a->factor == b->factor && a->relation == b->relation);
}

/* ---- mistakes */

static void mistakes_are_told_where_they_are(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"",
         "condition \"\" ends where a metric such as latency.p99 or cache:hit_ratio should follow"},
        {"latency.p99", "ends where one of < <= > >= = should follow"},
        {"latency.p99 <", "ends where a metric such as"},
        {"latency.p99 ! 5", "one of < <= > >= = should stand before \"! 5\""},
        {"5ms > latency.p99",
         "a metric such as latency.p99 or cache:hit_ratio should stand before \"5ms"},
        {"latency. < 5", "a statistic such as mean or p99 should stand before \" < 5\""},
        {"latency.p99 < 5 ms 6", "it is complete before \"ms 6\"; one comparison is all it takes"},
        {"latency.p99 < 5ms and x > 2", "it is complete before \"and x > 2\""},
        {"1 < x < 2", "a metric such as"},
        {"latency.p99 < 5mms", "unknown unit 'mms'"},
        {"latency.p99 < 0x10", "unknown unit 'x10'"},
        {"latency.p99 < -inf", "inf"},
        {"latency.p99 < 5ms * latency.p50",
         "the factor before * is a plain number or a percentage"},
        {"latency.p99 < 5 *", "ends where a metric such as"},
        {"latency.p99 = 5ms",
         "an estimate never equals a number; say how close, such as = 48ms +- 10%"},
        {"latency.p99 = 5ms +- 0ms", "an estimate never equals a number"},
        {"latency.p99 < 5ms +- 1ms", "+- wants a tolerance above 0 and the relation ="},
        {"latency.p99 = 5ms +- -1ms", "+- wants a tolerance above 0"},
        {"latency.p99 = 5ms +-", "ends where a number should follow"},
        {"share{outcome=shed < 5%", "\"}\" or \",\" should stand before"},
        {"share{outcome} < 5%", "\"=\" should stand before"},
        {"share{outcome=} < 5%", "the value of a label should stand before"},
        {"share{} < 5%",
         "a label (class, region, outcome, phase, case, result) should stand before"},
        {"share{outcom=shed} < 5%", "unknown label 'outcom'; did you mean 'outcome'?"},
        {"share{weather=fine} < 5%",
         "unknown label 'weather'; labels are class, region, outcome, phase, case, result"},
        {"share{class=a,class=b,class=c,class=d,class=e,class=f,class=g} < 5%",
         "\"}\" (no more labels) should stand"},
        {"max(latency.p99 < 5", "\")\" should stand before \"< 5\""},
        {"max() < 5", "a metric such as"},
        {"max(max(latency.p99)) < 5", "should stand before"},
        {"fraction(latency.p99 < 5", "ends where \")\" should follow"},
        {"fraction(latency.p99) > 5%", "one of < <= > >= = should stand before \") > 5%\""},
        {"fraction(fraction(a < 1) > 2%) > 5%", "fraction(…) does not nest and stands on the left"},
        {"latency.p99 > fraction(a < 1)", "fraction(…) does not nest and stands on the left"},
        {"fraction(latency.p99 < 1) > latency.p50",
         "a fraction is compared with a number, such as >= 95%"},
        {"fraction(latency.p99 = 1) > 50%", "an estimate never equals a number"},
        {":queue < 5", "a metric such as"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        e = (struct error){{0}};
        if (condition_parse(&arena, cases[i][0], &e))
            fail_msg("\"%s\" was accepted", cases[i][0]);
        assert_says(e.text, cases[i][1]);
    }
    struct metric_ref m;
    e = (struct error){{0}};
    assert_false(metric_ref_parse(&arena, "latency.p99 < 5", &m, &e));
    assert_says(e.text, "the end should stand before \"< 5\"");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(metrics_have_a_canonical_text),
        TEST(the_parts_of_a_metric),
        TEST(percentiles),
        TEST(relations_and_values),
        TEST(a_bound_may_be_a_metric),
        TEST(extremes),
        TEST(tolerances),
        TEST(comparisons),
        TEST(fractions),
        TEST(blanks_do_not_matter),
        TEST(mistakes_are_told_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
