/* Simulation against theory: balancers and health checks. How they are compared is in
 * tests/support/oracle.h. */
#include "check.h"

#include <stdio.h>

#include "agent/registry.h"
#include "kit.h"
#include "lab.h"
#include "node/hashing.h"
#include "oracle.h"
#include "theory/queue.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])
#define EXP(mean) "service = exponential { mean = " #mean " }"

/* Two queues of which everyone joins the shorter one, however that is spelled. */
static void the_shorter_of_two_queues(void **state) {
    (void)state;
#define PAIR(policy)                                                                               \
    "workload = open { rate = 3 }, entry = balance { policy = " policy                             \
    ", station { name = \"a\", " EXP(0.5) " }, station { name = \"b\", " EXP(0.5) " } }"
    const double w = theory_two_queues(3, 2, 1);
    assert_near(w, 1.2240, 1e-3);
    const struct oracle systems[] = {
        {"A11 join_shortest_queue",
         PAIR("\"join_shortest_queue\""),
         3000,
         60000,
         {{"latency.mean", w, 0.03}}},
        {"A11 full_scan",
         PAIR("\"least_request\", selection_method = \"full_scan\""),
         3000,
         60000,
         {{"latency.mean", w, 0.03}}},
    };
    RUN(systems);
}

/* ---- the power of two choices: Mitzenmacher (2001), Vvedenskaya, Dobrushin & Karpelevich (1996)
 */

enum { KINDS = 6 }; /* mean sojourn; share of the servers with at least 1, 2, … 5 calls */

static struct node *server(struct sim *sim, uint32_t index) {
    (void)index;
    return build_node(sim, &station_type, "name=server, service=exponential{mean=1}", NULL);
}

struct census {
    struct sim *sim;
    struct group *group;
    double share[KINDS];
    int looks;
};

static void look(void *ctx) {
    struct census *c = ctx;
    c->looks++;
    for (int64_t i = 0; i < c->group->max; i++)
        for (int k = 1; k < KINDS; k++)
            c->share[k] += c->group->at[i].scope.root->meter.in_flight.value >= k
                               ? 1 / (double)c->group->max
                               : 0;
}

/* Without the full audit, which looks at all of them after every event. */
static void run(struct sim *sim, struct node *users, double warmup, double seconds) {
    struct error e = {{0}};
    struct sim_limits limits = {.warmup = ns_from_s(warmup), .duration = ns_from_s(seconds)};
    bool done = sim_wire(sim, &users, 1, &e) && sim_seal(sim, NULL, 0, &limits, &e) && sim_run(sim);
    assert_true(done);
}

static void supermarket(int64_t n, double load, uint64_t replication, double out[KINDS]) {
    double warm = oracle_shortened(150), length = oracle_shortened(600);
    struct census c = {.sim = build_new_replication((uint64_t)n, replication)};
    struct node *group = kit_group(c.sim, "servers", n, n, server);
    c.group = group_of(group);
    struct node *lb =
        build_node(c.sim, &balance_type, "name=lb, policy=least_request", group, NULL);
    struct node *users =
        build_node(c.sim, &open_type,
                   arena_print(&c.sim->arena, "name=users, rate=%.9g", load * (double)n), lb, NULL);
    for (int i = 1; i <= 60; i++)
        build_at(c.sim, length * i / 60.001, look, &c);
    run(c.sim, users, warm, length);
    out[0] = build_metric(c.sim, "lb:latency.mean");
    for (int k = 1; k < KINDS; k++)
        out[k] = c.share[k] / c.looks;
    sim_free(c.sim);
}

/* What N servers miss of the limit shrinks as 1/N, so that twice the one less the other has nearly
 * none of it. */
static void two_choices_of_many(void **state) {
    (void)state;
    static const double loads[] = {.7, .9};
    static const char *const what[] = {"mean sojourn", ">= 1 call",  ">= 2 calls",
                                       ">= 3 calls",   ">= 4 calls", ">= 5 calls"};
    static const double narrow[] = {.03, .02, .04, .08, .2, .4};
    bool right = true;
    for (int i = 0; i < 2; i++) {
        double x[KINDS][ORACLE_REPLICATIONS], want[KINDS] = {0}, large[KINDS], small[KINDS];
        for (int r = 0; r < ORACLE_REPLICATIONS; r++) {
            supermarket(500, loads[i], (uint64_t)r + 1, large);
            supermarket(250, loads[i], (uint64_t)r + 1, small);
            for (int k = 0; k < KINDS; k++)
                x[k][r] = 2 * large[k] - small[k];
        }
        for (int k = 1; k < 30; k++)
            want[0] += pow(loads[i], pow(2, k) - 2);
        for (int k = 1; k < KINDS; k++)
            want[k] = pow(loads[i], pow(2, k) - 1);
        assert_near(want[0], i ? 2.614057 : 1.614454, 1e-6);
        for (int k = 0; k < KINDS - (i ? 0 : 2); k++) {
            char id[40];
            snprintf(id, sizeof id, "A12 two of many, load %g", loads[i]);
            const struct oracle_check check = {what[k], want[k], narrow[k]};
            right &= oracle_compare(id, &check, x[k], ORACLE_REPLICATIONS);
        }
    }
    assert_true(right);
}

/* ---- the ring: n points on a circle, the longest arc has H_n / n of it on average */

static double longest_share(struct rng *r, uint32_t n) {
    struct arena a = {0};
    struct ring ring;
    struct hash_member m[16];
    double most = 0;
    for (uint32_t i = 0; i < n; i++)
        m[i] = (struct hash_member){rng_next(r), 1, i};
    ring_make(&ring, &a, m, n, n, n);
    for (uint32_t i = 0; i < n; i++) /* the first one's arc goes over the end */
        most = fmax(most, (double)(ring.at[i].hash - ring.at[(i + n - 1) % n].hash) * 0x1p-64);
    arena_release(&a);
    return most;
}

static void the_longest_arc(void **state) {
    (void)state;
    double x[ORACLE_REPLICATIONS] = {0};
    struct rng r = {17};
    enum { RINGS = 1000 };
    for (int i = 0; i < ORACLE_REPLICATIONS; i++)
        for (int k = 0; k < RINGS; k++)
            x[i] += longest_share(&r, 10) / RINGS;
    const struct oracle_check check = {"longest arc", 0.292897, 0.01};
    assert_true(oracle_compare("B13 ring, 10 points", &check, x, ORACLE_REPLICATIONS));
}

/* ---- health checks: every 10 s, three failures, at a random phase: 20 to 30 s, 25 on average */

enum { OUTAGES = 400 };

static double detection(uint64_t replication) {
    struct sim *sim = build_new_replication(14, replication);
    struct node *a = build_node(sim, &station_type, "name=a, service=0s", NULL);
    struct node *lb = build_node(sim, &balance_type, "name=lb", a, NULL);
    build_node(sim, &health_check_type, "name=probe, of=@1, interval=10s, initial_jitter=10s", lb,
               NULL);
    struct node *driver = build_driver(sim, lb);
    kit_fault(sim, "down", "'a', from=100s");
    build_run(sim, driver, 0, 150);
    double seconds = build_metric(sim, "probe:first_unhealthy") - 100;
    sim_free(sim);
    return seconds;
}

static void an_outage_is_detected(void **state) {
    (void)state;
    double x[OUTAGES];
    for (int r = 0; r < OUTAGES; r++) {
        x[r] = detection((uint64_t)r + 1);
        assert_true(x[r] > 20 && x[r] <= 30);
    }
    const struct oracle_check check = {"until it is detected", 25, 0.04};
    assert_true(oracle_compare("B14 10 s, 3 failures", &check, x, OUTAGES));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shorter_of_two_queues),
        cmocka_unit_test(two_choices_of_many),
        cmocka_unit_test(the_longest_arc),
        cmocka_unit_test(an_outage_is_detected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
