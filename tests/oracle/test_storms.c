/* Retry storms: where a collapse can sustain itself, and where it cannot.
 *
 * Without a budget a service of capacity mu whose callers make m attempts stays collapsed, once it
 * is, if lambda m > mu: all it does is for callers who have given up. Below that its queue drains
 * and it recovers (rows B9 and F6). How simulation and theory are compared is in
 * tests/support/oracle.h. */
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_threshold_is_capacity_over_attempts),
        cmocka_unit_test(one_stalled_server_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
