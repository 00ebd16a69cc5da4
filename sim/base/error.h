/* One sentence about what went wrong.
 *
 * Functions that can fail on user input take a `struct error *` and return false after filling it;
 * the caller owns the struct. The first error wins: a later error_set on a filled one is ignored,
 * so that the cause is reported and not what followed from it. */
#ifndef NINES_BASE_ERROR_H
#define NINES_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

struct error {
    char text[768]; /* empty: no error */
};

/* Fills `e` unless it is already filled. Always returns false, so that `return error_set(...)`
 * reads well. */
__attribute__((format(printf, 2, 3))) bool error_set(struct error *e, const char *format, ...);

/* Puts "prefix: " in front of a filled error; nothing happens to an empty one. Returns false. */
__attribute__((format(printf, 2, 3))) bool error_prefix(struct error *e, const char *format, ...);

/* Does the text name a place, "file.lua:12:"? */
bool error_is_placed(const char *text);

static inline bool error_is(const struct error *e) {
    return e->text[0] != '\0';
}

/* The candidate nearest to `word` (edit distance at most 2, or a third of its length), or NULL: for
 * "did you mean". `next(ctx, i)` gives the i-th candidate, NULL at the end. */
const char *error_nearest(const char *word, const char *(*next)(const void *ctx, int i),
                          const void *ctx);

#endif
