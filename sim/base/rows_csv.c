#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rows_impl.h"

/* ---- numbers */

/* Everything but [-]digits[.digits] of at most 18 digits: strtod, after excluding what only it
 * takes for a number. */
static bool slow_number(char *field, size_t length, double *out) {
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)field[i]) && !strchr("+-.eE", field[i]))
            return false; /* strchr finds a NUL too, at which strtod stops */
    char *end;
    field[length] = '\0';
    *out = strtod(field, &end);
    return length > 0 && end == field + length && isfinite(*out);
}

/* A quotient of two exact doubles is rounded once, and is then the double nearest to the decimal.
 */
bool rows_number(char *field, size_t length, double *out) {
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                  1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    const char *p = field, *end = field + length;
    bool minus = p < end && *p == '-';
    p += minus;
    if (end - p > 19)
        return slow_number(field, length, out);
    uint64_t digits = 0;
    size_t n = 0, point = 0;
    bool seen = false;
    for (; p < end; p++) {
        unsigned digit = (unsigned)(unsigned char)*p - '0';
        if (digit <= 9) {
            digits = digits * 10 + digit;
            n++;
            point += seen;
        } else if (*p == '.' && !seen)
            seen = true;
        else
            return slow_number(field, length, out);
    }
    if (n == 0 || n > 18 || digits > (uint64_t)1 << 53)
        return slow_number(field, length, out);
    double v = (double)digits / tens[point];
    *out = minus ? -v : v;
    return true;
}

/* ---- fields */

struct field {
    char *text;
    size_t length;
};

static void trim(struct field *f) {
    while (f->length > 0 && (f->text[0] == ' ' || f->text[0] == '\t')) {
        f->text++;
        f->length--;
    }
    while (f->length > 0 && (f->text[f->length - 1] == ' ' || f->text[f->length - 1] == '\t'))
        f->length--;
}

/* Unquotes in place what begins with a quote at *p; false if something other than a comma follows
 * the end. */
static bool quoted(char **p, char *end, struct field *f) {
    char *from = *p + 1, *to = f->text = from;
    for (; from < end; from++) {
        if (*from == '"' && (from + 1 == end || from[1] != '"'))
            break;
        from += *from == '"';
        *to++ = *from;
    }
    f->length = (size_t)(to - f->text);
    for (from += from < end; from < end && (*from == ' ' || *from == '\t');)
        from++;
    *p = from;
    return from == end || *from == ',';
}

/* Takes the field at *p and leaves *p at the comma behind it or at `end`. */
static bool take(char **p, char *end, struct field *f) {
    char *start = *p;
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    if (start < end && *start == '"') {
        *p = start;
        return quoted(p, end, f);
    }
    char *comma = start;
    while (comma < end && *comma != ',')
        comma++;
    *f = (struct field){start, (size_t)(comma - start)};
    trim(f);
    *p = comma;
    return true;
}

/* ---- header */

struct header {
    char *name[4096];
    size_t n;
};

static const char *header_name(const void *ctx, int i) {
    const struct header *h = ctx;
    return (size_t)i < h->n ? h->name[i] : NULL;
}

/* Splits the header line in place; names are NUL-terminated where their commas were. */
static bool split_header(struct rows *r, char *text, size_t length, struct header *h,
                         struct error *e) {
    char *p = text, *end = text + length;
    r->row_line = r->in.line;
    for (;;) {
        struct field f;
        if (h->n == sizeof h->name / sizeof *h->name)
            return rows_fail(r, NULL, e, "more than %zu columns", h->n);
        if (!take(&p, end, &f))
            return rows_fail(r, NULL, e, "something follows a closing quote in the header");
        bool last = p == end;
        f.text[f.length] = '\0';
        h->name[h->n++] = f.text;
        if (last)
            return true;
        p++;
    }
}

static bool find_column(struct rows *r, size_t wanted, const struct header *h, struct error *e) {
    const char *name = r->column[wanted].name;
    size_t found = h->n;
    for (size_t i = 0; i < h->n; i++)
        if (strcmp(h->name[i], name) == 0) {
            if (found < h->n)
                return rows_fail(r, NULL, e, "two columns are called '%s'", name);
            found = i;
        }
    if (found == h->n)
        return rows_missing(r, name, header_name, h, e);
    r->column[wanted].next = r->field[found];
    r->field[found] = wanted + 1;
    return true;
}

static bool find_columns(struct rows *r, char *text, size_t length, struct header *h,
                         struct error *e) {
    if (!split_header(r, text, length, h, e))
        return false;
    r->n_fields = h->n;
    r->field = calloc(h->n, sizeof *r->field);
    if (!r->field)
        return mem_error(e, "reading a table");
    for (size_t i = 0; i < r->n; i++)
        if (!find_column(r, i, h, e))
            return false;
    return true;
}

bool csv_header(struct rows *r, struct error *e) {
    char *text;
    size_t length = 0;
    do {
        if (!lines_next(&r->in, true, &text, &length, e))
            return error_set(e, "%s: is empty; a header line with the columns was expected",
                             r->path);
    } while (length == 0);
    if (r->field) /* rewound: the columns are known */
        return true;
    struct header *h = calloc(1, sizeof *h);
    if (!h)
        return mem_error(e, "reading a table");
    bool ok = find_columns(r, text, length, h, e);
    free(h);
    return ok;
}

/* ---- rows */

static bool store(struct rows *r, size_t wanted, struct field *f, double *out, struct error *e) {
    struct column *c = &r->column[wanted];
    if (c->text && memchr(f->text, '\0', f->length))
        return rows_fail(r, c, e, "contains a zero byte");
    if (c->text)
        return labels_intern(&c->labels, f->text, f->length, &out[wanted], e);
    trim(f); /* of a quoted field; labels keep their blanks */
    if (f->length == 0)
        return rows_fail(r, c, e, "is empty");
    double v;
    if (!rows_number(f->text, f->length, &v))
        return rows_fail(r, c, e, "'%.*s' is not a number", f->length < 60 ? (int)f->length : 60,
                         f->text);
    out[wanted] = v;
    return true;
}

static bool wrong_count(struct rows *r, size_t i, char *p, char *end, struct error *e) {
    while (p < end) {
        struct field f;
        p++;
        take(&p, end, &f);
        i++;
    }
    return rows_fail(r, NULL, e, "%zu field%s, but the header has %zu", i, i == 1 ? "" : "s",
                     r->n_fields);
}

bool csv_row(struct rows *r, char *text, size_t length, double *out, struct error *e) {
    char *p = text, *end = text + length;
    for (size_t i = 0;; i++) {
        struct field f;
        if (!take(&p, end, &f))
            return rows_fail(r, NULL, e, "something follows the closing quote of field %zu", i + 1);
        bool last = p == end; /* before rows_number may overwrite the comma */
        if (i + 1 == r->n_fields && !last)
            return wrong_count(r, i + 1, p, end, e);
        for (size_t c = r->field[i]; c; c = r->column[c - 1].next)
            if (!store(r, c - 1, &f, out, e))
                return false;
        if (last)
            return i + 1 == r->n_fields || wrong_count(r, i + 1, p, end, e);
        p++;
    }
}
