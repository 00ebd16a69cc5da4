/* What balancers choose by: schedules, tables and the index of the least loaded. */
#include <stdlib.h>

#include "check.h"
#include "node/edf.h"
#include "node/hashing.h"
#include "node/shortest.h"

/* ---- earliest deadline first */

static void turns_are_spread_by_weight(void **state) {
    (void)state;
    struct edf_turn room[3];
    struct edf s = {.heap = room};
    static const double weight[] = {1, 2, 4};
    char got[15] = "";
    for (uint32_t i = 0; i < 3; i++)
        edf_add(&s, i, weight[i]);
    for (int k = 0; k < 14; k++) {
        uint32_t who = edf_next(&s);
        got[k] = (char)('a' + who);
        edf_again(&s, weight[who]);
    }
    /* deadlines 1/4 c, 1/2 b and c, 3/4 c, 1 a, b and c, in the order in which they got it */
    assert_string_equal(got, "cbccabccbccabc");
}

static void equal_weights_go_round(void **state) {
    (void)state;
    struct edf_turn room[5];
    struct edf s = {.heap = room};
    for (int again = 0; again < 2; again++, edf_clear(&s)) {
        for (uint32_t i = 0; i < 5; i++)
            edf_add(&s, i, 7);
        for (uint32_t k = 0; k < 50; k++) {
            assert_int_equal(edf_next(&s), k % 5);
            edf_again(&s, 7);
        }
    }
}

static void shares_follow_weights(void **state) {
    (void)state;
    enum { N = 40 };
    struct edf_turn room[N];
    struct edf s = {.heap = room};
    int seen[N] = {0};
    for (uint32_t i = 0; i < N; i++)
        edf_add(&s, i, i + 1);
    for (int k = 0; k < 10 * N * (N + 1) / 2; k++) {
        uint32_t who = edf_next(&s);
        seen[who]++;
        edf_again(&s, who + 1);
    }
    for (int i = 0; i < N; i++)
        assert_true(abs(seen[i] - 10 * (i + 1)) <= 1);
}

/* ---- the ring */

static void points_are_shared_by_weight(void **state) {
    (void)state;
    struct arena a = {0};
    static const struct {
        double weight[3];
        uint32_t least, most, points[3];
    } cases[] = {
        {{1, 1, 1}, 1024, 8388608, {342, 342, 342}},
        {{1, 1, 1}, 3, 8388608, {1, 1, 1}},
        {{1, 2, 5}, 8, 8388608, {1, 2, 5}},
        {{1, 2, 5}, 9, 8388608, {2, 4, 10}}, /* the lightest has whole ones */
        {{1, 1, 98}, 1024, 50, {1, 0, 49}},  /* no more than that, and somebody may have none */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hash_member m[3];
        struct ring r;
        uint32_t seen[3] = {0};
        for (uint32_t k = 0; k < 3; k++)
            m[k] = (struct hash_member){rng_mix(k + 1), cases[i].weight[k], k};
        ring_make(&r, &a, m, 3, cases[i].least, cases[i].most);
        for (uint32_t k = 0; k < r.n; k++) {
            seen[r.at[k].who]++;
            assert_true(!k || r.at[k].hash >= r.at[k - 1].hash);
        }
        for (int k = 0; k < 3; k++)
            assert_int_equal(seen[k], cases[i].points[k]);
    }
    arena_release(&a);
}

static void a_key_belongs_to_the_next_point(void **state) {
    (void)state;
    struct arena a = {0};
    struct hash_member m[7];
    struct ring r;
    struct rng random = {5};
    for (uint32_t k = 0; k < 7; k++)
        m[k] = (struct hash_member){rng_mix(k + 1), 1, k};
    ring_make(&r, &a, m, 7, 100, 1000);
    for (int i = 0; i < 10000; i++) {
        uint64_t hash = i ? rng_next(&random) : UINT64_MAX;
        uint32_t at = ring_find(&r, hash), want = 0;
        while (want < r.n && r.at[want].hash < hash)
            want++;
        assert_int_equal(at, want % r.n);
    }
    arena_release(&a);
}

/* ---- maglev */

static void fill(uint32_t *slot, uint32_t size, const double *weight, const uint32_t *who,
                 uint32_t n) {
    struct hash_member m[16];
    struct maglev_turn turn[16];
    for (uint32_t k = 0; k < n; k++)
        m[k] = (struct hash_member){rng_mix(who[k] + 1), weight ? weight[k] : 1, who[k]};
    maglev_fill(slot, size, m, n, turn);
}

static const uint32_t everyone[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
enum { SIZE = 65537 };

static void slots_follow_weights(void **state) {
    (void)state;
    uint32_t *slot = malloc(SIZE * sizeof *slot), seen[10] = {0};
    fill(slot, SIZE, (const double[]){1, 2}, everyone, 2);
    for (uint32_t s = 0; s < SIZE; s++)
        seen[slot[s]]++;
    assert_int_equal(seen[0], 21846); /* Envoy */
    assert_int_equal(seen[1], 43691);
    memset(seen, 0, sizeof seen);
    fill(slot, SIZE, NULL, everyone, 10);
    for (uint32_t s = 0; s < SIZE; s++)
        seen[slot[s]]++;
    for (int k = 0; k < 10; k++)
        assert_int_equal(seen[k], k < 7 ? 6554 : 6553); /* in turns */
    free(slot);
}

static void few_slots_move(void **state) {
    (void)state;
    static const uint32_t without_4[] = {0, 1, 2, 3, 5, 6, 7, 8, 9};
    uint32_t *before = malloc(SIZE * sizeof *before), *after = malloc(SIZE * sizeof *after);
    uint32_t gone = 0, moved = 0;
    fill(before, SIZE, NULL, everyone, 10);
    fill(after, SIZE, NULL, without_4, 9);
    for (uint32_t s = 0; s < SIZE; s++) {
        assert_int_not_equal(after[s], 4);
        gone += before[s] == 4;
        moved += before[s] != 4 && before[s] != after[s];
    }
    assert_int_equal(gone, 6554);
    assert_true(moved > 0 && moved < 2 * gone); /* a ring would move none of these */
    free(before);
    free(after);
}

static void primes(void **state) {
    (void)state;
    static const uint64_t yes[] = {2, 3, 7, 65537, 5000011}, no[] = {0, 1, 4, 65535, 65539 * 3};
    for (int i = 0; i < 5; i++)
        assert_true(is_prime(yes[i]) && !is_prime(no[i]));
    uint32_t slot[2];
    fill(slot, 2, NULL, everyone, 3); /* more members than slots */
    assert_true(slot[0] < 2 && slot[1] < 2 && slot[0] != slot[1]);
}

/* ---- the least loaded */

enum { MEMBERS = 9 };

static uint32_t count_of(const void *ctx, uint32_t who) {
    return ((const uint32_t *)ctx)[who];
}

/* Against a plain scan: any sequence of ups and downs. */
static void the_least_loaded_is_found(void **state) {
    (void)state;
    uint32_t order[MEMBERS], place[MEMBERS], count[MEMBERS] = {3, 0, 5, 0, 900, 2, 2, 1, 0};
    static const uint32_t in[] = {0, 2, 4, 5, 6, 7};
    struct shortest s;
    struct rng random = {11};
    shortest_init(&s, order, place, MEMBERS);
    shortest_make(&s, in, 6, count_of, count);
    for (int i = 0; i < 20000; i++) {
        uint32_t who = in[rng_below(&random, 6)], least = UINT32_MAX, ties = 0;
        if (rng_below(&random, 2 + (uint32_t)(i / 3000) % 2) == 0 && count[who])
            shortest_down(&s, who, count[who]--);
        else
            shortest_up(&s, who, count[who]++);
        if (i % 7000 == 0)
            shortest_make(&s, in, 6, count_of, count);
        for (int k = 0; k < 6; k++)
            least = count[in[k]] < least ? count[in[k]] : least;
        for (int k = 0; k < 6; k++)
            ties += count[in[k]] == least;
        assert_true(shortest_check(&s, count_of, count));
        assert_int_equal(count[shortest_pick(&s, &random)], least);
        assert_int_equal(s.begin[least + 1] - s.begin[least], ties);
    }
    assert_false(shortest_has(&s, 1));
    shortest_release(&s);
}

static void ties_are_broken_at_random(void **state) {
    (void)state;
    uint32_t order[4], place[4], count[4] = {1, 0, 0, 0};
    static const uint32_t in[] = {0, 1, 2, 3};
    struct shortest s;
    struct rng random = {3};
    uint64_t seen[4] = {0};
    shortest_init(&s, order, place, 4);
    shortest_make(&s, in, 4, count_of, count);
    for (int i = 0; i < 30000; i++)
        seen[shortest_pick(&s, &random)]++;
    assert_int_equal(seen[0], 0);
    for (int i = 1; i < 4; i++)
        assert_near((double)seen[i], 10000, 4 * sqrt(30000 * 2 / 9.));
    shortest_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_are_spread_by_weight),
        cmocka_unit_test(equal_weights_go_round),
        cmocka_unit_test(shares_follow_weights),
        cmocka_unit_test(points_are_shared_by_weight),
        cmocka_unit_test(a_key_belongs_to_the_next_point),
        cmocka_unit_test(slots_follow_weights),
        cmocka_unit_test(few_slots_move),
        cmocka_unit_test(primes),
        cmocka_unit_test(the_least_loaded_is_found),
        cmocka_unit_test(ties_are_broken_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
