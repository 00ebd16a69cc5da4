/* Simulation against theory: replicas that stop when idle and start when called. How they are
 * compared is in tests/support/oracle.h. */
#include "check.h"

#include "lab.h"
#include "oracle.h"

#define RUN(systems) oracle_run(systems, sizeof(systems) / sizeof(systems)[0])

/* One call a minute, nothing to do, and after a minute without one nothing is there. A call is cold
 * when none came in the time tau before it, and there is no replica while none came in tau: both
 * have the probability exp(-lambda tau), 0.367879 (A16b). Here tau is 60.051 s, as a call takes a
 * millisecond and the minute is seen to be over at a tick of 100 ms, half a tick late in the mean:
 * 0.367567. */
static void zero_after_a_minute(void **state) {
    (void)state;
    if (lab_quick())
        skip(); /* a shortened run has too few calls in it */
    static const struct oracle systems[] = {
        {"A16b idle for a minute",
         "workload = open { rate = 1 / 60 }, entry = balance { name = \"lb\", replicas { name = "
         "\"pod\", count = 1, build = function (i) return delay { name = \"work\", time = \"1ms\" "
         "} "
         "end } }, agents = { autoscaler { of = \"pod\", algorithm = \"knative\", "
         "container_concurrency_target = 100, tick_interval = \"100ms\", "
         "scale_to_zero_grace_period = \"0s\" } }",
         600,
         120000,
         {{"pod:started", 0.367567 / 60, 0.02}, {"pod:replicas", 0.632433, 0.02}}},
    };
    RUN(systems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_after_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
