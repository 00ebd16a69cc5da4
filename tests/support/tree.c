#include "tree.h"

#include <stdarg.h>
#include <string.h>

struct tree *tree_new(struct arena *a, enum tree_kind kind, const char *key, const char *text) {
    struct tree *t = arena_alloc(a, sizeof *t);
    *t = (struct tree){.kind = kind, .key = key, .text = text};
    return t;
}

struct tree *tree_text(struct arena *a, const char *key, const char *format, ...) {
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return tree_new(a, TREE_TEXT, key, arena_copy(a, text));
}

struct tree *tree_add(struct arena *a, struct tree *to, struct tree *kid) {
    if (to->n == to->cap) {
        struct tree **more = arena_alloc(a, (2 * to->cap + 4) * sizeof(struct tree *));
        if (to->n)
            memcpy(more, to->kid, to->n * sizeof *more);
        to->kid = more;
        to->cap = 2 * to->cap + 4;
    }
    return to->kid[to->n++] = kid;
}

struct tree *tree_copy(struct arena *a, const struct tree *t) {
    struct tree *c = tree_new(a, t->kind, t->key, t->text);
    c->callable = t->callable;
    for (uint32_t i = 0; i < t->n; i++)
        tree_add(a, c, tree_copy(a, t->kid[i]));
    return c;
}

uint32_t tree_size(const struct tree *t) {
    uint32_t n = 1;
    for (uint32_t i = 0; i < t->n; i++)
        n += tree_size(t->kid[i]);
    return n;
}

bool tree_has(const struct tree *t, const char *word) {
    if (t->text && !strcmp(t->text, word))
        return true;
    for (uint32_t i = 0; i < t->n; i++)
        if (tree_has(t->kid[i], word))
            return true;
    return false;
}

/* ---- as Lua */

static void print(FILE *f, const struct tree *t, int depth);

static void new_line(FILE *f, int depth) {
    fprintf(f, "\n%*s", 2 * depth, "");
}

/* Short things stay on one line. */
static void print_entries(FILE *f, const struct tree *t, int depth) {
    bool tall = tree_size(t) > 12;
    fputs(t->n ? "{ " : "{", f);
    for (uint32_t i = 0; i < t->n; i++) {
        if (tall)
            new_line(f, depth + 1);
        if (t->kid[i]->key)
            fprintf(f, "%s = ", t->kid[i]->key);
        print(f, t->kid[i], depth + 1);
        if (i + 1 < t->n)
            fputs(tall ? "," : ", ", f);
    }
    fputs(" }", f);
}

static void print_block(FILE *f, const struct tree *t, int depth) {
    for (uint32_t i = 0; i < t->n; i++) {
        if (depth)
            new_line(f, depth);
        if (i + 1 < t->n)
            fprintf(f, "local %s = ", t->kid[i]->key);
        else
            fputs("return ", f);
        print(f, t->kid[i], depth);
        if (!depth)
            fputc('\n', f);
    }
}

static void print(FILE *f, const struct tree *t, int depth) {
    switch (t->kind) {
    case TREE_TEXT:
        fputs(t->text, f);
        break;
    case TREE_WORD:
        fprintf(f, "%s ", t->text);
        print_entries(f, t, depth);
        break;
    case TREE_TABLE:
        print_entries(f, t, depth);
        break;
    case TREE_TIMES:
        fprintf(f, "%s * ", t->text);
        print(f, t->kid[0], depth);
        break;
    case TREE_FUNCTION:
        fprintf(f, "function (%s)", t->text);
        print_block(f, t, depth + 1);
        new_line(f, depth);
        fputs("end", f);
        break;
    case TREE_FILE:
        print_block(f, t, depth);
        break;
    }
}

void tree_print(FILE *f, const struct tree *file) {
    print(f, file, 0);
}

bool tree_save(const char *path, const struct tree *file) {
    FILE *f = fopen(path, "w");
    if (!f)
        return false;
    tree_print(f, file);
    return fclose(f) == 0;
}
