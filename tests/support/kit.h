/* More for tests of the core than build.h has: calls that do odd things when told to, faults,
 * replicas, the order of events at one instant, and tests of samples.
 *
 * The components write what happens to them into a log of the program's, "0.5 worker accept; 1
 * worker cancel gone", so that a test compares a story with a story. Times are seconds since the
 * end of warm-up. */
#ifndef NINES_TESTS_KIT_H
#define NINES_TESTS_KIT_H

#include "agent/fault.h"
#include "build.h"
#include "core/group.h"

/* ---- the log */

__attribute__((format(printf, 2, 3))) void kit_note(struct sim *sim, const char *format, ...);
/* What was noted since it was last read; valid until the next note. */
const char *kit_story(void);

/* ---- components */

/* A leaf: time = how long it works (0: answers at once), ends = "ok", … how it answers; stubborn =
 * true refuses to be cancelled but by a crash; mark = when a milestone is told, after which it
 * works on for `time`; marks = which ones (a mask). Keeps what it has seen of each call. */
extern const struct node_type worker_type;
struct seen_call {
    double time;
    uint64_t key, request;
    ns_t deadline; /* on the clock; NS_NEVER: none */
    uint16_t attempt, class;
    double fact; /* the first one */
};
uint32_t worker_count(struct node *worker);
const struct seen_call *worker_seen(struct node *worker, uint32_t index);

/* A wrapper that passes the call on and then, `after` later, does something: act = none, cancel
 * (with cause = queued, deadline, loser, gone), detach, finish, again (sends a second one); it ends
 * `then` after a cancel or detach. */
extern const struct node_type puppet_type;

/* A wrapper that hears milestones: on = none, cancel, detach, finish (the call, degraded). */
extern const struct node_type ear_type;

/* ---- parts of scenarios */

/* A value in the spelling of build.h. */
struct value kit_value(struct sim *sim, const char *text);

/* Gives a parameter a value that has no spelling (a linear quantity, a function), before the run.
 */
void kit_put(struct node *n, const char *param, struct value v);

/* fault_add with phases of the simulation's own (NULL: none). */
void kit_fault(struct sim *sim, const char *kind, const char *table);
void kit_fault_in(struct sim *sim, const char *kind, const char *table, const struct span *phases,
                  uint32_t n);
const char *kit_fault_refusal(struct sim *sim, const char *kind, const char *table);
/* random { mtbf = …, mttr = …, kind { table } } */
void kit_random(struct sim *sim, const char *mtbf, const char *mttr, const char *kind,
                const char *table);

/* Replicas of what `build` makes, `count` of them at the beginning. */
struct node *kit_group(struct sim *sim, const char *name, int64_t count, int64_t max,
                       struct node *(*build)(struct sim *, uint32_t index));

/* An event at `fires` that is scheduled at `planned`: among those of one instant, the one scheduled
 * first fires first. */
void kit_order(struct sim *sim, double planned, double fires, void (*act)(void *), void *ctx);

/* ---- tests of samples: fixed seeds, fixed levels */

/* p-value of observed counts against expected ones (chi-square, n - 1 degrees of freedom). */
double kit_chi2(const uint64_t *observed, const double *expected, uint32_t n);

/* Is a Poisson count credible at this mean? (two-sided, one in 10^4 wrong) */
bool kit_poisson(uint64_t count, double mean);

/* Is a share credible at this probability? (Clopper-Pearson, one in 10^4 wrong) */
bool kit_share(uint64_t hits, uint64_t of, double p);

#endif
