#include "base/keymap.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST = 16 };

/* Where a key is, or the free place where it would go. */
static size_t find(const struct keymap *m, uint64_t key) {
    size_t mask = m->slots - 1, i = rng_mix(key) & mask;
    while (m->slot[i].value && m->slot[i].key != key)
        i = (i + 1) & mask;
    return i;
}

static void grow(struct keymap *m) {
    struct keymap larger = {.n = m->n, .slots = m->slots ? 2 * m->slots : FIRST};
    larger.slot = mem_zero(larger.slots * sizeof *larger.slot);
    for (size_t i = 0; i < m->slots; i++)
        if (m->slot[i].value)
            larger.slot[find(&larger, m->slot[i].key)] = m->slot[i];
    free(m->slot);
    *m = larger;
}

void keymap_put(struct keymap *m, uint64_t key, void *value) {
    if (2 * (m->n + 1) > m->slots)
        grow(m);
    struct keymap_slot *s = &m->slot[find(m, key)];
    m->n += !s->value;
    *s = (struct keymap_slot){key, value};
}

/* The gap moves on until nothing behind it has been pushed past its own place. */
void keymap_remove(struct keymap *m, uint64_t key) {
    if (!m->n)
        return;
    size_t mask = m->slots - 1, gap = find(m, key);
    if (!m->slot[gap].value)
        return;
    m->n--;
    for (size_t i = (gap + 1) & mask; m->slot[i].value; i = (i + 1) & mask) {
        size_t home = rng_mix(m->slot[i].key) & mask;
        if (((i - home) & mask) < ((i - gap) & mask))
            continue; /* it would be moved before its home */
        m->slot[gap] = m->slot[i];
        gap = i;
    }
    m->slot[gap].value = NULL;
}

void keymap_clear(struct keymap *m) {
    if (m->n)
        memset(m->slot, 0, m->slots * sizeof *m->slot);
    m->n = 0;
}

void keymap_release(struct keymap *m) {
    free(m->slot);
    *m = (struct keymap){0};
}
