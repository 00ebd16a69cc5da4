#include "dist.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

#include "dist_impl.h"

const struct dist_type dist_types[DIST_KINDS] = {
    [DIST_CONSTANT] = {"constant", "always the same value", "value", "constant { \"5ms\" }"},
    [DIST_EXPONENTIAL] = {"exponential", "memoryless: gaps and services of the M/M queues",
                          "mean | rate | p50 (or any quantile)", "exponential { mean = \"4ms\" }"},
    [DIST_UNIFORM] = {"uniform", "any value between two limits", "min, max | mean, cv",
                      "uniform { \"8ms\", \"10ms\" }"},
    [DIST_LOGNORMAL] = {"lognormal", "product of many causes: the usual shape of service times",
                        "mean, cv | mean, sd | p50, p99 (or any two quantiles) | mu, sigma",
                        "lognormal { p50 = \"3ms\", p99 = \"5ms\" }"},
    [DIST_GAMMA] = {"gamma", "sum of exponential stages, also a fractional number of them",
                    "mean, cv | shape, scale | shape, mean | p50, p99 (or any two quantiles)",
                    "gamma { mean = \"20ms\", cv = 0.5 }"},
    [DIST_WEIBULL] = {"weibull", "life times: shape below 1 fails early, above 1 wears out",
                      "mean, cv | shape, scale | shape, mean | p50, p99 (or any two quantiles)",
                      "weibull { shape = 0.7, mean = \"30s\" }"},
    [DIST_PARETO] = {"pareto", "power-law tail: sizes of files, lengths of sessions",
                     "shape, min (or scale) | shape, mean | mean, cv | p50, p99 (or any two "
                     "quantiles)",
                     "pareto { shape = 1.5, mean = \"10kB\" }"},
    [DIST_NORMAL] = {"normal",
                     "bell curve conditioned on not being negative; the arguments are those of the "
                     "whole curve",
                     "mean, sd | mean, cv | p50, p99 (or any two quantiles)",
                     "normal { mean = \"50ms\", sd = \"10ms\" }"},
    [DIST_ERLANG] = {"erlang", "sum of k exponential stages; rate is that of a stage",
                     "k, mean | k, rate | mean, cv (k is the nearest whole number to 1 / cv^2)",
                     "erlang { k = 4, mean = \"20ms\" }"},
    [DIST_HYPEREXPONENTIAL] =
        {"hyperexponential", "one of several exponentials: more varied than one",
         "mean, cv (at least 1; two balanced means) | values (means), weights",
         "hyperexponential { mean = \"20ms\", cv = 3 }"},
    [DIST_EMPIRICAL] = {"empirical", "draws one of the given samples", "values",
                        "empirical { values = { \"3ms\", \"4ms\", \"11ms\" } }"},
    [DIST_HISTOGRAM] = {"histogram", "uniform within buckets, which are drawn by their counts",
                        "edges, counts (one fewer than edges)",
                        "histogram { edges = { 0, 10, 100 }, counts = { 7, 3 } }"},
    [DIST_MIXTURE] =
        {"mixture", "one of several distributions, drawn by their weights", "parts, weights",
         "mixture { parts = { constant { 1 }, exponential { 9 } }, weights = { 4, 1 } }"},
    [DIST_ZIPF] = {"zipf", "ranks 1..n, the k-th with probability proportional to k^-s: popularity",
                   "n, s", "zipf { n = 1e6, s = 0.9 }"},
    [DIST_UNIFORM_INT] = {"uniform_int", "any whole number between two limits, both included",
                          "min, max", "uniform_int { 1, 5e6 }"},
};

/* ---- life */

bool dist_no_memory(struct error *e) {
    return mem_error(e, "building the model");
}

static void free_parts(const struct dist_spec *spec) {
    for (size_t i = 0; spec->parts && i < spec->n_weights; i++)
        dist_free(spec->parts[i]);
}

static bool build(struct dist *d, const struct dist_spec *spec, struct error *e) {
    bool arrays = spec->n_values > 0 || spec->n_weights > 0 || !dist_forms[spec->kind];
    if (arrays && spec->n_args > 0)
        return error_set(e, "%s: takes %s, but not both arguments and lists",
                         dist_types[spec->kind].name, dist_types[spec->kind].arguments);
    return (arrays ? dist_tables(d, spec, e) : dist_parse(d, spec, e)) && dist_finish(d, e);
}

struct dist *dist_new(const struct dist_spec *spec, struct error *e) {
    if ((unsigned)spec->kind >= DIST_KINDS) {
        error_set(e, "no such distribution");
        free_parts(spec);
        return NULL;
    }
    /* GSL would abort the program where we want to say what is wrong. The same value is stored by
     * every caller. */
    gsl_set_error_handler_off();
    struct dist *d = calloc(1, sizeof *d);
    if (d)
        d->kind = spec->kind;
    else
        dist_no_memory(e);
    bool ok = d && build(d, spec, e);
    if (!d || !d->part) /* else they are among its own */
        free_parts(spec);
    if (ok)
        return d;
    dist_free(d);
    return NULL;
}

struct dist *dist_constant(double value) {
    struct dist *d = calloc(1, sizeof *d);
    if (d) {
        d->a = d->mean = value;
        d->kind = DIST_CONSTANT;
    }
    return d;
}

void dist_free(struct dist *d) {
    if (!d)
        return;
    for (size_t i = 0; d->part && i < d->n; i++)
        dist_free(d->part[i]);
    free(d->part);
    free(d->x);
    free(d->weight);
    free(d->sum);
    free(d->keep);
    free(d->alias);
    free(d);
}

enum dist_kind dist_kind(const struct dist *d) {
    return d->kind;
}

double dist_mean(const struct dist *d) {
    return d->mean;
}

double dist_variance(const struct dist *d) {
    return d->variance;
}

/* ---- draws */

/* The normal law beyond `limit` sds. While the limit lies low most normals are good; beyond, an
 * exponential from the limit on is thinned (Robert, "Simulation of truncated normal variables",
 * Stat. Comput. 5, 1995). */
static double draw_above(double limit, struct rng *r) {
    if (limit < 0.45) {
        for (;;) {
            double z = rng_normal(r);
            if (z >= limit)
                return z;
        }
    }
    double rate = 0.5 * (limit + sqrt(limit * limit + 4));
    for (;;) {
        double z = limit + rng_exponential(r) / rate;
        if (2 * rng_exponential(r) > (z - rate) * (z - rate))
            return z;
    }
}

static double draw_erlang(const struct dist *d, struct rng *r) {
    if (d->b > 5) /* about where the sum costs more than a gamma */
        return d->a * dist_gamma_draw(d->b, r);
    double sum = 0;
    for (int k = (int)d->b; k > 0; k--)
        sum += rng_exponential(r);
    return d->a * sum;
}

double dist_draw(const struct dist *d, struct rng *r) {
    size_t i;
    switch (d->kind) {
    case DIST_CONSTANT:
        return d->a;
    case DIST_EXPONENTIAL:
        return d->a * rng_exponential(r);
    case DIST_UNIFORM:
        return d->a + (d->b - d->a) * rng_unit(r);
    case DIST_LOGNORMAL:
        return exp(d->a + d->b * rng_normal(r));
    case DIST_GAMMA:
        return d->b * dist_gamma_draw(d->a, r);
    case DIST_WEIBULL:
        return d->b * pow(rng_exponential(r), 1 / d->a);
    case DIST_PARETO:
        return d->b * exp(rng_exponential(r) / d->a);
    case DIST_NORMAL:
        return fmax(d->a + d->b * draw_above(d->c, r), 0);
    case DIST_ERLANG:
        return draw_erlang(d, r);
    case DIST_HYPEREXPONENTIAL:
        i = dist_choose(d, r);
        return d->x[i] * rng_exponential(r);
    case DIST_EMPIRICAL:
        return d->x[rng_below(r, d->n)];
    case DIST_HISTOGRAM:
        i = dist_choose(d, r);
        return d->x[i] + (d->x[i + 1] - d->x[i]) * rng_unit(r);
    case DIST_MIXTURE:
        return dist_draw(d->part[dist_choose(d, r)], r);
    case DIST_ZIPF:
        return dist_zipf_draw(d, r);
    case DIST_UNIFORM_INT:
        return d->a + (double)rng_below(r, (uint64_t)(d->b - d->a) + 1);
    case DIST_KINDS:
        break;
    }
    return NAN; /* dist_new makes no such kind */
}
