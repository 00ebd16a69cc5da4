#include "shrink.h"

#include <stdlib.h>
#include <string.h>

struct shrinker {
    struct arena *arena;
    struct tree *file;
    bool (*holds)(void *ctx, const struct tree *file);
    void *ctx;
    uint32_t left, asked;
    bool changed;
};

static bool still(struct shrinker *s) {
    if (!s->left)
        return false;
    s->left--;
    s->asked++;
    return s->holds(s->ctx, s->file);
}

/* Several at once first: halves, quarters, …, single ones. */
static void drop(struct shrinker *s, struct tree *t) {
    uint32_t fixed = t->kind == TREE_TIMES || t->kind == TREE_FUNCTION || t->kind == TREE_FILE;
    for (uint32_t span = t->n; span; span /= 2)
        for (uint32_t i = t->kind == TREE_TIMES ? t->n : 0; i + span + (fixed ? 1 : 0) <= t->n;) {
            uint32_t n = t->n;
            struct tree **before = t->kid;
            t->kid = arena_alloc(s->arena, n * sizeof *t->kid);
            memcpy(t->kid, before, i * sizeof *before);
            memcpy(t->kid + i, before + i + span, (n - i - span) * sizeof *before);
            t->n = n - span;
            t->cap = n;
            if (still(s)) {
                s->changed = true;
                continue;
            }
            t->kid = before;
            t->n = n;
            i++;
        }
}

static bool replace(struct shrinker *s, struct tree **at, const struct tree *by) {
    struct tree *old = *at, *new = tree_copy(s->arena, by);
    new->key = old->key;
    *at = new;
    if (still(s)) {
        s->changed = true;
        return true;
    }
    *at = old;
    return false;
}

/* The nearest components below. */
static bool replace_by_below(struct shrinker *s, struct tree **at, const struct tree *in) {
    for (uint32_t i = 0; i < in->n; i++)
        if (in->kid[i]->callable ? replace(s, at, in->kid[i]) : replace_by_below(s, at, in->kid[i]))
            return true;
    return false;
}

static const struct tree *local(const struct tree *in, const char *name) {
    for (uint32_t i = 0; i < in->n; i++) {
        const struct tree *k = in->kid[i];
        if (k->key && (in->kind == TREE_FILE || in->kind == TREE_FUNCTION) && !strcmp(k->key, name))
            return k;
        const struct tree *deeper = local(k, name);
        if (deeper)
            return deeper;
    }
    return NULL;
}

static void simplify_component(struct shrinker *s, struct tree **at) {
    struct tree plain = {.kind = TREE_WORD, .text = "station", .callable = true};
    struct tree *service = tree_text(s->arena, "service", "\"1ms\"");
    plain.kid = &service;
    plain.n = 1;
    bool is_plain =
        !strcmp((*at)->text, "station") && (*at)->n == 1 && (*at)->kid[0]->kind == TREE_TEXT;
    if (is_plain || replace(s, at, &plain) || replace_by_below(s, at, *at))
        return;
    const struct tree *named = (*at)->kind == TREE_TEXT ? local(s->file, (*at)->text) : NULL;
    if (named)
        replace(s, at, named); /* not shared any more: the local may go */
}

/* Whatever is varied becomes constant. */
static void simplify_value(struct shrinker *s, struct tree **at) {
    static const char *const plain[] = {"\"1ms\"", "1", "0.5", NULL};
    bool table = (*at)->kind == TREE_TABLE && (*at)->n; /* one of a list, or of classes, may do */
    if ((table || (*at)->kind == TREE_TIMES) && replace(s, at, (*at)->kid[0]))
        return;
    if ((*at)->kind == TREE_TABLE || (*at)->kind == TREE_FILE ||
        ((*at)->kind == TREE_TEXT && strncmp((*at)->text, "k.", 2)))
        return;
    for (int i = 0; plain[i]; i++)
        if (replace(s, at, tree_text(s->arena, NULL, "%s", plain[i])))
            return;
}

/* 0.7345 becomes 1 or 0.7, "1.3s" half of it. */
static void simplify_number(struct shrinker *s, struct tree **at) {
    const char *text = (*at)->text, *digits = text + (*text == '"');
    char *unit;
    double x = strtod(digits, &unit);
    if (unit == digits || strlen(text) < 2)
        return;
    if ((*at)->key && !strcmp((*at)->key, "duration"))
        for (double half = x / 2; half >= (strstr(unit, "ms") ? 1 : 1e-3); half /= 2)
            if (!replace(s, at, tree_text(s->arena, NULL, "\"%.4g%s", half, unit)))
                return;
    char rounded[64];
    snprintf(rounded, sizeof rounded, "%.1g", x);
    snprintf(rounded, sizeof rounded, "%g", strtod(rounded, NULL));
    if (strlen(rounded) < (size_t)(unit - digits))
        replace(s, at,
                tree_text(s->arena, NULL, "%s%s%s", *text == '"' ? "\"" : "", rounded, unit));
}

static void visit(struct shrinker *s, struct tree **at) {
    if ((*at)->callable)
        simplify_component(s, at);
    else
        simplify_value(s, at);
    if ((*at)->kind == TREE_TEXT)
        simplify_number(s, at);
    drop(s, *at);
    for (uint32_t i = 0; i < (*at)->n; i++)
        visit(s, &(*at)->kid[i]);
}

uint32_t shrink(struct arena *a, struct tree *file,
                bool (*holds)(void *ctx, const struct tree *file), void *ctx, uint32_t tries) {
    struct shrinker s = {.arena = a, .file = file, .holds = holds, .ctx = ctx, .left = tries};
    do {
        s.changed = false;
        drop(&s, file);
        for (uint32_t i = 0; i < file->n; i++)
            visit(&s, &file->kid[i]);
    } while (s.changed && s.left);
    return s.asked;
}
