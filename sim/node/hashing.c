#include "node/hashing.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"

static int by_hash(const void *x, const void *y) {
    const struct ring_point *a = x, *b = y;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->who < b->who ? -1 : a->who > b->who;
}

static void cut_slices(struct ring *r, struct arena *a) {
    for (r->bits = 1; (1u << r->bits) < r->n; r->bits++)
        ;
    r->slice = arena_alloc(a, sizeof *r->slice << r->bits);
    for (uint32_t s = 0, k = 0; s < 1u << r->bits; s++) {
        while (k < r->n && r->at[k].hash < (uint64_t)s << (64 - r->bits))
            k++;
        r->slice[s] = k;
    }
}

/* Points for a share of 1: the lightest of all has a whole number of them. A target whose points
 * `most` rounds away has none, as in life. */
static double points_in_all(const struct hash_member *m, uint32_t n, double sum, double least,
                            double most) {
    double lightest = 1;
    for (uint32_t i = 0; i < n; i++)
        lightest = fmin(lightest, m[i].weight / sum);
    return fmin(ceil(lightest * least - 1e-9) / lightest, most);
}

void ring_make(struct ring *r, struct arena *a, const struct hash_member *m, uint32_t n,
               uint64_t least, uint64_t most) {
    double sum = 0, target = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += m[i].weight;
    double all = points_in_all(m, n, sum, (double)least, (double)most);
    r->at = arena_alloc(a, ((size_t)all + n + 1) * sizeof *r->at);
    r->n = 0;
    for (uint32_t i = 0; i < n; i++) {
        target += all * m[i].weight / sum;
        for (uint32_t k = 0; r->n < target - 1e-6; k++)
            r->at[r->n++] = (struct ring_point){rng_key(m[i].hash, k), m[i].who};
    }
    qsort(r->at, r->n, sizeof *r->at, by_hash);
    cut_slices(r, a);
}

bool is_prime(uint64_t n) {
    if (n < 2)
        return false;
    for (uint64_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return true;
}

static void take_slot(uint32_t *slot, uint32_t size, struct maglev_turn *t, uint32_t who) {
    while (slot[t->next] != UINT32_MAX)
        t->next = (t->next + t->skip) % size;
    slot[t->next] = who;
}

/* The heaviest takes a slot in every round, one half as heavy in every second. */
void maglev_fill(uint32_t *slot, uint32_t size, const struct hash_member *m, uint32_t n,
                 struct maglev_turn *turn) {
    double heaviest = 0;
    for (uint32_t i = 0; i < n; i++) {
        heaviest = fmax(heaviest, m[i].weight);
        turn[i] = (struct maglev_turn){m[i].hash % size, rng_key(m[i].hash, 1) % (size - 1) + 1, 0};
    }
    for (uint32_t s = 0; s < size; s++)
        slot[s] = UINT32_MAX;
    uint32_t left = n ? size : 0;
    for (double round = 1; left; round++)
        for (uint32_t i = 0; i < n && left; i++) {
            if (round * m[i].weight < turn[i].due)
                continue;
            turn[i].due += heaviest;
            take_slot(slot, size, &turn[i], m[i].who);
            left--;
        }
}
