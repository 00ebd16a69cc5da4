/* A scenario: what a file says beyond its components. Read from the value tree that the file
 * returned.
 *
 * A file is run anew for every replication; each run gives one `struct scenario` with its own
 * sealed simulation. Everything in it lives in the simulation's arena. */
#ifndef NINES_LAB_SCENARIO_H
#define NINES_LAB_SCENARIO_H

#include "core/condition.h"
#include "core/sim.h"
#include "core/value.h"

struct knob {
    const char *name, *help;
    double number;    /* when it is one */
    const char *text; /* choices and texts */
    bool is_text, is_bool, integer;
    enum unit unit;
    double def, min, max;
    const char *def_text;
};

enum verdict { VERDICT_HOLDS, VERDICT_FAILS, VERDICT_UNDECIDED };
extern const char *const verdict_names[]; /* "holds", "fails", "undecided", NULL */

struct claim {
    const char *text, *where;
    const struct condition *condition;
    const char *in_case; /* NULL: base */
    int expect;          /* enum verdict */
    const char *because;
};

/* One case: knobs to change and faults to add. */
struct scenario_case {
    const char *name;
    const struct table *table;
};

struct scenario {
    struct sim *sim;
    const char *title;
    int64_t language;
    struct knob *knobs;
    uint32_t n_knobs;
    bool warmup_auto;
    ns_t warmup, duration; /* duration NS_NEVER: until the traces end */
    bool recorded;         /* a workload replays a trace */
    int64_t replications, max_replications, max_in_flight;
    struct span *phases;
    uint32_t n_phases;
    struct scenario_case *cases; /* without base */
    uint32_t n_cases;
    const struct condition **slo;
    const char **slo_text;
    uint32_t n_slo;
    struct claim *claims;
    uint32_t n_claims;
};

/* What is wanted of one run of the file. */
struct scenario_request {
    uint64_t seed, replication;
    const char *in_case;     /* NULL or "base" */
    ns_t warmup;             /* < 0: what the file says (auto: 0) */
    ns_t duration;           /* <= 0: what the file says */
    bool without_faults;     /* a pilot for the warm-up */
    bool full_audit;         /* check everything after every event: slow */
    ns_t window;             /* > 0: sample series */
    uint32_t batches;        /* > 0: cut the measured span into as many batches */
    const char *const *sets; /* "knob=value" and "address:param=value" */
    uint32_t n_sets;
};

/* Reads the table that scenario { … } was given, adds faults, applies "address:param=value"
 * settings, seals. `prices` is the catalogue: USD an hour by resource name. */
bool scenario_read(struct sim *sim, const struct object *o, const struct table *prices,
                   const struct scenario_request *request, struct scenario *out, struct error *e);

/* The overrides of a case by name; NULL when the scenario has no such case (error with those there
 * are). */
const struct scenario_case *scenario_find_case(const struct scenario *s, const char *name,
                                               struct error *e);

/* Who turns a file into a sealed scenario: the language. `build` returns false with an error; on
 * success the caller frees with `free_sim`. Both may be called from any thread. */
struct scenario_maker {
    bool (*build)(const struct scenario_maker *, const struct scenario_request *, struct scenario *,
                  struct error *);
    void (*free_sim)(const struct scenario_maker *, struct sim *);
};

#endif
