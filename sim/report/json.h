/* The result as JSON: schema nines.result/1. Everything but the key `run` is the same for the same
 * seed, whatever the number of threads, the compiler or its options. */
#ifndef NINES_REPORT_JSON_H
#define NINES_REPORT_JSON_H

#include <jansson.h>

#include "lab/claim.h"

/* One case as an object; claims of all cases are included when `claims`. NULL when memory is out.
 * `scenario` is the file as given. */
json_t *json_result(const struct study *s, const struct case_result *c, const char *scenario,
                    bool claims);

/* Writes with stable formatting (sorted as made, 2 blanks, 15 digits). False with an error. */
bool json_write(FILE *f, const json_t *j, struct error *e);

#endif
