/* Reference texts made from the schemas: for the terminal and, as Markdown, for docs/reference. */
#ifndef NINES_REPORT_HELP_H
#define NINES_REPORT_HELP_H

#include <stdio.h>

#include "core/schema.h"

/* One component: what it is, its parameters with units, defaults and ranges, its metrics. */
void help_node(FILE *f, const struct node_type *type, bool markdown);

/* A word with an example: distributions, signals, faults, others. `arguments` may be NULL. */
void help_word(FILE *f, const char *name, const char *summary, const char *arguments,
               const char *example, bool markdown);

#endif
