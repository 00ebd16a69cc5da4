#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

static void parses(void **state) {
    (void)state;
    const struct {
        const char *text;
        double value;
        enum unit unit;
    } cases[] = {
        {"3", 3, UNIT_NONE},
        {"1e6", 1e6, UNIT_NONE},
        {"-2.5E-3", -2.5e-3, UNIT_NONE},
        {"+4", 4, UNIT_NONE},
        {".5", 0.5, UNIT_NONE},
        {"5.", 5, UNIT_NONE},
        {"  7  ", 7, UNIT_NONE},
        {"50ms", 0.05, UNIT_TIME},
        {"-5ms", -0.005, UNIT_TIME},
        {"3 us", 3e-6, UNIT_TIME},
        {"1.5h", 5400, UNIT_TIME},
        {"7ns", 7e-9, UNIT_TIME},
        {"2m", 120, UNIT_TIME},
        {"2min", 120, UNIT_TIME},
        {"10s", 10, UNIT_TIME},
        {"2\xc2\xb5s", 2e-6, UNIT_TIME},
        {"1d", 86400, UNIT_TIME},
        {"80%", 0.8, UNIT_RATIO},
        {"99.9 %", 0.999, UNIT_RATIO},
        {"10B", 10, UNIT_SIZE},
        {"1kB", 1000, UNIT_SIZE},
        {"2MB", 2e6, UNIT_SIZE},
        {"3GB", 3e9, UNIT_SIZE},
        {"4TB", 4e12, UNIT_SIZE},
        {"1KiB", 1024, UNIT_SIZE},
        {"1MiB", 0x1p20, UNIT_SIZE},
        {"16GiB", 0x1p34, UNIT_SIZE},
        {"1TiB", 0x1p40, UNIT_SIZE},
        {"100/s", 100, UNIT_RATE},
        {"60 /min", 1, UNIT_RATE},
        {"3 USD", 3, UNIT_MONEY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e = {""};
        double v = NAN;
        enum unit u = UNITS;
        assert_true(unit_parse(cases[i].text, &v, &u, &e));
        assert_true(v == cases[i].value); /* to the last bit */
        assert_int_equal(u, cases[i].unit);
        assert_false(error_is(&e));
    }
}

static void refuses(void **state) {
    (void)state;
    const char *const cases[][2] = {
        {"50 parsecs",
         "'50 parsecs': unknown unit 'parsecs'; accepted are ns us ms s m (or min) h d"},
        {"5 MS", "did you mean 'ms'?"},
        {"16gib", "did you mean 'GiB'?"},
        {"", "'' is not a number"},
        {"  ", "is not a number"},
        {"ms", "'ms' is not a number"},
        {"-", "is not a number"},
        {".", "is not a number"},
        {"nan", "'nan' is not a number"},
        {"inf", "'inf' is not a number"},
        {"-infinity", "is not a number"},
        {"0x10", "unknown unit 'x10'"},
        {"1e", "unknown unit 'e'"},
        {"1e999", "too large"},
        {"1e308d", "too large"},
        {"1 2", "unknown unit '2'"},
        {"1,000", "unknown unit ',000'"},
        {"5ms5", "unknown unit 'ms5'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e = {""};
        double v = 0;
        enum unit u = UNITS;
        assert_false(unit_parse(cases[i][0], &v, &u, &e));
        if (!strstr(e.text, cases[i][1]))
            fail_msg("'%s' gave: %s", cases[i][0], e.text);
    }
    char big[3000];
    memset(big, 'x', sizeof big);
    big[0] = '1';
    big[sizeof big - 1] = '\0';
    struct error e = {""};
    double v;
    enum unit u;
    assert_false(unit_parse(big, &v, &u, &e));
    assert_non_null(strstr(e.text, "accepted are"));
}

static void formats(void **state) {
    (void)state;
    const struct {
        double value;
        enum unit unit;
        const char *text;
    } cases[] = {
        {0.0482, UNIT_TIME, "48.2 ms"},
        {0, UNIT_TIME, "0 s"},
        {1e-9, UNIT_TIME, "1 ns"},
        {1.5e-6, UNIT_TIME, "1.5 us"},
        {0.99996, UNIT_TIME, "1 s"},
        {0.9994, UNIT_TIME, "999 ms"},
        {90, UNIT_TIME, "90 s"},
        {150, UNIT_TIME, "2.5 min"},
        {7200, UNIT_TIME, "2 h"},
        {1e5, UNIT_TIME, "27.8 h"},
        {864000, UNIT_TIME, "10 d"},
        {-0.005, UNIT_TIME, "-5 ms"},
        {0.9995, UNIT_RATIO, "99.95 %"},
        {1, UNIT_RATIO, "100 %"},
        {0.99999, UNIT_RATIO, "99.999 %"},
        {0.8, UNIT_RATIO, "80 %"},
        {0, UNIT_RATIO, "0 %"},
        {0.00042, UNIT_RATIO, "0.042 %"},
        {1610612736, UNIT_SIZE, "1.5 GiB"},
        {512, UNIT_SIZE, "512 B"},
        {1048575, UNIT_SIZE, "1 MiB"},
        {0, UNIT_SIZE, "0 B"},
        {10500, UNIT_RATE, "10,500/s"},
        {1e6, UNIT_RATE, "1,000,000/s"},
        {0.042, UNIT_RATE, "0.042/s"},
        {0.00042, UNIT_MONEY, "$0.00042"},
        {12.5, UNIT_MONEY, "$12.50"},
        {1234.567, UNIT_MONEY, "$1,234.57"},
        {99.999, UNIT_MONEY, "$100"},
        {-3, UNIT_MONEY, "-$3"},
        {0, UNIT_MONEY, "$0"},
        {3, UNIT_NONE, "3"},
        {3.14159, UNIT_NONE, "3.142"},
        {9999.96, UNIT_NONE, "10,000"},
        {123456, UNIT_NONE, "123,456"},
        {1e16, UNIT_NONE, "1e+16"},
        {NAN, UNIT_TIME, "n/a"},
        {INFINITY, UNIT_TIME, "inf"},
        {-INFINITY, UNIT_RATE, "-inf/s"},
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(unit_format(out, sizeof out, cases[i].value, cases[i].unit),
                            cases[i].text);
    assert_string_equal(unit_format(out, 4, 0.0482, UNIT_TIME), "48."); /* cut, not overrun */
}

/* Any value of any unit fits a buffer of 64. */
static void extremes_fit(void **state) {
    (void)state;
    char out[64];
    const double values[] = {1e308, 5e-324, 1e15,  0.999e15, 123456789012345.6,
                             1e-9,  0x1p70, -1e300};
    for (int u = 0; u < UNITS; u++)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            unit_format(out, sizeof out, values[i], (enum unit)u);
            assert_true(strlen(out) > 0 && strlen(out) < 40);
        }
}

static void symbols(void **state) {
    (void)state;
    const char *const expected[UNITS] = {"", "s", "", "B", "1/s", "USD"};
    for (int u = 0; u < UNITS; u++)
        assert_string_equal(unit_symbol((enum unit)u), expected[u]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),       cmocka_unit_test(refuses), cmocka_unit_test(formats),
        cmocka_unit_test(extremes_fit), cmocka_unit_test(symbols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
