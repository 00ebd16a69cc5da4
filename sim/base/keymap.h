/* A table from 64-bit keys to pointers.
 *
 * Open addressing with linear probing; a removed place is filled by moving back what was pushed
 * past it, so that nothing is ever marked as deleted (Knuth, TAOCP 3, 6.4, algorithm R). It doubles
 * when more than half full. All operations take constant time on average. Zeroed memory is an empty
 * table; what it points to is not its own. Memory that runs out: base/mem.h. */
#ifndef NINES_BASE_KEYMAP_H
#define NINES_BASE_KEYMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct keymap_slot {
    uint64_t key;
    void *value; /* NULL: free */
};

struct keymap {
    struct keymap_slot *slot;
    size_t n, slots; /* slots: 0 or a power of two */
};

/* The value of a key; NULL: none. */
static inline void *keymap_get(const struct keymap *m, uint64_t key) {
    if (!m->n)
        return NULL;
    size_t mask = m->slots - 1, i = rng_mix(key) & mask;
    while (m->slot[i].value && m->slot[i].key != key)
        i = (i + 1) & mask;
    return m->slot[i].value;
}

/* Gives a key a value, not NULL, in place of the one it may have. */
void keymap_put(struct keymap *m, uint64_t key, void *value);

/* Forgets a key; nothing happens when it is not there. */
void keymap_remove(struct keymap *m, uint64_t key);

void keymap_clear(struct keymap *m); /* forgets all keys; keeps the memory */
void keymap_release(struct keymap *m);

#endif
