/* Saturation: does the number of calls at a node grow throughout the measured run?
 *
 * The number in flight at every node is read at equally spaced moments; what counts are its steps
 * from one to the next. Where more is offered than can be served, the number is a random walk with
 * a drift: steps are independent, and a t-test of their mean over all replications finds the drift.
 * Where there is a steady state, what goes up comes down again: successive steps compensate each
 * other, and the same test errs on the safe side. That holds for a queue at 95 % load that happens
 * to end high, in one run as in ten, where a test of trend such as Mann and Kendall's takes the
 * slow waves of such a queue for growth. A node is saturated when
 *
 *   - the drift is significant: one-sided, p < 0.001 shared out among all nodes;
 *   - it is material: at least 1 % of the calls that arrive pile up. For a queue at load rho that
 *     share is 1 - 1/rho, so this finds loads above 1.01, and leaves drifts that a longer run would
 *     show as noise;
 *   - it lasts: each third of the run has at least an eighth of the growth. The build-up during a
 *     fault, its drainage afterwards, a collapse half-way and the filling of an empty system do
 * not.
 *
 * Runs without a fixed length (traces that end) have no steady state to ask for, and are not
 * judged. */
#ifndef NINES_LAB_DRIFT_H
#define NINES_LAB_DRIFT_H

#include "core/sim.h"

enum { DRIFT_STEPS = 20 };
#define DRIFT_LEVEL 0.001
#define DRIFT_MATERIAL 0.01

/* Of one node in one replication, in the order of sim->order. */
struct drift {
    double sum, squares; /* of the steps */
    double third[3];     /* sums over the thirds of them */
    double arrived;      /* calls, over the steps */
    uint32_t steps;      /* fewer than DRIFT_STEPS when the run stopped early */
};

/* Watches a sealed simulation that has not run yet. NULL when its length is not known. Lives in its
 * arena. */
struct drift_watch;
struct drift_watch *drift_watch(struct sim *sim);
/* After the run: a new array, one a node; the caller frees it. */
struct drift *drift_take(const struct drift_watch *w);

/* Adds the steps of another replication. */
void drift_add(struct drift *into, const struct drift *more);

/* Is the node saturated, judged as one of `nodes`? */
bool drift_is_growth(const struct drift *d, uint32_t nodes);

#endif
