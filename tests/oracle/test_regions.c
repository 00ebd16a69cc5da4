/* Simulation against theory: how long the loss of a region is seen, and how old a copy is. How they
 * are compared is in tests/support/oracle.h. */
#include "check.h"

#include "lab.h"
#include "oracle.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])

/* Twenty outages of 200 s in 8000 s, at all phases of the probes; users in eu alone, 20 requests a
 * second. */
#define TWO_REGIONS(of_geo, of_check)                                                              \
    "workload = open { rate = 20, arrivals = \"deterministic\", region = \"eu\" }, "               \
    "entry = geo { name = \"gslb\", " of_geo                                                       \
    ", region { name = \"us\", delay { time = 0 } }, region { name = \"eu\", delay { time = 0 } "  \
    "}, rtt = { us_eu = 0 } }, "                                                                   \
    "agents = { health_check { name = \"probe\", of = \"gslb\", interval = \"10s\", "              \
    "initial_jitter = \"10s\", timeout = \"1s\", " of_check " } }, "                               \
    "faults = (function () local t = {} for i = 0, 19 do t[#t + 1] = down { \"eu\", "              \
    "from = 50 + 397.3 * i, to = 250 + 397.3 * i } end return t end)()"

/* The first probe that fails comes after 0 … 10 s, the third 20 s later; then records live on for
 * 30 s in the mean. Two good probes later it is healthy again, and for 30 s more some stay away. */
#define OUTAGES 20. / 8000
static void detection_and_records(void **state) {
    (void)state;
    if (lab_quick())
        skip(); /* a shortened run would end in the second outage */
    static const struct oracle systems[] = {
        {"B14 checks 10 s x 3, ttl 60 s",
         TWO_REGIONS("ttl = \"60s\"", "unhealthy_threshold = 3"),
         10,
         8000,
         {{"share{outcome=error}", (25 + 30) * OUTAGES, 0.02},
          {"gslb:stale", 20 * (30 + 30) * OUTAGES, 0.02},
          {"probe:unhealthy", (200 - 25 + 15) * OUTAGES, 0.01}}},
        {"B14 the same by anycast",
         TWO_REGIONS("ttl = 0", "unhealthy_threshold = 3"),
         10,
         8000,
         {{"share{outcome=error}", 25 * OUTAGES, 0.02},
          {"gslb:diverted", 20 * (200 - 25 + 15) * OUTAGES, 0.01}}},
        {"B14 one failure, 5 s to spread, a tenth ignores the ttl",
         TWO_REGIONS("ttl = \"60s\", propagation = \"5s\", ignore_ttl = \"10%\"",
                     "unhealthy_threshold = 1, healthy_threshold = 3"),
         10,
         8000,
         {{"share{outcome=error}", (0.9 * (5 + 5 + 30) + 0.1 * 200) * OUTAGES, 0.02},
          {"probe:unhealthy", (200 - 5 + 25) * OUTAGES, 0.01}}},
    };
    RUN(systems);
}

/* Writes on their way are an M/G/infinity system, and the oldest of those older than x is missing
 * with probability 1 - exp(-rate E[(lag - x)+]). For exponential lags of mean 1 that is
 * 1 - exp(-rate exp(-x)), whose mean is Ein(rate); order makes no difference to it. */
#define COPY(writes, how)                                                                          \
    "workload = { open { name = \"w\", rate = 1, to = station { name = \"a\", service = 0 } }, "   \
    "open { name = \"r\", rate = 20, to = station { name = \"b\", service = 0 } } }, "             \
    "agents = { replication { name = \"copy\", from = \"a\", to = { \"b\" }, writes = " #writes    \
    ", lag = exponential { mean = \"1s\" }, " how " } }"
static void staleness(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"staleness, 2 writes a second, in any order",
         COPY(2, "in_order = false"),
         20,
         6000,
         {{"copy:fresh", 0.1353353, 0.05},
          {"copy:staleness.mean", 1.3192634, 0.03},
          {"copy:staleness.p99", 5.293308, 0.05},
          {"copy:delay.mean", 1, 0.02},
          {"copy:behind", 2, 0.03}}},
        {"staleness, 20 writes a second, in order",
         COPY(20, "in_order = true"),
         20,
         3000,
         {{"copy:staleness.mean", 3.5729479, 0.03}, {"copy:staleness.p99", 7.595893, 0.05}}},
    };
    RUN(systems);
}

/* Faults of regions are independent: all are down at once for the product of their shares. */
#define SITE(name) "region { name = \"" name "\", delay { name = \"app\", time = 0 } }"
#define FAILS(name) "random { mtbf = \"9s\", mttr = \"1s\", down { \"" name "\" } }"
static void one_of_several(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"B5 one of two of 0.9",
         "workload = open { rate = 20 }, entry = fallback { " SITE("us") ", " SITE(
             "eu") " }, "
                   "faults = { " FAILS("us") ", " FAILS("eu") " }",
         50,
         12000,
         {{"share{outcome=error}", 0.01, 0.1}, {"fallback:fallback_ratio", 0.1, 0.05}}},
    };
    RUN(systems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detection_and_records),
        cmocka_unit_test(staleness),
        cmocka_unit_test(one_of_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
