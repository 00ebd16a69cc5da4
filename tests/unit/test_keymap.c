/* The table from keys to pointers, against an array that cannot be wrong. */
#include "check.h"

#include "base/keymap.h"

enum { KEYS = 300, STEPS = 200000 };

static void it_does_what_an_array_does(void **state) {
    (void)state;
    static char thing[KEYS];
    void *want[KEYS] = {NULL};
    struct keymap m = {0};
    struct rng r = {1};
    size_t n = 0;
    for (int i = 0; i < STEPS; i++) {
        uint64_t key = rng_below(&r, KEYS), what = rng_below(&r, i < STEPS / 2 ? 2 : 3);
        if (what == 0) {
            n += !want[key];
            want[key] = &thing[rng_below(&r, KEYS)];
            keymap_put(&m, key << 40, want[key]); /* keys that differ in high bits alone */
        } else if (what == 1) {
            n -= want[key] != NULL;
            want[key] = NULL;
            keymap_remove(&m, key << 40);
        }
        uint64_t other = rng_below(&r, KEYS);
        assert_ptr_equal(keymap_get(&m, other << 40), want[other]);
        assert_int_equal(m.n, n);
    }
    for (uint64_t key = 0; key < KEYS; key++)
        assert_ptr_equal(keymap_get(&m, key << 40), want[key]);
    keymap_release(&m);
}

static void it_doubles_when_half_full(void **state) {
    (void)state;
    struct keymap m = {0};
    int x;
    for (uint64_t key = 0; key < 100000; key++) {
        keymap_put(&m, key, &x);
        assert_true(m.slots >= 2 * m.n && m.slots <= 4 * m.n + 16);
    }
    for (uint64_t key = 0; key < 100000; key++)
        assert_ptr_equal(keymap_get(&m, key), &x);
    assert_null(keymap_get(&m, 100000));
    keymap_clear(&m);
    assert_int_equal(m.n, 0);
    assert_null(keymap_get(&m, 5));
    keymap_put(&m, 5, &x);
    assert_ptr_equal(keymap_get(&m, 5), &x);
    keymap_release(&m);
}

static void an_empty_one_needs_nothing(void **state) {
    (void)state;
    struct keymap m = {0};
    assert_null(keymap_get(&m, 0));
    keymap_remove(&m, 0);
    keymap_clear(&m);
    keymap_release(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_what_an_array_does),
        cmocka_unit_test(it_doubles_when_half_full),
        cmocka_unit_test(an_empty_one_needs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
