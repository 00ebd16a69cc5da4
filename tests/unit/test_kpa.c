/* What the Knative pod autoscaler makes of its numbers: golden values, and every rule by itself. */
#include "check.h"

#include "agent/kpa.h"

#define S(x) ns_from_s(x)

struct model {
    struct arena arena;
    struct kpa_config c;
    struct kpa k;
    int64_t ready, current;
};

static void open_model(struct model *m, int64_t ready) {
    *m = (struct model){.ready = ready, .current = ready};
    m->c = (struct kpa_config){.target = 70,
                               .capacity = 100,
                               .panic_threshold = 2,
                               .max_scale_up_rate = 1000,
                               .max_scale_down_rate = 2,
                               .stable_window = S(60),
                               .target_burst_capacity = 211,
                               .scale_to_zero_grace_period = S(30)};
}
static void begin(struct model *m) {
    kpa_init(&m->k, &m->arena, &m->c, S(2));
    kpa_begin(&m->k, 0, m->current);
}
static struct kpa_look look_of(const struct model *m, double t, double stable, double panic) {
    return (struct kpa_look){S(t), stable, panic, m->ready, m->current};
}
static int64_t wants(struct model *m, double t, double stable, double panic) {
    struct kpa_look l = look_of(m, t, stable, panic);
    return kpa_recommend(&m->k, &m->c, &l);
}
/* All of it: the new count, with as many ready. */
static int64_t moves(struct model *m, double t, double stable, double panic) {
    struct kpa_look l = look_of(m, t, stable, panic);
    int64_t n = kpa_decide(&m->k, &m->c, &l, kpa_recommend(&m->k, &m->c, &l));
    return m->ready = m->current = n;
}

static void golden(void **state) {
    (void)state;
    static const struct {
        double stable, panic;
        int64_t ready, wants;
        bool panics;
    } rows[] = {{140, 700, 3, 10, true},
                {0, 0, 5, 2, false},
                {50, 420, 3, 6, true},
                {50, 350, 3, 1, false}};
    for (int i = 0; i < 4; i++) {
        struct model m;
        open_model(&m, rows[i].ready);
        begin(&m);
        assert_int_equal(wants(&m, 2, rows[i].stable, rows[i].panic), rows[i].wants);
        assert_int_equal(m.k.panicking, rows[i].panics);
        arena_release(&m.arena);
    }
}

static void rates_limit_a_step(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 3);
    m.c.max_scale_up_rate = 1.1;
    begin(&m);
    assert_int_equal(wants(&m, 2, 7000, 0), 4); /* 3.3, rounded up: it grows at all */
    m.c.max_scale_down_rate = 1.2;
    assert_int_equal(wants(&m, 4, 0, 0), 2); /* 2.5, rounded down */
    m.ready = 0;
    assert_int_equal(wants(&m, 6, 7000, 0), 2); /* none ready counts as one: 1.1, rounded up */
    arena_release(&m.arena);
}

/* The threshold is met, extended while it is, and the panic lasts a stable window after that. */
static void panic_lasts(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 2);
    begin(&m);
    assert_int_equal(wants(&m, 2, 70, 280), 4); /* 4 of 2: exactly twice */
    assert_true(m.k.panicking);
    m.ready = 4;
    assert_int_equal(wants(&m, 4, 70, 560), 8);
    assert_int_equal(wants(&m, 6, 70, 70), 8); /* it does not shrink in panic */
    assert_int_equal(wants(&m, 64, 70, 70), 8);
    assert_true(m.k.panicking); /* 60 s after the last time: not yet more */
    assert_int_equal(wants(&m, 66, 70, 70), 2);
    assert_false(m.k.panicking);
    assert_int_equal(wants(&m, 68, 70, 560), 8);
    assert_true(m.k.panicking);
    assert_int_equal(wants(&m, 70, 700, 70), 10); /* the larger of the two */
    arena_release(&m.arena);
}

static void a_delay_keeps_the_largest(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 3);
    m.c.scale_down_delay = S(10);
    begin(&m);
    assert_int_equal(wants(&m, 2, 350, 0), 5);
    assert_int_equal(wants(&m, 4, 140, 0), 5);
    assert_int_equal(wants(&m, 10, 140, 0), 5);
    assert_int_equal(wants(&m, 12, 140, 0), 2); /* that of 2 s is 10 s old */
    assert_int_equal(wants(&m, 14, 280, 0), 4); /* up at once */
    arena_release(&m.arena);
}

static void bounds(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 5);
    m.c.min_scale = 3, m.c.max_scale = 7;
    begin(&m);
    assert_int_equal(moves(&m, 2, 7000, 0), 7);
    assert_int_equal(moves(&m, 4, 0, 0), 3);
    assert_int_equal(moves(&m, 6, 0, 0), 3);
    arena_release(&m.arena);
}

/* Idle for a stable window it goes out of use, and after the grace period to 0. */
static void to_zero_step_by_step(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 5);
    m.c.target_burst_capacity = 0;
    begin(&m);
    assert_int_equal(moves(&m, 2, 0, 0), 2);
    assert_int_equal(moves(&m, 4, 0, 0), 1);
    assert_int_equal(moves(&m, 58, 0, 0), 1); /* it has not been in use for a stable window */
    assert_true(m.k.active);
    assert_int_equal(moves(&m, 60, 0, 0), 1);
    assert_false(m.k.active);
    assert_int_equal(moves(&m, 88, 0, 0), 1);
    assert_int_equal(moves(&m, 90, 0, 0), 0);
    assert_int_equal(moves(&m, 92, 0, 0), 0);
    assert_int_equal(kpa_wake(&m.k, &m.c, S(100)), 1);
    m.current = 1;
    assert_int_equal(moves(&m, 102, 0, 0), 1); /* nothing has been measured yet, it stays */
    assert_int_equal(moves(&m, 158, 0, 0), 1);
    assert_true(m.k.active);
    arena_release(&m.arena);
}

/* With few replicas there is no room for a burst: calls have gone through the activator all along.
 */
static void the_grace_period_may_be_over_by_then(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 1);
    begin(&m);
    assert_int_equal(moves(&m, 2, 1, 1), 1);
    assert_int_equal(moves(&m, 60, 0, 0), 0); /* 100 - 211 < 0 since 2 s */
    arena_release(&m.arena);
    open_model(&m, 4);
    begin(&m);
    assert_int_equal(moves(&m, 2, 280, 0), 4); /* 400 - 211 - 0: there is room */
    assert_int_equal(moves(&m, 40, 70, 0), 2); /* looked at with the 4 that were ready */
    assert_int_equal(moves(&m, 60, 0, 0), 1);  /* with 2: 200 - 211, from here on */
    assert_int_equal(moves(&m, 62, 0, 0), 1);  /* out of use */
    assert_int_equal(moves(&m, 88, 0, 0), 1);
    assert_int_equal(moves(&m, 90, 0, 0), 0); /* grace counts from 60 s, not from 62 s */
    arena_release(&m.arena);
}

static void the_last_one_may_be_kept(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 1);
    m.c.scale_to_zero_pod_retention_period = S(100);
    begin(&m);
    moves(&m, 2, 1, 1);
    assert_int_equal(moves(&m, 60, 0, 0), 1);
    assert_int_equal(moves(&m, 158, 0, 0), 1);
    assert_int_equal(moves(&m, 160, 0, 0), 0);
    arena_release(&m.arena);
}

static void a_call_keeps_it_in_use(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 1);
    m.c.target_burst_capacity = 0;
    begin(&m);
    assert_int_equal(moves(&m, 62, 0, 0), 1);
    assert_false(m.k.active);
    assert_int_equal(moves(&m, 80, 0.01, 0.1), 1);
    assert_true(m.k.active);
    assert_int_equal(moves(&m, 138, 0, 0), 1);
    assert_true(m.k.active); /* less than a stable window since 80 s */
    assert_int_equal(moves(&m, 140, 0, 0), 1);
    assert_false(m.k.active);
    assert_int_equal(moves(&m, 170, 0, 0), 0);
    arena_release(&m.arena);
}

static void room_for_bursts(void **state) {
    (void)state;
    struct model m;
    open_model(&m, 3);
    struct kpa_look l = look_of(&m, 0, 0, 50.5);
    assert_near(kpa_excess_burst(&m.c, &l), 38, 0); /* 300 - 211 - 50.5, rounded down */
    m.c.target_burst_capacity = 0;
    assert_near(kpa_excess_burst(&m.c, &l), 0, 0);
    m.c.target_burst_capacity = -1;
    assert_true(kpa_excess_burst(&m.c, &l) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(rates_limit_a_step),
        cmocka_unit_test(panic_lasts),
        cmocka_unit_test(a_delay_keeps_the_largest),
        cmocka_unit_test(bounds),
        cmocka_unit_test(to_zero_step_by_step),
        cmocka_unit_test(the_grace_period_may_be_over_by_then),
        cmocka_unit_test(the_last_one_may_be_kept),
        cmocka_unit_test(a_call_keeps_it_in_use),
        cmocka_unit_test(room_for_bursts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
