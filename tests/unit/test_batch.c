/* The batcher. What works on batches is a leaf, a worker (which keeps the first fact) or a station.
 */
#include "check.h"
#include "kit.h"

#include <stdio.h>

struct model {
    struct sim *sim;
    struct node *leaf, *batch, *driver;
};

static struct model model(const char *spec, const char *says) {
    struct model m = {.sim = build_new(1)};
    m.leaf = build_node(m.sim, &leaf_type, says, NULL);
    m.batch = build_node(m.sim, &batch_type, spec, m.leaf, NULL);
    m.driver = build_driver(m.sim, m.batch);
    return m;
}

static void ask(struct model *m, const double *times, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        driver_call(m->driver, times[i], NULL);
}

/* When batches began, and when and how each call ended: "1 2.5 | 2 ok, 3.5 error". */
static void goes(struct model *m, double seconds, const char *want) {
    char text[2000];
    size_t len = 0;
    build_run(m->sim, m->driver, 0, seconds);
    for (uint32_t i = 0; i < leaf_count(m->leaf); i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%g ", leaf_time(m->leaf, i));
    for (uint32_t i = 0; i < driver_count(m->driver); i++) {
        const struct arrival *a = driver_arrival(m->driver, i);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %g %s", i ? "," : "|",
                                ns_to_s(a->done), a->answered ? outcome_names[a->outcome] : "-");
    }
    assert_string_equal(text, want);
}

/* ---- Triton's rules */

/* The first goes alone; 6 are there when it is back: 4 and then 2. */
static void the_largest_preferred_size_goes(void **state) {
    (void)state;
    struct model m = model("max_batch_size=8, preferred_batch_size={4, 8}", "says='ok 1s'");
    ask(&m, (const double[]){0, .1, .2, .3, .4, .5, .6}, 7);
    goes(&m, 10, "0 1 2 | 1 ok, 2 ok, 2 ok, 2 ok, 2 ok, 3 ok, 3 ok");
    assert_near(build_metric(m.sim, "batch:batch_size"), 7 / 3., 1e-12);
    assert_near(build_metric(m.sim, "batch:batches"), .3, 1e-12);
    assert_near(build_metric(m.sim, "batch:running"), .3, 1e-12);
    assert_near(build_metric(m.sim, "batch:queue"), (.9 + .8 + .7 + .6 + 1.5 + 1.4) / 10, 1e-9);
    assert_near(build_metric(m.sim, "batch:wait.max"), 1.5, .02);
    assert_near(build_metric(m.sim, "batch:latency.mean{result=batch}"), 1, 1e-12);
    sim_free(m.sim);
}

static void without_a_preferred_size_it_waits(void **state) {
    (void)state;
    struct model m = model("max_batch_size=8, max_queue_delay=100us", "says='ok 1s'");
    ask(&m, (const double[]){0, .00001, .00002}, 3);
    goes(&m, 10, "0.0001 | 1.0001 ok, 1.0001 ok, 1.0001 ok");
    sim_free(m.sim);
}

static void a_full_batch_does_not_wait(void **state) {
    (void)state;
    struct model m = model("max_batch_size=2, max_queue_delay=1s, instances=9", "says='ok 1s'");
    ask(&m, (const double[]){0, .1, .2, .3, .4}, 5);
    goes(&m, 10, "0.1 0.3 1.4 | 1.1 ok, 1.1 ok, 1.3 ok, 1.3 ok, 2.4 ok");
    sim_free(m.sim);
}

/* 0 waits for a second one in vain. 1.1 and 1.2 are preferred when the first is back at 2, as the
 * oldest has waited .9; 1.3 has waited for 1.7 at 3, and takes 2.5 with it, and no more than 3. */
static void beyond_the_delay_all_go(void **state) {
    (void)state;
    struct model m =
        model("max_batch_size=3, preferred_batch_size={2}, max_queue_delay=1s", "says='ok 1s'");
    ask(&m, (const double[]){0, 1.1, 1.2, 1.3, 2.5, 2.6, 2.7}, 7);
    goes(&m, 10, "1 2 3 4 | 2 ok, 3 ok, 3 ok, 4 ok, 4 ok, 4 ok, 5 ok");
    sim_free(m.sim);
}

static void several_instances_work_at_once(void **state) {
    (void)state;
    struct model m = model("max_batch_size=4, instances=2", "says='ok 1s'");
    ask(&m, (const double[]){0, .1, .2, .3, .4}, 5);
    goes(&m, 10, "0 0.1 1 | 1 ok, 1.1 ok, 2 ok, 2 ok, 2 ok");
    sim_free(m.sim);
}

static void a_station_says_how_many_instances(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *station = build_node(sim, &station_type, "servers=2, service=1s", NULL);
    struct node *batch = build_node(sim, &batch_type, "max_batch_size=4", station, NULL);
    struct node *driver = build_driver(sim, batch);
    build_set(station, 5, "servers", "1");
    for (int k = 0; k < 2; k++)
        driver_calls(driver, k ? 10 : 0, .1, 4, NULL);
    build_run(sim, driver, 0, 20);
    static const double want[] = {1, 1.1, 2, 2, 11, 12, 12, 12};
    for (uint32_t i = 0; i < 8; i++)
        assert_near(ns_to_s(driver_arrival(driver, i)->done), want[i], 1e-9);
    assert_near(build_metric(sim, "station:queue"), 0, 0);
    sim_free(sim);
}

static void a_full_queue_refuses(void **state) {
    (void)state;
    struct model m = model("max_batch_size=1, max_queue_size=2", "says='ok 1s'");
    ask(&m, (const double[]){0, .1, .2, .3}, 4);
    goes(&m, 10, "0 1 2 | 1 ok, 2 ok, 3 ok, 0.3 error");
    assert_near(build_metric(m.sim, "batch:rejected"), .1, 1e-12);
    sim_free(m.sim);
}

static void the_important_go_first(void **state) {
    (void)state;
    struct model m = model("max_batch_size=2, discipline=priority", "says='ok 1s'");
    build_class(m.sim, "low", 0);
    build_class(m.sim, "high", 1);
    driver_calls(m.driver, 0, .1, 4, "low");
    driver_call(m.driver, .5, "high");
    goes(&m, 10, "0 1 2 | 1 ok, 2 ok, 3 ok, 3 ok, 2 ok");
    sim_free(m.sim);
}

static void all_share_the_answer(void **state) {
    (void)state;
    struct model m = model("max_batch_size=2, max_queue_delay=1s", "says='error 1s, degraded 1s'");
    ask(&m, (const double[]){0, 0, 2, 2}, 4);
    goes(&m, 10, "0 2 | 1 error, 1 error, 3 degraded, 3 degraded");
    sim_free(m.sim);
}

/* ---- facts */

static struct value linear(struct sim *sim, double base, const char *fact, double factor) {
    struct error e = {{0}};
    struct entry *en = arena_alloc(&sim->arena, 2 * sizeof *en);
    en[0] = (struct entry){.index = 1, .value = value_of_number(base)};
    en[1] = (struct entry){.key = fact, .value = value_of_number(factor)};
    struct quantity *q = quantity_linear(sim, &(struct table){en, 2}, &e);
    assert_non_null(q);
    return (struct value){.type = VALUE_QUANTITY, .quantity = q};
}

/* A batch of n takes 1 + n / 2 s, or 1 + the sum of its tokens. */
static void service_depends_on_the_batch(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct sim *sim = build_new(1);
        sim_fact(sim, "tokens");
        struct node *station = build_node(sim, &station_type, "service=1s", NULL);
        struct node *batch = build_node(sim, &batch_type, "max_batch_size=4", station, NULL);
        struct node *driver = build_driver(sim, batch);
        kit_put(station, "service", linear(sim, 1, k ? "tokens" : "batch_size", k ? 1 : .5));
        for (int i = 0; i < 4; i++)
            driver_call(driver, .1 * i, NULL)->fact = i + 1; /* 1 alone; then 2, 3 and 4 */
        build_run(sim, driver, 0, 20);
        assert_near(ns_to_s(driver_arrival(driver, 0)->done), k ? 2 : 1.5, 1e-9);
        for (uint32_t i = 1; i < 4; i++)
            assert_near(ns_to_s(driver_arrival(driver, i)->done), k ? 12 : 4, 1e-9);
        sim_free(sim);
    }
}

/* ---- leaving */

static void one_that_waits_may_leave(void **state) {
    (void)state;
    struct model m = model("max_batch_size=3, max_queue_delay=1s", "says='ok 1s'");
    driver_call(m.driver, 0, NULL)->cancel_after = 300 * MS;
    driver_call(m.driver, .2, NULL);
    driver_call(m.driver, .4, NULL);
    driver_call(m.driver, 1.3, NULL);
    goes(&m, 10, "1.2 2.3 | 0.3 cancelled, 2.2 ok, 2.2 ok, 3.3 ok");
    assert_near(build_metric(m.sim, "batch:batch_size"), 1.5, 1e-12);
    sim_free(m.sim);
}

/* All may: then nothing goes. */
static void nobody_is_no_batch(void **state) {
    (void)state;
    struct model m = model("max_batch_size=3, max_queue_delay=1s", "says='ok 1s'");
    driver_call(m.driver, 0, NULL)->cancel_after = 300 * MS;
    goes(&m, 10, "| 0.3 cancelled");
    sim_free(m.sim);
}

struct line {
    struct sim *sim;
    struct node *station, *driver;
};

/* Two batches under way before one server: the second one queues. */
static struct line line(void) {
    struct line l = {.sim = build_new(1)};
    l.station = build_node(l.sim, &station_type, "service=1s", NULL);
    struct node *batch =
        build_node(l.sim, &batch_type, "max_batch_size=2, instances=2", l.station, NULL);
    kit_put(l.station, "service", linear(l.sim, 0, "batch_size", 1));
    l.driver = build_driver(l.sim, batch);
    return l;
}

static void ends(struct line *l, const char *want) {
    char text[500];
    size_t len = 0;
    build_run(l->sim, l->driver, 0, 20);
    for (uint32_t i = 0; i < driver_count(l->driver); i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%g %s", i ? ", " : "",
                                ns_to_s(driver_arrival(l->driver, i)->done),
                                outcome_names[driver_arrival(l->driver, i)->outcome]);
    assert_string_equal(text, want);
    sim_free(l->sim);
}

/* Calls 0 and 1 are batches of one; 2 and 3 go together from 1 s, to begin at 2 and end at 4. When
 * one of them leaves before 2, it takes 1 s; when both do, 4 is next. */
static void a_batch_that_has_not_begun_shrinks(void **state) {
    (void)state;
    static const struct {
        int leave;
        enum cause cause;
        const char *want;
    } cases[] = {
        {0, CAUSE_GONE, "1 ok, 2 ok, 4 ok, 4 ok, 5 ok"},
        {1, CAUSE_GONE, "1 ok, 2 ok, 1.9 cancelled, 3 ok, 4 ok"},
        {1, CAUSE_QUEUED, "1 ok, 2 ok, 1.9 cancelled, 3 ok, 4 ok"},
        {2, CAUSE_GONE, "1 ok, 2 ok, 1.9 cancelled, 1.9 cancelled, 3 ok"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct line l = line();
        for (int i = 0; i < 5; i++) {
            struct arrival *a = driver_call(l.driver, .1 * i, NULL);
            if (i >= 2 && i < 2 + cases[k].leave)
                a->cancel_after = (1900 - 100 * i) * MS;
            a->cause = cases[k].cause;
        }
        ends(&l, cases[k].want);
    }
}

/* One whose work has begun runs on, for the others or for nobody. */
static void a_batch_that_has_begun_runs_on(void **state) {
    (void)state;
    static const enum cause causes[] = {CAUSE_DEADLINE, CAUSE_LOSER, CAUSE_GONE, CAUSE_QUEUED};
    for (int k = 0; k < 4; k++) {
        struct sim *sim = build_new(1);
        struct node *station = build_node(sim, &station_type, "service=1s", NULL);
        struct node *batch = build_node(sim, &batch_type, "max_batch_size=2", station, NULL);
        struct node *driver = build_driver(sim, batch);
        struct arrival *a = driver_call(driver, 0, NULL);
        a->cancel_after = 500 * MS;
        a->cause = causes[k];
        driver_call(driver, .1, NULL);
        a = driver_call(driver, .2, NULL);
        a->cancel_after = 1500 * MS;
        a->cause = causes[k];
        build_run(sim, driver, 0, 10);
        assert_string_equal(driver_story(driver, 3), "cancelled ok cancelled");
        assert_int_equal(driver_arrival(driver, 1)->done, 2000 * MS);
        assert_near(build_metric(sim, "station:latency.max"), 1, 1e-2);
        assert_near(build_metric(sim, "station:calls"), 2, 0);
        sim_free(sim);
    }
}

static void a_crash_ends_everything(void **state) {
    (void)state;
    struct model m = model("max_batch_size=2, max_queue_delay=2s", "says='ok 1s'");
    build_crash(m.batch, .5);
    ask(&m, (const double[]){0, .1, .2, .6, .7}, 5);
    goes(&m, 10, "0.1 0.7 | 0.5 error, 0.5 error, 0.5 error, 1.7 ok, 1.7 ok");
    sim_free(m.sim);
}

static void its_settings_are_live(void **state) {
    (void)state;
    struct model m = model("max_batch_size=4, max_queue_delay=10s", "says='ok 1s'");
    build_set(m.batch, 1, "max_batch_size", "2");        /* two are there: they go */
    build_set(m.batch, 3.5, "max_queue_delay", "200ms"); /* overdue: it goes */
    build_set(m.batch, 5, "max_queue_delay", "0s");
    ask(&m, (const double[]){0, .5, 3, 6, 6.1, 6.2}, 6);
    build_set(m.batch, 6.3, "instances", "2");
    goes(&m, 20, "1 3.5 6 6.3 | 2 ok, 2 ok, 4.5 ok, 7 ok, 7.3 ok, 7.3 ok");
    sim_free(m.sim);
}

/* Crashes, withdrawals, failures, changes, batches that queue: the audits must hold. */
static void the_books_are_right_in_any_weather(void **state) {
    (void)state;
    static const char *const disciplines[] = {"fifo", "lifo", "priority", "random"};
    for (uint64_t seed = 0; seed < 24; seed++) {
        struct sim *sim = build_new(seed);
        struct node *below =
            seed % 3 == 0 ? build_node(sim, &station_type,
                                       "name=below, service=exp{mean=100ms}, queue={limit=1}", NULL)
            : seed % 3 == 1
                ? build_node(sim, &leaf_type,
                             "name=below, says='ok 100ms', fails=.2, stubborn=true", NULL)
                : build_node(sim, &leaf_type, "name=below, says='ok 90ms, error 0s, ok 200ms'",
                             NULL);
        struct node *batch = build_node(
            sim, &batch_type,
            arena_print(&sim->arena,
                        "max_batch_size=8, preferred_batch_size={3, 6}, max_queue_delay=%s, "
                        "instances=%d, max_queue_size=30, discipline=%s",
                        seed % 2 ? "50ms" : "0s", 1 + (int)(seed % 5), disciplines[seed % 4]),
            below, NULL);
        struct node *driver = build_driver(sim, batch);
        struct rng r = {rng_key(seed, 9)};
        for (int i = 0; i < 6; i++)
            build_crash(i % 2 ? batch : below, 5 + 5 * i);
        build_set(batch, 8, "max_batch_size", "2");
        build_set(batch, 20, "max_batch_size", "16");
        build_set(batch, 21, "max_queue_delay", "300ms");
        for (int i = 0; i < 4000; i++) {
            struct arrival *a = driver_call(driver, .01 * i, NULL);
            a->cancel_after = rng_below(&r, 3) ? 0 : (ns_t)rng_below(&r, 600) * MS;
            a->cause = (enum cause)rng_below(&r, CAUSE_CRASH);
        }
        build_run(sim, driver, 0, seed % 2 ? 40.01 : 50);
        assert_true(driver_outcomes(driver, 0, 40, OUTCOME_OK) > 400);
        sim_free(sim);
    }
}

static void nonsense_is_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"max_queue_delay=1s", "'max_batch_size' is missing"},
        {"max_batch_size=0", "it must lie in 1.."},
        {"max_batch_size=4, preferred_batch_size=4", "it wants a list"},
        {"max_batch_size=4, preferred_batch_size={0}", "0 is no size of a batch"},
        {"max_batch_size=4, preferred_batch_size={4, 2}", "must increase"},
        {"max_batch_size=4, max_delay=1s", "unknown key 'max_delay'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim *sim = build_new(1);
        assert_says(build_refusal(sim, &batch_type, cases[i][0], NULL), cases[i][1]);
        sim_free(sim);
    }
    struct model m = model("max_batch_size=4, preferred_batch_size={2, 8}", "");
    assert_says(build_seal_refusal(m.sim, m.driver), "8 is more than max_batch_size (4)");
    sim_free(m.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_preferred_size_goes),
        cmocka_unit_test(without_a_preferred_size_it_waits),
        cmocka_unit_test(a_full_batch_does_not_wait),
        cmocka_unit_test(beyond_the_delay_all_go),
        cmocka_unit_test(several_instances_work_at_once),
        cmocka_unit_test(a_station_says_how_many_instances),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(the_important_go_first),
        cmocka_unit_test(all_share_the_answer),
        cmocka_unit_test(service_depends_on_the_batch),
        cmocka_unit_test(one_that_waits_may_leave),
        cmocka_unit_test(nobody_is_no_batch),
        cmocka_unit_test(a_batch_that_has_not_begun_shrinks),
        cmocka_unit_test(a_batch_that_has_begun_runs_on),
        cmocka_unit_test(a_crash_ends_everything),
        cmocka_unit_test(its_settings_are_live),
        cmocka_unit_test(the_books_are_right_in_any_weather),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
