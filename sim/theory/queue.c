#include "theory/queue.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdbool.h>

/* B(0) = 1, B(n) = a B / (n + a B): stable for any number of servers. */
double theory_erlang_b(int servers, double a) {
    if (servers < 0 || !(a >= 0))
        return NAN;
    double b = 1;
    for (int n = 1; n <= servers; n++)
        b = a * b / (n + a * b);
    return b;
}

double theory_erlang_c(int servers, double a) {
    if (servers < 1 || !(a >= 0) || a >= servers)
        return NAN;
    double b = theory_erlang_b(servers, a);
    return b / (1 - a / servers * (1 - b));
}

double theory_mmc_wait(int servers, double lambda, double mu) {
    return theory_erlang_c(servers, lambda / mu) / (servers * mu - lambda);
}

double theory_mmc_sojourn(int servers, double lambda, double mu) {
    return theory_mmc_wait(servers, lambda, mu) + 1 / mu;
}

/* The wait is 0 or exponential with rate c mu - lambda; the service is independent of it. */
double theory_mmc_tail(int servers, double lambda, double mu, double t) {
    double c = theory_erlang_c(servers, lambda / mu), r = servers * mu - lambda;
    if (fabs(r - mu) < 1e-9 * mu)
        return exp(-mu * t) * (1 + c * mu * t);
    return exp(-mu * t) + c * mu / (mu - r) * (exp(-r * t) - exp(-mu * t));
}

struct tail {
    int servers;
    double lambda, mu, beyond;
};

static double tail_minus(double t, void *ctx) {
    const struct tail *x = ctx;
    return theory_mmc_tail(x->servers, x->lambda, x->mu, t) - x->beyond;
}

double theory_mmc_quantile(int servers, double lambda, double mu, double p) {
    struct tail x = {servers, lambda, mu, 1 - p};
    if (isnan(theory_erlang_c(servers, lambda / mu)) || !(p > 0 && p < 1))
        return NAN;
    double hi = 1 / mu;
    while (tail_minus(hi, &x) > 0)
        hi *= 2;
    gsl_function f = {tail_minus, &x};
    gsl_root_fsolver *s = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (!s)
        return NAN;
    double root = NAN;
    if (gsl_root_fsolver_set(s, &f, 0, hi) == GSL_SUCCESS)
        for (int i = 0; i < 200 && gsl_root_fsolver_iterate(s) == GSL_SUCCESS; i++) {
            root = gsl_root_fsolver_root(s);
            if (gsl_root_test_interval(gsl_root_fsolver_x_lower(s), gsl_root_fsolver_x_upper(s), 0, 1e-13) == GSL_SUCCESS)
                break;
        }
    gsl_root_fsolver_free(s);
    return root;
}

struct theory_finite theory_mmck(int servers, int capacity, double lambda, double mu) {
    struct theory_finite f = {NAN, NAN, NAN, NAN};
    if (servers < 1 || capacity < servers || !(lambda >= 0) || !(mu > 0))
        return f;
    double weight = 1, sum = 1, number = 0;
    for (int n = 1; n <= capacity; n++) { /* birth and death */
        weight *= lambda / (mu * (n < servers ? n : servers));
        sum += weight;
        number += n * weight;
    }
    f.loss = weight / sum;
    f.number = number / sum;
    f.throughput = lambda * (1 - f.loss);
    f.sojourn = f.number / f.throughput;
    return f;
}

double theory_mg1_wait(double lambda, double mean, double cv2) {
    double rho = lambda * mean;
    return rho < 1 && cv2 >= 0 ? rho * mean * (1 + cv2) / (2 * (1 - rho)) : (double)NAN;
}

void theory_priority(double lambda_high, double lambda_low, double mu, double *high, double *low) {
    double rho_high = lambda_high / mu, rho = rho_high + lambda_low / mu, residual = rho / mu;
    bool steady = rho < 1;
    *high = steady ? residual / (1 - rho_high) + 1 / mu : (double)NAN;
    *low = steady ? residual / ((1 - rho_high) * (1 - rho)) + 1 / mu : (double)NAN;
}
