/* What the files of `rows` share: rows.c opens, looks up columns and keeps labels; rows_lines.c
 * hands out the lines of a plain or compressed file; rows_csv.c and rows_json.c take a line apart.
 * Private to base. */
#ifndef NINES_BASE_ROWS_IMPL_H
#define NINES_BASE_ROWS_IMPL_H

#include <stdint.h>
#include <zlib.h>

#include "mem.h"
#include "rows.h"

enum { ROWS_LONGEST = 1 << 20, ROWS_BUFFER = ROWS_LONGEST + (1 << 16) };

/* ---- lines */

struct lines {
    const char *path;
    gzFile file;
    char *buffer; /* ROWS_BUFFER + 1 long; [at, end) is unread */
    size_t at, end;
    size_t line;   /* number of the last line handed out, or of its first if it has several */
    size_t passed; /* lines before `at` */
    bool ended;    /* the file has no more than the buffer */
};

bool lines_open(struct lines *l, const char *path, struct error *e);
bool lines_rewind(struct lines *l, struct error *e);
void lines_close(struct lines *l);

/* The next line without its end; *text may be written to, up to and including text[*length], until
 * the next call. With `quotes`, a newline inside double quotes does not end it. False: end of file,
 * or an error. */
bool lines_next(struct lines *l, bool quotes, char **text, size_t *length, struct error *e);

/* ---- labels of a text column, found by open addressing */

struct labels {
    char **text;
    size_t n, cap;
    uint32_t *slot; /* index + 1, 0 is free; n_slots is a power of two */
    size_t n_slots;
};

bool labels_intern(struct labels *l, const char *text, size_t length, double *index,
                   struct error *e);

/* ---- rows */

struct column {
    char *name;
    bool text;
    size_t next; /* + 1: another wanted column that reads the same field; 0: none */
    struct labels labels;
};

struct rows {
    struct lines in;
    char *path;
    struct column *column;
    size_t n;
    bool json;
    size_t *field; /* CSV: for each field of the header, the first wanted column + 1, or 0 */
    size_t n_fields;
    size_t row_line;
};

bool rows_fail(const struct rows *r, const struct column *c, struct error *e, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* The error that `wanted` is not among the columns, which `next` enumerates. */
bool rows_missing(const struct rows *r, const char *wanted, const char *(*next)(const void *, int),
                  const void *ctx, struct error *e);

bool csv_header(struct rows *r, struct error *e);
bool csv_row(struct rows *r, char *text, size_t length, double *out, struct error *e);
bool json_header(struct rows *r, struct error *e);
bool json_row(struct rows *r, char *text, size_t length, double *out, struct error *e);

/* Reads a whole field as a decimal number; field[length] may be overwritten. */
bool rows_number(char *field, size_t length, double *out);

#endif
