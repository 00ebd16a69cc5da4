#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rows_impl.h"

struct parsing {
    const struct rows *r;
    const char *text;
    size_t length;
    json_t *row;
};

static bool load(void *ctx, struct error *e) {
    struct parsing *p = ctx;
    json_error_t why;
    p->row = json_loadb(p->text, p->length, JSON_REJECT_DUPLICATES, &why);
    return p->row || rows_fail(p->r, NULL, e, "not JSON: %s", why.text);
}

static json_t *parse(const struct rows *r, const char *text, size_t length, struct error *e) {
    struct parsing p = {r, text, length, NULL};
    if (!mem_try(load, NULL, &p, "reading a table", e))
        return NULL;
    if (json_is_object(p.row))
        return p.row;
    rows_fail(r, NULL, e, "not a JSON object");
    json_decref(p.row);
    return NULL;
}

/* ---- the first row stands for a header */

static const char *key_name(const void *ctx, int i) {
    json_t *row = *(json_t *const *)ctx;
    void *at = json_object_iter(row);
    while (at && i-- > 0)
        at = json_object_iter_next(row, at);
    return at ? json_object_iter_key(at) : NULL;
}

static bool find_keys(struct rows *r, const char *text, size_t length, struct error *e) {
    r->row_line = r->in.line;
    json_t *row = parse(r, text, length, e);
    bool ok = row != NULL;
    for (size_t i = 0; ok && i < r->n; i++)
        if (!json_object_get(row, r->column[i].name))
            ok = rows_missing(r, r->column[i].name, key_name, &row, e);
    json_decref(row);
    return ok;
}

bool json_header(struct rows *r, struct error *e) {
    char *text;
    size_t length = 0;
    if (r->row_line > 0) /* rewound */
        return true;
    do {
        if (!lines_next(&r->in, false, &text, &length, e))
            return error_set(e, "%s: is empty; lines with one JSON object each were expected",
                             r->path);
    } while (length == 0);
    if (!find_keys(r, text, length, e))
        return false;
    r->in.at = (size_t)(text - r->in.buffer); /* it is a row as well: give it once more */
    r->in.passed--;
    return true;
}

/* ---- rows */

static bool as_label(struct rows *r, struct column *c, const json_t *v, double *out,
                     struct error *e) {
    char number[32];
    if (json_is_string(v))
        return labels_intern(&c->labels, json_string_value(v), json_string_length(v), out, e);
    if (json_is_integer(v))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        snprintf(number, sizeof number, "%.17g", json_real_value(v));
    else if (json_is_boolean(v))
        snprintf(number, sizeof number, "%s", json_is_true(v) ? "true" : "false");
    else
        return rows_fail(r, c, e, "is not text");
    return labels_intern(&c->labels, number, strlen(number), out, e);
}

static bool get(struct rows *r, const json_t *row, size_t i, double *out, struct error *e) {
    struct column *c = &r->column[i];
    const json_t *v = json_object_get(row, c->name);
    if (!v)
        return rows_fail(r, c, e, "is missing");
    if (c->text)
        return as_label(r, c, v, out, e);
    if (!json_is_number(v))
        return rows_fail(r, c, e, "is not a number");
    *out = json_number_value(v);
    return true;
}

bool json_row(struct rows *r, char *text, size_t length, double *out, struct error *e) {
    json_t *row = parse(r, text, length, e);
    bool ok = row != NULL;
    for (size_t i = 0; ok && i < r->n; i++)
        ok = get(r, row, i, &out[i], e);
    json_decref(row);
    return ok;
}
