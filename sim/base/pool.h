/* Objects of one size, taken and given back in constant time.
 *
 * Memory grows by slabs and is returned only by pool_release, so a run's memory follows its peak
 * and not its length. Under AddressSanitizer a free object is poisoned and reused as late as
 * possible, so that a touch after pool_put is caught. Objects are not cleared. */
#ifndef NINES_BASE_POOL_H
#define NINES_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOL_GUARDED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_GUARDED 1
#endif
#endif

struct pool {
    void *free; /* singly linked through the first word */
    void *last; /* tail of that list (guarded builds only) */
    size_t size;
    uint32_t live, peak;
    uint32_t n_slabs, slots; /* slots: of all slabs */
    char **slab;
};

void pool_init(struct pool *p, size_t object_size);
void pool_release(struct pool *p);
void pool_refill(struct pool *p); /* adds a slab */

/* Calls `visit` for each live object in a fixed order (by slab, then by place). `visit` may put
 * objects back. */
void pool_each(struct pool *p, void (*visit)(void *ctx, void *object), void *ctx);

#ifdef POOL_GUARDED
void *pool_get(struct pool *p);
void pool_put(struct pool *p, void *object);
#else
static inline void *pool_get(struct pool *p) {
    if (__builtin_expect(!p->free, 0))
        pool_refill(p);
    void *object = p->free;
    p->free = *(void **)object;
    p->live++;
    return object;
}

static inline void pool_put(struct pool *p, void *object) {
    *(void **)object = p->free;
    p->free = object;
    p->live--;
}
#endif

#endif
