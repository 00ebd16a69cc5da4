/* The tie matrix: completion, timeout, end of a backoff, withdrawal and faults at the same
 * nanosecond, in all orders.
 *
 * Every time in these models is a multiple of 10 ms, so that everything that can coincide does.
 * Outside events are scheduled either at the beginning (before whatever the model schedules for
 * that moment) or just before it (after). For each combination: the run passes its audits, all
 * pools drain, every call ends in an outcome that is possible, and a second run tells the same
 * story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "node/registry.h"

enum { CALLS = 5, FAULTS = 5 };

static const char *const expiries[] = {"abandon", "drop_queued", "stop"};
static const char *const trees[] = {"timeout in retry", "retry in timeout", "timeout, fallback",
                                    "cache, timeout", "chain"};
enum { TREES = sizeof trees / sizeof trees[0] };

struct tie {
    int tree, expiry, leaf, cause, fault;
    bool cancel_late, fault_late;
};

static struct node *make_leaf(struct sim *sim, int leaf) {
    if (leaf == 0)
        return build_node(sim, &station_type, "name=work, service=10ms, queue={limit=2}", NULL);
    if (leaf == 1)
        return build_node(sim, &station_type, "name=work, service=10ms, servers=2, discipline=lifo",
                          NULL);
    return build_node(sim, &delay_type, "name=work, time=10ms", NULL);
}

static struct node *make_timeout(struct sim *sim, const struct tie *t, const char *after,
                                 struct node *inner) {
    char spec[100];
    snprintf(spec, sizeof spec, "after=%s, on_expiry=%s", after, expiries[t->expiry]);
    return build_node(sim, &timeout_type, spec, inner, NULL);
}

static struct node *make_tree(struct sim *sim, const struct tie *t, struct node *leaf) {
    static const char retry[] = "max_attempts=3, backoff={kind=fixed, base=10ms}";
    switch (t->tree) {
    case 0:
        return build_node(sim, &retry_type, retry, make_timeout(sim, t, "10ms", leaf), NULL);
    case 1:
        return make_timeout(sim, t, "20ms", build_node(sim, &retry_type, retry, leaf, NULL));
    case 2:
        return build_node(sim, &fallback_type, "", make_timeout(sim, t, "10ms", leaf),
                          build_node(sim, &degraded_type, "after=10ms", NULL), NULL);
    case 3:
        return build_node(sim, &cache_type, "hit_ratio=0.5, lookup=10ms",
                          make_timeout(sim, t, "10ms", leaf), NULL);
    default:
        return build_node(sim, &chain_type, "",
                          build_node(sim, &delay_type, "name=hop, time=10ms", NULL),
                          make_timeout(sim, t, "10ms", leaf),
                          build_node(sim, &delay_type, "name=back, time=10ms", NULL), NULL);
    }
}

struct outside {
    struct node *leaf;
    int fault;
    struct event event;
};

static void set(struct node *n, const char *param, const char *value) {
    struct error e = {{0}};
    struct value v = value_of_text(value);
    const struct param *p = schema_find(n->type, param, &e);
    assert_true(p && schema_set(n, p, &v, true, &e));
}

static void strike(void *ctx) {
    const struct outside *o = ctx;
    bool station = o->leaf->type == &station_type;
    if (o->fault == 1)
        node_crash(o->leaf);
    else if (o->fault == 2)
        set(o->leaf, station ? "service" : "time", "20ms");
    else if (o->fault == 3 && station)
        set(o->leaf, "servers", "3");
    else if (o->fault == 4 && station)
        set(o->leaf, "queue.limit", "0");
}

static void strike_late(struct event *e) {
    strike(container_of(e, struct outside, event));
}

static void schedule_late(void *ctx) {
    struct outside *o = ctx;
    struct clock *clock = &o->leaf->sim->clock;
    event_init(&o->event, strike_late);
    event_at(clock, &o->event, clock->now + 5000000);
}

static void run_once(const struct tie *t, char *story, size_t size) {
    struct sim *sim = build_new(3);
    struct node *leaf = make_leaf(sim, t->leaf),
                *driver = build_driver(sim, make_tree(sim, t, leaf));
    struct outside first = {.leaf = leaf, .fault = t->fault}, second = first;
    build_at(sim, t->fault_late ? 0.005 : 0.010, t->fault_late ? schedule_late : strike, &first);
    build_at(sim, t->fault_late ? 0.015 : 0.020, t->fault_late ? schedule_late : strike, &second);
    for (int i = 0; i < CALLS; i++) {
        struct arrival *a = driver_call(driver, 0.010 * (i / 2), NULL);
        if (t->cause >= 0 && i < 3) {
            a->cause = (enum cause)t->cause;
            a->cancel_after = (t->cancel_late ? 20 : 10) * 1000000;
        }
    }
    build_run(sim, driver, 0, 1); /* asserts that it ends well: audits, and nothing left */
    snprintf(story, size, "%s", driver_story(driver, CALLS));
    for (int i = 0; i < CALLS; i++) {
        const struct arrival *a = driver_arrival(driver, (uint32_t)i);
        snprintf(story + strlen(story), size - strlen(story), " %lld", (long long)(a->done));
        assert_true(a->answered);
        assert_true(a->outcome == OUTCOME_OK || a->outcome == OUTCOME_DEGRADED ||
                    a->outcome == OUTCOME_TIMEOUT || a->outcome == OUTCOME_ERROR ||
                    (a->outcome == OUTCOME_CANCELLED && t->cause >= 0));
    }
    sim_free(sim);
}

static void check(const struct tie *t) {
    char first[400], second[400];
    run_once(t, first, sizeof first);
    run_once(t, second, sizeof second);
    if (strcmp(first, second))
        fail_msg("%s, %s, leaf %d, cause %d, fault %d: %s, then %s", trees[t->tree],
                 expiries[t->expiry], t->leaf, t->cause, t->fault, first, second);
}

static void matrix(void **state) {
    int n = 0;
    (void)state;
    for (int tree = 0; tree < TREES; tree++)
        for (int expiry = 0; expiry < 3; expiry++)
            for (int leaf = 0; leaf < 3; leaf++)
                for (int cause = -1; cause < CAUSE_CRASH; cause++)
                    for (int fault = 0; fault < FAULTS; fault++)
                        for (int late = 0; late < 4; late++, n++)
                            check(&(struct tie){tree, expiry, leaf, cause, fault, late & 1,
                                                late & 2});
    printf("%d combinations, each run twice\n", n);
}

/* Two things that end at once: who was scheduled first wins, and the other one changes nothing any
 * more. */
static void answers_at_a_tie(void **state) {
    (void)state;
    struct sim *sim = build_new(1);
    struct node *leaf = build_node(sim, &station_type, "service=10ms", NULL);
    struct node *driver =
        build_driver(sim, build_node(sim, &timeout_type, "after=10ms", leaf, NULL));
    driver_call(driver, 0, NULL);
    build_run(sim, driver, 0, 1);
    assert_string_equal(driver_story(driver, 1),
                        "timeout"); /* the timeout is set before the work begins */
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_at_a_tie),
                                       cmocka_unit_test(matrix)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
