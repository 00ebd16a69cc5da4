/* A result folder: summary.json, histogram.csv, series.csv, and pictures when asked for. Written
 * under a temporary name and renamed, so that a killed run leaves no half result. */
#ifndef NINES_REPORT_FOLDER_H
#define NINES_REPORT_FOLDER_H

#include "lab/claim.h"

/* Writes `dir`; an existing result folder of nines (one with a summary.json) is replaced, anything
 * else refused. `finish` (or NULL) is called with the temporary folder before the rename, to add
 * pictures; when it fails the data is kept and its error is returned in `e` all the same. */
bool folder_write(const char *dir, const struct study *s, const struct case_result *c,
                  const char *scenario, bool claims,
                  bool (*finish)(const char *dir, void *ctx, struct error *e), void *ctx,
                  struct error *e);

/* May `dir` be written? To be asked before a long run. */
bool folder_check(const char *dir, struct error *e);

/* metric,value,lo,hi,n,unit — one row a metric. */
bool csv_metrics(FILE *f, const struct study *s, const struct case_result *c);

#endif
