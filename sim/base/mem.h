/* Memory of a model: an arena that is freed at once, and arrays that grow.
 *
 * None of these return NULL. When memory is out they call mem_out, which leaves through the
 * innermost guard of the thread (mem_try, or mem_guard_enter for the language); with no guard it
 * ends the program with one sentence and status 2, and is the one place that does. Building a model
 * and writing a report run under a guard and return an error; the simulation itself runs without.
 *
 * Leaving through a guard is a jump that frees nothing. So whatever such code allocates must be
 * owned, from the moment it exists, by something that is released afterwards: an arena, the
 * simulation, the study, or the context of the guard. */
#ifndef NINES_BASE_MEM_H
#define NINES_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

_Noreturn void mem_out(size_t wanted);

/* The sentence: "out of memory while `doing`; …". Returns false. */
bool mem_error(struct error *e, const char *doing);

/* Calls f(ctx, e) and returns what it does. When memory runs out inside: calls undo(ctx) unless it
 * is NULL, fills `e` and returns false. JSON values made inside are then gone or must go in `undo`.
 */
bool mem_try(bool (*f)(void *ctx, struct error *e), void (*undo)(void *ctx), void *ctx,
             const char *doing, struct error *e);

/* A guard whose way out is a function that does not return: code that Lua calls must leave by
 * lua_error, as a jump would skip Lua's own frames. Enter and leave in pairs. */
struct mem_block;
struct mem_guard {
    struct mem_guard *outer;
    struct mem_block *json; /* tracked blocks of Jansson's */
    void (*out)(void *ctx);
    void *ctx;
};
void mem_guard_enter(struct mem_guard *g, void (*out)(void *ctx), void *ctx);
void mem_guard_leave(struct mem_guard *g);

/* Puts Jansson's memory under the guards: for a program to call first of all, as the setting is the
 * whole process's. Without it a lack of memory may end in one of Jansson's own assertions. Texts of
 * json_dumps are then freed by what json_get_alloc_funcs gives. */
void mem_guard_json(void);

/* Between mem.c and mem_json.c: the innermost guard's list (NULL: no guard); its blocks handed to
 * another list, or to nobody (NULL); its blocks freed. */
struct mem_block **mem_tracked(void);
void mem_adopt(struct mem_block **from, struct mem_block **to);
void mem_drop(struct mem_block **list);

void *mem_zero(size_t size); /* calloc */
void *mem_resize(void *p, size_t count,
                 size_t size); /* realloc of count * size, overflow checked */

struct arena {
    struct arena_block *blocks;
};

void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned to 64 */
void *arena_grow(struct arena *a, void *old, size_t old_size, size_t size); /* a larger copy */
char *arena_copy(struct arena *a, const char *text);
__attribute__((format(printf, 2, 3))) char *arena_print(struct arena *a, const char *format, ...);
void arena_release(struct arena *a);

/* Appends room for one element to a malloc'ed array with separate count and capacity. */
#define mem_push(array, n, cap)                                                                    \
    ((n) == (cap) ? ((cap) = (cap) ? 2 * (cap) : 8,                                                \
                     (array) = mem_resize((array), (cap), sizeof *(array)), &(array)[(n)++])       \
                  : &(array)[(n)++])

/* The same for an array in an arena. */
#define arena_push(a, array, n, cap)                                                               \
    ((n) == (cap) ? ((array) = arena_grow((a), (array), (size_t)(n) * sizeof *(array),             \
                                          (size_t)((cap) ? 2 * (cap) : 8) * sizeof *(array)),      \
                     (cap) = (cap) ? 2 * (cap) : 8, &(array)[(n)++])                               \
                  : &(array)[(n)++])

#endif
