/* Signals: dimensionless or plain values that change over simulated time (since the end of warm-up,
 * in seconds). Signals multiply. Immutable once made; allocated in an arena. */
#ifndef NINES_CORE_SIGNAL_H
#define NINES_CORE_SIGNAL_H

#include "core/value.h"

enum signal_kind {
    SIGNAL_RAMP,
    SIGNAL_STEPS,
    SIGNAL_PULSE,
    SIGNAL_DIURNAL,
    SIGNAL_SPIKE,
    SIGNAL_KINDS
};

struct signal;

struct signal_type {
    const char *name, *summary, *arguments, *example;
};
extern const struct signal_type signal_types[SIGNAL_KINDS];

/* Reads `ramp { { "0s", 1 }, { "60s", 4 } }` and its kin; NULL with an error. Point values may
 * carry a unit (`steps { { "0s", "5ms" } }`). */
struct signal *signal_read(struct arena *a, enum signal_kind kind, const struct table *t,
                           struct error *e);

/* The product of two signals, itself a signal; either may be NULL (the neutral one). */
struct signal *signal_product(struct arena *a, const struct signal *x, const struct signal *y);

uint32_t signal_factors(const struct signal *s); /* how many were multiplied */

double signal_at(const struct signal *s, double t);

/* Largest distance from `t` for which a straight line from signal_at(t) is exact or as good as
 * drawn: up to the next break, or a 1,440th of a period. At least 1 ns, INFINITY when nothing
 * changes any more. *jump: at that point the value jumps. */
double signal_step(const struct signal *s, double t);

#endif
