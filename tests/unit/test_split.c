#include <stdio.h>

#include "check.h"

struct model {
    struct sim *sim;
    struct node *a, *b, *c, *split, *driver;
};

static struct model model(const char *spec) {
    struct model m = {.sim = build_new(23)};
    m.a = build_node(m.sim, &leaf_type, "name=a", NULL);
    m.b = build_node(m.sim, &leaf_type, "name=b", NULL);
    m.c = build_node(m.sim, &leaf_type, "name=c", NULL);
    /* a node that the spec does not mention would be a child by position */
    m.split = build_node(m.sim, &split_type, spec, m.a, strstr(spec, "@2") ? m.b : NULL,
                         strstr(spec, "@3") ? m.c : NULL, NULL);
    m.driver = build_driver(m.sim, m.split);
    return m;
}

enum { CALLS = 30000 };

static void shares_are(struct model *m, double a, double b, double c) {
    driver_calls(m->driver, 0, .001, CALLS, NULL);
    build_run(m->sim, m->driver, 0, 100);
    struct node *leaf[] = {m->a, m->b, m->c};
    double want[] = {a, b, c};
    for (int i = 0; i < 3; i++)
        assert_near(leaf_count(leaf[i]) / (double)CALLS, want[i],
                    4 * sqrt(want[i] * (1 - want[i]) / CALLS));
    sim_free(m->sim);
}

static void weights_are_equal_by_default(void **state) {
    (void)state;
    struct model m = model("to={a=@1, b=@2, c=@3}");
    shares_are(&m, 1 / 3.0, 1 / 3.0, 1 / 3.0);
}

static void weights_are_met(void **state) {
    (void)state;
    struct model m = model("to={a=@1, b=@2, c=@3}, weights={c=5, a=80, b=15}");
    shares_are(&m, .8, .15, .05);
}

static void a_weight_of_0_keeps_calls_away(void **state) {
    (void)state;
    struct model m = model("to={a=@1, b=@2, c=@3}, weights={a=0, b=1, c=0}");
    shares_are(&m, 0, 1, 0);
}

static void errors_go_to_the_others(void **state) {
    (void)state;
    struct model m = model("to={a=@1, b=@2, c=@3}, weights={a=0, b=1, c=0}, error_rate=.2");
    shares_are(&m, .1, .8, .1);
}

static void a_single_target_takes_all(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    struct node *driver =
        build_driver(sim, build_node(sim, &split_type, "to={a=@1}, error_rate=.5", leaf, NULL));
    driver_calls(driver, 0, .001, 100, NULL);
    build_run(sim, driver, 0, 10);
    assert_int_equal(leaf_count(leaf), 100);
    sim_free(sim);
}

/* Moving a weight moves only the calls it must: those of `a` at 10 % are among those at 20 %. */
static void choices_are_common(void **state) {
    (void)state;
    bool to_a[2][1000] = {{false}};
    static const char *const specs[] = {"to={a=@1, b=@2, c=@3}, weights={a=10, b=90, c=0}",
                                        "to={a=@1, b=@2, c=@3}, weights={a=20, b=80, c=0}"};
    for (int k = 0; k < 2; k++) {
        struct model m = model(specs[k]);
        driver_calls(m.driver, 0, .001, 1000, NULL);
        build_run(m.sim, m.driver, 0, 10);
        for (uint32_t i = 0; i < leaf_count(m.a); i++)
            to_a[k][(int)(leaf_time(m.a, i) * 1000 + .5)] = true;
        sim_free(m.sim);
    }
    for (int i = 0; i < 1000; i++)
        assert_true(!to_a[0][i] || to_a[1][i]);
}

static void weights_are_live(void **state) {
    (void)state;
    struct model m = model("to={a=@1, b=@2, c=@3}, weights={a=1, b=0, c=0}");
    build_set(m.split, 4.9995, "weights", "{a=0, b=0, c=1}");
    driver_calls(m.driver, 0, .001, 10000, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.a), 5000);
    assert_int_equal(leaf_count(m.b), 0);
    assert_int_equal(leaf_count(m.c), 5000);
    sim_free(m.sim);
}

static void wrong_live_weights_stop_the_run(void **state) {
    (void)state;
    struct model m = model("to={a=@1, b=@2, c=@3}");
    build_set(m.split, 1, "weights", "{a=0, b=0}");
    driver_calls(m.driver, 0, 1, 5, NULL);
    assert_says(build_run_failure(m.sim, m.driver, 10), "'c' is left out");
    sim_free(m.sim);
}

static void classes_find_their_targets(void **state) {
    (void)state;
    struct model m = model("by=class, to={chat=@1, code=@2, default=@3}");
    build_class(m.sim, "code", 0);
    build_class(m.sim, "chat", 0);
    build_class(m.sim, "other", 0);
    build_class(m.sim, "more", 0);
    driver_calls(m.driver, 0, .1, 3, "chat");
    driver_calls(m.driver, 1, .1, 5, "code");
    driver_calls(m.driver, 2, .1, 7, "other");
    driver_calls(m.driver, 3, .1, 2, "more");
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.a), 3);
    assert_int_equal(leaf_count(m.b), 5);
    assert_int_equal(leaf_count(m.c), 9);
    sim_free(m.sim);
}

static void a_router_errs_by_class_too(void **state) {
    (void)state;
    struct model m = model("by=class, error_rate=.05, to={user=@1, x=@2, y=@3}");
    build_class(m.sim, "user", 0);
    build_class(m.sim, "x", 0);
    build_class(m.sim, "y", 0);
    shares_are(&m, .95, .025, .025);
}

/* ---- routes */

struct route {
    struct callback base;
    struct answer answer;
    bool fails;
};

static bool invoke(struct callback *cb, const struct call *c, uint64_t purpose,
                   struct answer *out) {
    struct route *r = container_of(cb, struct route, base);
    (void)purpose;
    *out = r->answer;
    if (r->fails)
        sim_fail(c->node->sim, "the script is wrong");
    return !r->fails;
}

static void give_route(struct model *m, struct route *r) {
    struct error e = {{0}};
    r->base.invoke = invoke;
    struct value v = {.type = VALUE_FUNCTION, .function = &r->base};
    assert_true(schema_set(m->split, schema_find(&split_type, "route", &e), &v, false, &e));
}

static void a_route_names_its_target(void **state) {
    (void)state;
    static const struct answer answers[] = {{.is_text = true, .text = "b"}, {.number = 2}};
    for (int k = 0; k < 2; k++) {
        struct model m = model("to={a=@1, b=@2, c=@3}");
        struct route r = {.answer = answers[k]};
        give_route(&m, &r);
        driver_calls(m.driver, 0, .1, 10, NULL);
        build_run(m.sim, m.driver, 0, 10);
        assert_int_equal(leaf_count(m.b), 10);
        sim_free(m.sim);
    }
}

static void a_wrong_route_stops_the_run(void **state) {
    (void)state;
    static const struct {
        struct answer answer;
        const char *says;
    } cases[] = {{{.is_text = true, .text = "d"}, "\"d\", which is no target"},
                 {{.number = 0}, "returned 0; it wants"},
                 {{.number = 4}, "a number 1..3"},
                 {{.number = 1.5}, "returned 1.5"},
                 {{.number = NAN}, "it wants the name"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct model m = model("to={a=@1, b=@2, c=@3}");
        struct route r = {.answer = cases[k].answer};
        give_route(&m, &r);
        driver_calls(m.driver, 0, .1, 10, NULL);
        assert_says(build_run_failure(m.sim, m.driver, 10), cases[k].says);
        sim_free(m.sim);
    }
    struct model m = model("to={a=@1, b=@2, c=@3}");
    struct route r = {.fails = true};
    give_route(&m, &r);
    driver_calls(m.driver, 0, .1, 10, NULL);
    assert_says(build_run_failure(m.sim, m.driver, 10), "the script is wrong");
    sim_free(m.sim);
}

/* ---- the rest */

static void answers_pass_through(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='error 5ms, degraded 5ms'", NULL);
    struct node *driver = build_driver(sim, build_node(sim, &split_type, "to={a=@1}", leaf, NULL));
    driver_calls(driver, 0, .001, 2, NULL);
    driver_call(driver, 1, NULL)->cancel_after = 2 * MS;
    driver_call(driver, 2, NULL);
    build_run(sim, driver, 0, 2.002);
    assert_string_equal(driver_story(driver, 4), "error degraded cancelled -");
    sim_free(sim);
}

static const char *refusal(const char *spec) {
    static char text[1024];
    struct model m = model(spec);
    build_class(m.sim, "chat", 0);
    build_class(m.sim, "code", 0);
    snprintf(text, sizeof text, "%s", build_seal_refusal(m.sim, m.driver));
    sim_free(m.sim);
    return text;
}

static void nonsense_is_refused(void **state) {
    (void)state;
    assert_says(refusal("to={a=@1, b=@2}, weights={a=1, c=1}"), "'c' is no target");
    assert_says(refusal("to={alpha=@1, b=@2}, weights={alpa=1, b=1}"), "did you mean 'alpha'");
    assert_says(refusal("to={a=@1, b=@2}, weights={a=1}"), "'b' is left out");
    assert_says(refusal("to={a=@1, b=@2}, weights={a=-1, b=2}"), "must not be negative");
    assert_says(refusal("to={a=@1, b=@2}, weights={a=0, b=0}"), "all are 0");
    assert_says(refusal("to={a=@1, b=@2}, weights={1, 2}"), "'(positional)' is no target");
    assert_says(refusal("to={a=@1, b=@2}, weights=3"), "it wants a table");
    assert_says(refusal("to={chat=@1, code=@2}, by=class, weights={chat=1, code=2}"), "no meaning");
    assert_says(refusal("to={a=@1, b=@2}, by=route"), "wants route");
    assert_says(refusal("to={chat=@1}, by=class"), "the class 'code' has no target");
    assert_says(refusal("to={chat=@1, cod=@2, default=@3}, by=class"), "'cod' is no class");
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &split_type, "", NULL), "at least one child");
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    assert_says(build_refusal(sim, &split_type, "to={@1}", leaf, NULL), "named components");
    assert_says(build_refusal(sim, &split_type, "to={a=@1}, by=weight", leaf, NULL),
                "did you mean \"weights\"");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_equal_by_default),
        cmocka_unit_test(weights_are_met),
        cmocka_unit_test(a_weight_of_0_keeps_calls_away),
        cmocka_unit_test(errors_go_to_the_others),
        cmocka_unit_test(a_single_target_takes_all),
        cmocka_unit_test(choices_are_common),
        cmocka_unit_test(weights_are_live),
        cmocka_unit_test(wrong_live_weights_stop_the_run),
        cmocka_unit_test(classes_find_their_targets),
        cmocka_unit_test(a_router_errs_by_class_too),
        cmocka_unit_test(a_route_names_its_target),
        cmocka_unit_test(a_wrong_route_stops_the_run),
        cmocka_unit_test(answers_pass_through),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
