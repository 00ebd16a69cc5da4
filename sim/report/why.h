/* What the slow requests spend their time on: a table, and some of them as waterfalls. Memory that
 * runs out leaves by the guard: write through whole_write. */
#ifndef NINES_REPORT_WHY_H
#define NINES_REPORT_WHY_H

#include <jansson.h>

#include "report/text.h"

void why_text(FILE *f, const struct study *s, const struct case_result *c,
              const struct text_style *style);

/* The same, schema nines.why/1. NULL when memory is out. */
json_t *why_json(const struct study *s, const struct case_result *c, const char *scenario);

#endif
