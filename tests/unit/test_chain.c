/* Chains: steps in order, and policies that guard what follows. */
#include "check.h"
#include "kit.h"

static struct sim *sim;
static struct node *a, *b, *c;

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

static void leaves(const char *says_a, const char *says_b, const char *says_c) {
    a = build_node(sim, &leaf_type, arena_print(&sim->arena, "name=a, says='%s'", says_a), NULL);
    b = build_node(sim, &leaf_type, arena_print(&sim->arena, "name=b, says='%s'", says_b), NULL);
    c = build_node(sim, &leaf_type, arena_print(&sim->arena, "name=c, says='%s'", says_c), NULL);
}

static struct node *run(struct node *top) {
    struct node *driver = build_driver(sim, top);
    driver_calls(driver, 0, 10, 4, NULL);
    build_run(sim, driver, 0, 100);
    return driver;
}

static void steps_follow_each_other(void **state) {
    (void)state;
    leaves("ok 1s", "ok 2s", "ok 0s");
    struct node *d = run(build_node(sim, &chain_type, "", a, b, c, NULL));
    assert_near(leaf_time(a, 1), 10, 1e-9);
    assert_near(leaf_time(b, 1), 11, 1e-9);
    assert_near(leaf_time(c, 1), 13, 1e-9);
    assert_int_equal(driver_arrival(d, 1)->done, 13000 * MS);
    assert_string_equal(driver_story(d, 4), "ok ok ok ok");
}

static void the_first_failure_ends_it(void **state) {
    (void)state;
    leaves("ok 1s, shed 1s, ok 1s", "timeout 2s, ok 2s", "ok 1s, limited 0s");
    struct node *d = run(build_node(sim, &chain_type, "", a, b, c, NULL));
    assert_string_equal(driver_story(d, 4), "timeout shed ok limited");
    assert_int_equal(leaf_count(b), 3);
    assert_int_equal(leaf_count(c), 2);
}

static void qualities_multiply(void **state) {
    (void)state;
    struct node *half = build_node(sim, &degraded_type, "name=half, quality=0.5", NULL);
    struct node *most = build_node(sim, &degraded_type, "name=most, quality=0.8", NULL);
    leaves("ok 1s", "ok 1s", "ok 0s");
    struct node *d = run(build_node(sim, &chain_type, "", a, half, b, most, c, NULL));
    assert_string_equal(driver_story(d, 1), "degraded");
    assert_near(driver_arrival(d, 0)->quality, .4, 1e-6);
}

static void a_policy_without_a_child_guards_all_that_follows(void **state) {
    (void)state;
    leaves("ok 1s", "ok 3s", "ok 3s");
    struct node *t = build_node(sim, &timeout_type, "after=5s", NULL);
    struct node *d = run(build_node(sim, &chain_type, "", a, t, b, c, NULL));
    assert_string_equal(driver_story(d, 1), "timeout"); /* b and c together take 6 s */
    assert_int_equal(driver_arrival(d, 0)->done, 6000 * MS);
    assert_near(leaf_time(b, 0), 1, 1e-9);
}

static void policies_nest_in_their_order(void **state) {
    (void)state;
    leaves("error 1s", "ok 1s", "ok 0s");
    struct node *t = build_node(sim, &timeout_type, "after=10s", NULL);
    struct node *r = build_node(sim, &retry_type, "max_attempts=2, backoff={base=1s}", NULL);
    struct node *top = build_node(sim, &chain_type, "", t, r, a, b, NULL);
    struct node *d = run(top);
    assert_int_equal(leaf_count(a), 8);
    assert_int_equal(leaf_count(b), 0);
    assert_int_equal(driver_arrival(d, 0)->done, 3000 * MS);
    assert_near(build_metric(sim, "retry:attempts_per_call"), 2, 0);
    assert_near(build_metric(sim, "timeout:calls"), 4, 0);
}

static void a_nested_policy_takes_the_rest_innermost(void **state) {
    (void)state;
    leaves("ok 1s", "ok 3s", "ok 3s");
    struct node *inner = build_node(sim, &timeout_type, "name=inner, after=4s", NULL);
    struct node *outer = build_node(sim, &timeout_type, "name=outer, after=100s", inner, NULL);
    struct node *d = run(build_node(sim, &chain_type, "", outer, b, c, NULL));
    assert_string_equal(driver_story(d, 1), "timeout");
    assert_int_equal(driver_arrival(d, 0)->done, 4000 * MS);
}

static void one_policy_alone_stands_for_the_chain(void **state) {
    (void)state;
    leaves("ok 1s", "ok 3s", "ok 3s");
    struct node *t = build_node(sim, &timeout_type, "after=10s", NULL);
    struct node *plain = build_node(sim, &chain_type, "", t, a, NULL);
    assert_ptr_equal(chain_type.ops.stand_in(plain), t);
    struct node *t2 = build_node(sim, &timeout_type, "name=t2, after=10s", NULL);
    struct node *named = build_node(sim, &chain_type, "name=front", t2, b, NULL);
    assert_ptr_equal(chain_type.ops.stand_in(named), named);
    struct node *two = build_node(sim, &chain_type, "", b, c, NULL);
    assert_ptr_equal(chain_type.ops.stand_in(two), two);
    run(plain); /* it works all the same when it is not replaced */
    assert_int_equal(leaf_count(a), 4);
}

static void the_same_component_may_be_called_twice(void **state) {
    (void)state;
    leaves("ok 1s", "ok 1s", "ok 1s");
    struct node *d = run(build_node(sim, &chain_type, "", a, b, a, NULL));
    assert_int_equal(leaf_count(a), 8);
    assert_int_equal(driver_arrival(d, 0)->done, 3000 * MS);
    assert_near(build_metric(sim, "a:offered"), .08, 1e-9);
}

static void withdrawing_stops_the_present_step(void **state) {
    (void)state;
    leaves("ok 2s", "ok 2s", "ok 2s");
    struct node *driver = build_driver(sim, build_node(sim, &chain_type, "", a, b, c, NULL));
    struct arrival *x = driver_call(driver, 0, NULL);
    x->cancel_after = 3000 * MS;
    x->cause = CAUSE_GONE;
    build_run(sim, driver, 0, 20);
    assert_int_equal(leaf_count(b), 1);
    assert_int_equal(leaf_count(c), 0);
    assert_near(build_metric(sim, "b:in_flight"), 1. / 20, 1e-12);
}

static void unnamed_chains_get_numbers(void **state) {
    (void)state;
    leaves("ok 1s", "ok 1s", "ok 1s");
    struct node *in = build_node(sim, &chain_type, "", b, c, NULL);
    struct node *top = build_node(sim, &chain_type, "", a, in, NULL);
    run(top);
    assert_string_not_equal(in->address, top->address);
    assert_true(!strcmp(in->address, "chain") || !strcmp(in->address, "chain2"));
    assert_true(!strcmp(top->address, "chain") || !strcmp(top->address, "chain2"));
}

/* The number may be the name of another already. */
static void a_number_does_not_take_a_name(void **state) {
    (void)state;
    leaves("ok 1s", "ok 1s", "ok 1s");
    struct node *named = build_node(sim, &chain_type, "name=chain2", c, NULL);
    struct node *in = build_node(sim, &chain_type, "", b, named, NULL);
    struct node *top = build_node(sim, &chain_type, "", a, in, NULL);
    run(top);
    assert_string_equal(named->address, "chain2");
    assert_string_not_equal(in->address, "chain2");
    assert_string_not_equal(top->address, "chain2");
    assert_string_not_equal(top->address, in->address);
}

static void bad_chains_are_refused(void **state) {
    (void)state;
    leaves("ok 1s", "ok 1s", "ok 1s");
    assert_says(build_refusal(sim, &chain_type, "", NULL), "it needs at least one child component");
    struct node *t = build_node(sim, &timeout_type, "after=1s", NULL);
    assert_says(build_refusal(sim, &chain_type, "", a, t, NULL),
                "the last step (test.lua:1: timeout) guards nothing: put it before something");
    struct node *u = build_node(sim, &timeout_type, "name=u, after=1s", NULL);
    assert_says(build_seal_refusal(sim, build_driver(sim, u)),
                "timeout 'u': it guards nothing: give it a child");
}

static void a_circle_is_refused(void **state) {
    (void)state;
    leaves("ok 1s", "ok 1s", "ok 1s");
    struct node *t = build_node(sim, &timeout_type, "after=1s", NULL);
    struct node *r = build_node(sim, &retry_type, "", t, NULL);
    edge_join(schema_open_child(t), t, r);
    assert_says(build_seal_refusal(sim, build_driver(sim, r)),
                "the calls go in a circle; a component cannot be below itself");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(steps_follow_each_other),
        TEST(the_first_failure_ends_it),
        TEST(qualities_multiply),
        TEST(a_policy_without_a_child_guards_all_that_follows),
        TEST(policies_nest_in_their_order),
        TEST(a_nested_policy_takes_the_rest_innermost),
        TEST(one_policy_alone_stands_for_the_chain),
        TEST(the_same_component_may_be_called_twice),
        TEST(withdrawing_stops_the_present_step),
        TEST(unnamed_chains_get_numbers),
        TEST(a_number_does_not_take_a_name),
        TEST(bad_chains_are_refused),
        TEST(a_circle_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
