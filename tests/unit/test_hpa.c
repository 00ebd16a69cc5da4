/* What the HorizontalPodAutoscaler makes of its numbers: golden values, and every rule by itself.
 */
#include "check.h"

#include "agent/hpa.h"

#define S(x) ns_from_s(x)

static struct hpa_config usual(void) {
    return (struct hpa_config){.target = 1,
                               .tolerance = 0.1,
                               .min_replicas = 1,
                               .max_replicas = 1000,
                               .up = {0, 4, 1, S(15), HPA_MAX},
                               .down = {S(300), 0, 1, S(15), HPA_MAX},
                               .cpu = true,
                               .cpu_initialization_period = S(300),
                               .initial_readiness_delay = S(30)};
}

static int64_t wanted(int64_t ready, double ratio) {
    struct hpa_config k = usual();
    struct hpa_sample s = {.ready = ready, .sum = ratio * (double)ready};
    return hpa_recommend(&k, ready, &s);
}

static void golden(void **state) {
    (void)state;
    assert_int_equal(wanted(3, 2.0), 6);
    assert_int_equal(wanted(4, .5), 2);
    assert_int_equal(wanted(10, 1.11), 12);
    assert_int_equal(wanted(10, .9), 10);
    assert_int_equal(wanted(10, .89), 9);
    assert_int_equal(wanted(5, 1.3), 7);
}

/* 1.1 - 1 is a little more than 0.1 as a double, 1 - 0.9 a little less. */
static void the_edge_of_the_tolerance(void **state) {
    (void)state;
    struct hpa_config k = usual();
    struct hpa_sample above = {.ready = 1, .sum = 1.1}, below = {.ready = 1, .sum = 0.9};
    assert_int_equal(hpa_recommend(&k, 1, &above), 2);
    assert_int_equal(hpa_recommend(&k, 1, &below), 1);
    k.tolerance = 0;
    struct hpa_sample same = {.ready = 4, .sum = 4}, less = {.ready = 4, .sum = 2.9};
    assert_int_equal(hpa_recommend(&k, 4, &same), 4);
    assert_int_equal(hpa_recommend(&k, 4, &less), 3);
}

/* Current 6 in each: 4 that are ready, and 2 of which little is known. */
static int64_t wanted_with(double usage, int64_t unready, int64_t missing) {
    struct hpa_config k = usual();
    struct hpa_sample s = {.ready = 4, .unready = unready, .missing = missing, .sum = 4 * usage};
    return hpa_recommend(&k, 6, &s);
}

static void those_that_are_not_ready_count_as_idle_on_the_way_up(void **state) {
    (void)state;
    assert_int_equal(wanted_with(3, 2, 0), 12);   /* 12 / 6 = 2, times 6 */
    assert_int_equal(wanted_with(1.6, 2, 0), 6);  /* 6.4 / 6: within the tolerance */
    assert_int_equal(wanted_with(1.3, 2, 0), 6);  /* 5.2 / 6: it would turn round */
    assert_int_equal(wanted_with(.5, 2, 0), 2);   /* on the way down they do not count at all */
    assert_int_equal(wanted_with(1.05, 2, 0), 6); /* 4.2 / 6 would be down, but it was up */
}

static void those_without_a_reading_damp_both_ways(void **state) {
    (void)state;
    assert_int_equal(wanted_with(3, 0, 2), 12);
    assert_int_equal(wanted_with(.1, 0, 2), 3); /* (0.4 + 2) / 6 = 0.4 */
    assert_int_equal(wanted_with(.9, 0, 2), 6); /* (3.6 + 2) / 6: within the tolerance */
    assert_int_equal(wanted_with(3, 1, 1), 12); /* both are idle */
    assert_int_equal(wanted_with(.5, 1, 1), 3); /* (2 + 1) / 5 = 0.6, times 5 */
}

/* Of 9, only 4 are known: growing to 8 would be shrinking. */
static void a_change_of_the_number_measured_does_not_turn_it_round(void **state) {
    (void)state;
    struct hpa_config k = usual();
    struct hpa_sample s = {.ready = 3, .missing = 1, .sum = 8};
    assert_int_equal(hpa_recommend(&k, 9, &s), 9);
    s.sum = 0.6;
    s.missing = 0, s.unready = 1;
    assert_int_equal(hpa_recommend(&k, 9, &s), 1);
}

static void nothing_known_nothing_said(void **state) {
    (void)state;
    struct hpa_config k = usual();
    struct hpa_sample s = {.unready = 3};
    assert_int_equal(hpa_recommend(&k, 3, &s), -1);
}

static void who_counts(void **state) {
    (void)state;
    struct hpa_config k = usual();
    struct hpa_pod p = {.ready = true,
                        .measured = true,
                        .ordered = S(100),
                        .since = S(160),
                        .at = S(175),
                        .window = S(15)};
    assert_int_equal(hpa_sort(&k, &p, S(180)), HPA_READY); /* a whole window since it was ready */
    p.at = S(175) - 1;
    assert_int_equal(hpa_sort(&k, &p, S(180)), HPA_UNREADY);
    assert_int_equal(hpa_sort(&k, &p, S(400) - 1), HPA_UNREADY);
    assert_int_equal(hpa_sort(&k, &p, S(400)), HPA_READY); /* it has had its time */
    k.cpu = false;
    assert_int_equal(hpa_sort(&k, &p, S(180)), HPA_READY); /* other metrics mean what they say */
    p.measured = false;
    assert_int_equal(hpa_sort(&k, &p, S(180)), HPA_MISSING);
    p.ready = false;
    assert_int_equal(hpa_sort(&k, &p, S(180)), HPA_UNREADY);
}

static void who_never_was_ready(void **state) {
    (void)state;
    struct hpa_config k = usual();
    struct hpa_pod p = {
        .measured = true, .ordered = S(100), .since = S(100), .at = S(500), .window = S(15)};
    assert_int_equal(hpa_sort(&k, &p, S(399)), HPA_UNREADY);
    assert_int_equal(hpa_sort(&k, &p, S(400)), HPA_UNREADY);
    p.since = S(130); /* it was ready, and ceased to be, after the delay */
    assert_int_equal(hpa_sort(&k, &p, S(400)), HPA_READY);
    p.since = S(130) - 1;
    assert_int_equal(hpa_sort(&k, &p, S(400)), HPA_UNREADY);
    k.initial_readiness_delay = 0;
    p.since = S(100);
    assert_int_equal(hpa_sort(&k, &p, S(400)), HPA_READY);
    k.cpu = false;
    assert_int_equal(hpa_sort(&k, &p, S(400)), HPA_UNREADY);
}

/* ---- with a memory */

struct model {
    struct arena arena;
    struct hpa_config k;
    struct hpa h;
    int64_t count;
};

static void open_model(struct model *m, struct hpa_config k, int64_t count) {
    *m = (struct model){.k = k, .count = count};
    hpa_init(&m->h, &m->arena, &k, S(15));
}

/* One look; the new count. */
static int64_t look(struct model *m, double t, int64_t want) {
    return m->count = hpa_decide(&m->h, &m->k, S(t), m->count, want);
}

static void growth_is_capped(void **state) {
    (void)state;
    static const int64_t from[] = {1, 3, 5, 10}, to[] = {5, 7, 10, 20};
    for (int i = 0; i < 4; i++) {
        struct model m;
        open_model(&m, usual(), from[i]);
        assert_int_equal(look(&m, 15, 1000), to[i]);
        arena_release(&m.arena);
    }
}

/* What was added within the period is counted from where the period began. */
static void the_cap_is_one_of_a_period(void **state) {
    (void)state;
    struct model m;
    struct hpa_config k = usual();
    k.up.period = S(60);
    open_model(&m, k, 10);
    assert_int_equal(look(&m, 15, 14), 14);
    assert_int_equal(look(&m, 30, 100), 20); /* 10 at the beginning of it, doubled */
    assert_int_equal(look(&m, 45, 100), 20);
    assert_int_equal(look(&m, 74.9, 100), 20);
    assert_int_equal(look(&m, 75, 100), 28); /* the first 4 are a whole period old: 14, doubled */
    arena_release(&m.arena);
    k.max_replicas = 17;
    open_model(&m, k, 10);
    assert_int_equal(look(&m, 15, 100), 17);
    arena_release(&m.arena);
}

static void which_policy_counts(void **state) {
    (void)state;
    struct model m;
    struct hpa_config k = usual();
    k.up.select_policy = HPA_MIN;
    open_model(&m, k, 10);
    assert_int_equal(look(&m, 15, 100), 14);
    arena_release(&m.arena);
    k.up = (struct hpa_rules){0, 0, .25, S(15), HPA_MIN};
    open_model(&m, k, 3);
    assert_int_equal(look(&m, 15, 100), 4); /* 3.75, rounded up */
    arena_release(&m.arena);
    k.up = (struct hpa_rules){0, 2, 0, S(15), HPA_MIN};
    open_model(&m, k, 3);
    assert_int_equal(look(&m, 15, 100), 5);
    arena_release(&m.arena);
    k.up.select_policy = HPA_DISABLED;
    open_model(&m, k, 3);
    assert_int_equal(look(&m, 15, 100), 3);
    arena_release(&m.arena);
}

static void shrinking_is_capped(void **state) {
    (void)state;
    struct model m;
    struct hpa_config k = usual();
    k.down = (struct hpa_rules){0, 4, .1, S(60), HPA_MAX};
    open_model(&m, k, 35);
    assert_int_equal(look(&m, 60, 1), 31); /* 4, or 31.5 cut to 31 */
    assert_int_equal(look(&m, 75, 1), 31);
    assert_int_equal(look(&m, 120, 1), 27);
    arena_release(&m.arena);
    k.down.select_policy = HPA_MIN;
    open_model(&m, k, 22);
    assert_int_equal(look(&m, 60, 1), 19); /* 19.8 cut off, which is less than 4 */
    arena_release(&m.arena);
    k.down = (struct hpa_rules){0, 0, 1, S(60), HPA_MAX};
    k.min_replicas = 5;
    open_model(&m, k, 22);
    assert_int_equal(look(&m, 60, 1), 5);
    arena_release(&m.arena);
    k.down.select_policy = HPA_DISABLED;
    open_model(&m, k, 22);
    assert_int_equal(look(&m, 60, 1), 22);
    arena_release(&m.arena);
}

/* What was taken away within the period is given back to growth, and the other way round. */
static void the_other_direction_counts(void **state) {
    (void)state;
    struct model m;
    struct hpa_config k = usual();
    k.down = (struct hpa_rules){0, 4, 0, S(60), HPA_MAX};
    k.up = (struct hpa_rules){0, 4, 0, S(60), HPA_MAX};
    open_model(&m, k, 20);
    assert_int_equal(look(&m, 15, 1), 16);
    assert_int_equal(look(&m, 30, 100), 24); /* 20 at the beginning of the period, and 4 */
    assert_int_equal(look(&m, 45, 1), 16);
    arena_release(&m.arena);
}

/* Of the last five minutes the largest, but for the one that is exactly five minutes old. */
static void it_shrinks_to_the_largest_of_the_window(void **state) {
    (void)state;
    struct model m;
    open_model(&m, usual(), 10);
    hpa_begin(&m.h, 0, 10);
    assert_int_equal(look(&m, 15, 6), 10);
    assert_int_equal(look(&m, 30, 8), 10);
    assert_int_equal(look(&m, 285, 2), 10);
    assert_int_equal(look(&m, 300, 2), 8);
    assert_int_equal(look(&m, 315, 2), 8);
    assert_int_equal(look(&m, 330, 3), 3);
    assert_int_equal(look(&m, 345, 9), 7); /* up at once: 3 and 4 */
    arena_release(&m.arena);
}

static void it_grows_to_the_smallest_of_the_window(void **state) {
    (void)state;
    struct model m;
    struct hpa_config k = usual();
    k.up.stabilization_window = S(60);
    open_model(&m, k, 10);
    hpa_begin(&m.h, 0, 10);
    assert_int_equal(look(&m, 15, 14), 10);
    assert_int_equal(look(&m, 45, 12), 10);
    assert_int_equal(look(&m, 60, 18), 12); /* that of the beginning is a minute old */
    assert_int_equal(look(&m, 75, 20), 12);
    assert_int_equal(look(&m, 105, 20), 18);
    arena_release(&m.arena);
}

static void bounds_come_before_all(void **state) {
    (void)state;
    struct model m;
    struct hpa_config k = usual();
    k.min_replicas = 5, k.max_replicas = 8;
    open_model(&m, k, 2);
    assert_int_equal(look(&m, 15, 2), 5);
    m.count = 50;
    assert_int_equal(look(&m, 30, 50), 8); /* at once, whatever the policies say */
    assert_int_equal(look(&m, 45, -1), 8);
    m.count = 0;
    assert_int_equal(look(&m, 60, 7), 0); /* somebody has switched it off */
    arena_release(&m.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(the_edge_of_the_tolerance),
        cmocka_unit_test(those_that_are_not_ready_count_as_idle_on_the_way_up),
        cmocka_unit_test(those_without_a_reading_damp_both_ways),
        cmocka_unit_test(a_change_of_the_number_measured_does_not_turn_it_round),
        cmocka_unit_test(nothing_known_nothing_said),
        cmocka_unit_test(who_counts),
        cmocka_unit_test(who_never_was_ready),
        cmocka_unit_test(growth_is_capped),
        cmocka_unit_test(the_cap_is_one_of_a_period),
        cmocka_unit_test(which_policy_counts),
        cmocka_unit_test(shrinking_is_capped),
        cmocka_unit_test(the_other_direction_counts),
        cmocka_unit_test(it_shrinks_to_the_largest_of_the_window),
        cmocka_unit_test(it_grows_to_the_smallest_of_the_window),
        cmocka_unit_test(bounds_come_before_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
