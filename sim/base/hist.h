/* Latency histograms in HdrHistogram's log-linear layout: exact counts in buckets of bounded
 * relative width.
 *
 * Values are non-negative integers (nanoseconds). With `bits` sub-bucket bits the relative error is
 * at most 2^-bits: 7 gives under 1 %, 11 gives 3 significant digits. Memory grows to the largest
 * value seen, in octaves, allocated on use. Merging is exact. Allocation failure aborts while
 * running (base/pool.h says why). */
#ifndef NINES_BASE_HIST_H
#define NINES_BASE_HIST_H

#include <stdint.h>
#include <stdio.h>

struct hist {
    uint64_t *count; /* allocated on first use, `size` long */
    uint32_t size;
    uint32_t bits; /* sub-bucket bits: 7 or 11 */
    uint64_t total;
};

enum { HIST_COARSE = 7, HIST_FINE = 11 };

static inline uint32_t hist_index(uint32_t bits, uint64_t value) {
    uint64_t v = value | ((uint64_t)1 << bits); /* values below 2^bits share octave 0, exactly */
    uint32_t shift = (uint32_t)(63 - __builtin_clzll(v)) - bits;
    return (shift << bits) + (uint32_t)(value >> shift);
}

void hist_grow(struct hist *h, uint32_t index); /* makes count[index] exist */

static inline void hist_add(struct hist *h, uint64_t value) {
    uint32_t i = hist_index(h->bits, value);
    if (__builtin_expect(i >= h->size, 0))
        hist_grow(h, i);
    h->count[i]++;
    h->total++;
}

static inline void hist_init(struct hist *h, uint32_t bits) {
    *h = (struct hist){.bits = bits};
}
void hist_release(struct hist *h);
void hist_clear(struct hist *h); /* all counts to 0, memory kept */
void hist_merge(struct hist *into,
                const struct hist *from); /* `from` as fine or finer; coarser asserts */

/* Takes counts out that are in it: `what` has the same bits and nowhere more (asserted in sum). */
void hist_take(struct hist *from, const struct hist *what);

uint64_t hist_low(const struct hist *h, uint32_t index);  /* smallest value of a bucket */
uint64_t hist_high(const struct hist *h, uint32_t index); /* largest value of a bucket */

/* Smallest bucket midpoint below or at which a share p of the values lies; NaN when empty.
 * Interpolates linearly inside the bucket. */
double hist_quantile(const struct hist *h, double p);
double hist_mean(const struct hist *h); /* of bucket midpoints; NaN when empty */

#endif
