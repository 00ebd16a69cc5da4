#include "pool.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#ifdef POOL_GUARDED
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) __asan_poison_memory_region((p), (n))
#define SHOW(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define HIDE(p, n) ((void)(p), (void)(n))
#define SHOW(p, n) ((void)(p), (void)(n))
#endif

enum { FIRST_SLAB = 16, LARGEST_SLAB = 4096 };

static uint32_t slab_slots(uint32_t i) {
    uint32_t n = i < 8 ? (uint32_t)FIRST_SLAB << i : LARGEST_SLAB;
    return n < LARGEST_SLAB ? n : LARGEST_SLAB;
}

void pool_init(struct pool *p, size_t object_size) {
    *p = (struct pool){.size = (object_size + 15) & ~(size_t)15};
    if (p->size < 2 * sizeof(void *))
        p->size = 2 * sizeof(void *);
}

void pool_release(struct pool *p) {
    for (uint32_t i = 0; i < p->n_slabs; i++) {
        SHOW(p->slab[i], p->size * slab_slots(i));
        free(p->slab[i]);
    }
    free(p->slab);
    *p = (struct pool){.size = p->size};
}

static void **link_of(void *object) {
    SHOW(object, sizeof(void *));
    return object;
}

void pool_refill(struct pool *p) {
    uint32_t n = slab_slots(p->n_slabs);
    p->slab = mem_resize(p->slab, p->n_slabs + 1, sizeof *p->slab);
    char *slab = aligned_alloc(64, (n * p->size + 63) & ~(size_t)63);
    if (!slab)
        mem_out(n * p->size);
    memset(slab, 0, n * p->size);
    for (uint32_t i = 0; i < n; i++)
        *link_of(slab + i * p->size) = i + 1 < n ? slab + (i + 1) * p->size : NULL;
    p->free = slab;
    p->last = slab + (n - 1) * p->size;
    HIDE(slab, n * p->size);
    p->slab[p->n_slabs++] = slab;
    p->slots += n;
}

#ifdef POOL_GUARDED
void *pool_get(struct pool *p) {
    if (!p->free)
        pool_refill(p);
    void *object = p->free;
    p->free = *link_of(object);
    if (!p->free)
        p->last = NULL;
    SHOW(object, p->size);
    p->live++;
    return object;
}

void pool_put(struct pool *p, void *object) {
    *(void **)object = NULL;
    if (p->last)
        *link_of(p->last) = object;
    else
        p->free = object;
    if (p->last)
        HIDE(p->last, p->size);
    p->last = object;
    HIDE(object, p->size);
    p->live--;
}
#endif

static uint32_t slot_of(const struct pool *p, const char *object) {
    uint32_t base = 0;
    for (uint32_t s = 0; s < p->n_slabs; s++) {
        size_t span = p->size * slab_slots(s);
        if (object >= p->slab[s] && object < p->slab[s] + span)
            return base + (uint32_t)((size_t)(object - p->slab[s]) / p->size);
        base += slab_slots(s);
    }
    abort(); /* not ours: the free list is corrupt */
}

/* Liveness is found by walking the free list: a mark kept per object would cost every get and put.
 */
void pool_each(struct pool *p, void (*visit)(void *ctx, void *object), void *ctx) {
    if (!p->live)
        return;
    uint32_t n = p->slots;
    char *idle = mem_zero(n);
    for (char *o = p->free; o; o = *link_of(o))
        idle[slot_of(p, o)] = 1;
    uint32_t at = 0;
    for (uint32_t s = 0; s < p->n_slabs && at < n; s++)
        for (uint32_t i = 0; i < slab_slots(s); i++, at++)
            if (!idle[at])
                visit(ctx, p->slab[s] + i * p->size);
    free(idle);
}
