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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_throttle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
