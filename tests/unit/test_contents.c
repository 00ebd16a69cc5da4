/* What a cache holds, and which entry goes. */
#include "check.h"

#include "kit.h"
#include "node/contents.h"

static struct contents c;

static void make(enum eviction eviction, double capacity) {
    contents_init(&c, eviction, capacity, false, 7);
}

/* One request for each letter: a hit is a use, a miss is written. Returns the hits as capitals. */
static const char *ask(const char *keys) {
    static char out[200];
    size_t n = 0;
    for (; keys[n]; n++) {
        struct item *it = contents_find(&c, (uint64_t)keys[n]);
        out[n] = (char)(it ? keys[n] - 'a' + 'A' : keys[n]);
        if (it)
            contents_use(&c, it);
        else
            contents_put(&c, (uint64_t)keys[n], 1);
    }
    out[n] = 0;
    return out;
}

static bool holds(const char *keys) {
    for (const char *k = keys; *k; k++)
        if (!contents_find(&c, (uint64_t)*k))
            return false;
    return c.items.live == strlen(keys) && c.map.n == strlen(keys);
}

static void lru_drops_the_one_not_used_longest(void **state) {
    (void)state;
    make(EVICT_LRU, 3);
    assert_string_equal(ask("abcadb"), "abcAdb"); /* d drops b; b drops c */
    assert_true(holds("abd"));
    assert_int_equal(c.evictions, 2);
    contents_put(&c, 'a', 1); /* writing again is a use: now d is the oldest */
    assert_string_equal(ask("e"), "e");
    assert_true(holds("abe"));
    contents_release(&c);
}

static void fifo_drops_the_one_written_first(void **state) {
    (void)state;
    make(EVICT_FIFO, 3);
    assert_string_equal(ask("abcadb"), "abcAdB"); /* d drops a, used or not */
    assert_true(holds("bcd"));
    contents_put(&c, 'b', 1);
    ask("e"); /* b was written again, so c is first */
    assert_true(holds("bde"));
    contents_release(&c);
}

static void lfu_drops_the_one_used_least(void **state) {
    (void)state;
    make(EVICT_LFU, 3);
    assert_string_equal(ask("aabbbcd"), "aAbBBcd"); /* a 2, b 3, c 1: c goes */
    assert_true(holds("abd"));
    assert_string_equal(ask("ddde"), "DDDe"); /* a 2, b 3, d 4: a goes */
    assert_true(holds("bde"));
    assert_string_equal(ask("eebde"), "EEBDE"); /* b 4, d 5, e 4: b and e have 4, b the older */
    ask("f");
    assert_true(holds("def"));
    assert_string_equal(ask("g"), "g"); /* f has 1 */
    assert_true(holds("deg"));
    contents_release(&c);
}

static void none_lets_nobody_in(void **state) {
    (void)state;
    make(EVICT_NONE, 2);
    assert_string_equal(ask("abcab"), "abcAB");
    assert_true(holds("ab"));
    assert_int_equal(c.evictions, 0);
    contents_release(&c);
}

/* Each of ten goes equally often: chi-square over 20,000 first evictions. */
static void random_drops_any(void **state) {
    (void)state;
    enum { N = 10, TIMES = 20000 };
    uint64_t gone[N] = {0};
    double expected[N];
    for (uint64_t t = 0; t < TIMES; t++) {
        contents_init(&c, EVICT_RANDOM, N, false, rng_key(t, 1));
        for (uint64_t key = 0; key <= N; key++)
            contents_put(&c, key, 1);
        assert_non_null(contents_find(&c, N)); /* the new one stays */
        for (uint64_t key = 0; key < N; key++)
            gone[key] += !contents_find(&c, key);
        contents_release(&c);
    }
    for (int i = 0; i < N; i++)
        expected[i] = TIMES / (double)N;
    assert_true(kit_chi2(gone, expected, N) > 1e-4);
}

static void sizes_fill_the_capacity(void **state) {
    (void)state;
    contents_init(&c, EVICT_LRU, 10, true, 1);
    contents_put(&c, 'a', 4);
    contents_put(&c, 'b', 4);
    contents_put(&c, 'c', 2);
    assert_true(holds("abc"));
    contents_put(&c, 'd', 5); /* a and b go */
    assert_true(holds("cd"));
    assert_near(c.used, 7, 0);
    assert_null(contents_put(&c, 'e', 11)); /* it will never fit, and nobody goes for it */
    assert_true(holds("cd"));
    contents_put(&c, 'c', 6); /* of another size: d goes */
    assert_true(holds("c"));
    assert_null(contents_put(&c, 'c', 11)); /* what it was before is gone as well */
    assert_true(holds(""));
    assert_near(c.used, 0, 0);
    contents_release(&c);
}

static void a_smaller_capacity_drops_the_rest(void **state) {
    (void)state;
    for (enum eviction e = EVICT_LRU; e <= EVICT_NONE; e++) {
        make(e, 6);
        ask("abcdefafa");
        contents_resize(&c, 2);
        assert_int_equal(c.items.live, e == EVICT_NONE ? 6 : 2); /* none: nobody goes */
        if (e == EVICT_LRU || e == EVICT_LFU || e == EVICT_TINYLFU)
            assert_true(holds("fa"));
        contents_resize(&c, 20);
        ask("ghijklmnopqrst");
        assert_int_equal(c.items.live, e == EVICT_NONE ? 20 : 16);
        contents_clear(&c);
        assert_int_equal(c.items.live, 0);
        assert_string_equal(ask("aa"), "aA");
        contents_release(&c);
    }
}

/* ---- W-TinyLFU */

static void a_sketch_counts_up_to_15(void **state) {
    (void)state;
    make(EVICT_TINYLFU, 100); /* 128 words; halved at 1000 additions */
    contents_put(&c, 1, 1);
    assert_int_equal(tinylfu_count(&c, 1), 1);
    for (int i = 0; i < 5; i++)
        contents_use(&c, contents_find(&c, 1));
    assert_int_equal(tinylfu_count(&c, 1), 6);
    for (int i = 0; i < 50; i++)
        contents_use(&c, contents_find(&c, 1));
    assert_int_equal(tinylfu_count(&c, 1), 15);
    assert_int_equal(c.sketch.added, 15); /* what changes no counter is no addition */
    assert_int_equal(tinylfu_count(&c, 2), 0);
    contents_release(&c);
}

static void a_sketch_ages(void **state) {
    (void)state;
    make(EVICT_TINYLFU, 2); /* halved at 20 additions */
    contents_put(&c, 1, 1);
    for (int i = 0; i < 8; i++)
        contents_use(&c, contents_find(&c, 1));
    contents_put(&c, 2, 1);
    for (int i = 0; i < 9; i++)
        contents_use(&c, contents_find(&c, 2));
    assert_int_equal(c.sketch.added, 19);
    assert_int_equal(tinylfu_count(&c, 1), 9);
    assert_int_equal(tinylfu_count(&c, 2), 10);
    contents_use(&c, contents_find(&c, 2));
    assert_int_equal(tinylfu_count(&c, 1), 4);      /* 9 / 2 */
    assert_int_equal(tinylfu_count(&c, 2), 5);      /* 11 / 2 */
    assert_int_equal(c.sketch.added, (20 - 2) / 2); /* eight odd counters, four to a key */
    contents_release(&c);
}

/* Capacity 10: a window of 10 - floor(9.9) = 1, protected floor(7.2) = 7. */
static void a_newcomer_must_be_wanted_more(void **state) {
    (void)state;
    make(EVICT_TINYLFU, 10);
    ask("abcdefghij");
    assert_int_equal(c.order[PART_WINDOW].next->next == &c.order[PART_WINDOW], 1);
    assert_string_equal(ask("abcdefgh"), "ABCDEFGH"); /* from probation to protected, 7 of them */
    assert_near(c.part_used[PART_PROTECTED], 7, 0);
    assert_near(c.part_used[PART_PROBATION], 2, 0); /* i, and a, which was sent back */
    ask("k"); /* j leaves the window; it has been asked for once, like i, and goes */
    assert_true(holds("abcdefghik"));
    ask("j"); /* k meets i: once each; k goes */
    assert_true(holds("abcdefghij"));
    ask("l"); /* j was asked for twice, i once: i goes */
    assert_true(holds("abcdefghjl"));
    assert_int_equal(c.evictions, 3);
    contents_release(&c);
}

/* The 4-bit sketch keeps the hot keys while a scan passes; LRU forgets them. */
static void a_scan_does_not_wash_it_out(void **state) {
    (void)state;
    uint32_t left[2] = {0};
    for (int k = 0; k < 2; k++) {
        make(k ? EVICT_TINYLFU : EVICT_LRU, 100);
        for (int round = 0; round < 5; round++)
            for (uint64_t key = 0; key < 90; key++)
                if (contents_find(&c, key))
                    contents_use(&c, contents_find(&c, key));
                else
                    contents_put(&c, key, 1);
        for (uint64_t key = 1000; key < 1400; key++)
            contents_put(&c, key, 1);
        for (uint64_t key = 0; key < 90; key++)
            left[k] += contents_find(&c, key) != NULL;
        contents_release(&c);
    }
    assert_int_equal(left[0], 0);
    assert_true(left[1] >= 88); /* two may fall to keys that share all four counters */
}

/* A capacity beyond all measure takes no more memory than the entries. */
static void a_sketch_follows_the_entries(void **state) {
    (void)state;
    make(EVICT_TINYLFU, 1e18);
    for (uint64_t key = 0; key < 10000; key++)
        contents_put(&c, key, 1);
    assert_true(c.sketch.words >= 10000 && c.sketch.words <= 32768);
    assert_int_equal(c.items.live, 10000);
    contents_release(&c);
}

static void tinylfu_counts_sizes(void **state) {
    (void)state;
    contents_init(&c, EVICT_TINYLFU, 1000, true, 3);
    struct rng r = {5};
    for (int i = 0; i < 20000; i++) {
        uint64_t key = rng_below(&r, 400);
        if (contents_find(&c, key))
            contents_use(&c, contents_find(&c, key));
        else
            contents_put(&c, key, 1 + (double)(key % 20));
        assert_true(c.used <= 1000);
        assert_near(c.part_used[0] + c.part_used[1] + c.part_used[2], c.used, 1e-9);
    }
    assert_true(c.sketch.words >= c.items.live);
    contents_release(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lru_drops_the_one_not_used_longest),
        cmocka_unit_test(fifo_drops_the_one_written_first),
        cmocka_unit_test(lfu_drops_the_one_used_least),
        cmocka_unit_test(none_lets_nobody_in),
        cmocka_unit_test(random_drops_any),
        cmocka_unit_test(sizes_fill_the_capacity),
        cmocka_unit_test(a_smaller_capacity_drops_the_rest),
        cmocka_unit_test(a_sketch_counts_up_to_15),
        cmocka_unit_test(a_sketch_ages),
        cmocka_unit_test(a_newcomer_must_be_wanted_more),
        cmocka_unit_test(a_scan_does_not_wash_it_out),
        cmocka_unit_test(a_sketch_follows_the_entries),
        cmocka_unit_test(tinylfu_counts_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
