/* Every run checks itself.
 *
 * Between events, at the start and at the end of the measured span, for each node and shared edge:
 * what arrived is what departed plus what is in flight; the time integral of the number in flight
 * equals the sum of all sojourn times, finished and running (Little's law as an exact integer
 * identity). After the end everything unmeasured is cancelled: then no call and no request may be
 * left.
 *
 * The full audit (sim_limits.full_audit, --audit=full) looks at all that there is after every
 * event. It only reads: the result is the same, but it takes ten to several hundred times as long.
 *
 * A failed audit is a bug of the program: it is reported with address, time and seed. */
#ifndef NINES_CORE_AUDIT_H
#define NINES_CORE_AUDIT_H

#include "core/sim.h"

bool audit_now(struct sim *sim,
               struct error *e); /* conservation and Little's law, any time between events */
bool audit_closed(struct sim *sim, struct error *e); /* nothing is left */

/* All of audit_now, and: calls, their callers, requests and timers belong together; pools, lists
 * and counts agree; no call waits for nothing; gates, integrals and ratios are possible; and what
 * the components say of themselves (node_ops.check). Between events, in time proportional to all
 * that is alive. */
bool audit_full(struct sim *sim, struct error *e);

/* "audit: pod[3].rank: what; t = …, seed …, replication …", of the whole when `n` is NULL. Returns
 * false. */
__attribute__((format(printf, 4, 5))) bool audit_bug(const struct sim *sim, const struct node *n,
                                                     struct error *e, const char *format, ...);

#endif
