/* Pictures of a result folder, drawn by gnuplot.
 *
 * The folder is one that a run wrote: summary.json, histogram.csv and series.csv. From them come
 * the pictures latency, tail, percentiles and load, each as far as the data support it; a table
 * that is not there, or holds no row, only means fewer pictures. The layout lives in the .gp files
 * of the scripts folder; this side decides what goes in.
 *
 * Everything is prepared in a temporary folder inside the result folder, which is removed
 * afterwards, also after a failure. A picture gets its name when all of them are complete. */
#ifndef NINES_REPORT_PLOT_H
#define NINES_REPORT_PLOT_H

#include <stdbool.h>

#include "base/error.h"

struct plot_options {
    const char *format;  /* "svg", "png" or "pdf"; NULL: both svg and png */
    const char *scripts; /* folder of the .gp files */
};

/* Draws every picture that the data of `dir` support into `dir` and prints nothing. `wrote` (may be
 * NULL) receives the path of each picture. False with a one-sentence error: gnuplot is not
 * installed or refused, a file is not readable or malformed, no picture could be drawn at all. */
bool plot_folder(const char *dir, const struct plot_options *o,
                 void (*wrote)(void *ctx, const char *path), void *ctx, struct error *e);

#endif
