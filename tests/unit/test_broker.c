/* The message broker, of kind `queue`. Consumers are workers, which keep the first fact. */
#include "check.h"
#include "kit.h"

#include <stdio.h>

struct model {
    struct sim *sim;
    struct node *consumer, *queue, *driver;
};

static struct model model_of(const struct node_type *type, const char *spec, const char *consumer) {
    struct model m = {.sim = build_new(11)};
    sim_fact(m.sim, "id");
    m.consumer = build_node(m.sim, type, consumer, NULL);
    m.queue = build_node(m.sim, &queue_type, spec, m.consumer, NULL);
    m.driver = build_driver(m.sim, m.queue);
    return m;
}

static struct model model(const char *spec, const char *consumer) {
    return model_of(&worker_type, spec, consumer);
}

static void send(struct model *m, double time, double id) {
    driver_call(m->driver, time, NULL)->fact = id;
}

static double metric(const struct model *m, const char *text) {
    return build_metric(m->sim, text);
}

/* When deliveries began, with the sum of their ids: "0:1 2.5:7". */
static void delivered(struct model *m, double seconds, const char *want) {
    char text[2000] = "";
    size_t len = 0;
    build_run(m->sim, m->driver, 0, seconds);
    for (uint32_t i = 0; i < worker_count(m->consumer); i++) {
        const struct seen_call *s = worker_seen(m->consumer, i);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%g:%g", i ? " " : "", s->time,
                                s->fact);
    }
    assert_string_equal(text, want);
}

/* ---- producers */

static void producers_wait_for_the_store_only(void **state) {
    (void)state;
    struct model m = model("accept=100ms", "time=2s");
    for (int i = 0; i < 3; i++)
        send(&m, .5 * i, i + 1);
    delivered(&m, 10, "0.1:1 2.1:2 4.1:3");
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(driver_arrival(m.driver, i)->done, i * 500 * MS + 100 * MS);
    assert_near(metric(&m, "queue:stored"), .3, 1e-12);
    assert_near(metric(&m, "queue:consumed"), .3, 1e-12);
    assert_near(metric(&m, "queue:backlog"), (1.5 + 3) / 10, 1e-9); /* .6 to 2.1, 1.1 to 4.1 */
    assert_near(metric(&m, "queue:not_visible"), .6, 1e-9);
    assert_near(metric(&m, "queue:working"), .6, 1e-9);
    assert_near(metric(&m, "queue:wait.max"), 3, .02); /* age when delivered */
    assert_near(metric(&m, "queue:latency.mean{result=message}"), (2 + 3.5 + 5) / 3, 1e-9);
    assert_near(metric(&m, "queue:latency.max{result=publish}"), .1, .001);
    assert_near(metric(&m, "offered"), .3, 1e-12);
    sim_free(m.sim);
}

static void a_full_queue_refuses(void **state) {
    (void)state;
    struct model m = model("limit=2", "time=2s");
    for (int i = 0; i < 4; i++)
        send(&m, .1 * i, i + 1);
    send(&m, 2.1, 5); /* the first is done */
    delivered(&m, 20, "0:1 2:2 4:5");
    assert_string_equal(driver_story(m.driver, 5), "ok ok error error ok");
    assert_near(metric(&m, "queue:rejected"), .1, 1e-12);
    sim_free(m.sim);
}

static void what_was_not_stored_is_not_delivered(void **state) {
    (void)state;
    struct model m = model("accept=1s", "time=1s");
    driver_call(m.driver, 0, NULL)->cancel_after = 400 * MS;
    driver_call(m.driver, 1, NULL)->cancel_after = 2500 * MS;
    build_run(m.sim, m.driver, 0, 20);
    assert_string_equal(driver_story(m.driver, 2), "cancelled ok");
    assert_int_equal(worker_count(m.consumer), 1);
    sim_free(m.sim);
}

/* ---- partitions and consumers */

static void concurrency_is_per_partition(void **state) {
    (void)state;
    struct model m = model("partitions=2", "time=1s"); /* in turn: 1 3 5, 2 4 */
    for (int i = 0; i < 5; i++)
        send(&m, 0, i + 1);
    delivered(&m, 10, "0:1 0:2 1:3 1:4 2:5");
    sim_free(m.sim);
    m = model("concurrency=2", "time=1s");
    for (int i = 0; i < 5; i++)
        send(&m, 0, i + 1);
    build_set(m.queue, .5, "concurrency", "3");
    delivered(&m, 10, "0:1 0:2 0.5:3 1:4 1:5");
    sim_free(m.sim);
}

static void consumers_are_shared_in_turn(void **state) {
    (void)state;
    struct model m = model("partitions=3, consumers=1", "time=1s");
    for (int i = 0; i < 6; i++)
        send(&m, 0, i + 1);
    build_set(m.queue, 3.5, "consumers", "2");
    delivered(&m, 10, "0:1 1:2 2:3 3:4 3.5:5 4:6");
    sim_free(m.sim);
}

static void equal_keys_stay_in_order(void **state) {
    (void)state;
    struct model m = model("key=id, partitions=64", "time=1s");
    send(&m, 0, 1), send(&m, .1, 1), send(&m, .2, 2), send(&m, .3, 1);
    delivered(&m, 10, "0:1 0.2:2 1:1 2:1");
    sim_free(m.sim);
}

/* ---- batches */

static void a_batch_is_full_or_waited_for(void **state) {
    (void)state;
    struct model m = model("batch_size=3, max_wait=1s", "time=1s");
    send(&m, 0, 1), send(&m, .5, 2);                     /* together at 1 */
    send(&m, 3, 4), send(&m, 3.1, 8), send(&m, 3.2, 16); /* full */
    send(&m, 3.3, 32);                                   /* its second is over when they are done */
    delivered(&m, 20, "1:3 3.2:28 4.3:32");
    assert_near(metric(&m, "queue:batch_size"), 2, 1e-12);
    assert_near(metric(&m, "queue:deliveries"), .15, 1e-12);
    sim_free(m.sim);
}

static void without_a_wait_what_is_there_goes(void **state) {
    (void)state;
    struct model m = model("batch_size=3", "time=1s");
    for (int i = 0; i < 6; i++)
        send(&m, 0, 1 << i);
    delivered(&m, 10, "0:1 1:14 2:48");
    sim_free(m.sim);
}

/* ---- redelivery */

/* Hidden until 5 s after the delivery, while the next one goes. */
static void a_failed_message_comes_again(void **state) {
    (void)state;
    struct model m = model_of(&leaf_type, "visibility_timeout=5s", "says='error 1s, ok 1s'");
    send(&m, 0, 1), send(&m, .5, 2);
    build_run(m.sim, m.driver, 0, 10);
    static const double want[] = {0, 1, 5};
    assert_int_equal(leaf_count(m.consumer), 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_near(leaf_time(m.consumer, i), want[i], 1e-9);
    assert_int_equal(leaf_attempt(m.consumer, 2), 2);
    assert_near(metric(&m, "queue:redelivered"), .1, 1e-12);
    assert_near(metric(&m, "queue:consumed"), .2, 1e-12);
    assert_near(metric(&m, "queue:not_visible"), (6 + 1) / 10., 1e-9);
    assert_near(metric(&m, "queue:latency.max{result=message}"), 6, .05);
    sim_free(m.sim);
}

/* With a key those behind it wait. */
static void with_a_key_a_failure_blocks(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct model m = model_of(&leaf_type,
                                  k ? "key=id, on_failure=retry, retry_delay=2s"
                                    : "key=id, visibility_timeout=5s",
                                  "says='error 1s, ok 1s'");
        send(&m, 0, 1), send(&m, .5, 1);
        build_run(m.sim, m.driver, 0, 10);
        static const double want[][3] = {{0, 5, 6}, {0, 3, 4}};
        assert_int_equal(leaf_count(m.consumer), 3);
        for (uint32_t i = 0; i < 3; i++)
            assert_near(leaf_time(m.consumer, i), want[k][i], 1e-9);
        sim_free(m.sim);
    }
}

static void a_failure_may_be_the_end(void **state) {
    (void)state;
    struct model m = model("on_failure=drop", "time=1s, ends=error");
    send(&m, 0, 1), send(&m, 0, 2);
    delivered(&m, 10, "0:1 1:2");
    assert_near(metric(&m, "queue:dropped"), .2, 1e-12);
    assert_near(metric(&m, "queue:backlog"), .1, 1e-12);
    sim_free(m.sim);
}

/* 3 s of work against 2 s of patience: the first answer counts for nothing, and so on for ever. The
 * work of the first goes on: with one consumer the second delivery has to wait for it. */
static void the_visibility_timeout_takes_it_back(void **state) {
    (void)state;
    struct model m = model("visibility_timeout=2s", "time=3s");
    send(&m, 0, 1);
    delivered(&m, 6.5, "0:1 2:1 4:1 6:1");
    assert_near(metric(&m, "queue:consumed"), 0, 0);
    sim_free(m.sim);
    m = model("visibility_timeout=2s, consumers=1", "time=3s");
    send(&m, 0, 1);
    delivered(&m, 10, "0:1 3:1 6:1 9:1");
    assert_near(metric(&m, "queue:working"), 1, 1e-9);
    sim_free(m.sim);
}

static void too_often_is_a_dead_letter(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    sim_fact(sim, "id");
    struct node *consumer = build_node(sim, &worker_type, "time=1s, ends=error", NULL);
    struct node *dead = build_node(sim, &worker_type, "name=dead, time=0s", NULL);
    struct node *queue = build_node(
        sim, &queue_type,
        "max_deliveries=2, on_failure=retry, retry_delay=500ms, batch_size=2, dead_letter=@2",
        consumer, dead, NULL);
    struct model m = {sim, consumer, queue, build_driver(sim, queue)};
    send(&m, 0, 1), send(&m, .1, 2);
    delivered(&m, 10, "0:1 1:2 2:1 3:2");
    assert_int_equal(worker_count(dead), 2);
    assert_near(worker_seen(dead, 0)->time, 3.5, 1e-9);
    assert_near(worker_seen(dead, 1)->fact, 2, 0);
    assert_near(metric(&m, "queue:dead_lettered"), .2, 1e-12);
    sim_free(sim);
}

static void dead_letters_may_just_end(void **state) {
    (void)state;
    struct model m = model("max_deliveries=1, visibility_timeout=1s", "time=2s");
    send(&m, 0, 1);
    delivered(&m, 10, "0:1");
    assert_near(metric(&m, "queue:dead_lettered"), .1, 1e-12);
    assert_near(metric(&m, "queue:latency.max{result=delivery}"), 2, .02);
    assert_near(metric(&m, "queue:share{result=message,outcome=error}"), 1 / 3., 1e-9);
    sim_free(m.sim);
}

static void a_failure_may_make_one(void **state) {
    (void)state;
    struct model m = model("max_deliveries=2, on_failure=retry, retry_delay=1s, partitions=2",
                           "time=0s, ends=error");
    send(&m, 0, 1), send(&m, .5, 2);
    delivered(&m, 10, "0:1 0.5:2 1:1 1.5:2");
    assert_near(metric(&m, "queue:dead_lettered"), .2, 1e-12);
    assert_near(metric(&m, "queue:not_visible"), .4, 1e-9);
    sim_free(m.sim);
}

/* ---- crashes */

/* At 1.5 the second is being worked on and the third waits: both are there again when it is up. */
static void what_is_stored_survives(void **state) {
    (void)state;
    struct model m = model("accept=200ms", "time=1s");
    for (int i = 0; i < 3; i++)
        send(&m, .1 * i, 1 << i);
    send(&m, 1.4, 64); /* not stored when it goes down */
    kit_fault(m.sim, "down", "'queue', from=1.5s, to=3s");
    delivered(&m, 10, "0.2:1 1.2:2 3:2 4:4");
    assert_string_equal(driver_story(m.driver, 4), "ok ok ok error");
    assert_near(metric(&m, "queue:consumed"), .3, 1e-12);
    assert_near(metric(&m, "queue:redelivered"), .1, 1e-12);
    sim_free(m.sim);
}

static void a_consumer_that_crashes_fails(void **state) {
    (void)state;
    struct model m = model("visibility_timeout=3s", "time=1s");
    send(&m, 0, 1);
    kit_fault(m.sim, "down", "'worker', from=.5s, to=1s");
    delivered(&m, 10, "0:1 3:1");
    assert_near(metric(&m, "queue:consumed"), .1, 1e-12);
    sim_free(m.sim);
}

static void crashes_of_every_kind(void **state) {
    (void)state;
    struct model m = model("accept=5ms, key=id, partitions=4, batch_size=3, max_wait=20ms, "
                           "concurrency=2, consumers=5, visibility_timeout=30ms, max_deliveries=4",
                           "time=25ms");
    for (int i = 0; i < 2000; i++)
        send(&m, .003 * i, i % 7);
    for (int i = 0; i < 40; i++)
        build_crash(i % 3 ? m.queue : m.consumer, .15 * i + .001 * i);
    build_run(m.sim, m.driver, 0, 7);
    assert_true(metric(&m, "queue:redelivered") > 0);
    sim_free(m.sim);
}

/* ---- refusals */

static void nonsense_is_refused(void **state) {
    (void)state;
    struct model m = model("key=color", "");
    driver_call(m.driver, 0, NULL);
    assert_says(build_seal_refusal(m.sim, m.driver), "key = \"color\"");
    sim_free(m.sim);
    m = model("visibility_timeout=0s", "");
    driver_call(m.driver, 0, NULL);
    assert_says(build_seal_refusal(m.sim, m.driver), "visibility_timeout");
    sim_free(m.sim);
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &leaf_type, "", NULL);
    assert_says(build_refusal(sim, &queue_type, "partitions=0", leaf, NULL), "partitions");
    assert_says(build_refusal(sim, &queue_type, "dead_letter=@1", leaf, leaf, NULL),
                "max_deliveries");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(producers_wait_for_the_store_only),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(what_was_not_stored_is_not_delivered),
        cmocka_unit_test(concurrency_is_per_partition),
        cmocka_unit_test(consumers_are_shared_in_turn),
        cmocka_unit_test(equal_keys_stay_in_order),
        cmocka_unit_test(a_batch_is_full_or_waited_for),
        cmocka_unit_test(without_a_wait_what_is_there_goes),
        cmocka_unit_test(a_failed_message_comes_again),
        cmocka_unit_test(with_a_key_a_failure_blocks),
        cmocka_unit_test(a_failure_may_be_the_end),
        cmocka_unit_test(the_visibility_timeout_takes_it_back),
        cmocka_unit_test(too_often_is_a_dead_letter),
        cmocka_unit_test(dead_letters_may_just_end),
        cmocka_unit_test(a_failure_may_make_one),
        cmocka_unit_test(what_is_stored_survives),
        cmocka_unit_test(a_consumer_that_crashes_fails),
        cmocka_unit_test(crashes_of_every_kind),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
