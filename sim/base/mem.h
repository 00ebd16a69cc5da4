/* Memory of a model: an arena that is freed at once, and arrays that grow.
 *
 * None of these return NULL: when memory is out they call mem_out, the one function that ends the
 * program for that reason. */
#ifndef NINES_BASE_MEM_H
#define NINES_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

_Noreturn void mem_out(size_t wanted);

void *mem_zero(size_t size); /* calloc */
void *mem_resize(void *p, size_t count,
                 size_t size); /* realloc of count * size, overflow checked */

struct arena {
    struct arena_block *blocks;
};

void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned to 64 */
char *arena_copy(struct arena *a, const char *text);
__attribute__((format(printf, 2, 3))) char *arena_print(struct arena *a, const char *format, ...);
void arena_release(struct arena *a);

/* Appends room for one element to a malloc'ed array with separate count and capacity. */
#define mem_push(array, n, cap)                                                                    \
    ((n) == (cap) ? ((cap) = (cap) ? 2 * (cap) : 8,                                                \
                     (array) = mem_resize((array), (cap), sizeof *(array)), &(array)[(n)++])       \
                  : &(array)[(n)++])

#endif
