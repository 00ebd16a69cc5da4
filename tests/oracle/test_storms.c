/* Retry storms: where a collapse can sustain itself, and where it cannot.
 *
 * Without a budget a service of capacity mu whose callers make m attempts stays collapsed, once it
 * is, if lambda m > mu: all it does is for callers who have given up. Below that its queue drains
 * and it recovers (rows B9, F3 and F6). How simulation and theory are compared is in
 * tests/support/oracle.h. */
#include <stdlib.h>

#include "check.h"

#include "lab.h"
#include "oracle.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])

/* 100/s, three attempts: the threshold lies at 33.3/s. In the state of collapse everything times
 * out, so three attempts are made for each call and the servers are always busy. */
static void the_threshold_is_capacity_over_attempts(void **state) {
    (void)state;
    if (lab_quick())
        skip(); /* a shortened run would end before what it asks about */
#define STORM(lambda)                                                                              \
    "workload = open { rate = " #lambda                                                            \
    " }, entry = retry { max_attempts = 3, backoff = { base = 0 }, timeout { after = 1, station "  \
    "{ servers = 10, service = exponential { mean = 0.1 } } } }, faults = { slow { \"station\", "  \
    "factor = 10, from = 20, to = 40 } }, phases = { before = { 0, 20 }, after = { 300, 400 } }"
    static const struct oracle systems[] = {
        {"B9 45/s stays down",
         STORM(45),
         10,
         400,
         {{"availability{phase=before}", 1, 0.001},
          {"availability{phase=after}", 0, 0},
          {"retry:attempts_per_call{phase=after}", 3, 0.01},
          {"station:utilization{phase=after}", 1, 0.001}}},
        {"B9 25/s comes back",
         STORM(25),
         10,
         400,
         {{"availability{phase=after}", 1, 0.001},
          {"retry:attempts_per_call{phase=after}", 1, 0.001},
          {"station:utilization{phase=after}", 0.25, 0.03}}},
    };
    RUN(systems);
}

/* Two servers of five slots in turn, 100/s in all, four attempts, and one server that stands still
 * for five seconds (the example metastable-retry of stability-sim). Vulnerable above 25/s. */
static void one_stalled_server_of_two(void **state) {
    (void)state;
    if (lab_quick())
        skip();
#define QUEUE(name)                                                                                \
    "station { name = \"" name "\", servers = 5, service = exponential { mean = 0.1 } }"
#define STALLED(lambda)                                                                            \
    "workload = open { rate = " #lambda                                                            \
    " }, entry = retry { max_attempts = 4, backoff = { base = 0 }, timeout { after = 1, balance "  \
    "{ policy = \"round_robin\", " QUEUE("a") ", " QUEUE(                                          \
        "b") " } } }, faults = { slow { \"a\", factor = 50, from = 5, to = 10 } }, phases = { "    \
             "late = { 40, 60 } }"
    static const struct oracle systems[] = {
        {"F6 70/s", STALLED(70), 10, 60, {{"availability{phase=late}", 0, 0}}},
        {"F6 24/s", STALLED(24), 10, 60, {{"availability{phase=late}", 1, 0.01}}},
        {"F6 20/s", STALLED(20), 10, 60, {{"availability{phase=late}", 1, 0.01}}},
    };
    RUN(systems);
}

/* A server that is the slower the more it has to do, 1 + n / 100 s, a hop of 0.1 s there and back,
 * three attempts of 3 s, and 80/s for five seconds (simple_collapse_sim of M. Brooker's
 * simulator_example, without backoff: goodput 60 s later at 20/s, 36/s and 45/s). */
static void a_server_that_slows_down_collapses(void **state) {
    (void)state;
    if (lab_quick())
        skip();
#define CROWD(lambda)                                                                              \
    "local hop = exponential { mean = 0.1 }; return scenario { workload = open { name = "          \
    "\"users\", "                                                                                  \
    "rate = " #lambda " }, entry = retry { max_attempts = 3, backoff = { base = 0 }, timeout { "   \
    "after = 3, chain { delay { name = \"there\", time = hop }, station { servers = 100000, "      \
    "service = 1.01, contention = { sigma = 0.01 / 1.01 } }, delay { name = \"back\", time = hop " \
    "} "                                                                                           \
    "} } }, faults = { set { \"users:rate\", 80, from = 20, to = 25 } }, phases = { before = { "   \
    "5, "                                                                                          \
    "20 }, late = { 60, 80 } }, run = { warmup = 0, duration = 80, replications = 10 } }"
    static const struct {
        const char *text;
        bool back;
    } cases[] = {{CROWD(20), true}, {CROWD(36), false}, {CROWD(45), false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lab l;
        uint32_t n;
        assert_true(lab_run(&l, cases[i].text, 1, 10, 2));
        double *before = lab_values(&l, "availability{phase=before}", &n);
        double *late = lab_values(&l, "availability{phase=late}", &n);
        for (uint32_t k = 0; k < n; k++) {
            assert_true(before[k] > 0.9);
            assert_true(cases[i].back ? late[k] > 0.9 : late[k] == 0);
        }
        free(before);
        free(late);
        lab_release(&l);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_threshold_is_capacity_over_attempts),
        cmocka_unit_test(one_stalled_server_of_two),
        cmocka_unit_test(a_server_that_slows_down_collapses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
