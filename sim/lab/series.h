/* Time series of one replication: the run cut into equal windows. */
#ifndef NINES_LAB_SERIES_H
#define NINES_LAB_SERIES_H

#include "base/hist.h"
#include "core/sim.h"

struct series_names {
    char **at; /* "latency.p99", "pod[3].cpu:utilization", "pod[*].cpu:utilization" */
    uint32_t n, cap;
};

struct series {
    double *value; /* windows x names */
    uint32_t n_windows;
};

/* The columns that a sealed model has; their names lie in its arena. */
void series_name(struct sim *sim, struct series_names *out);

/* Collects while the model runs: attach before sim_run, take after, release in any case. */
struct sampler;
struct sampler *sampler_new(struct sim *sim, const struct series_names *names);
void sampler_take(struct sampler *s, struct series *out);
void sampler_free(struct sampler *s);

#endif
