/* A scenario file as a tree, so that it can be grown at random and reduced when it fails.
 *
 * Leaves are Lua as written (`"5ms"`, `3`, `s2`); the others are tables, words with a table,
 * products, functions and blocks of locals. Everything lives in an arena. */
#ifndef NINES_TESTS_TREE_H
#define NINES_TESTS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

enum tree_kind {
    TREE_TEXT,     /* text */
    TREE_TABLE,    /* { kids } */
    TREE_WORD,     /* text { kids } */
    TREE_TIMES,    /* text * the one kid */
    TREE_FUNCTION, /* function (text) locals, return the last kid end */
    TREE_FILE      /* locals, return the last kid */
};

struct tree {
    enum tree_kind kind;
    const char
        *key; /* in a table: name, NULL for a positional entry; in a block: name of a local */
    const char *text;
    bool callable; /* a component that can be called: another one may stand in its place */
    struct tree **kid;
    uint32_t n, cap;
};

__attribute__((format(printf, 3, 4))) struct tree *tree_text(struct arena *a, const char *key,
                                                             const char *format, ...);
struct tree *tree_new(struct arena *a, enum tree_kind kind, const char *key, const char *text);
/* Appends a kid and returns it. */
struct tree *tree_add(struct arena *a, struct tree *to, struct tree *kid);
struct tree *tree_copy(struct arena *a, const struct tree *t);

void tree_print(FILE *f, const struct tree *file);
bool tree_save(const char *path, const struct tree *file);

uint32_t tree_size(const struct tree *t);
/* Is there a word or a text like this in it? */
bool tree_has(const struct tree *t, const char *word);

#endif
