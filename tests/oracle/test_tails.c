/* Simulation against theory: what extra copies, bulkheads, quorums and rounds do to the tail and to
 * what is answered. How they are compared is in tests/support/oracle.h. */
#include "check.h"

#include "lab.h"
#include "oracle.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])
#define OPEN(rate) "workload = open { rate = " #rate " }, "
#define EXP(mean) "exponential { mean = " #mean " }"

/* A second, independent copy after the 95th percentile of the first: P(T > t) is e^-t up to there
 * and 0.05 e^-(2t - 2d) behind it. */
static void hedges(void **state) {
    (void)state;
#define TAIL                                                                                       \
    {"latency.mean", 0.975, 0.01}, {"latency.p99", 3.80045, 0.01},                                 \
        {"latency.p999", 4.95174, 0.02}, {                                                         \
        "hedge:extra_per_call", 0.05, 0.02                                                         \
    }
    static const struct oracle systems[] = {
        {"B4 without",
         OPEN(10) "entry = delay { time = " EXP(1) " }",
         0,
         10000,
         {{"latency.p99", 4.60517, 0.01}, {"latency.p999", 6.90776, 0.02}}},
        {"B4 after 2.99573 s",
         OPEN(10) "entry = hedge { after = 2.99573, delay { time = " EXP(1) " } }",
         0,
         10000,
         {TAIL}},
    };
    RUN(systems);
}

#define TWO_POINTS                                                                                 \
    "split { weights = { quick = 99, slow = 1 }, to = { quick = delay { name = \"quick\", time = " \
    "\"10ms\" }, slow = delay { name = \"slow\", time = 1 } } }"
#define WITHIN_30MS(inner) OPEN(100) "entry = timeout { after = \"30.001ms\", " inner " }"
#define LATE "share{outcome=timeout}"

/* One in a hundred takes a second; a second attempt has to be as unlucky. */
static void hedges_of_two_points(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"B4b without", WITHIN_30MS(TWO_POINTS), 0, 1000, {{LATE, 0.01, 0.04}}},
        {"B4b after 20 ms",
         WITHIN_30MS("hedge { after = \"20ms\", " TWO_POINTS " }"),
         0,
         4000,
         {{LATE, 0.0001, 0.2}, {"hedge:extra_per_call", 0.01, 0.02}}},
        {"B4b after p95",
         WITHIN_30MS("hedge { percentile = \"95%\", " TWO_POINTS " }"),
         100,
         4000,
         {{LATE, 0.0001, 0.2}, {"hedge:extra_per_call", 0.01, 0.02}}},
    };
    RUN(systems);
}

/* 25 permits and no patience lose what Erlang B says, whatever the law of the service; with room
 * for ten to wait it is M/M/25/35. */
static void bulkheads(void **state) {
    (void)state;
#define BULKHEAD(more, law) OPEN(100) "entry = bulkhead { " more "delay { time = " law " } }"
#define LIMITED(share, narrow) "share{outcome=limited}", share, narrow
    static const struct oracle systems[] = {
        {"B6 exponential", BULKHEAD("", EXP(0.2)), 20, 2000, {{LIMITED(0.0502218, 0.03)}}},
        {"B6 constant", BULKHEAD("", "0.2"), 20, 2000, {{LIMITED(0.0502218, 0.03)}}},
        {"B6 lognormal",
         BULKHEAD("", "lognormal { mean = 0.2, cv = 2 }"),
         50,
         2000,
         {{LIMITED(0.0502218, 0.03)}}},
        {"B6b room for 10",
         BULKHEAD("max_wait_duration = 1000, queue_capacity = 10, ", EXP(0.2)),
         20,
         5000,
         {{LIMITED(0.004573, 0.08)}, {"bulkhead:wait.mean", 0.005800, 0.04}}},
    };
    RUN(systems);
}

#define RARELY(bad, good, what)                                                                    \
    "split { weights = { good = " #good ", bad = " #bad                                            \
    " }, to = { good = delay { name = \"good\", time = 0 }, bad = " what " } }"
#define SLOW "delay { name = \"bad\", time = 1 }"
#define FANOUT(more, inner) "fanout { " more ", " inner " }"

/* Some of the many are slow, so nearly every answer waits for one; and what hedges do about it. */
static void fanouts_meet_the_slow(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"B1 100 of 1 %",
         WITHIN_30MS(FANOUT("copies = 100", RARELY(1, 99, SLOW))),
         0,
         40,
         {{LATE, 0.633968, 0.02}}},
        {"B1 2000 of 1 in 10,000",
         WITHIN_30MS(FANOUT("copies = 2000", RARELY(1, 9999, SLOW))),
         0,
         1,
         {{LATE, 0.181277, 0.3}}},
        {"B1 2000 of 1 in 1,000",
         WITHIN_30MS(FANOUT("copies = 2000", RARELY(1, 999, SLOW))),
         0,
         1,
         {{LATE, 0.864800, 0.05}}},
        {"B4b 100 hedged",
         WITHIN_30MS(FANOUT("copies = 100", "hedge { after = \"20ms\", " TWO_POINTS " }")),
         0,
         40,
         {{LATE, 0.009951, 0.2}}},
    };
    RUN(systems);
}

/* The last of n exponentials takes 1 + 1/2 + … + 1/n, the first one 1/n. Two queues with the same
 * arrivals: Flatto & Hahn, as in Nelson & Tantawi (1988). */
static void fork_and_join(void **state) {
    (void)state;
#define OF_DELAYS(more) OPEN(10) "entry = " FANOUT(more, "delay { time = " EXP(1) " }")
#define MM1(name) "station { name = \"" name "\", service = " EXP(1) " }"
    static const struct oracle systems[] = {
        {"A13 last of 2", OF_DELAYS("copies = 2"), 0, 2000, {{"latency.mean", 1.5, 0.01}}},
        {"A13 last of 10", OF_DELAYS("copies = 10"), 0, 1000, {{"latency.mean", 2.928968, 0.01}}},
        {"A13 first of 10",
         OF_DELAYS("wait_for = \"first\", copies = 10"),
         0,
         1000,
         {{"latency.mean", 0.1, 0.02}}},
        {"A13 9th of 10",
         OF_DELAYS("wait_for = \"quorum\", quorum = 9, copies = 10"),
         0,
         1000,
         {{"latency.mean", 1.928968, 0.02}}},
        {"A13b two queues",
         OPEN(0.8) "entry = fanout { " MM1("a") ", " MM1("b") " }",
         24000,
         240000,
         {{"latency.mean", 7.0, 0.03}, {"a:latency.mean", 5, 0.03}}},
    };
    RUN(systems);
}

static void last_of_a_hundred(void **state) {
    (void)state;
    if (lab_quick())
        skip(); /* those cut off at the end of a shortened run would be missed */
    static const struct oracle systems[] = {
        {"A13 last of 100", OF_DELAYS("copies = 100"), 0, 200, {{"latency.mean", 5.187378, 0.02}}},
    };
    RUN(systems);
}

/* So many of so many units, each of which fails once in a hundred, or in ten, times. */
static void quorums(void **state) {
    (void)state;
#define OF(k, n, bad, good)                                                                        \
    OPEN(100)                                                                                      \
    "entry = " FANOUT("wait_for = \"quorum\", quorum = " #k ", copies = " #n,                      \
                      RARELY(bad, good, "fail {}"))
#define FAILED "share{outcome=error}"
    static const struct oracle systems[] = {
        {"B5 1 of 2", OF(1, 2, 1, 99), 0, 2000, {{FAILED, 0.0001, 0.3}}},
        {"B5 2 of 3", OF(2, 3, 1, 99), 0, 2000, {{FAILED, 0.000298, 0.2}}},
        {"1 of 3, A = .9", OF(1, 3, 1, 9), 0, 500, {{FAILED, 0.001, 0.2}}},
        {"3 of 5, A = .9", OF(3, 5, 1, 9), 0, 500, {{FAILED, 0.00856, 0.1}}},
        {"5 of 5, A = .9", OF(5, 5, 1, 9), 0, 100, {{FAILED, 0.40951, 0.02}}},
    };
    RUN(systems);
}

/* After each visit of an M/M/1 every second call comes back, so it sees twice the arrivals: Jackson
 * (1957) has 1/(1 - .6) for a visit, and two visits. */
static void rounds(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"A10b feedback",
         OPEN(0.3) "entry = loop { times = 60000, stop_probability = 0.5, station { "
                   "service = " EXP(1) " } }",
         5000,
         200000,
         {{"latency.mean", 5, 0.03},
          {"loop:rounds_per_call", 2, 0.01},
          {"station:utilization", 0.6, 0.01}}},
    };
    RUN(systems);
}

/* The shadow sees the same facts and a share of the calls, its failures are nobody's, and what it
 * does is not in the users' numbers. */
static void shadows(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"a tenth, three times as slow",
         "workload = open { rate = 50, facts = { size = uniform { 0, 2 } } }, entry = mirror { "
         "share = 0.1, shadow = station { name = \"shadow\", servers = 1000, service = linear { 0, "
         "size = 3 } }, station { servers = 1000, service = linear { 0, size = 1 } } }",
         20,
         1000,
         {{"mirror:mirrored", 5, 0.02},
          {"shadow:offered", 5, 0.02},
          {"shadow:latency.mean", 3, 0.02},
          {"latency.mean", 1, 0.01},
          {"in_flight", 50, 0.02}}},
    };
    RUN(systems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hedges),        cmocka_unit_test(hedges_of_two_points),
        cmocka_unit_test(bulkheads),     cmocka_unit_test(fanouts_meet_the_slow),
        cmocka_unit_test(fork_and_join), cmocka_unit_test(last_of_a_hundred),
        cmocka_unit_test(quorums),       cmocka_unit_test(rounds),
        cmocka_unit_test(shadows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
