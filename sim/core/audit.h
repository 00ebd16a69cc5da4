/* Every run checks itself.
 *
 * Between events, at the start and at the end of the measured span, for each node and shared edge:
 * what arrived is what departed plus what is in flight; the time integral of the number in flight
 * equals the sum of all sojourn times, finished and running (Little's law as an exact integer
 * identity). After the end everything unmeasured is cancelled: then no call and no request may be
 * left. A failed audit is a bug of the program: it is reported with seed and address. */
#ifndef NINES_CORE_AUDIT_H
#define NINES_CORE_AUDIT_H

#include "core/sim.h"

bool audit_now(struct sim *sim,
               struct error *e); /* conservation and Little's law, any time between events */
bool audit_closed(struct sim *sim, struct error *e); /* nothing is left */

#endif
