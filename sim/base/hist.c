#include "hist.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Grows to the end of the octave that holds `index`, so that a slowly rising maximum reallocates at
 * most once an octave. */
void hist_grow(struct hist *h, uint32_t index) {
    if (index < h->size)
        return;
    uint32_t size = ((index >> h->bits) + 1) << h->bits;
    uint64_t *count = calloc(size, sizeof *count);
    if (!count)
        mem_out(size * sizeof *count);
    if (h->size)
        memcpy(count, h->count, h->size * sizeof *count);
    free(h->count);
    h->count = count;
    h->size = size;
}

void hist_release(struct hist *h) {
    free(h->count);
    hist_init(h, h->bits);
}

void hist_clear(struct hist *h) {
    if (h->size)
        memset(h->count, 0, h->size * sizeof *h->count);
    h->total = 0;
}

void hist_merge(struct hist *into, const struct hist *from) {
    assert(from->bits >= into->bits);
    uint32_t n = from->size;
    while (n > 0 && from->count[n - 1] == 0)
        n--;
    for (uint32_t i = 0; i < n; i++) {
        if (from->count[i] == 0)
            continue;
        /* A finer bucket lies wholly inside one coarser bucket, so any of its values tells which.
         */
        uint32_t to = hist_index(into->bits, hist_low(from, i));
        if (to >= into->size)
            hist_grow(into, to);
        into->count[to] += from->count[i];
    }
    into->total += from->total;
}

void hist_take(struct hist *from, const struct hist *what) {
    assert(from->bits == what->bits && from->total >= what->total);
    for (uint32_t i = 0; i < what->size; i++)
        if (what->count[i])
            from->count[i] -= what->count[i];
    from->total -= what->total;
}

static uint32_t shift_of(const struct hist *h, uint32_t index) {
    uint32_t octave = index >> h->bits;
    return octave ? octave - 1 : 0; /* the first two octaves are both exact */
}

uint64_t hist_low(const struct hist *h, uint32_t index) {
    uint32_t shift = shift_of(h, index);
    return (uint64_t)(index - (shift << h->bits)) << shift;
}

uint64_t hist_high(const struct hist *h, uint32_t index) {
    return hist_low(h, index) + (((uint64_t)1 << shift_of(h, index)) - 1);
}

/* The rank of the wanted value is the smallest k with k >= p n; the factor forgives p its rounding,
 * so that .07 of 100 is the 7th value and not the 8th. */
static double rank_of(double p, uint64_t n) {
    double rank = ceil(p * (double)n * (1 - 4 * DBL_EPSILON));
    return rank < 1 ? 1 : rank > (double)n ? (double)n : rank;
}

double hist_quantile(const struct hist *h, double p) {
    if (h->total == 0 || isnan(p))
        return NAN;
    double rank = rank_of(p, h->total);
    uint64_t below = 0;
    uint32_t last = 0;
    for (uint32_t i = 0; i < h->size; i++) {
        if (h->count[i] == 0)
            continue;
        if ((double)(below + h->count[i]) >= rank) {
            double low = (double)hist_low(h, i), width = (double)hist_high(h, i) - low;
            return low + width * (rank - (double)below - 0.5) / (double)h->count[i];
        }
        below += h->count[i];
        last = i;
    }
    return (double)hist_high(h, last); /* only by rounding, at counts above 2^53 */
}

double hist_mean(const struct hist *h) {
    if (h->total == 0)
        return NAN;
    double sum = 0;
    for (uint32_t i = 0; i < h->size; i++)
        if (h->count[i])
            sum += (double)h->count[i] * 0.5 * ((double)hist_low(h, i) + (double)hist_high(h, i));
    return sum / (double)h->total;
}
