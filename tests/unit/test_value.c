/* Values of the scenario language, and numbers with units. */
#include "check.h"
#include "kit.h"

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

static void tables_are_looked_up_by_key_and_place(void **state) {
    (void)state;
    struct value v = kit_value(sim, "{a=1, 5, b={x=2}, 'six seven', a2=3}");
    const struct table *t = &v.table;
    assert_string_equal(table_get(t, "a")->text, "1");
    assert_null(table_get(t, "c"));
    assert_string_equal(table_get(&table_get(t, "b")->table, "x")->text, "2");
    assert_int_equal(table_count(t), 2);
    assert_string_equal(table_at(t, 2)->text, "six seven");
    assert_null(table_at(t, 3));
    assert_null(table_at(t, 0));
    struct entry gap[] = {{.index = 1, .value = value_of_number(1)},
                          {.index = 3, .value = value_of_number(3)}};
    struct table holey = {gap, 2};
    assert_int_equal(table_count(&holey), 1);
    assert_non_null(table_at(&holey, 3));
}

static void names(void **state) {
    (void)state;
    static const char *const good[] = {"a", "pod_1", "_x", "Z9"}, *const bad[] = {
                                                                      "",    "1a",  "a-b",
                                                                      "a b", "a.b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(value_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(value_is_name(bad[i]));
}

static void numbers_with_units_that_suit(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum unit want;
        double x;
    } cases[] = {
        {"50ms", UNIT_TIME, .05}, {"3", UNIT_TIME, 3},          {"50%", UNIT_RATIO, .5},
        {"0.5", UNIT_RATIO, .5},  {"16KiB", UNIT_SIZE, 16384},  {"100/s", UNIT_RATE, 100},
        {"7", UNIT_RATE, 7},      {"3USD", UNIT_MONEY, 3},      {"50ms", UNIT_NONE, .05},
        {"-3", UNIT_NONE, -3},    {" +2.5e3", UNIT_NONE, 2500}, {".5", UNIT_NONE, .5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e = {{0}};
        double x = NAN;
        struct value v = value_of_text(cases[i].text);
        assert_true(value_number(&v, cases[i].want, &x, "x", &e));
        assert_near(x, cases[i].x, 1e-15);
    }
    struct error e = {{0}};
    double x;
    struct value v = value_of_number(42);
    assert_true(value_number(&v, UNIT_TIME, &x, "x", &e) && x == 42);
}

static void numbers_that_do_not(void **state) {
    (void)state;
    static const struct {
        struct value v;
        enum unit want;
        const char *says;
    } cases[] = {
        {{.type = VALUE_TEXT, .text = "often"},
         UNIT_TIME,
         "x: \"often\" was given; it wants a duration such as \"50ms\" (a plain number is "
         "seconds)"},
        {{.type = VALUE_TEXT, .text = ""}, UNIT_NONE, "x: \"\" was given; it wants a number"},
        {{.type = VALUE_TEXT, .text = "5q"}, UNIT_TIME, "unknown unit 'q'"},
        {{.type = VALUE_TEXT, .text = "5%"}, UNIT_TIME, "x: \"5%\" is not a duration"},
        {{.type = VALUE_TEXT, .text = "5ms"}, UNIT_RATIO, "x: \"5ms\" is not a ratio"},
        {{.type = VALUE_TEXT, .text = "5ms"}, UNIT_SIZE, "is not a size such as"},
        {{.type = VALUE_TEXT, .text = "5ms"}, UNIT_RATE, "is not a number a second"},
        {{.type = VALUE_TEXT, .text = "5%"}, UNIT_MONEY, "is not an amount in USD"},
        {{.type = VALUE_NUMBER, .number = 50},
         UNIT_RATIO,
         "x = 50: a ratio goes from 0 to 1; did you mean \"50%\"?"},
        {{.type = VALUE_NUMBER, .number = 500}, UNIT_RATIO, "x = 500: a ratio goes from 0 to 1"},
        {{.type = VALUE_NUMBER, .number = -.5}, UNIT_RATIO, "x = -0.5: a ratio goes from 0 to 1"},
        {{.type = VALUE_NUMBER, .number = INFINITY}, UNIT_NONE, "x: the value is not finite"},
        {{.type = VALUE_NUMBER, .number = NAN}, UNIT_NONE, "x: the value is not finite"},
        {{.type = VALUE_BOOL}, UNIT_NONE, "x: true or false was given; it wants a number"},
        {{.type = VALUE_TABLE}, UNIT_TIME, "x: a table was given; it wants a duration"},
        {{.type = VALUE_NIL}, UNIT_TIME, "x: nothing was given"},
        {{.type = VALUE_FUNCTION}, UNIT_TIME, "x: a function was given"},
        {{.type = VALUE_QUANTITY}, UNIT_TIME, "x: a distribution was given"},
        {{.type = VALUE_NODE}, UNIT_TIME, "x: a component was given"},
        {{.type = VALUE_OBJECT}, UNIT_TIME, "x: an object was given"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e = {{0}};
        double x;
        assert_false(value_number(&cases[i].v, cases[i].want, &x, "x", &e));
        assert_says(e.text, cases[i].says);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(tables_are_looked_up_by_key_and_place),
        TEST(names),
        TEST(numbers_with_units_that_suit),
        TEST(numbers_that_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
