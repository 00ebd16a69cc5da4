#include "node/edf.h"

#include <stdbool.h>

static bool before(const struct edf_turn *a, const struct edf_turn *b) {
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

void edf_add(struct edf *s, uint32_t who, double weight) {
    struct edf_turn t = {1 / weight, s->orders++, who};
    uint32_t i = s->n++;
    while (i && before(&t, &s->heap[(i - 1) / 2])) {
        s->heap[i] = s->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    s->heap[i] = t;
}

void edf_again(struct edf *s, double weight) {
    struct edf_turn t = s->heap[0];
    t.deadline += 1 / weight;
    t.order = s->orders++;
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < s->n; i = child) {
        if (child + 1 < s->n && before(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!before(&s->heap[child], &t))
            break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = t;
}
