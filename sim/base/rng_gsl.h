/* The generator of rng.h as GSL sees one, so that GSL's random distributions run on a `struct rng`.
 *
 * Nothing is allocated: a gsl_rng on the stack borrows the caller's state for as long as it is
 * used.
 *
 *     gsl_rng g = rng_gsl(r);
 *     unsigned int failures = gsl_ran_binomial(&g, 0.1, 100);
 *
 * A header of its own, because only base, theory and lab see GSL. */
#ifndef NINES_BASE_RNG_GSL_H
#define NINES_BASE_RNG_GSL_H

#include <gsl/gsl_rng.h>

#include "rng.h"

_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "GSL's words must hold ours");

extern const gsl_rng_type *const rng_gsl_type;

/* A view of `r`: draws through it advance `r`. Never hand it to gsl_rng_free. */
static inline gsl_rng rng_gsl(struct rng *r) {
    return (gsl_rng){rng_gsl_type, r};
}

#endif
