#include "node/ranks.h"

#include <stdlib.h>

#include "base/mem.h"

static bool before(const struct rank *a, const struct rank *b) {
    return a->key < b->key || (a->key == b->key && a->order < b->order);
}

static void put(struct ranks *h, uint32_t i, struct rank e) {
    h->at[i] = e;
    *e.slot = i;
}

static void sift_up(struct ranks *h, uint32_t i, struct rank e) {
    for (; i && before(&e, &h->at[(i - 1) / 2]); i = (i - 1) / 2)
        put(h, i, h->at[(i - 1) / 2]);
    put(h, i, e);
}

static void sift_down(struct ranks *h, uint32_t i, struct rank e) {
    for (uint32_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && before(&h->at[child + 1], &h->at[child]))
            child++;
        if (!before(&h->at[child], &e))
            break;
        put(h, i, h->at[child]);
    }
    put(h, i, e);
}

void ranks_push(struct ranks *h, double key, uint64_t order, uint32_t *slot) {
    if (h->n == h->cap) {
        h->cap = h->cap ? 2 * h->cap : 64;
        h->at = mem_resize(h->at, h->cap, sizeof *h->at);
    }
    h->n++;
    sift_up(h, h->n - 1, (struct rank){key, order, slot});
}

void ranks_remove(struct ranks *h, uint32_t slot) {
    struct rank last = h->at[--h->n];
    if (slot == h->n)
        return;
    if (slot && before(&last, &h->at[(slot - 1) / 2]))
        sift_up(h, slot, last);
    else
        sift_down(h, slot, last);
}

void ranks_release(struct ranks *h) {
    free(h->at);
    *h = (struct ranks){0};
}

bool ranks_check(const struct ranks *h) {
    for (uint32_t i = 0; i < h->n; i++)
        if (*h->at[i].slot != i || (i && before(&h->at[i], &h->at[(i - 1) / 2])))
            return false;
    return true;
}
