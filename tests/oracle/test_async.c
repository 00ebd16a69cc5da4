/* Simulation against theory: brokers, work that nobody waits for, users who come for a while. How
 * they are compared is in tests/support/oracle.h. */
#include "check.h"

#include "lab.h"
#include "oracle.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])
#define OPEN(rate) "workload = open { rate = " #rate " }, "
#define EXP(mean) "exponential { mean = " #mean " }"

/* Consumers of a broker are servers, its backlog is their queue: M/M/1 and M/M/8 of A1 and A2. A
 * consumer that fails every other time is M/M/1 with feedback (A10b): twice the arrivals, two
 * visits. */
static void brokers(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"A1 one consumer",
         OPEN(0.8) "entry = queue { visibility_timeout = 1e6, delay { time = " EXP(1) " } }",
         5000,
         100000,
         {{"queue:wait.mean", 4, 0.05},
          {"queue:latency.mean{result=message}", 5, 0.05},
          {"queue:backlog", 3.2, 0.05},
          {"queue:working", 0.8, 0.01}}},
        {"A2 eight consumers",
         OPEN(6.4) "entry = queue { visibility_timeout = 1e6, concurrency = 8, delay { time = "
                   "" EXP(1) " } }",
         500,
         20000,
         {{"queue:latency.mean{result=message}", 1.286028, 0.02}}},
        {"A10b every other one comes again",
         OPEN(0.3) "entry = queue { visibility_timeout = 1e6, on_failure = \"retry\", retry_delay "
                   "= 0.001, chain { station { service = " EXP(
                       1) " }, split { weights = { good = "
                          "1, bad = 1 }, to = { good = delay { time = 0 }, bad = fail {} } } } }",
         5000,
         200000,
         {{"queue:deliveries", 0.6, 0.01},
          {"queue:working", 0.6, 0.01},
          {"queue:latency.mean{result=message}", 5.001, 0.03}}},
    };
    RUN(systems);
}

/* What goes on in the background is M/G/inf (A19), and the caller sees none of it. */
static void background(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"A19 in the background",
         OPEN(10) "entry = async { accept = " EXP(0.1) ", delay { time = lognormal { mean = 3, cv "
                                                       "= 1 } } }",
         50,
         2000,
         {{"async:background", 30, 0.02},
          {"latency.mean", 0.1, 0.02},
          {"latency.p99", 0.460517, 0.03},
          {"in_flight", 1, 0.02}}},
    };
    RUN(systems);
}

/* Sessions are M/G/inf: 5 requests of 1 s with 4 pauses of 10 s on average. States of an MMPP that
 * last 10 and 30 s hold a quarter and three quarters of the time. */
static void users(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"A19 sessions",
         "workload = sessions { rate = 0.5, requests = uniform_int { 1, 9 }, think = " EXP(
             10) " }, entry = delay { time = 1 }",
         300,
         20000,
         {{"sessions:sessions", 22.5, 0.02},
          {"offered", 2.5, 0.02},
          {"sessions:requests_per_session", 5, 0.01},
          {"latency.mean", 1, 0.001}}},
        {"two states",
         "workload = open { rate = 10, mmpp = { { 1, 10 }, { 5, 30 } } }, entry = delay { time = "
         "" EXP(0.1) " }",
         0,
         40000,
         {{"offered", 40, 0.02}, {"in_flight", 4, 0.02}}},
        {"reloads of an M/M/inf: 1, e^-1 and e^-2 attempts",
         "workload = sessions { rate = 10, requests = 1, reload = { after = 1, at_most = 2 } }, "
         "entry = delay { time = " EXP(1) " }",
         20,
         2000,
         {{"sessions:reloads", 5.032147, 0.02},
          {"latency.mean", 1, 0.02},
          {"delay:in_flight", 15.032147, 0.02}}},
    };
    RUN(systems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brokers),
        cmocka_unit_test(background),
        cmocka_unit_test(users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
