/* Replications on several threads: the result does not depend on how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

/* The same seed gives the same values, bit for bit, on any number of threads. */
static void threads(void **state) {
    static const char text[] =
        "return scenario { workload = open { rate = 20, classes = { a = { share = 0.5, priority = "
        "1 }, b = { share = 0.5 } }, facts = { key = "
        "uniform_int { 1, 1000 } } },\n"
        "  entry = chain { limiter { rate = 30 }, cache { hit_ratio = 0.3, lookup = \"5ms\" }, "
        "retry { timeout { after = \"300ms\" } },\n"
        "    balance { policy = \"ring_hash\", key = \"key\", replicas { name = \"pod\", count = "
        "4, build = function() return station { service = "
        "lognormal { mean = \"150ms\", cv = 1 } } end } } },\n"
        "  faults = { slow { \"pod[2]\", factor = 5, from = 10, to = 20 }, random { mtbf = 5, mttr "
        "= 1, down { \"pod[*]\" } } },\n"
        "  run = { warmup = 5, duration = 40 } }";
    struct lab l[3];
    (void)state;
    for (int j = 0; j < 3; j++)
        assert_true(lab_run(&l[j], text, 5, 7, j + 1));
    for (int j = 1; j < 3; j++)
        for (uint32_t r = 0; r < 7; r++)
            assert_memory_equal(l[0].study.cases[0].rep[r].value, l[j].study.cases[0].rep[r].value,
                                l[0].study.n_queries * sizeof(double));
    for (int j = 0; j < 3; j++)
        lab_release(&l[j]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
