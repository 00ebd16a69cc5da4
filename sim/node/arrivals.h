/* When something arrives: requests of an open workload, or users who begin a session.
 *
 * A renewal process in *operational time*, the integral of the rate: gaps of mean 1 are drawn
 * there, so a rate that changes, by a signal, a fault, or the states of an MMPP, keeps what is left
 * of the present gap. Gaps and states belong to no call: two streams of the source, so that neither
 * another rate nor another number of arrivals shifts the states. Embedded in the source. */
#ifndef NINES_NODE_ARRIVALS_H
#define NINES_NODE_ARRIVALS_H

#include "core/schema.h"

struct arrivals_state {
    double factor, mean; /* on the rate; seconds that it lasts, on average */
};

struct arrivals {
    struct node *source;
    struct quantity *rate, *interarrival;
    int kind;
    struct value mmpp_value;
    struct arrivals_state *state; /* of the MMPP */
    uint32_t n_states, now;

    const struct quantity *current; /* the rate that the next arrival was scheduled by */
    double law_mean;                /* of `interarrival` */
    double gap;                     /* mean gap in ns while the rate is constant, else 0 */
    double factor;                  /* of the present state, 1 without any */
    double left;                    /* of the present gap when none is scheduled */
    struct rng rng, state_rng;
    struct event event, turn;
};

extern const char *const arrival_names[];

#define ARRIVALS_PARAMS(type, what)                                                                \
    PARAM(RATE, "rate", type, arrivals.rate, NULL, what " a second: a number or a signal",         \
          .flags = LIVE),                                                                          \
        PARAM(CHOICE, "arrivals", type, arrivals.kind, "poisson", "how they come",                 \
              .choices = arrival_names),                                                           \
        PARAM(QUANTITY, "interarrival", type, arrivals.interarrival, NULL,                         \
              "a distribution of gaps (any renewal process); with a rate only its shape counts",   \
              .unit = UNIT_TIME),                                                                  \
        PARAM(VALUE, "mmpp", type, arrivals.mmpp_value, NULL,                                      \
              "states that the rate goes through, { { 1, \"60s\" }, { 5, \"10s\" } }: a factor "   \
              "on the rate, and how long it lasts on average (exponential); then any other one. "  \
              "Without a rate the factors are the rates",                                          \
              .flags = EARLY)

/* For ops.init, ops.seal, ops.start and ops.set. `fire` is called at each arrival and calls
 * arrivals_next first. */
bool arrivals_init(struct arrivals *a, struct node *source, struct error *e);
bool arrivals_seal(struct arrivals *a, struct error *e);
void arrivals_start(struct arrivals *a, void (*fire)(struct event *));
void arrivals_next(struct arrivals *a);
void arrivals_changed(struct arrivals *a, const struct param *p);

#endif
