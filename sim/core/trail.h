/* Where the time of a request went: the critical path through its tree of calls.
 *
 * An observer (core/observer.h) that keeps, for every call under way, what it has done itself and
 * what the calls below it did, and hands over the path of each user's request when it ends. The
 * path is found backwards: what ended last before the answer was what the answer waited for; before
 * it began, what had ended last by then; and so on. Of calls side by side only the one that was
 * waited for counts. Time in which a call waited for nothing that counted is ABANDONED where a call
 * below was given up, or left behind by who asked anew: that time goes to the nodes that had it (of
 * a place in a batch or a flight to the node that keeps the place, not to those below). It is HEDGE
 * where the same is sent again meanwhile (NODE_RACES): until the winner was sent. It is STALL
 * otherwise. Calls that are answered together (a batch, a single flight) share the path of the call
 * that was made for all of them. Stretches of one path lie end to end and add up to the latency
 * exactly. */
#ifndef NINES_CORE_TRAIL_H
#define NINES_CORE_TRAIL_H

#include "base/keymap.h"
#include "core/observer.h"

enum spend { /* the phases, and: */ SPEND_HEDGE = PHASES, SPEND_ABANDONED, SPENDS };
extern const char *const spend_names[SPENDS + 1];

struct stretch {
    const struct node *node;
    ns_t from, to; /* on the clock */
    enum spend what;
};

struct trail;

struct trail_watch {
    struct observer observer;
    /* A user's request has ended; the path is from back to front, and valid during the call. */
    void (*ended)(struct trail_watch *, const struct call *root, const struct stretch *path,
                  uint32_t n);
    struct sim *sim;
    struct keymap live; /* from calls to their trails */
    struct trail *spare;
    struct stretch *path; /* being made */
    uint32_t n, cap;
};

/* Begins to watch; before the run. Everything is on the heap until trail_release. */
void trail_watch(struct trail_watch *w, struct sim *sim);
void trail_release(struct trail_watch *w);

#endif
