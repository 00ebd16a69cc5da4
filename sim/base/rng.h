/* Random numbers: one small generator used in two ways.
 *
 * The state is one 64-bit word (splitmix64: Steele, Lea & Flood, "Fast splittable pseudorandom
 * number generators", OOPSLA 2014). A *sequential* stream keeps its state between draws (arrival
 * gaps). A *keyed* draw starts from a state that is a function of what is drawn (who, for which
 * request, for what purpose), uses it for one variate and throws it away; adding a component then
 * shifts nobody else's draws.
 *
 * Nothing here allocates or fails. A `struct rng` belongs to one thread. */
#ifndef NINES_BASE_RNG_H
#define NINES_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

#define RNG_GOLDEN 0x9e3779b97f4a7c15u

/* Bijective finaliser with full avalanche (Stafford's variant 13, as in splitmix64). */
static inline uint64_t rng_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* A key from a key and one more word; not commutative. */
static inline uint64_t rng_key(uint64_t key, uint64_t word) {
    return rng_mix(key + RNG_GOLDEN * (word + 1));
}

/* A key from a string (FNV-1a, then mixed). */
uint64_t rng_hash(const char *text);

static inline uint64_t rng_next(struct rng *r) {
    return rng_mix(r->state += RNG_GOLDEN);
}

/* Uniform on [0, 1), 53 bits. */
static inline double rng_unit(struct rng *r) {
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/* Uniform on (0, 1): never 0, for logarithms. */
static inline double rng_open(struct rng *r) {
    return ((double)(rng_next(r) >> 12) + 0.5) * 0x1p-52;
}

/* Uniform integer on [0, n), n >= 1, unbiased (Lemire, ACM TOMACS 29(1), 2019). */
uint64_t rng_below(struct rng *r, uint64_t n);

/* Exponential with mean 1 and standard normal, by ziggurat (Marsaglia & Tsang, J. Stat. Soft. 5(8),
 * 2000).
 *
 * How both use a word: bits 0-7 choose the layer, bit 8 is the sign of a normal, bits 11-63 are the
 * place across the layer. A point left of the layer above needs no density; that is about 99 % of
 * the words. What remains (the wedge between two edges, the tail) is kept out of line. Doornik
 * (2005) shows why the layer and the place must not share bits. */
extern const double zig_exponential_x[257]; /* edges of the layers */
double rng_exponential_slow(struct rng *r, unsigned layer, double x);

static inline double rng_place(uint64_t word) {
    return (double)(word >> 11) * 0x1p-53;
}

static inline double rng_exponential(struct rng *r) {
    uint64_t word = rng_next(r);
    unsigned layer = word & 255;
    double x = rng_place(word) * zig_exponential_x[layer];
    if (__builtin_expect(x < zig_exponential_x[layer + 1], 1))
        return x;
    return rng_exponential_slow(r, layer, x);
}

double rng_normal(struct rng *r);

#endif
