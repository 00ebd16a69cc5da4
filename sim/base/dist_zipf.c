/* Ranks 1..n with P(k) proportional to k^-s.
 *
 * Draws: rejection-inversion, Hormann & Derflinger, "Rejection-inversion to generate variates from
 * monotone discrete distributions", ACM TOMACS 6(3), 1996: the integral H of x^-s is inverted, and
 * rounded to a rank; nearly every rank is accepted at once, for any n.
 *
 * Sums of k^-s: the first DIRECT terms one by one, the others by Euler-Maclaurin, whose error is
 * below rounding once x is DIRECT or more. Hence the cdf needs no table of n entries and costs the
 * same for every n. */
#include <math.h>
#include <stdlib.h>

#include "dist_impl.h"

enum { DIRECT = 64 };

/* (x^q - 1) / q, and log x for q = 0: the integral of t^(q - 1) from 1 to x. */
static double power_integral(double x, double q) {
    double l = log(x), y = q * l;
    return y == 0 ? l : l * (expm1(y) / y);
}

/* The same from a to b, without cancelling. */
static double power_between(double a, double b, double q) {
    return pow(a, q) * power_integral(b / a, q);
}

static double inverse(double u, double q) {
    double v = q * u;
    if (v <= -1)
        return INFINITY; /* by rounding only */
    return exp(v == 0 ? u : u * (log1p(v) / v));
}

/* The sum of k^-s over k from a + 1 to b, for a >= DIRECT. */
static double tail(double a, double b, double s) {
    static const double bernoulli[] = {1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600,
                                       1.0 / 47900160};
    double fa = pow(a, -s), fb = pow(b, -s);
    double sum = power_between(a, b, 1 - s) + (fb - fa) / 2;
    double da = -s * fa / a, db = -s * fb / b; /* derivatives of order 1, 3, 5, ... */
    for (int j = 0; j < 5; j++) {
        sum += bernoulli[j] * (db - da);
        double up = (s + 2 * j + 1) * (s + 2 * j + 2);
        da *= up / (a * a);
        db *= up / (b * b);
    }
    return sum;
}

static double sum_to(const struct dist *d, double k) {
    if (k <= DIRECT)
        return d->x[(size_t)k - 1];
    return d->x[DIRECT - 1] + tail(DIRECT, k, d->b);
}

/* Moments about 1, the mode: for a large s nearly all the weight is there, and moments about 0
 * would cancel. */
static void moments(struct dist *d) {
    double n = d->a, s = d->b, first = 0, second = 0;
    double direct = fmin(n, DIRECT);
    for (double k = direct; k >= 2; k--) {
        double w = pow(k, -s);
        first += (k - 1) * w;
        second += (k - 1) * (k - 1) * w;
    }
    if (n > DIRECT) {
        double t0 = tail(DIRECT, n, s), t1 = tail(DIRECT, n, s - 1), t2 = tail(DIRECT, n, s - 2);
        first += t1 - t0;
        second += t2 - 2 * t1 + t0;
    }
    first /= d->c;
    d->mean = 1 + first;
    d->variance = second / d->c - first * first;
}

bool dist_zipf_init(struct dist *d, double n, double s, struct error *e) {
    if (s > 1000)
        return error_set(e, "zipf: s (%g) must be at most 1000", s);
    if (n == 1) {
        d->kind = DIST_CONSTANT;
        d->a = 1;
        return true;
    }
    d->a = n;
    d->b = s;
    d->n = n < DIRECT ? (size_t)n : DIRECT;
    d->x = malloc(d->n * sizeof *d->x);
    if (!d->x)
        return dist_no_memory(e);
    double sum = 0;
    for (size_t k = 1; k <= d->n; k++)
        d->x[k - 1] = sum += pow((double)k, -s);
    d->c = sum_to(d, n);
    moments(d);
    double q = 1 - s;
    d->zipf = (struct zipf){
        .q = q,
        .u_one = power_integral(1.5, q) - 1,
        .u_n = power_integral(n + 0.5, q),
        .near = 2 - inverse(power_integral(2.5, q) - pow(2, -s), q),
    };
    return true;
}

double dist_zipf_draw(const struct dist *d, struct rng *r) {
    if (d->b == 0) /* exact also where 53 bits are few against n */
        return 1 + (double)rng_below(r, (uint64_t)d->a);
    const struct zipf *z = &d->zipf;
    for (;;) {
        double u = z->u_n + rng_unit(r) * (z->u_one - z->u_n), x = inverse(u, z->q);
        double k = fmin(fmax(floor(x + 0.5), 1), d->a);
        if (k - x <= z->near || u >= power_integral(k + 0.5, z->q) - pow(k, -d->b))
            return k;
    }
}

double dist_zipf_cdf(const struct dist *d, double x) {
    if (x < 1)
        return 0;
    return x >= d->a ? 1 : fmin(sum_to(d, floor(x)) / d->c, 1);
}

double dist_zipf_quantile(const struct dist *d, double p) {
    double lo = 0, hi = d->a; /* cdf(lo) < p <= cdf(hi) */
    while (hi - lo > 1) {
        double mid = floor((lo + hi) / 2);
        if (dist_zipf_cdf(d, mid) >= p)
            hi = mid;
        else
            lo = mid;
    }
    return hi;
}
