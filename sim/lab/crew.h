/* Independent tasks on several threads. What a task computes must not depend on the others; then
 * neither does the result on the number of threads. */
#ifndef NINES_LAB_CREW_H
#define NINES_LAB_CREW_H

#include "core/sim.h"

struct crew {
    uint32_t tasks;
    int jobs; /* threads; at least 1, never more than there are tasks */
    /* Called once for every index, from any thread; publishes how far it is. False with an error
     * stops the crew. */
    bool (*run)(void *ctx, uint32_t index, struct sim_progress *progress, struct error *e);
    /* NULL, or called now and then from the calling thread: tasks done, and how far the others are
     * in sum. */
    void (*tick)(void *ctx, uint32_t done, const struct sim_progress *under_way);
    void *ctx;
};

/* Runs all tasks. False: the error of the failing task with the lowest index among those that ran.
 */
bool crew_run(const struct crew *c, struct error *e);

#endif
