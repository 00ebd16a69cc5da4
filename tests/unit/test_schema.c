/* Schemas: from tables to fields, and back to words when a table is wrong. */
#include "agent/registry.h"
#include "check.h"
#include "kit.h"

static const char *const colours[] = {"red", "green", NULL};

struct thing {
    struct node base;
    double number, bounded, free_number, ratio;
    int64_t integer;
    ns_t time;
    struct quantity *quantity, *rate;
    bool flag;
    int colour;
    const char *text;
    uint32_t outcomes;
    struct edge one, other;
    struct edge_list many;
    struct node *ref;
    struct condition *condition;
    double inner;
    struct value anything;
    int changes;
    const struct param *changed;
};

static struct thing *thing_of(struct node *n) {
    return container_of(n, struct thing, base);
}

static void answer(struct node *n, struct call *c) {
    (void)n;
    call_finish(c, OUTCOME_OK);
}

static void notice(struct node *n, const struct param *p) {
    thing_of(n)->changes++;
    thing_of(n)->changed = p;
}

static bool refuse_13(struct node *n, struct error *e) {
    return thing_of(n)->integer != 13 || error_set(e, "13 is unlucky");
}

static const struct param deep_params[] = {
    PARAM(NUMBER, "inner", struct thing, inner, "2.5", "far down", .flags = LIVE),
    {0},
};
static const struct param nested_params[] = {
    PARAM(TABLE, "deep", struct thing, base, NULL, "deeper", .sub = deep_params),
    {0},
};
static const struct param thing_params[] = {
    PARAM(NUMBER, "number", struct thing, number, "1.5", "a number", .flags = LIVE),
    PARAM(NUMBER, "bounded", struct thing, bounded, "3", "between", .min = 2, .max = 4),
    PARAM(NUMBER, "free", struct thing, free_number, "0", "at least", .min = -10, .max = INFINITY),
    PARAM(RATIO, "ratio", struct thing, ratio, "0.5", "a ratio", .max = 1, .flags = LIVE),
    PARAM(INTEGER, "integer", struct thing, integer, "7", "a whole number", .flags = LIVE),
    PARAM(TIME, "time", struct thing, time, "20ms", "a time", .flags = LIVE),
    PARAM(QUANTITY, "quantity", struct thing, quantity, "1s", "a quantity", .unit = UNIT_TIME,
          .flags = LIVE),
    PARAM(RATE, "rate", struct thing, rate, NULL, "a rate", .flags = LIVE),
    PARAM(BOOL, "flag", struct thing, flag, "true", "yes or no", .flags = LIVE),
    PARAM(CHOICE, "colour", struct thing, colour, "green", "which", .choices = colours,
          .flags = LIVE),
    PARAM(TEXT, "text", struct thing, text, "nothing", "words"),
    PARAM(OUTCOMES, "outcomes", struct thing, outcomes, "error, timeout", "which ones",
          .flags = LIVE),
    PARAM(REF, "ref", struct thing, ref, NULL, "a pool", .ref_kind = "pool"),
    PARAM(CONDITION, "when", struct thing, condition, NULL, "a condition"),
    PARAM(TABLE, "nested", struct thing, base, NULL, "a table", .sub = nested_params),
    PARAM(VALUE, "anything", struct thing, anything, NULL, "whatever", .flags = LIVE),
    PARAM(NODE, "one", struct thing, one, NULL, "a child", .flags = CHILD),
    PARAM(NODE, "other", struct thing, other, NULL, "another", .flags = CHILD),
    {0},
};
static const struct metric thing_metrics[] = {{0}};
static const struct node_type thing_type = {
    .kind = "thing",
    .summary = "has one of each",
    .params = thing_params,
    .metrics = thing_metrics,
    .size = sizeof(struct thing),
    .ops = {.init = refuse_13, .accept = answer, .set = notice},
};

static const struct param strict_params[] = {
    PARAM(NUMBER, "must", struct thing, number, NULL, "what there must be", .flags = REQUIRED),
    PARAM(NODES, "to", struct thing, many, NULL, "named ones", .flags = REQUIRED | NAMED),
    {0},
};
static const struct node_type strict_type = {
    .kind = "strict",
    .summary = "wants things",
    .params = strict_params,
    .size = sizeof(struct thing),
    .ops = {.accept = answer},
};

static struct sim *sim;

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

static void defaults(void **state) {
    (void)state;
    const struct thing *t = thing_of(build_node(sim, &thing_type, "", NULL));
    assert_near(t->number, 1.5, 0);
    assert_near(t->bounded, 3, 0);
    assert_near(t->ratio, .5, 0);
    assert_int_equal(t->integer, 7);
    assert_int_equal(t->time, 20 * MS);
    assert_near(t->quantity->value, 1, 0);
    assert_null(t->rate);
    assert_true(t->flag);
    assert_int_equal(t->colour, 1);
    assert_string_equal(t->text, "nothing");
    assert_int_equal(t->outcomes, 1u << OUTCOME_ERROR | 1u << OUTCOME_TIMEOUT);
    assert_near(t->inner, 2.5, 0);
    assert_int_equal(t->anything.type, VALUE_NIL);
    assert_null(t->one.to);
    assert_false(t->base.named);
    assert_string_equal(t->base.name, "thing");
}

static void every_kind_is_read(void **state) {
    (void)state;
    struct node *a = build_node(sim, &leaf_type, "name=a", NULL),
                *b = build_node(sim, &leaf_type, "name=b", NULL);
    struct node *cpu = build_node(sim, &pool_type, "servers=2", NULL);
    struct node *n = build_node(
        sim, &thing_type,
        "name=x1, number=-0, bounded=4, free=-10, ratio=25%, integer=1e3, time=1.5m, "
        "quantity=exponential{mean=2s}, rate='60/min', flag=false, colour=red, text='a b', "
        "outcomes={shed, ok}, ref=@3, when='latency.p99 > 5ms', nested={deep={inner=9}}, "
        "anything={1}, @1, other=@2",
        a, b, cpu, NULL);
    const struct thing *t = thing_of(n);
    assert_string_equal(n->name, "x1");
    assert_true(n->named);
    assert_near(t->bounded, 4, 0);
    assert_near(t->free_number, -10, 0);
    assert_near(t->ratio, .25, 0);
    assert_int_equal(t->integer, 1000);
    assert_int_equal(t->time, 90000 * MS);
    assert_int_equal(t->quantity->kind, QUANTITY_DIST);
    assert_near(t->rate->value, 1, 1e-12);
    assert_false(t->flag);
    assert_int_equal(t->colour, 0);
    assert_string_equal(t->text, "a b");
    assert_int_equal(t->outcomes, 1u << OUTCOME_OK | 1u << OUTCOME_SHED);
    assert_ptr_equal(t->ref, cpu);
    assert_string_equal(t->condition->text, "latency.p99 > 5ms");
    assert_near(t->inner, 9, 0);
    assert_int_equal(t->anything.type, VALUE_TABLE);
    assert_ptr_equal(t->one.to, a);
    assert_ptr_equal(t->one.from, n);
    assert_ptr_equal(t->other.to, b);
    t = thing_of(build_node(sim, &thing_type, "outcomes=ok", NULL)); /* one alone */
    assert_int_equal(t->outcomes, 1u << OUTCOME_OK);
}

static void mistakes_are_named(void **state) {
    (void)state;
    struct node *leaf = build_node(sim, &leaf_type, "name=a", NULL);
    struct node *b = build_node(sim, &leaf_type, "name=b", NULL),
                *c = build_node(sim, &leaf_type, "name=c", NULL);
    static const char *const cases[][2] = {
        {"name=x, number=-1", "test.lua:1: thing 'x': number = -1: it must not be negative"},
        {"number=-1", "test.lua:1: thing: number = -1"},
        {"bounded=5", "bounded = 5: it must lie in 2..4"},
        {"free=-11", "free = -11: it must be at least -10"},
        {"ratio=120%", "ratio = 1.2: it must lie in 0..1"},
        {"ratio=-0.5", "ratio"},
        {"integer=1.5", "integer = 1.5: it must be a whole number"},
        {"integer=1e16", "it must be a whole number"},
        {"time=-1s", "time = -1: it must not be negative"},
        {"time=5%", "is not a duration"},
        {"quantity={}", "quantity: the table is empty"},
        {"rate=exponential{mean=2s}",
         "rate: it wants a number a second or a signal such as 100 * ramp { … }"},
        {"flag=maybe", "flag: a text was given; it wants true or false"},
        {"colour=gren", "colour = \"gren\": did you mean \"green\"?"},
        {"colour=violet", "colour = \"violet\": it is one of \"red\", \"green\""},
        {"colour={}", "colour: a table was given; it is one of \"red\", \"green\""},
        {"text={}", "text: a table was given; it wants a text"},
        {"outcomes=erorr", "outcomes = \"erorr\": did you mean \"error\"?"},
        {"outcomes={ok, 5}", "outcomes = \"5\""},
        {"ref=@1", "ref: leaf { … } was given; it wants pool { … }"},
        {"ref=5", "ref: a text was given; it wants pool { … }"},
        {"when='latency'", "when: condition \"latency\" ends where"},
        {"when={}", "when: it wants a condition such as"},
        {"nested=5", "nested: a text was given; it wants a table"},
        {"nested={depp={}}", "nested: unknown key 'depp'; did you mean 'deep'?"},
        {"nested={deep={inner=x}}", "nested: deep: inner: \"x\" was given; it wants a number"},
        {"one=5", "one: a text was given; it wants a component"},
        {"7", "child: a text was given; it wants a component"},
        {"nmber=5", "unknown key 'nmber'; did you mean 'number'?"},
        {"nonsense=5", "unknown key 'nonsense'; it takes number, bounded, free, ratio"},
        {"name=''", "name: it wants a text"},
        {"name='a b'", "name = \"a b\": a name has letters, digits and underscores and does not "
                       "begin with a digit"},
        {"name=9a", "a name has letters"},
        {"integer=13", "13 is unlucky"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(strstr(cases[i][0], "@1")
                        ? build_refusal(sim, &thing_type, cases[i][0], leaf, NULL)
                        : build_refusal(sim, &thing_type, cases[i][0], NULL),
                    cases[i][1]);
    assert_says(build_refusal(sim, &thing_type, "", leaf, b, c, NULL),
                "positional entry 3 (a component): it takes no further child");
    assert_says(build_refusal(sim, &fail_type, "", leaf, NULL),
                "positional entry 1 (a component): it takes no child");
    struct node *users = build_node(sim, &open_type, "rate=1", NULL);
    assert_says(build_refusal(sim, &thing_type, "one=@1", users, NULL),
                "one: a workload cannot be called; it belongs in scenario.workload");
    assert_says(build_refusal(sim, &strict_type, "to={a=@1}", leaf, NULL),
                "'must' is missing: what there must be");
    assert_says(build_refusal(sim, &strict_type, "must=1, to={@1}", leaf, NULL),
                "to: it wants named components: to = { a = …, b = … }");
    assert_says(build_refusal(sim, &strict_type, "must=1, to={}", NULL),
                "to: it wants a table of components");
    assert_says(build_refusal(sim, &strict_type, "must=1", NULL),
                "it needs at least one child component");
}

static void parameters_are_found_by_path(void **state) {
    (void)state;
    struct error e = {{0}};
    assert_string_equal(schema_find(&thing_type, "nested.deep.inner", &e)->name, "inner");
    assert_string_equal(schema_find(&thing_type, "ratio", &e)->name, "ratio");
    assert_int_equal(schema_find(&thing_type, "nested", &e)->kind, PARAM_TABLE);
    static const char *const paths[][2] = {
        {"ratoi", "thing: unknown key 'ratoi'; did you mean 'ratio'?"},
        {"nested.deep.iner", "did you mean 'inner'?"},
        {"", "unknown key ''"}};
    for (int i = 0; i < 3; i++) {
        e = (struct error){{0}};
        assert_null(schema_find(&thing_type, paths[i][0], &e));
        assert_says(e.text, paths[i][1]);
    }
}

static bool set(struct node *n, const char *path, const char *text, bool live, struct error *e) {
    struct value v = value_of_text(text);
    const struct param *p = schema_find(n->type, path, e);
    return p && schema_set(n, p, &v, live, e);
}

static void live_ones_may_change(void **state) {
    (void)state;
    struct error e = {{0}};
    struct node *n = build_node(sim, &thing_type, "", NULL);
    struct thing *t = thing_of(n);
    assert_true(set(n, "number", "9", true, &e));
    assert_near(t->number, 9, 0);
    assert_int_equal(t->changes, 1);
    assert_string_equal(t->changed->name, "number");
    assert_true(set(n, "nested.deep.inner", "4", true, &e));
    assert_near(t->inner, 4, 0);
    assert_string_equal(t->changed->name, "inner");
    assert_true(set(n, "bounded", "2", false, &e)); /* before the run anything may */
    assert_int_equal(t->changes, 2);                /* and nobody is told */
    assert_false(set(n, "bounded", "3", true, &e));
    assert_says(e.text, "bounded of a thing cannot change while running");
    e = (struct error){{0}};
    assert_false(set(n, "one", "3", false, &e));
    assert_says(e.text, "one of a thing is a component, which cannot be set");
    e = (struct error){{0}};
    assert_false(set(n, "ratio", "3", true, &e));
    assert_says(e.text, "ratio = 3: it must lie in 0..1");
    assert_near(t->ratio, .5, 0);
}

static void what_was_kept_comes_back(void **state) {
    (void)state;
    static const char *const params[] = {"number", "ratio", "integer", "time",     "quantity",
                                         "rate",   "flag",  "colour",  "outcomes", "anything"};
    static const char *const other[] = {"9", "0.25",  "3",   "5s",   "7s",
                                        "8", "false", "red", "shed", "xyz"};
    struct node *n = build_node(sim, &thing_type, "anything={5}", NULL);
    struct thing before = *thing_of(n);
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        struct error e = {{0}};
        struct param_kept kept;
        const struct param *p = schema_find(&thing_type, params[i], &e);
        schema_save(n, p, &kept);
        assert_true(set(n, params[i], other[i], true, &e));
        assert_memory_not_equal(&before.number, &thing_of(n)->number,
                                offsetof(struct thing, changes) - offsetof(struct thing, number));
        schema_restore(n, p, &kept, true);
        assert_memory_equal(&before.number, &thing_of(n)->number,
                            offsetof(struct thing, changes) - offsetof(struct thing, number));
        assert_int_equal(thing_of(n)->changes, 2 * (int)(i + 1));
        schema_restore(n, p, &kept, false); /* nobody is told */
        assert_int_equal(thing_of(n)->changes, 2 * (int)(i + 1));
    }
}

static void numbers_can_be_asked_for(void **state) {
    (void)state;
    struct error e = {{0}};
    struct node *n = build_node(sim, &thing_type, "rate=ramp{{0, 4}, {10s, 8}}", NULL);
    static const struct {
        const char *name;
        double x;
    } cases[] = {{"number", 1.5}, {"ratio", .5}, {"integer", 7}, {"time", .02},
                 {"quantity", 1}, {"rate", 4},   {"text", NAN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double x = schema_number(n, schema_find(&thing_type, cases[i].name, &e));
        assert_true(isnan(cases[i].x) ? isnan(x) : fabs(x - cases[i].x) < 1e-12);
    }
}

static void who_works_is_known(void **state) {
    (void)state;
    assert_true(schema_works(&station_type));
    assert_true(schema_works(&delay_type));
    assert_true(schema_works(&pool_type));
    assert_false(schema_works(&timeout_type));
    assert_false(schema_works(&retry_type));
}

static void the_only_child(void **state) {
    (void)state;
    struct node *a = build_node(sim, &leaf_type, "name=a", NULL),
                *b = build_node(sim, &leaf_type, "name=b", NULL);
    assert_ptr_equal(schema_only_child(build_node(sim, &timeout_type, "after=1s", a, NULL)), a);
    assert_null(schema_only_child(a));
    assert_ptr_equal(schema_only_child(build_node(sim, &thing_type, "", a, NULL)), a);
    assert_null(schema_only_child(build_node(sim, &thing_type, "", a, b, NULL)));
    assert_null(schema_only_child(build_node(sim, &chain_type, "", a, NULL)));
}

/* Every component's schema holds together: names are unique, defaults can be read, metrics fit
 * their marks. */
static void every_schema_is_sound(void **state) {
    (void)state;
    for (int i = 0; component_at(i); i++) {
        const struct node_type *t = component_at(i);
        uint32_t n = 0;
        for (const struct param *p = t->params; p->name; p++)
            for (const struct param *q = p + 1; q->name; q++)
                assert_string_not_equal(p->name, q->name);
        for (const struct metric *m = t->metrics; m && m->name; m++, n++)
            for (const struct metric *k = m + 1; k->name; k++)
                assert_string_not_equal(m->name, k->name);
        assert_true(n <= 16);
        assert_true(t->summary && t->summary[0]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(t->kind, component_at(k)->kind);
    }
}

static void a_reference_may_want_one_of_several_kinds(void **state) {
    (void)state;
    const struct param any = {.name = "of"}, one = {.name = "of", .ref_kind = "balance"},
                       two = {.name = "of", .ref_kind = "balance or geo"};
    static const struct {
        const char *kind;
        bool one, two;
    } cases[] = {{"balance", true, true},
                 {"geo", false, true},
                 {"bal", false, false},
                 {"or", false, false},
                 {"geode", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(schema_wants(&any, cases[i].kind));
        assert_int_equal(schema_wants(&one, cases[i].kind), cases[i].one);
        assert_int_equal(schema_wants(&two, cases[i].kind), cases[i].two);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(defaults),
        TEST(every_kind_is_read),
        TEST(mistakes_are_named),
        TEST(parameters_are_found_by_path),
        TEST(live_ones_may_change),
        TEST(what_was_kept_comes_back),
        TEST(numbers_can_be_asked_for),
        TEST(who_works_is_known),
        TEST(the_only_child),
        TEST(every_schema_is_sound),
        cmocka_unit_test(a_reference_may_want_one_of_several_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
