/* Probability distributions of non-negative quantities (durations in seconds, sizes, counts).
 *
 * A `struct dist` is built once from named arguments, is immutable afterwards, may be shared
 * between threads, and is drawn from with a caller's `struct rng`. Every family offers draw, mean,
 * variance, cdf and quantile. dist_new allocates and returns NULL with an error for unusable
 * arguments; nothing else fails. */
#ifndef NINES_BASE_DIST_H
#define NINES_BASE_DIST_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "rng.h"

enum dist_kind {
    DIST_CONSTANT,
    DIST_EXPONENTIAL,
    DIST_UNIFORM,
    DIST_LOGNORMAL,
    DIST_GAMMA,
    DIST_WEIBULL,
    DIST_PARETO,
    DIST_NORMAL, /* truncated at 0: conditioned on being >= 0, not clamped */
    DIST_ERLANG,
    DIST_HYPEREXPONENTIAL,
    DIST_EMPIRICAL,
    DIST_HISTOGRAM,
    DIST_MIXTURE,
    DIST_ZIPF,
    DIST_UNIFORM_INT,
    DIST_KINDS
};

struct dist;

/* One named (or, with name NULL, positional: in order) argument; values in base units. */
struct dist_arg {
    const char *name;
    double value;
};

/* What a family is asked for. Arrays are copied; components are taken over by dist_new (freed on
 * failure too). */
struct dist_spec {
    enum dist_kind kind;
    const struct dist_arg *args;
    size_t n_args;
    const double *values,
        *weights; /* empirical: values; histogram: values = n + 1 edges, weights = n;
                     mixture: weights; hyperexponential: values = means, weights */
    size_t n_values, n_weights;
    struct dist **parts; /* mixture components, n_weights of them */
};

/* For help, reference and the language: how a family is named and what it takes. */
struct dist_type {
    const char *name;      /* as in a scenario: "lognormal" */
    const char *summary;   /* one line */
    const char *arguments; /* the accepted combinations, e.g. "mean, cv | p50, p99 | mu, sigma" */
    const char *example;   /* one line of Lua */
};
extern const struct dist_type dist_types[DIST_KINDS];

struct dist *dist_new(const struct dist_spec *spec, struct error *e);
struct dist *dist_constant(double value); /* NULL only when memory is out */
void dist_free(struct dist *d);           /* NULL is fine */

enum dist_kind dist_kind(const struct dist *d);
double dist_draw(const struct dist *d, struct rng *r);
double dist_mean(const struct dist *d);     /* may be INFINITY (pareto with shape <= 1) */
double dist_variance(const struct dist *d); /* may be INFINITY */
double dist_cdf(const struct dist *d, double x);
double dist_quantile(const struct dist *d, double p); /* p in (0, 1): smallest x with cdf(x) >= p */

/* An equal, independent distribution scaled by `factor` > 0 is not offered: scale the draw. */
#endif
