/* Private to the reading of a scenario's table: scenario.c reads what runs, scenario_claims.c what
 * is asked of it. */
#ifndef NINES_LAB_SCENARIO_IMPL_H
#define NINES_LAB_SCENARIO_IMPL_H

#include "lab/scenario.h"

/* The scenario's own table, as a schema. */
struct draft {
    struct scenario *s;
    const char *title;
    int64_t language;
    struct value workload, entry, agents, phases, cases, slo, claims, faults, warmup, duration;
    int64_t replications, max_replications, max_in_flight;
};

bool scenario_wants_table(const struct value *v, const char *what, const char *like,
                          struct error *e);
bool scenario_phases(struct draft *d, struct scenario *s, struct error *e);
bool scenario_cases(struct draft *d, struct scenario *s, struct error *e);
bool scenario_slo(struct draft *d, struct scenario *s, struct error *e);
bool scenario_claims(struct draft *d, const char *where, struct scenario *s, struct error *e);

#endif
