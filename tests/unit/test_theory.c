/* Closed forms against values in print, to the printed digits, and against each other. */
#include "check.h"

#include "theory/queue.h"

/* `value` rounds to `printed`, whose last digit stands for `digit`. */
static void prints(double value, double printed, double digit) {
    assert_near(value, printed, 0.5000001 * digit);
}

static void erlang(void **state) {
    (void)state;
    static const int servers[] = {1, 2, 4, 8, 16, 32, 64};
    static const double waits[] = {0.8, 0.711111, 0.596432, 0.457645, 0.304884, 0.160623, 0.056056};
    static const double sojourns[] = {5,        2.777778, 1.745541, 1.286028,
                                      1.095276, 1.025097, 1.004379};
    for (int i = 0; i < 7; i++) {
        int c = servers[i];
        prints(theory_erlang_c(c, 0.8 * c), waits[i], 1e-6);
        prints(theory_mmc_sojourn(c, 0.8 * c, 1), sojourns[i], 1e-6);
    }
    prints(theory_erlang_c(5, 2.5), 0.130371, 1e-6);
    prints(theory_erlang_c(10, 5), 0.036105, 1e-6);
    prints(theory_erlang_b(10, 5), 0.0183846, 1e-7);
    prints(theory_erlang_b(10, 8), 0.121661, 1e-6);
    prints(theory_erlang_b(25, 20), 0.0502218, 1e-7);
    prints(theory_erlang_b(100, 100), 0.0757005, 1e-7);
    assert_near(theory_erlang_b(0, 3), 1, 0);
}

static void sojourns(void **state) {
    (void)state;
    assert_near(theory_mmc_sojourn(1, 0.8, 1), 5, 1e-12);
    assert_near(theory_mmc_wait(1, 0.8, 1), 4, 1e-12);
    prints(theory_mmc_quantile(1, 0.8, 1, 0.5), 3.4657, 1e-4);
    prints(theory_mmc_quantile(1, 0.8, 1, 0.95), 14.9787, 1e-4);
    prints(theory_mmc_quantile(1, 0.8, 1, 0.99), 23.0259, 1e-4);
    prints(theory_mmc_quantile(1, 0.8, 1, 0.999), 34.5388, 1e-4);
    prints(theory_mmc_wait(10, 8, 1), 0.204590, 1e-6);
    prints(theory_mmc_quantile(10, 8, 1, 0.99), 4.94611, 1e-5);
    prints(theory_mmc_wait(1, 5, 8), 0.208333, 1e-6);
    prints(theory_mmc_sojourn(2, 3, 2), 1.142857, 1e-6);
}

/* The tail of M/M/1 is an exponential, whatever the load, and the quantile inverts the tail. */
static void tails(void **state) {
    (void)state;
    for (double rho = 0.1; rho < 1; rho += 0.0999)
        for (double t = 0.5; t < 60; t *= 2)
            assert_near(theory_mmc_tail(1, rho, 1, t), exp(-(1 - rho) * t), 1e-12);
    static const double shares[] = {0.001, 0.5, 0.9, 0.999, 0.9999999};
    static const double loads[] = {0.01, 0.5, 0.8, 0.875, 0.999}; /* .875: both rates are equal */
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            double lambda = 8 * loads[j], t = theory_mmc_quantile(8, lambda, 1, shares[i]);
            double beyond = 1 - shares[i];
            assert_near(theory_mmc_tail(8, lambda, 1, t), beyond, 1e-9 * beyond);
        }
    double near = theory_mmc_tail(8, 7 + 1e-9, 1, 2);
    assert_near(near, theory_mmc_tail(8, 7, 1, 2), 1e-8);
}

static void finite_room(void **state) {
    (void)state;
    struct theory_finite one = theory_mmck(1, 10, 1.2, 1), four = theory_mmck(4, 20, 5, 1);
    prints(one.loss, 0.192586, 1e-6);
    prints(one.number, 6.71071, 1e-5);
    prints(one.throughput, 0.968896, 1e-6);
    prints(one.sojourn, 6.92614, 1e-5);
    prints(four.loss, 0.202843, 1e-6);
    prints(four.sojourn, 4.08214, 1e-5);
    prints(four.number, 16.2705, 1e-4);
    prints(theory_mmck(25, 35, 100, 5).loss, 0.004573, 1e-6);
    prints(theory_mmck(25, 35, 100, 5).sojourn - 0.2, 0.005800, 1e-6);
    assert_near(theory_mmck(10, 10, 8, 1).loss, theory_erlang_b(10, 8), 1e-14);
    assert_near(theory_mmck(3, 400, 2, 1).sojourn, theory_mmc_sojourn(3, 2, 1), 1e-12);
    prints(theory_mmck(1, 4, 1, 1).loss, 0.2, 1e-9); /* at load 1 all states are equally likely */
}

static void impatient(void **state) {
    (void)state;
    struct theory_impatient f = theory_mmcm(10, 12, 1, 0.5);
    prints(f.abandon, 0.195656, 1e-6);
    prints(f.wait, 0.391312, 1e-6);
    prints(f.delayed, 0.850385, 1e-6);
    assert_near(theory_mmcm(4, 3, 1, 1e-7).wait, theory_mmc_wait(4, 3, 1), 1e-5);
    double hasty = theory_mmcm(10, 8, 1, 1e9).abandon; /* no patience at all: a loss system */
    assert_near(hasty, theory_erlang_b(10, 8), 1e-7);
}

static void general_service(void **state) {
    (void)state;
    assert_near(theory_mg1_wait(0.5, 1, 0), 0.5, 1e-12);
    assert_near(theory_mg1_wait(0.8, 1, 0), 2, 1e-12);
    assert_near(theory_mg1_wait(0.95, 1, 0), 9.5, 1e-12);
    prints(theory_mg1_wait(0.7, 1, 0.25), 1.45833, 1e-5);
    prints(theory_mg1_wait(0.7, 1, 4), 5.83333, 1e-5);
    assert_near(theory_mg1_wait(3, 0.25, 1), theory_mmc_wait(1, 3, 4), 1e-12);
}

static void priorities(void **state) {
    (void)state;
    double high, low;
    theory_priority(0.2, 0.6, 1, &high, &low);
    assert_near(high, 2, 1e-12);
    assert_near(low, 6, 1e-12);
    /* The mean over both is that of one class: work is conserved. */
    assert_near(0.25 * high + 0.75 * low, theory_mmc_sojourn(1, 0.8, 1), 1e-12);
}

static void two_queues(void **state) {
    (void)state;
    prints(theory_two_queues(3, 2, 1), 1.2240, 1e-4);
    assert_near(theory_two_queues(3, 2, 0), 2, 1e-5); /* two M/M/1 */
    double both = theory_two_queues(3, 2, 0.5);
    assert_true(both > 1.2240 && both < 2);
}

static void out_of_range(void **state) {
    (void)state;
    double high, low;
    theory_priority(0.5, 0.5, 1, &high, &low);
    assert_true(isnan(high) && isnan(low));
    assert_true(isnan(theory_erlang_b(-1, 1)) && isnan(theory_erlang_b(1, -1)));
    assert_true(isnan(theory_erlang_c(2, 2)) && isnan(theory_erlang_c(0, 0.5)));
    assert_true(isnan(theory_mmc_wait(1, 1, 1)) && isnan(theory_mmc_sojourn(2, 3, 1)));
    assert_true(isnan(theory_mmc_tail(1, 2, 1, 1)) && isnan(theory_mmc_quantile(1, 2, 1, 0.5)));
    assert_true(isnan(theory_mmc_quantile(1, 0.5, 1, 0)) &&
                isnan(theory_mmc_quantile(1, 0.5, 1, 1)));
    assert_true(isnan(theory_mmck(2, 1, 1, 1).loss) && isnan(theory_mmck(1, 1, 1, 0).sojourn));
    assert_true(isnan(theory_mmcm(0, 1, 1, 1).wait) && isnan(theory_mmcm(1, 1, 1, 0).abandon));
    assert_true(isnan(theory_mg1_wait(1, 1, 1)) && isnan(theory_mg1_wait(0.5, 1, -1)));
    assert_true(isnan(theory_two_queues(4, 2, 1)) && isnan(theory_two_queues(1, 2, 1.5)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erlang),       cmocka_unit_test(sojourns),
        cmocka_unit_test(tails),        cmocka_unit_test(finite_room),
        cmocka_unit_test(impatient),    cmocka_unit_test(general_service),
        cmocka_unit_test(priorities),   cmocka_unit_test(two_queues),
        cmocka_unit_test(out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
