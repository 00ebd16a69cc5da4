/* What the files of `dist` share: the representation, and the steps of dist_new.
 *
 * dist_args.c turns named arguments into `struct asked` and picks the builder for the combination
 * given; dist_build.c has those builders, dist_table.c the families made of arrays; dist_gamma.c,
 * dist_zipf.c the mathematics of two families; dist_moments.c and dist_law.c mean and variance, cdf
 * and quantile of all; dist.c life and draws. Private to base. */
#ifndef NINES_BASE_DIST_IMPL_H
#define NINES_BASE_DIST_IMPL_H

#include <stdint.h>

#include "dist.h"
#include "mem.h"

/* Parameters by family:
 *   constant          a value               exponential  a mean
 *   uniform           a min, b max          lognormal    a mu, b sigma
 *   gamma, weibull    a shape, b scale      pareto       a shape, b min, c shape - 2
 *   normal            a mean, b sd (before truncation), c lower limit in sds
 *   erlang            a mean of a stage, b stages
 *   zipf              a n, b s, c total weight, x: running sums of the first weights
 *   uniform_int       a min, b max
 *   hyperexponential  x means               empirical    x sorted samples
 *   histogram         x edges (n + 1)       mixture      part
 * Families with weights: n of them, weight[] their shares (sum 1), sum[] running, alias/keep for
 * drawing. */
struct dist {
    enum dist_kind kind;
    double a, b, c;
    double mean, variance;
    size_t n;
    double *x, *weight, *sum, *keep;
    uint32_t *alias;
    struct dist **part;
    struct zipf {
        double q, u_one, u_n, near;
    } zipf;
};

enum arg {
    ARG_VALUE,
    ARG_MEAN,
    ARG_RATE,
    ARG_MIN,
    ARG_MAX,
    ARG_CV,
    ARG_MU,
    ARG_SIGMA,
    ARG_SD,
    ARG_SHAPE,
    ARG_SCALE,
    ARG_K,
    ARG_N,
    ARG_S,
    ARGS
};
#define ARG(name) (1u << ARG_##name)

struct quantile {
    const char *name;
    double p, value;
};

/* Arguments that passed the checks of range that need no second argument. */
struct asked {
    const char *family;
    unsigned given; /* ARG() bits */
    double arg[ARGS];
    struct quantile q[2]; /* in order of p, values increasing */
    int n_q;
};

typedef bool dist_builder(struct dist *d, const struct asked *q, struct error *e);

/* One accepted combination. Alternatives end with build NULL. The first is what positional
 * arguments mean. */
struct dist_form {
    unsigned needs; /* ARG() bits, all and no others */
    int quantiles;
    dist_builder *build;
};
extern const struct dist_form *const dist_forms[DIST_KINDS]; /* NULL: arrays only */
extern const signed char dist_positional[DIST_KINDS][2];     /* enum arg, -1: none */

bool dist_parse(struct dist *d, const struct dist_spec *spec,
                struct error *e); /* named arguments */
bool dist_tables(struct dist *d, const struct dist_spec *spec, struct error *e); /* arrays */
bool dist_finish(struct dist *d,
                 struct error *e); /* mean and variance; refuses what doubles cannot hold */
bool dist_no_memory(struct error *e);

/* Weibull: log E X^2 - 2 log E X for a scale of 1, i.e. log(1 + cv^2); exact for large shapes too.
 */
double dist_weibull_spread(double shape);

/* Finds x in [lo, hi] with f(x) = 0 (GSL, Brent); f must change sign. */
bool dist_solve(double (*f)(double x, void *ctx), void *ctx, double lo, double hi, double *x);

/* Logarithm of the p-quantile of the gamma law with scale 1; works where the quantile itself
 * underflows. */
double dist_gamma_log_quantile(double shape, double p);
bool dist_gamma_fit(double ratio, const struct quantile q[2],
                    double *shape);                        /* ratio: log(q[1] / q[0]) */
double dist_gamma_cdf(double shape, double x, bool upper); /* scale 1; upper: 1 - cdf */
double dist_gamma_draw(double shape, struct rng *r);

bool dist_zipf_init(struct dist *d, double n, double s, struct error *e);
double dist_zipf_draw(const struct dist *d, struct rng *r);
double dist_zipf_cdf(const struct dist *d, double x);
double dist_zipf_quantile(const struct dist *d, double p);

/* The index a weighted family draws (Walker's alias method, one word). */
static inline size_t dist_choose(const struct dist *d, struct rng *r) {
    double u = rng_unit(r) * (double)d->n;
    size_t i = (size_t)u;
    return u - (double)i < d->keep[i] ? i : d->alias[i];
}

#endif
