#include "rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rng.h"
#include "rows_impl.h"

/* ---- errors */

bool rows_fail(const struct rows *r, const struct column *c, struct error *e, const char *format,
               ...) {
    char what[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    if (c)
        return error_set(e, "%s:%zu: column %s: %s", r->path, r->row_line, c->name, what);
    return error_set(e, "%s:%zu: %s", r->path, r->row_line, what);
}

bool rows_missing(const struct rows *r, const char *wanted, const char *(*next)(const void *, int),
                  const void *ctx, struct error *e) {
    char list[300];
    size_t used = 0;
    const char *name, *near = error_nearest(wanted, next, ctx);
    for (int i = 0; (name = next(ctx, i)); i++) {
        size_t room = strlen(name) + 2;
        if (used + room + sizeof ", ..." > sizeof list) {
            used += (size_t)snprintf(list + used, sizeof list - used, ", ...");
            break;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", name);
    }
    return rows_fail(r, NULL, e, "no column '%s'%s%s%s; there are: %s", wanted,
                     near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "",
                     used ? list : "none");
}

/* ---- labels */

static uint64_t hash(const char *text, size_t length) {
    uint64_t h = length;
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
    return rng_mix(h);
}

/* The slot that holds the label, or the free one where it belongs. */
static size_t slot_of(const struct labels *l, const char *text, size_t length) {
    size_t i = hash(text, length) & (l->n_slots - 1);
    for (; l->slot[i]; i = (i + 1) & (l->n_slots - 1)) {
        const char *have = l->text[l->slot[i] - 1];
        if (strncmp(have, text, length) == 0 && have[length] == '\0')
            break;
    }
    return i;
}

/* Room for one more label, with at most half of the slots in use. */
static bool make_room(struct labels *l, struct error *e) {
    if (l->n < l->cap)
        return true;
    size_t cap = l->cap ? 2 * l->cap : 8;
    char **text = realloc(l->text, cap * sizeof *text);
    if (text)
        l->text = text;
    uint32_t *slot = calloc(2 * cap, sizeof *slot);
    if (!text || !slot || cap > UINT32_MAX / 2) {
        free(slot);
        return mem_error(e, "reading a table");
    }
    free(l->slot);
    l->slot = slot;
    l->n_slots = 2 * cap;
    l->cap = cap;
    for (size_t i = 0; i < l->n; i++)
        l->slot[slot_of(l, l->text[i], strlen(l->text[i]))] = (uint32_t)(i + 1);
    return true;
}

bool labels_intern(struct labels *l, const char *text, size_t length, double *index,
                   struct error *e) {
    if (!make_room(l, e))
        return false;
    size_t i = slot_of(l, text, length);
    if (!l->slot[i]) {
        char *copy = strndup(text, length);
        if (!copy)
            return mem_error(e, "reading a table");
        l->text[l->n++] = copy;
        l->slot[i] = (uint32_t)l->n;
    }
    *index = (double)(l->slot[i] - 1);
    return true;
}

static void labels_release(struct labels *l) {
    for (size_t i = 0; i < l->n; i++)
        free(l->text[i]);
    free(l->text);
    free(l->slot);
}

/* ---- rows */

static bool ends_with(const char *path, size_t length, const char *ending) {
    size_t n = strlen(ending);
    return length > n && strncasecmp(path + length - n, ending, n) == 0;
}

static bool choose_format(struct rows *r, struct error *e) {
    size_t n = strlen(r->path);
    if (ends_with(r->path, n, ".gz"))
        n -= 3;
    r->json = ends_with(r->path, n, ".jsonl") || ends_with(r->path, n, ".ndjson");
    return r->json || ends_with(r->path, n, ".csv") ||
           error_set(e, "%s: the name must end in .csv, .jsonl or .ndjson (and may add .gz)",
                     r->path);
}

static bool copy_columns(struct rows *r, const struct rows_column *columns, size_t n,
                         struct error *e) {
    r->column = calloc(n ? n : 1, sizeof *r->column);
    if (!r->path || !r->column)
        return mem_error(e, "reading a table");
    for (r->n = 0; r->n < n; r->n++) {
        r->column[r->n].text = columns[r->n].text;
        r->column[r->n].name = strdup(columns[r->n].name);
        if (!r->column[r->n].name)
            return mem_error(e, "reading a table");
    }
    return true;
}

static bool header(struct rows *r, struct error *e) {
    return r->json ? json_header(r, e) : csv_header(r, e);
}

struct rows *rows_open(const char *path, const struct rows_column *columns, size_t n,
                       struct error *e) {
    struct rows *r = calloc(1, sizeof *r);
    if (!r) {
        mem_error(e, "reading a table");
        return NULL;
    }
    r->path = strdup(path);
    if (copy_columns(r, columns, n, e) && choose_format(r, e) && lines_open(&r->in, r->path, e) &&
        header(r, e))
        return r;
    rows_close(r);
    return NULL;
}

bool rows_next(struct rows *r, double *out, struct error *e) {
    char *text;
    size_t length;
    do {
        if (!lines_next(&r->in, !r->json, &text, &length, e))
            return false;
    } while (length == 0);
    r->row_line = r->in.line;
    return r->json ? json_row(r, text, length, out, e) : csv_row(r, text, length, out, e);
}

bool rows_rewind(struct rows *r, struct error *e) {
    return lines_rewind(&r->in, e) && header(r, e);
}

size_t rows_line(const struct rows *r) {
    return r->row_line;
}

const char *rows_label(const struct rows *r, size_t column, size_t index) {
    if (column >= r->n || index >= r->column[column].labels.n)
        return NULL;
    return r->column[column].labels.text[index];
}

void rows_close(struct rows *r) {
    if (!r)
        return;
    lines_close(&r->in);
    for (size_t i = 0; i < r->n; i++) {
        free(r->column[i].name);
        labels_release(&r->column[i].labels);
    }
    free(r->column);
    free(r->field);
    free(r->path);
    free(r);
}
