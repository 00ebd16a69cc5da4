/* How people write quantities: "50ms", "80%", "16GiB", and how they like to read them.
 *
 * Values are kept in base units (seconds, 1, bytes, USD). Nothing allocates. */
#ifndef NINES_BASE_UNITS_H
#define NINES_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum unit {
    UNIT_NONE,  /* plain number: 3, 1e6 */
    UNIT_TIME,  /* s: ns us ms s m (or min) h d */
    UNIT_RATIO, /* 0..1 or "50%" */
    UNIT_SIZE,  /* bytes: B kB MB GB TB KiB MiB GiB TiB */
    UNIT_RATE,  /* per second */
    UNIT_MONEY, /* USD */
    UNITS
};

/* Parses the whole of `text` as a number with an optional suffix; *unit is the unit the suffix
 * implies (UNIT_NONE for a bare number). False with an error naming the text and the accepted
 * suffixes; also for nan and inf. */
bool unit_parse(const char *text, double *value, enum unit *unit, struct error *e);

/* Writes `value` as a person would: "48.2 ms", "99.95 %", "1.5 GiB", "10,500/s", "$0.00042"; 3 or 4
 * significant digits. NaN is written as "n/a". Returns `out`. */
char *unit_format(char *out, size_t size, double value, enum unit unit);

/* The symbol of a unit's base: "s", "", "B", "1/s", "USD", "1" for ratios is "". For JSON and axis
 * labels. */
const char *unit_symbol(enum unit unit);

#endif
