#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/error.h"

static void first_error_wins(void **state) {
    (void)state;
    struct error e = {""};
    assert_false(error_is(&e));
    assert_false(error_prefix(&e, "nothing"));
    assert_false(error_is(&e));
    assert_false(error_set(&e, "%s is %d", "x", 3));
    assert_string_equal(e.text, "x is 3");
    assert_false(error_set(&e, "what followed"));
    assert_string_equal(e.text, "x is 3");
    assert_false(error_prefix(&e, "%s:%d", "a.lua", 7));
    assert_string_equal(e.text, "a.lua:7: x is 3");
}

static void an_empty_message_is_an_error_too(void **state) {
    (void)state;
    struct error e = {""};
    error_set(&e, "%s", "");
    assert_true(error_is(&e));
}

static void long_texts_are_cut(void **state) {
    (void)state;
    char big[2000];
    memset(big, 'a', sizeof big);
    big[sizeof big - 1] = '\0';
    struct error e = {""};
    error_set(&e, "%s", big);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
    error_prefix(&e, "here");
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
    assert_memory_equal(e.text, "here: aaa", 9);
    error_prefix(&e, "%s", big);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

static const char *word(const void *ctx, int i) {
    const char *const *words = ctx;
    return words[i];
}

static const char *nearest(const char *text) {
    static const char *const words[] = {"mean", "cv", "shape", "failure_rate_threshold",
                                        "p50",  NULL};
    return error_nearest(text, word, words);
}

static void near_misses(void **state) {
    (void)state;
    assert_string_equal(nearest("men"), "mean");
    assert_string_equal(nearest("maen"), "mean");
    assert_string_equal(nearest("Mean"), "mean");
    assert_string_equal(nearest("SHAPE"), "shape");
    assert_string_equal(nearest("cf"), "cv");
    assert_string_equal(nearest("failure_rat_treshhold"), "failure_rate_threshold");
}

static void far_misses(void **state) {
    (void)state;
    assert_null(nearest(""));
    assert_null(nearest("x"));
    assert_null(nearest("ab"));
    assert_null(nearest("queue"));
    char big[300];
    memset(big, 'm', sizeof big);
    big[sizeof big - 1] = '\0';
    assert_null(nearest(big));
    const char *const none[] = {NULL};
    assert_null(error_nearest("mean", word, none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),   cmocka_unit_test(an_empty_message_is_an_error_too),
        cmocka_unit_test(long_texts_are_cut), cmocka_unit_test(near_misses),
        cmocka_unit_test(far_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
