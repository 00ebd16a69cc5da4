/* Memory of Jansson, whose reader asserts that there is enough: what it takes under a guard is
 * tracked, and a lack of memory leaves by the guard instead of reaching it. */
#include <jansson.h>
#include <stdlib.h>

#include "mem.h"

struct mem_block {
    struct mem_block *next, **link; /* link: what points to this; NULL: not tracked */
};

_Static_assert(sizeof(struct mem_block) % _Alignof(max_align_t) == 0, "what follows is aligned");

static void track(struct mem_block *b, struct mem_block **list) {
    b->next = *list;
    b->link = list;
    if (b->next)
        b->next->link = &b->next;
    *list = b;
}

static void untrack(struct mem_block *b) {
    if (!b->link)
        return;
    *b->link = b->next;
    if (b->next)
        b->next->link = b->link;
    b->link = NULL;
}

static void *take(size_t size) {
    struct mem_block *b = size < SIZE_MAX - sizeof *b ? malloc(sizeof *b + size) : NULL;
    struct mem_block **list = mem_tracked();
    if (!b && list)
        mem_out(size);
    if (!b)
        return NULL;
    b->link = NULL;
    if (list)
        track(b, list);
    return b + 1;
}

static void give(void *p) {
    struct mem_block *b = p;
    if (!b)
        return;
    untrack(--b);
    free(b);
}

void mem_adopt(struct mem_block **from, struct mem_block **to) {
    while (*from) {
        struct mem_block *b = *from;
        untrack(b);
        if (to)
            track(b, to);
    }
}

void mem_drop(struct mem_block **list) {
    while (*list)
        give(*list + 1);
}

void mem_guard_json(void) {
    json_set_alloc_funcs(take, give);
}
