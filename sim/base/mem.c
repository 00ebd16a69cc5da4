#include "mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(64) char data[];
};

/* ---- running out */

/* The only variable of its kind: allocations carry no context that could hold it. */
static _Thread_local struct mem_guard *innermost;

enum { EXIT_MEMORY = 2 }; /* as for input that cannot be used */

bool mem_error(struct error *e, const char *doing) {
    return error_set(e,
                     "out of memory while %s; use fewer replications at once (--jobs 1) or a "
                     "smaller model",
                     doing);
}

_Noreturn void mem_out(size_t wanted) {
    if (innermost)
        innermost->out(innermost->ctx);
    fprintf(stderr,
            "nines: out of memory while simulating (%zu more bytes were wanted); use fewer "
            "replications at once (--jobs 1) or a smaller model\n",
            wanted);
    _Exit(EXIT_MEMORY); /* without flushing: half a result is worse than none */
}

void mem_guard_enter(struct mem_guard *g, void (*out)(void *ctx), void *ctx) {
    *g = (struct mem_guard){.outer = innermost, .out = out, .ctx = ctx};
    innermost = g;
}

struct mem_block **mem_tracked(void) {
    return innermost ? &innermost->json : NULL;
}

void mem_guard_leave(struct mem_guard *g) {
    innermost = g->outer;
    mem_adopt(&g->json, mem_tracked());
}

static void jump(void *back) {
    longjmp(*(jmp_buf *)back, 1);
}

bool mem_try(bool (*f)(void *ctx, struct error *e), void (*undo)(void *ctx), void *ctx,
             const char *doing, struct error *e) {
    struct mem_guard g;
    jmp_buf back;
    mem_guard_enter(&g, jump, &back);
    if (setjmp(back)) {
        if (undo)
            undo(ctx);
        mem_drop(&g.json);
        mem_guard_leave(&g);
        return mem_error(e, doing);
    }
    bool ok = f(ctx, e);
    mem_guard_leave(&g);
    return ok;
}

/* ---- blocks */

void *mem_zero(size_t size) {
    void *p = calloc(1, size ? size : 1);
    if (!p)
        mem_out(size);
    return p;
}

void *mem_resize(void *p, size_t count, size_t size) {
    if (size && count > SIZE_MAX / size)
        mem_out(SIZE_MAX);
    size_t bytes = count * size;
    void *q = realloc(p, bytes > 0 ? bytes : 1);
    if (!q)
        mem_out(bytes);
    return q;
}

void *arena_alloc(struct arena *a, size_t size) {
    size = (size + 63) & ~(size_t)63;
    struct arena_block *b = a->blocks;
    if (!b || b->size - b->used < size) {
        size_t room = size > 65536 ? size : 65536;
        b = aligned_alloc(64, (sizeof *b + room + 63) & ~(size_t)63);
        if (!b)
            mem_out(room);
        memset(b, 0, sizeof *b + room);
        b->size = room;
        b->next = a->blocks;
        a->blocks = b;
    }
    void *p = b->data + b->used;
    b->used += size;
    return p;
}

void *arena_grow(struct arena *a, void *old, size_t old_size, size_t size) {
    void *p = arena_alloc(a, size);
    return old_size ? memcpy(p, old, old_size) : p;
}

char *arena_copy(struct arena *a, const char *text) {
    size_t n = strlen(text) + 1;
    return memcpy(arena_alloc(a, n), text, n);
}

char *arena_print(struct arena *a, const char *format, ...) {
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *out = arena_alloc(a, (size_t)n + 1);
    vsnprintf(out, (size_t)n + 1, format, again);
    va_end(again);
    return out;
}

void arena_release(struct arena *a) {
    for (struct arena_block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->blocks = NULL;
}
