/* The clock: order, ties, cancelling, delay lines, and random operations against a list. */
#include "check.h"

#include <stdlib.h>

#include "base/rng.h"
#include "core/event.h"

enum { MOST = 400 };

struct item {
    struct event event;
    int id;
    void (*then)(struct item *);
};

static struct clock clk;
static int fired[4096], n_fired;
static struct item item[MOST];
static struct delay_line lines[3];

static void note(struct event *e) {
    struct item *i = container_of(e, struct item, event);
    fired[n_fired++] = i->id;
    if (i->then)
        i->then(i);
}

static int setup(void **state) {
    (void)state;
    clock_init(&clk);
    n_fired = 0;
    for (int i = 0; i < MOST; i++) {
        item[i] = (struct item){.id = i};
        event_init(&item[i].event, note);
    }
    for (int i = 0; i < 3; i++)
        line_init(&lines[i]);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    clock_release(&clk);
    return 0;
}

static void at(int i, ns_t time) {
    event_at(&clk, &item[i].event, time);
}
static void in_line(int l, int i, ns_t time) {
    line_at(&clk, &lines[l], &item[i].event, time);
}
static void drop(int i) {
    event_cancel(&clk, &item[i].event);
}

static void drain(void) {
    while (clk.n) {
        clock_step(&clk);
        assert_true(clock_check(&clk));
    }
}

static void fires(const int *ids, int n) {
    drain();
    assert_int_equal(n_fired, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(fired[i], ids[i]);
}
#define FIRES(...)                                                                                 \
    fires((const int[]){__VA_ARGS__}, (int)(sizeof((const int[]){__VA_ARGS__}) / sizeof(int)))

static void time_goes_before_order(void **state) {
    (void)state;
    at(0, 30), at(1, 10), at(2, 20), at(3, 10), at(4, 30), at(5, 0);
    FIRES(5, 1, 3, 2, 0, 4);
    assert_int_equal(clk.now, 30);
    assert_int_equal(clk.fired, 6);
    assert_int_equal(clock_next(&clk), NS_NEVER);
}

static void ties_fire_as_they_were_scheduled(void **state) {
    (void)state;
    for (int i = 0; i < 200; i++) /* a stride that visits all: neither address nor heap order */
        at(i * 77 % 200, 5);
    drain();
    for (int i = 0; i < 200; i++)
        assert_int_equal(fired[i], i * 77 % 200);
}

static void cancelling_is_exact(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++)
        at(i, 10 - i % 5);
    drop(4), drop(0), drop(7);
    drop(7); /* idle by now: nothing happens */
    drop(20);
    assert_true(clock_check(&clk));
    FIRES(9, 3, 8, 2, 1, 6, 11, 5, 10);
}

static void a_cancelled_event_may_come_back(void **state) {
    (void)state;
    at(0, 10), at(1, 10), drop(0), at(0, 10);
    FIRES(1, 0);
}

/* ---- handlers */

static int rounds;

static void again(struct item *i) {
    if (--rounds > 0)
        at(i->id, clk.now + 10);
}

static void a_handler_arms_itself(void **state) {
    (void)state;
    rounds = 3;
    item[0].then = again;
    at(0, 0), at(1, 10), at(2, 15);
    FIRES(0, 1, 0, 2, 0); /* at 10 the other one was there first */
}

static void arm_others(struct item *i) {
    (void)i;
    at(3, clk.now); /* takes the hole at the top */
    at(4, clk.now + 1);
    at(5, clk.now);
}

static void a_handler_arms_others_for_now(void **state) {
    (void)state;
    item[0].then = arm_others;
    at(0, 1), at(1, 1), at(2, 2);
    FIRES(0, 1, 3, 5, 2, 4);
}

static void drop_others(struct item *i) {
    (void)i;
    drop(0); /* itself: it is idle while it fires */
    drop(1), drop(8), drop(9);
}

static void a_handler_cancels_itself_and_others(void **state) {
    (void)state;
    item[0].then = drop_others;
    for (int i = 0; i < 10; i++)
        at(i, i);
    FIRES(0, 2, 3, 4, 5, 6, 7);
}

static void swap(struct item *i) {
    (void)i;
    at(9, clk.now + 5), drop(9), at(9, clk.now), drop(1), at(1, clk.now + 1);
}

static void a_handler_arms_and_cancels_in_turn(void **state) {
    (void)state;
    item[0].then = swap;
    at(0, 1), at(1, 1), at(2, 1);
    FIRES(0, 2, 9, 1);
}

static void drop_all(struct item *i) {
    (void)i;
    for (int k = 1; k < 10; k++)
        drop(k);
}

static void a_handler_may_leave_nothing(void **state) {
    (void)state;
    item[0].then = drop_all;
    for (int i = 0; i < 10; i++)
        at(i, i);
    FIRES(0);
    assert_int_equal(clk.n, 0);
}

/* ---- delay lines */

static void only_the_head_is_in_the_heap(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++)
        in_line(0, i, 100 + i);
    assert_int_equal(clk.n, 1);
    drain();
    for (int i = 0; i < 50; i++)
        assert_int_equal(fired[i], i);
    assert_true(list_empty(&lines[0].waiting));
}

static void a_line_keeps_the_order_of_scheduling(void **state) {
    (void)state;
    in_line(0, 0, 10), at(1, 10), in_line(0, 2, 10), in_line(1, 3, 10), at(4, 10),
        in_line(0, 5, 10), in_line(1, 6, 10);
    FIRES(0, 1, 2, 3, 4, 5, 6); /* each one with the number it was given, not that of its turn */
}

static void any_place_of_a_line_can_be_cancelled(void **state) {
    (void)state;
    for (int i = 0; i < 6; i++)
        in_line(0, i, 10 + i);
    drop(0); /* the head: the next one moves into the heap */
    assert_int_equal(clock_next(&clk), 11);
    assert_true(clock_check(&clk));
    drop(3); /* the middle */
    drop(5); /* the tail */
    assert_true(clock_check(&clk));
    in_line(0, 7, 14); /* not before the present tail */
    assert_int_equal(clk.n, 1);
    FIRES(1, 2, 4, 7);
}

static void a_line_can_be_emptied_and_filled_again(void **state) {
    (void)state;
    in_line(0, 0, 10), in_line(0, 1, 11);
    drop(1), drop(0);
    assert_int_equal(clk.n, 0);
    in_line(0, 2, 5), in_line(0, 0, 5);
    FIRES(2, 0);
}

static void an_earlier_entry_goes_to_the_heap(void **state) {
    (void)state;
    in_line(0, 0, 20), in_line(0, 1, 30), in_line(0, 2, 10), in_line(0, 3, 29), in_line(0, 4, 30);
    assert_null(item[2].event.line);
    assert_null(item[3].event.line);
    assert_non_null(item[4].event.line);
    assert_int_equal(clk.n, 3);
    drop(3), at(3, 25);
    FIRES(2, 0, 3, 1, 4);
}

static void line_again(struct item *i) {
    if (--rounds > 0)
        in_line(0, i->id, clk.now + 10);
}

static void a_line_handler_stands_in_line_again(void **state) {
    (void)state;
    rounds = 6;
    item[0].then = item[1].then = item[2].then = line_again;
    in_line(0, 0, 10), in_line(0, 1, 11), in_line(0, 2, 12);
    FIRES(0, 1, 2, 0, 1, 2, 0, 1);
}

static void drop_neighbours(struct item *i) {
    (void)i;
    drop(1), drop(2), in_line(0, 9, clk.now + 3), drop(5);
}

static void a_line_handler_cancels_its_neighbours(void **state) {
    (void)state;
    item[0].then = drop_neighbours;
    for (int i = 0; i < 6; i++)
        in_line(0, i, 10);
    FIRES(0, 3, 4, 9);
}

static void the_last_of_a_line_refills_it(void **state) {
    (void)state;
    rounds = 2;
    item[0].then = line_again;
    in_line(0, 0, 10), at(1, 20);
    FIRES(0, 1, 0);
}

/* ---- against a list */

struct naive {
    ns_t time;
    uint64_t order;
    bool pending;
};
static struct naive list[MOST];
static uint64_t scheduled, spread; /* spread: times lie so far apart */
static struct rng dice;

static int earliest(void) {
    int best = -1;
    for (int i = 0; i < MOST; i++)
        if (list[i].pending &&
            (best < 0 || list[i].time < list[best].time ||
             (list[i].time == list[best].time && list[i].order < list[best].order)))
            best = i;
    return best;
}

/* Schedules or cancels something; few distinct times or far ones, so that both ties abound and
 * buckets are filled, skipped and laid out anew. */
static void meddle(void) {
    int i = (int)rng_below(&dice, MOST);
    ns_t time = clk.now + (ns_t)rng_below(&dice, rng_below(&dice, 4) ? spread : 12);
    uint64_t how = rng_below(&dice, 5);
    if (list[i].pending) {
        drop(i);
        list[i].pending = false;
        return;
    }
    if (how < 3) /* a constant delay for most, so that lines are really used */
        in_line((int)how, i, rng_below(&dice, 8) ? clk.now + (ns_t)(spread / 4 + how) : time);
    else
        at(i, time);
    list[i] = (struct naive){item[i].event.time, scheduled++, true};
}

static void meddle_a_little(struct item *i) {
    (void)i;
    for (uint64_t k = rng_below(&dice, 4); k-- > 0;)
        meddle();
}

static void anything_goes(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        setup(NULL);
        memset(list, 0, sizeof list);
        dice.state = rng_mix(seed);
        spread = (uint64_t)12 << (seed % 10 * 6);
        for (int i = 0; i < MOST; i++)
            item[i].then = meddle_a_little;
        for (int step = 0; step < 3000; step++) {
            if (!clk.n || rng_below(&dice, 3)) {
                meddle();
            } else {
                int want = earliest();
                list[want].pending = false;
                n_fired = 0;
                ns_t when = list[want].time;
                assert_int_equal(clock_next(&clk), when);
                clock_step(&clk);
                assert_int_equal(fired[0], want);
                assert_int_equal(clk.now, when);
            }
            assert_true(clock_check(&clk));
        }
        int left = 0;
        for (int i = 0; i < MOST; i++)
            left += list[i].pending;
        for (int i = 0; i < MOST; i++)
            item[i].then = NULL;
        n_fired = 0;
        drain();
        assert_int_equal(n_fired, left);
        teardown(NULL);
    }
}

/* Enough of them that the ring is laid out anew several times, upwards and downwards: from
 * nanoseconds to days, some at one instant, a third of them cancelled. */
struct numbered {
    struct event event;
    uint64_t order;
};
static const struct numbered *last;
static uint32_t count;

static void in_order(struct event *e) {
    const struct numbered *x = container_of(e, struct numbered, event);
    assert_true(!last || last->event.time < e->time ||
                (last->event.time == e->time && last->order < x->order));
    last = x;
    count++;
}

static void very_many_fire_in_order(void **state) {
    (void)state;
    enum { N = 30000 };
    struct numbered *x = calloc(N, sizeof *x);
    assert_non_null(x);
    dice.state = 7;
    last = NULL;
    count = 0;
    for (uint32_t i = 0; i < N; i++) {
        event_init(&x[i].event, in_order);
        x[i].order = i;
        uint64_t reach = (uint64_t)1 << rng_below(&dice, i % 7 ? 30 : 47);
        event_at(&clk, &x[i].event, (ns_t)(i % 5 ? rng_below(&dice, reach) : 4096));
    }
    assert_int_equal(clock_pending(&clk), N);
    for (uint32_t i = 0; i < N; i += 3)
        event_cancel(&clk, &x[i].event);
    for (uint32_t k = 0; clk.n; k++) {
        clock_step(&clk);
        if (k % 500 == 0)
            assert_true(clock_check(&clk));
    }
    assert_int_equal(count, N - N / 3);
    free(x);
}

static void a_broken_heap_is_noticed(void **state) {
    (void)state;
    for (int i = 0; i < 6; i++)
        at(i, 10 + i);
    clk.key[4].time = 1;
    assert_false(clock_check(&clk));
    clk.key[4].time = item[4].event.time;
    assert_true(clock_check(&clk));
    item[2].event.slot = 1;
    assert_false(clock_check(&clk));
    item[2].event.slot = 3;
    drain();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(time_goes_before_order),
        TEST(ties_fire_as_they_were_scheduled),
        TEST(cancelling_is_exact),
        TEST(a_cancelled_event_may_come_back),
        TEST(a_handler_arms_itself),
        TEST(a_handler_arms_others_for_now),
        TEST(a_handler_cancels_itself_and_others),
        TEST(a_handler_arms_and_cancels_in_turn),
        TEST(a_handler_may_leave_nothing),
        TEST(only_the_head_is_in_the_heap),
        TEST(a_line_keeps_the_order_of_scheduling),
        TEST(any_place_of_a_line_can_be_cancelled),
        TEST(a_line_can_be_emptied_and_filled_again),
        TEST(an_earlier_entry_goes_to_the_heap),
        TEST(a_line_handler_stands_in_line_again),
        TEST(a_line_handler_cancels_its_neighbours),
        TEST(the_last_of_a_line_refills_it),
        TEST(anything_goes),
        TEST(very_many_fire_in_order),
        TEST(a_broken_heap_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
