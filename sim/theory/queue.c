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

/* The wait is 0 or, with probability C, exponential with rate r = c mu - lambda; the service is
 * independent of it. P(wait + service > t) = e^-mu t + C mu (e^-rt - e^-mu t) / (mu - r), written
 * so that it holds for r near mu and does not overflow. */
double theory_mmc_tail(int servers, double lambda, double mu, double t) {
    double c = theory_erlang_c(servers, lambda / mu), r = servers * mu - lambda;
    double d = fabs(mu - r), ratio = d > 0 ? -expm1(-d * t) / d : t;
    return exp(-mu * t) + c * mu * exp(-fmin(r, mu) * t) * ratio;
}

struct tail {
    int servers;
    double lambda, mu, beyond;
};

static double tail_minus(double t, void *ctx) {
    const struct tail *x = ctx;
    return theory_mmc_tail(x->servers, x->lambda, x->mu, t) - x->beyond;
}

static double root_below(gsl_root_fsolver *s, gsl_function *f, double hi) {
    double root = NAN;
    if (gsl_root_fsolver_set(s, f, 0, hi) != GSL_SUCCESS)
        return NAN;
    for (int i = 0; i < 200 && gsl_root_fsolver_iterate(s) == GSL_SUCCESS; i++) {
        root = gsl_root_fsolver_root(s);
        double lo = gsl_root_fsolver_x_lower(s), up = gsl_root_fsolver_x_upper(s);
        if (gsl_root_test_interval(lo, up, 0, 1e-13) == GSL_SUCCESS)
            break;
    }
    return root;
}

double theory_mmc_quantile(int servers, double lambda, double mu, double p) {
    struct tail x = {servers, lambda, mu, 1 - p};
    if (isnan(theory_erlang_c(servers, lambda / mu)) || !(p > 0 && p < 1))
        return NAN;
    double hi = 1 / mu;
    while (tail_minus(hi, &x) > 0)
        hi *= 2;
    gsl_root_fsolver *s = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    double root = s ? root_below(s, &(gsl_function){tail_minus, &x}, hi) : (double)NAN;
    gsl_root_fsolver_free(s);
    return root;
}

struct theory_finite theory_mmck(int servers, int capacity, double lambda, double mu) {
    struct theory_finite f = {NAN, NAN, NAN, NAN};
    if (servers < 1 || capacity < servers || !(lambda > 0) || !(mu > 0))
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

struct theory_impatient theory_mmcm(int servers, double lambda, double mu, double theta) {
    struct theory_impatient f = {NAN, NAN, NAN};
    if (servers < 1 || !(lambda > 0) || !(mu > 0) || !(theta > 0))
        return f;
    double weight = 1, sum = 1, delayed = 0, queue = 0;
    for (int n = 1; n <= servers || weight > 1e-18 * sum; n++) {
        weight *= lambda / (n <= servers ? n * mu : servers * mu + (n - servers) * theta);
        sum += weight;
        if (n >= servers) {
            delayed += weight;
            queue += (n - servers) * weight;
        }
    }
    f.delayed = delayed / sum;
    f.wait = queue / sum / lambda; /* Little */
    f.abandon = theta * f.wait;
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

enum { ROOM = 64 }; /* calls in each of the two queues */

struct pair {
    double p[ROOM + 1][ROOM + 1];
    double lambda, mu, compared;
};

/* Rate at which calls join a queue of `n` while the other one has `other`. */
static double joins(const struct pair *x, int n, int other) {
    double half = x->lambda / 2;
    if (n >= ROOM)
        return 0;
    return n < other ? half * (1 + x->compared) : n > other ? half * (1 - x->compared) : half;
}

/* Probability of a state from those of its neighbours: flow out = flow in. */
static double balanced(const struct pair *x, int i, int j) {
    double out = joins(x, i, j) + joins(x, j, i) + x->mu * ((i > 0) + (j > 0)), in = 0;
    in += i > 0 ? x->p[i - 1][j] * joins(x, i - 1, j) : 0;
    in += j > 0 ? x->p[i][j - 1] * joins(x, j - 1, i) : 0;
    in += i < ROOM ? x->p[i + 1][j] * x->mu : 0;
    in += j < ROOM ? x->p[i][j + 1] * x->mu : 0;
    return in / out;
}

/* One Gauss-Seidel sweep over all states; returns the mean number in the system. */
static double sweep(struct pair *x) {
    double sum = 0, number = 0;
    for (int i = 0; i <= ROOM; i++)
        for (int j = 0; j <= ROOM; j++) {
            x->p[i][j] = balanced(x, i, j);
            sum += x->p[i][j];
            number += (i + j) * x->p[i][j];
        }
    return number / sum;
}

double theory_two_queues(double lambda, double mu, double compared) {
    if (!(lambda > 0 && mu > 0 && lambda < 2 * mu && compared >= 0 && compared <= 1))
        return NAN;
    struct pair x = {.lambda = lambda, .mu = mu, .compared = compared};
    double start = lambda / (2 * mu), number = 0, last = -1;
    for (int i = 0; i <= ROOM; i++)
        for (int j = 0; j <= ROOM; j++)
            x.p[i][j] = pow(start, i + j);
    for (int n = 0; n < 200000 && fabs(number - last) > 1e-13 * number; n++) {
        last = number;
        number = sweep(&x);
    }
    return number / lambda;
}
