/* Models for tests, built in C from texts, with a source and a leaf that do as they are told.
 *
 *     struct sim *sim = build_new(1);
 *     struct node *leaf = build_node(sim, &leaf_type, "says='error 10ms, ok 0s'", NULL);
 *     struct node *retry = build_node(sim, &retry_type, "backoff={kind=fixed}", leaf, NULL);
 *     struct node *driver = build_driver(sim, retry);
 *     driver_call(driver, 0.5, NULL);
 *     build_run(sim, driver, 0, 10);
 *     … driver_arrival(driver, 0)->outcome …
 *     sim_free(sim);
 *
 * A spec is what stands between the braces of a scenario's table, in short: `key=value, …`; a value
 * is a bare word (a number or a text), 'a text', { a table }, @2 for the second of the nodes given,
 * ramp{…} and its kin for signals, exp{mean=1s} and other distributions by name. Nodes that no @
 * mentions are positional children. Whatever a test did not expect ends it with a message. */
#ifndef NINES_TESTS_BUILD_H
#define NINES_TESTS_BUILD_H

#include "core/metric.h"
#include "core/schema.h"
#include "core/sim.h"

struct sim *build_new(uint64_t seed);
struct sim *build_new_replication(uint64_t seed, uint64_t replication);

/* Children end with NULL. */
__attribute__((sentinel)) struct node *build_node(struct sim *sim, const struct node_type *type,
                                                  const char *spec, ...);
/* The same for a table that must be refused: why it was. Valid until sim_free. */
__attribute__((sentinel)) const char *build_refusal(struct sim *sim, const struct node_type *type,
                                                    const char *spec, ...);

/* A class with a priority; "user" (0) is there from the start when no other is made before the
 * first call. */
uint16_t build_class(struct sim *sim, const char *name, double priority);

/* Seals, with the other sources and the agents that the model has, runs for `seconds` after `warmup` seconds, and audits. Times given elsewhere count from
 * the end of warm-up. */
void build_run(struct sim *sim, struct node *driver, double warmup, double seconds);
/* The same with phases. */
void build_run_phases(struct sim *sim, struct node *driver, double warmup, double seconds,
                      const struct span *phases, uint32_t n);
/* Why sealing was refused, or why the run stopped. */
const char *build_seal_refusal(struct sim *sim, struct node *driver);
const char *build_run_failure(struct sim *sim, struct node *driver, double seconds);

/* Calls `act` at a time of the run. */
void build_at(struct sim *sim, double seconds, void (*act)(void *), void *ctx);
/* Gives a live parameter a value at a time of the run. */
void build_set(struct node *n, double seconds, const char *param, const char *value);
/* Loses the contents of a node at a time of the run. */
void build_flush(struct node *n, double seconds);
/* Takes a node down (and up again) as a fault does. */
void build_crash(struct node *n, double seconds);

/* Value of a metric such as "retry:attempts_per_call{phase=fault}" after the run. */
double build_metric(struct sim *sim, const char *text);

/* ---- the source */

struct arrival {
    ns_t time; /* since the end of warm-up; may be negative */
    uint16_t class;
    ns_t patience;     /* sets the deadline; 0: none */
    ns_t cancel_after; /* withdraws the call; 0: never */
    enum cause cause;
    double fact; /* the first one of the request, where the model has any */
    bool answered;
    ns_t done; /* when the answer came, since the end of warm-up */
    enum outcome outcome;
    float quality;
};

struct node *build_driver(struct sim *sim, struct node *entry);
/* Plans a call; class NULL is "user". The pointer holds until the next one is planned. */
struct arrival *driver_call(struct node *driver, double seconds, const char *class);
/* `count` calls from `seconds` on, `gap` apart. */
void driver_calls(struct node *driver, double seconds, double gap, int count, const char *class);
/* A Poisson stream over [from, to). */
void driver_poisson(struct node *driver, double from, double to, double rate, const char *class);
const struct arrival *driver_arrival(struct node *driver, uint32_t index);
uint32_t driver_count(struct node *driver);
/* How many answers among the arrivals in [from, to) had this outcome. */
uint32_t driver_outcomes(struct node *driver, double from, double to, enum outcome outcome);
/* "ok limited ok …" of the first `n` arrivals, in order; "-" for no answer. Valid until sim_free.
 */
const char *driver_story(struct node *driver, uint32_t n);

/* ---- the leaf */

/* Parameters: says = 'outcome time, …' for one call after the other (the last one goes on for ever;
 * default 'ok 0s'); fails = share of calls that end with an error by chance instead; queue and
 * utilization: what it answers when probed; stubborn = true: cannot be stopped. */
extern const struct node_type leaf_type;
uint32_t leaf_count(struct node *leaf);              /* calls so far */
double leaf_time(struct node *leaf, uint32_t index); /* when one came, s since the end of warm-up */
uint32_t leaf_attempt(struct node *leaf, uint32_t index); /* its attempt number */

#endif
