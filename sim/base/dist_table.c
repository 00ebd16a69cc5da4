/* Families given by arrays: empirical, histogram, hyperexponential, mixture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dist_impl.h"

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool copy_values(struct dist *d, const struct dist_spec *spec, struct error *e) {
    const char *family = dist_types[spec->kind].name;
    if (spec->n_values == 0 || !spec->values)
        return error_set(e, "%s: needs values; it takes %s", family,
                         dist_types[spec->kind].arguments);
    for (size_t i = 0; i < spec->n_values; i++)
        if (!isfinite(spec->values[i]) || spec->values[i] < 0)
            return error_set(e, "%s: value %zu (%g) must be a finite number and not negative",
                             family, i + 1, spec->values[i]);
    d->x = malloc(spec->n_values * sizeof *d->x);
    if (!d->x)
        return dist_no_memory(e);
    memcpy(d->x, spec->values, spec->n_values * sizeof *d->x);
    return true;
}

/* Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE TSE
 * 17(9), 1991. Entries below the average share are topped up by one above it; `stack` holds both
 * kinds, from its two ends. */
static bool build_alias(struct dist *d, struct error *e) {
    size_t n = d->n, low = 0, high = n;
    uint32_t *stack = malloc(n * sizeof *stack);
    if (!stack)
        return dist_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        d->keep[i] = d->weight[i] * (double)n;
        d->alias[i] = (uint32_t)i;
        stack[d->keep[i] < 1 ? low++ : --high] = (uint32_t)i;
    }
    while (low > 0 && high < n) {
        uint32_t poor = stack[--low], rich = stack[high];
        d->alias[poor] = rich;
        d->keep[rich] -= 1 - d->keep[poor];
        if (d->keep[rich] < 1) {
            high++;
            stack[low++] = rich;
        }
    }
    for (; high < n; high++)
        d->keep[stack[high]] = 1;
    while (low > 0) { /* 1 but for rounding; an entry without weight always found a donor */
        uint32_t i = stack[--low];
        d->keep[i] = d->weight[i] > 0 ? 1 : d->keep[i];
    }
    free(stack);
    return true;
}

/* The sum, or NaN with an error. */
static double add_weights(const struct dist_spec *spec, size_t n, const char *word,
                          struct error *e) {
    const char *family = dist_types[spec->kind].name;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(spec->weights[i]) || spec->weights[i] < 0) {
            error_set(e, "%s: %s %zu (%g) must be a finite number and not negative", family, word,
                      i + 1, spec->weights[i]);
            return NAN;
        }
        sum += spec->weights[i];
    }
    if (sum > 0 && isfinite(sum))
        return sum;
    error_set(e, "%s: the %ss add up to %g", family, word, sum);
    return NAN;
}

static bool set_weights(struct dist *d, const struct dist_spec *spec, size_t n, struct error *e) {
    bool histogram = spec->kind == DIST_HISTOGRAM, mixture = spec->kind == DIST_MIXTURE;
    const char *word = histogram ? "count" : "weight";
    const char *others = histogram ? "edges" : mixture ? "parts" : "values";
    if (n == 0 || spec->n_weights != n || !spec->weights || n > UINT32_MAX)
        return error_set(e, "%s: %zu %ss do not go with %zu %s", dist_types[spec->kind].name,
                         spec->n_weights, word, n + histogram, others);
    double sum = add_weights(spec, n, word, e), running = 0;
    if (isnan(sum))
        return false;
    d->n = n;
    d->weight = calloc(n, sizeof *d->weight);
    d->sum = calloc(n, sizeof *d->sum);
    d->keep = calloc(n, sizeof *d->keep);
    d->alias = calloc(n, sizeof *d->alias);
    if (!d->weight || !d->sum || !d->keep || !d->alias)
        return dist_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        running += spec->weights[i];
        d->weight[i] = spec->weights[i] / sum;
        d->sum[i] = running / sum;
    }
    return build_alias(d, e);
}

static bool empirical(struct dist *d, const struct dist_spec *spec, struct error *e) {
    if (spec->n_weights)
        return error_set(e, "empirical: takes no weights; a histogram does");
    if (!copy_values(d, spec, e))
        return false;
    d->n = spec->n_values;
    qsort(d->x, d->n, sizeof *d->x, by_value);
    return true;
}

static bool histogram(struct dist *d, const struct dist_spec *spec, struct error *e) {
    if (!copy_values(d, spec, e))
        return false;
    for (size_t i = 1; i < spec->n_values; i++)
        if (d->x[i] <= d->x[i - 1])
            return error_set(e, "histogram: edge %zu (%g) must be larger than edge %zu (%g)", i + 1,
                             d->x[i], i, d->x[i - 1]);
    return set_weights(d, spec, spec->n_values - 1, e);
}

static bool hyperexponential(struct dist *d, const struct dist_spec *spec, struct error *e) {
    if (!copy_values(d, spec, e))
        return false;
    for (size_t i = 0; i < spec->n_values; i++)
        if (d->x[i] <= 0)
            return error_set(e, "hyperexponential: mean %zu (%g) must be positive", i + 1, d->x[i]);
    return set_weights(d, spec, spec->n_values, e);
}

static bool mixture(struct dist *d, const struct dist_spec *spec, struct error *e) {
    if (spec->n_values)
        return error_set(e, "mixture: takes parts and weights, not values");
    size_t n = spec->parts ? spec->n_weights : 0;
    for (size_t i = 0; i < n; i++)
        if (!spec->parts[i])
            return error_set(e, "mixture: part %zu is missing", i + 1);
    if (!set_weights(d, spec, n, e))
        return false;
    d->part = calloc(n, sizeof(struct dist *));
    if (!d->part)
        return dist_no_memory(e);
    memcpy(d->part, spec->parts, n * sizeof(struct dist *));
    return true;
}

bool dist_tables(struct dist *d, const struct dist_spec *spec, struct error *e) {
    switch (spec->kind) {
    case DIST_EMPIRICAL:
        return empirical(d, spec, e);
    case DIST_HISTOGRAM:
        return histogram(d, spec, e);
    case DIST_HYPEREXPONENTIAL:
        return hyperexponential(d, spec, e);
    case DIST_MIXTURE:
        return mixture(d, spec, e);
    default:
        return error_set(e, "%s: takes no list of values", dist_types[spec->kind].name);
    }
}
