/* Budgets and tokens of retries: the rules by themselves, then at work. */
#include <stdio.h>

#include "check.h"
#include "node/budget.h"

/* ---- the rules */

/* How many extra attempts may be under way at a time (policies: 1.2). */
static void a_share_of_what_is_active(void **state) {
    (void)state;
    static const struct {
        int64_t active, allowed;
    } cases[] = {{0, 3}, {15, 3}, {19, 3}, {20, 4}, {100, 20}, {104, 20}, {105, 21}, {107, 21}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct budget b = {.ratio = .2, .floor = 3, .per_second = -1};
        int64_t n = 0;
        while (budget_take(&b, 0, cases[i].active))
            n++;
        assert_int_equal(n, cases[i].allowed);
        budget_release(&b);
        assert_true(budget_take(&b, 0, cases[i].active));
        assert_false(budget_take(&b, 0, cases[i].active));
    }
}

static uint32_t taken(struct budget *b, ns_t now) {
    uint32_t n = 0;
    while (budget_take(b, now, 0))
        n++;
    return n;
}

/* Finagle's default: 10 a second over 10 s are 100, and a fifth of 100 first attempts is 20. */
static void a_share_of_first_attempts(void **state) {
    (void)state;
    struct budget b = {.ratio = .2, .per_second = 10, .ttl = 10 * NS_PER_S};
    for (int i = 0; i < 100; i++)
        budget_first(&b, 0);
    assert_int_equal(taken(&b, 0), 120);
    struct budget none = {.ratio = 0, .per_second = 1, .ttl = 10 * NS_PER_S};
    for (int i = 0; i < 100; i++)
        budget_first(&none, 0);
    assert_int_equal(taken(&none, 0), 10);
}

/* What was paid in, and what was taken out, is forgotten in whole tenths of the ttl. */
static void both_sides_expire(void **state) {
    (void)state;
    struct budget b = {.ratio = .5, .per_second = .1, .ttl = 10 * NS_PER_S};
    for (int i = 0; i < 8; i++)
        budget_first(&b, 1500 * MS);
    assert_int_equal(taken(&b, 1999 * MS), 5);
    assert_int_equal(taken(&b, 11000 * MS - 1), 0);
    assert_int_equal(taken(&b, 11000 * MS), 1); /* the reserve again, and nothing else */
    for (int i = 0; i < 4; i++)
        budget_first(&b, 12 * NS_PER_S);
    assert_int_equal(taken(&b, 21 * NS_PER_S), 3); /* 2 of the calls, 1 of the reserve */
    assert_int_equal(taken(&b, 22 * NS_PER_S), 0);
    assert_int_equal(taken(&b, 1000 * NS_PER_S), 1);
}

static void without_a_ratio_all_is_allowed(void **state) {
    (void)state;
    struct budget b = {.ratio = -1, .per_second = -1};
    for (int i = 0; i < 1000; i++)
        assert_true(budget_take(&b, 0, 0));
}

/* ---- models */

struct model {
    struct sim *sim;
    struct node *leaf, *retry, *driver;
};

static struct model model(const char *spec, const char *leaf) {
    struct model m = {.sim = build_new(23)};
    m.leaf = build_node(m.sim, &leaf_type, leaf, NULL);
    m.retry = build_node(m.sim, &retry_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.retry);
    return m;
}

/* Ten calls fail together: three retries may be under way, pauses included, and as they end the
 * next ones begin. */
static void slots_are_held_and_given_back(void **state) {
    (void)state;
    struct model m = model("max_attempts=3, budget={ratio=20%}", "says='error 1s'");
    for (int wave = 0; wave < 2; wave++)
        driver_calls(m.driver, 1 + 10 * wave, 0, 10, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 2 * (10 + 3 + 3));
    assert_near(build_metric(m.sim, "retry:over_budget"), 2 * 7 / 100.0, 1e-12);
    sim_free(m.sim);
}

/* A slot goes back with whoever held it: withdrawn in an attempt, in a pause, or crashed. */
static void withdrawn_calls_give_back(void **state) {
    (void)state;
    struct model m = model("max_attempts=2, backoff={kind=fixed, base=1s}, budget={ratio=0, min=1}",
                           "says='error 1s'");
    driver_call(m.driver, 0, NULL)->cancel_after = 1500 * MS;  /* in its pause */
    driver_call(m.driver, 10, NULL)->cancel_after = 2500 * MS; /* in its second attempt */
    driver_call(m.driver, 20, NULL)->cancel_after = 500 * MS;  /* in its first: it holds none */
    driver_call(m.driver, 30, NULL);
    build_crash(m.retry, 31.5);
    driver_call(m.driver, 40, NULL);
    build_crash(m.retry, 42.5);
    driver_calls(m.driver, 50, 0, 2, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 7),
                        "cancelled cancelled cancelled error error error error");
    assert_int_equal(leaf_count(m.leaf), 1 + 2 + 1 + 1 + 2 + 3);
    assert_near(build_metric(m.sim, "retry:over_budget"), 1 / 100.0, 1e-12);
    sim_free(m.sim);
}

static void half_of_the_calls_may_be_retried(void **state) {
    (void)state;
    struct model m = model("max_attempts=4, backoff={base=0s}, budget={ratio=.5, min_per_second=0}",
                           "says='error 0s'");
    driver_calls(m.driver, 0, .01, 20, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 30);
    sim_free(m.sim);
}

/* 1.2 attempts a call with 20 %, and (1.1)^3 over three layers with 10 % each. */
static void the_load_is_bounded(void **state) {
    (void)state;
    enum { CALLS = 10000 };
    struct model m = model("max_attempts=4, backoff={base=0s}, budget={ratio=.2, min_per_second=0}",
                           "says='error 0s'");
    driver_calls(m.driver, 0, .01, CALLS, NULL);
    build_run(m.sim, m.driver, 0, 101);
    assert_int_equal(leaf_count(m.leaf), CALLS * 12 / 10);
    sim_free(m.sim);

    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "says='error 0s'", NULL), *n = leaf;
    for (int k = 0; k < 3; k++) {
        char spec[120];
        snprintf(spec, sizeof spec,
                 "name=r%d, backoff={base=0s}, budget={ratio=.1, min_per_second=0}", k);
        n = build_node(sim, &retry_type, spec, n, NULL);
    }
    struct node *driver = build_driver(sim, n);
    driver_calls(driver, 0, .01, CALLS, NULL);
    build_run(sim, driver, 0, 101);
    assert_int_equal(leaf_count(leaf), CALLS * 1331 / 1000);
    sim_free(sim);
}

static void budgets_are_live(void **state) {
    (void)state;
    struct model m = model("max_attempts=2, backoff={base=0s}", "says='error 0s'");
    driver_calls(m.driver, 0, .01, 10, NULL);
    build_set(m.retry, 5, "budget.ratio", "0");
    build_set(m.retry, 5, "budget.min", "0");
    driver_calls(m.driver, 10, .01, 10, NULL);
    build_set(m.retry, 15, "budget.min", "1");
    driver_calls(m.driver, 20, .01, 10, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 20 + 10 + 20);
    sim_free(m.sim);
}

/* ---- tokens */

/* 12 tokens: two retries at 5 each leave 2, which pay for nothing. */
static void retries_have_to_pay(void **state) {
    (void)state;
    struct model m = model("backoff={base=0s}, tokens={capacity=12}", "says='error 0s'");
    driver_calls(m.driver, 0, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 3 + 1 + 1);
    assert_near(build_metric(m.sim, "retry:over_budget"), 2 / 100.0, 1e-12);
    sim_free(m.sim);
}

static void timeouts_cost_more(void **state) {
    (void)state;
    struct model m =
        model("backoff={base=0s}, tokens={capacity=15}", "says='timeout 0s, error 0s'");
    driver_calls(m.driver, 0, 1, 2, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 3 + 1);
    sim_free(m.sim);
}

/* 5 of 5 are spent and come back with the success, as the last cost; a success at the first
 * attempt pays in 1, which the full bucket does not hold. */
static void a_success_refunds(void **state) {
    (void)state;
    struct model m = model("max_attempts=2, backoff={base=0s}, tokens={capacity=5}",
                           "says='error 0s,ok 0s, error 0s,ok 0s, ok 0s, error 0s,error 0s, "
                           "error 0s, ok 0s,ok 0s,ok 0s,ok 0s, error 0s, ok 0s, error 0s,ok 0s'");
    driver_calls(m.driver, 0, 1, 12, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_string_equal(driver_story(m.driver, 12), "ok ok ok error error ok ok ok ok error ok ok");
    assert_int_equal(leaf_count(m.leaf), 2 + 2 + 1 + 2 + 1 + 4 + 1 + 1 + 2);
    sim_free(m.sim);
}

static void a_deposit_may_be_for_the_attempt(void **state) {
    (void)state;
    struct model m = model("max_attempts=2, backoff={base=0s}, tokens={capacity=1, cost=1, "
                           "deposit=.1, deposit_on=first_try, refund=false}",
                           "says='error 0s'");
    driver_calls(m.driver, 0, 1, 31, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 31 + 1 + 3);
    sim_free(m.sim);
}

/* The published simulation of client-side token buckets: 100 clients, 600 calls each, half of all
 * attempts fail; 5 tokens at first, 0.1 for each first try, 1 for a retry. */
static void as_published(void **state) {
    (void)state;
    double attempts = 0, success = 0;
    for (uint64_t client = 0; client < 100; client++) {
        struct sim *sim = build_new(1000 + client);
        struct node *leaf = build_node(sim, &leaf_type, "fails=.5", NULL);
        struct node *retry = build_node(sim, &retry_type,
                                        "max_attempts=4, backoff={base=0s}, tokens={capacity=5, "
                                        "cost=1, deposit=.1, deposit_on=first_try, refund=false}",
                                        leaf, NULL);
        struct node *driver = build_driver(sim, retry);
        driver_calls(driver, 0, .1, 600, NULL);
        build_run(sim, driver, 0, 61);
        attempts += leaf_count(leaf) / 600.0 / 100;
        success += driver_outcomes(driver, 0, 61, OUTCOME_OK) / 600.0 / 100;
        sim_free(sim);
    }
    assert_near(attempts, 1.107, .005);
    assert_near(success, .554, 4 * sqrt(.25 / 60000) + .0005);
}

static void a_bucket_can_come_later(void **state) {
    (void)state;
    struct model m = model("max_attempts=2, backoff={base=0s}", "says='error 0s'");
    driver_calls(m.driver, 0, 1, 3, NULL);
    build_set(m.retry, 5, "tokens.capacity", "5");
    driver_calls(m.driver, 10, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 6 + 4);
    sim_free(m.sim);
}

/* Both are asked, and what one of them refuses costs the other nothing. */
static void both_have_to_agree(void **state) {
    (void)state;
    struct model m = model("max_attempts=2, backoff={base=0s}, budget={ratio=0, min=0}, "
                           "tokens={capacity=5}",
                           "says='error 0s'");
    driver_calls(m.driver, 0, 1, 3, NULL);
    build_set(m.retry, 5, "budget.min", "1");
    driver_calls(m.driver, 10, 1, 3, NULL);
    build_run(m.sim, m.driver, 0, 100);
    assert_int_equal(leaf_count(m.leaf), 3 + 4);
    sim_free(m.sim);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    assert_says(build_refusal(sim, &retry_type, "budget={ratio=-2}", NULL), "-1..1000");
    assert_says(build_refusal(sim, &retry_type, "budget={percent=20}", NULL), "unknown key");
    assert_says(build_refusal(sim, &retry_type, "budget={ttl=0s}", NULL), "ttl");
    assert_says(build_refusal(sim, &retry_type, "tokens={deposit_on=failure}", NULL), "one of");
    assert_says(build_refusal(sim, &retry_type, "tokens={cost=-1}", NULL), "negative");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_of_what_is_active),
        cmocka_unit_test(a_share_of_first_attempts),
        cmocka_unit_test(both_sides_expire),
        cmocka_unit_test(without_a_ratio_all_is_allowed),
        cmocka_unit_test(slots_are_held_and_given_back),
        cmocka_unit_test(withdrawn_calls_give_back),
        cmocka_unit_test(half_of_the_calls_may_be_retried),
        cmocka_unit_test(the_load_is_bounded),
        cmocka_unit_test(budgets_are_live),
        cmocka_unit_test(retries_have_to_pay),
        cmocka_unit_test(timeouts_cost_more),
        cmocka_unit_test(a_success_refunds),
        cmocka_unit_test(a_deposit_may_be_for_the_attempt),
        cmocka_unit_test(as_published),
        cmocka_unit_test(a_bucket_can_come_later),
        cmocka_unit_test(both_have_to_agree),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
