/* Rows of a table file, one at a time: CSV with a header line, or JSON lines with one object a row.
 *
 * Only the named columns are read and only one row is held, so that a file of any length costs the
 * same memory. The format follows the file's ending (.csv, .jsonl, .ndjson; each may end in .gz).
 * Numbers only. Columns of text (for classes) are given as interned small integers by rows_label.
 * CSV: comma-separated, header required, fields may be quoted (RFC 4180), CRLF tolerated, blank
 * lines skipped, UTF-8 BOM tolerated. Every refusal names file and line. */
#ifndef NINES_BASE_ROWS_H
#define NINES_BASE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct rows;

/* One wanted column. Text columns yield the index of an interned label in first-seen order (see
 * rows_label). */
struct rows_column {
    const char *name;
    bool text;
};

/* Opens `path` and finds the `n` columns (names copied). NULL with an error: cannot open, no
 * header, a column is not there (the message lists those that are, and a near miss). */
struct rows *rows_open(const char *path, const struct rows_column *columns, size_t n,
                       struct error *e);

/* Reads the next row into out[0..n). True: a row was read. False with `e` empty: end of file. False
 * with `e` filled: the row is malformed ("trace.csv:17: column input_tokens: 'abc' is not a
 * number"), the rows object must then be closed. */
bool rows_next(struct rows *r, double *out, struct error *e);

/* Starts again behind the header (for looping). */
bool rows_rewind(struct rows *r, struct error *e);

size_t rows_line(const struct rows *r); /* of the row read last, from 1 */
const char *rows_label(const struct rows *r, size_t column, size_t index); /* NULL: no such label */
void rows_close(struct rows *r);                                           /* NULL is fine */

#endif
