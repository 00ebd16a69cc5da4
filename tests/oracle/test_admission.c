/* Simulation against theory: what is let in. How they are compared is in tests/support/oracle.h. */
#include "check.h"

#include "lab.h"
#include "oracle.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])
#define OPEN(rate) "workload = open { rate = " #rate " }, "

/* Of 1000 a second the backend takes 200, so that 2 x 200 are sent. */
static void client_throttle(void **state) {
    (void)state;
    static const struct oracle systems[] = {
        {"B8 1000/s for 200/s",
         OPEN(
             1000) "entry = throttle { k = 2, window = \"120s\", limiter { rate = 200, burst = 20, "
                   "delay { time = 0 } } }",
         250,
         60,
         {{"share{outcome=shed}", 0.6, 0.01},
          {"limiter:offered", 400, 0.01},
          {"share{outcome=ok}", 0.2, 0.01}}},
    };
    RUN(systems);
}

/* As a meter a leaky bucket is the M/D/1/K queue that a token bucket is. As a queue it is one in
 * which the first of K places passes at once: room for K - 1 to wait. Without a bound it is M/D/1.
 */
static void leaky_buckets(void **state) {
    (void)state;
#define LEAKY(offered, more)                                                                       \
    OPEN(offered)                                                                                  \
    "entry = limiter { algorithm = \"leaky_bucket\", rate = 100, " more ", delay { time = 0 } }"
#define LIMITED(share) "share{outcome=limited}", share, 0.03
    static const struct oracle systems[] = {
        {"A17 80 %, meter of 5",
         LEAKY(80, "mode = \"meter\", burst = 5"),
         100,
         8000,
         {{LIMITED(0.0352904)}}},
        {"A17 100 %, meter of 10",
         LEAKY(100, "mode = \"meter\", burst = 10"),
         100,
         8000,
         {{LIMITED(0.0508475)}}},
        {"A17 150 %, meter of 10",
         LEAKY(150, "mode = \"meter\", burst = 10"),
         100,
         2000,
         {{LIMITED(0.333397)}}},
        {"A17 80 %, 4 wait", LEAKY(80, "burst = 4"), 100, 8000, {{LIMITED(0.0352904)}}},
        {"A17 100 %, 9 wait", LEAKY(100, "burst = 9"), 100, 8000, {{LIMITED(0.0508475)}}},
        {"A17 150 %, 9 wait", LEAKY(150, "burst = 9"), 100, 2000, {{LIMITED(0.333397)}}},
        {"A5 80 %, all wait",
         LEAKY(80, "burst = 1e6"),
         100,
         4000,
         {{"limiter:wait.mean", 0.02, 0.02}}},
    };
    RUN(systems);
}

/* A queue of attempts that nobody waits for any more takes up the whole of a server of 100 a
 * second. Each call then makes m attempts, all in vain, so that it lasts when m times the calls are
 * more than that, and drains when they are fewer. The trigger fills it with some 25 s of work. */
static void retries_sustain_a_collapse(void **state) {
    (void)state;
    if (lab_quick())
        skip(); /* a shortened run is over before the queue is gone */
#define STORM(rate, attempts)                                                                      \
    "workload = open { name = \"users\", rate = " #rate                                            \
    " }, entry = retry { max_attempts = " #attempts                                                \
    ", backoff = { base = 0 }, timeout { after = 1, station { servers = 10, service = 0.1 } } }, " \
    "faults = { set { \"users:rate\", 200, from = 5, to = 10 } }, "                                \
    "phases = { late = { 600, 1000 } }"
#define ATTEMPTS(n) "retry:attempts_per_call{phase=late}", n, 0.01
    static const struct oracle systems[] = {
        {"B9 31/s, 3 attempts", STORM(31, 3), 0, 1000, {{ATTEMPTS(1)}}},
        {"B9 36/s, 3 attempts", STORM(36, 3), 0, 1010, {{ATTEMPTS(3)}}},
        {"B9 22/s, 4 attempts", STORM(22, 4), 0, 1000, {{ATTEMPTS(1)}}},
        {"B9 28/s, 4 attempts", STORM(28, 4), 0, 1010, {{ATTEMPTS(4)}}},
    };
    RUN(systems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_throttle),
        cmocka_unit_test(leaky_buckets),
        cmocka_unit_test(retries_sustain_a_collapse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
