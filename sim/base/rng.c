#include "rng.h"

#include <math.h>
#include <stdbool.h>

#include "rng_gsl.h"

#include "ziggurat.inc"

uint64_t rng_hash(const char *text) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return rng_mix(h);
}

__extension__ typedef unsigned __int128 wide;

uint64_t rng_below(struct rng *r, uint64_t n) {
    wide m = (wide)rng_next(r) * n;
    if (__builtin_expect((uint64_t)m < n, 0)) {
        uint64_t reject =
            -n % n; /* 2^64 mod n: that many low words are one too many for some result */
        while ((uint64_t)m < reject)
            m = (wide)rng_next(r) * n;
    }
    return (uint64_t)(m >> 64);
}

/* Whether a uniform height between the densities at the two edges of a layer lies under the curve
 * at `x`. */
static inline bool under(const double *f, unsigned layer, double density, struct rng *r) {
    return f[layer] + rng_unit(r) * (f[layer + 1] - f[layer]) < density;
}

double rng_exponential_slow(struct rng *r, unsigned layer, double x) {
    for (;;) {
        if (layer == 0) /* beyond the tail's edge the law starts over */
            return zig_exponential_x[1] - log(rng_open(r));
        if (under(zig_exponential_f, layer, exp(-x), r))
            return x;
        uint64_t word = rng_next(r);
        layer = word & 255;
        x = rng_place(word) * zig_exponential_x[layer];
        if (x < zig_exponential_x[layer + 1])
            return x;
    }
}

/* The tail beyond `edge`: Marsaglia, "Generating a variable from the tail of the normal
 * distribution", Technometrics 6(1), 1964. */
static double normal_tail(struct rng *r, double edge) {
    for (;;) {
        double x = -log(rng_open(r)) / edge, y = -log(rng_open(r));
        if (y + y > x * x)
            return edge + x;
    }
}

static inline double signed_by(uint64_t word, double x) {
    return word & 256 ? -x : x;
}

static __attribute__((noinline)) double normal_slow(struct rng *r, uint64_t word, double x) {
    for (;;) {
        unsigned layer = word & 255;
        if (layer == 0)
            return signed_by(word, normal_tail(r, zig_normal_x[1]));
        if (under(zig_normal_f, layer, exp(-0.5 * x * x), r))
            return signed_by(word, x);
        word = rng_next(r);
        layer = word & 255;
        x = rng_place(word) * zig_normal_x[layer];
        if (x < zig_normal_x[layer + 1])
            return signed_by(word, x);
    }
}

double rng_normal(struct rng *r) {
    uint64_t word = rng_next(r);
    unsigned layer = word & 255;
    double x = rng_place(word) * zig_normal_x[layer];
    if (__builtin_expect(x < zig_normal_x[layer + 1], 1))
        return signed_by(word, x);
    return normal_slow(r, word, x);
}

/* ---- as a gsl_rng_type */

static void set_state(void *state, unsigned long seed) {
    struct rng *r = state;
    r->state =
        rng_mix(seed + RNG_GOLDEN); /* neighbouring seeds must not start neighbouring streams */
}

static unsigned long get_word(void *state) {
    struct rng *r = state;
    return rng_next(r);
}

static double get_unit(void *state) {
    struct rng *r = state;
    return rng_unit(r);
}

static const gsl_rng_type type = {
    .name = "nines",
    .max = UINT64_MAX,
    .min = 0,
    .size = sizeof(struct rng),
    .set = set_state,
    .get = get_word,
    .get_double = get_unit,
};

const gsl_rng_type *const rng_gsl_type = &type;
