/* What people read on a terminal. Everything goes to the given stream; colour only when asked for.
 * Memory that runs out leaves by the guard: write through whole_write. */
#ifndef NINES_REPORT_TEXT_H
#define NINES_REPORT_TEXT_H

#include <stdio.h>

#include "lab/claim.h"

struct text_style {
    bool colour;
};

/* Summary of one case: what ran, throughput, latencies with intervals, busiest nodes, SLOs, and the
 * next command. */
void text_summary(FILE *f, const struct study *s, const struct case_result *c, const char *scenario,
                  const struct text_style *style);

/* Verdicts of all claims; counts[3] by verdict, *different how many are not as expected. */
void text_claims(FILE *f, const struct study *s, const struct text_style *style, int counts[3],
                 int *different);

/* Paired differences of two cases. */
void text_compare(FILE *f, const struct study *a, const struct case_result *ca, const char *name_a,
                  const struct study *b, const struct case_result *cb, const char *name_b);

#endif
