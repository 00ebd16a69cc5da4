#include "lab/looks.h"

void looks_plan(struct looks *l, uint32_t first, uint32_t limit) {
    *l = (struct looks){.count = 0};
    uint32_t n = first < 2 ? 2 : first;
    for (; n < limit && l->count < LOOKS_MOST - 1; n += (n + 1) / 2)
        l->n[l->count++] = n;
    l->n[l->count++] = limit;
}

double looks_confidence(const struct looks *l, int k) {
    return 1 - LOOKS_ERROR / (k + 1 < l->count ? (k + 1.0) * (k + 2.0) : l->count);
}
