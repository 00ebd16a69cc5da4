/* What the files of report/plot share. Lengths on the picture are in pixels of the PNG; the SVG and
 * the PDF have the same proportions. */
#ifndef NINES_REPORT_PLOT_IMPL_H
#define NINES_REPORT_PLOT_IMPL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "report/whole.h"

/* ---- text and the script (plot_text.c) */

enum { PLOT_BODY = 15, PLOT_SMALL = 13, PLOT_TITLE = 21 }; /* heights of the fonts */

/* A copy without control characters and malformed UTF-8, cut with an ellipsis where it would become
 * wider than `width` at font height `font`. */
char *plot_text_fit(struct arena *a, const char *text, double width, int font);
double plot_text_width(const char *text, int font); /* an estimate on the generous side */

/* Lists the distinct characters for which a font may be missing. cairo draws a huge box for such a
 * one. */
size_t plot_text_rare(const char *text, uint32_t *rare, size_t room);
/* Puts ? for each of them that is not among the `n` fine ones, in place. */
void plot_text_plain(char *text, const uint32_t *fine, size_t n);

/* Definitions of gnuplot variables. A gnuplot array cannot be empty: with n = 0 it gets one element
 * that no loop reads, as the scripts loop to the count. */
void plot_put_text(FILE *script, const char *name, const char *text);
void plot_put_number(FILE *script, const char *name, double value);
void plot_put_texts(FILE *script, const char *name, const char *const *texts, int n);
void plot_put_numbers(FILE *script, const char *name, const double *values, int n);

/* ---- axes (plot_axis.c) */

enum { PLOT_TICKS = 64 };

/* Data stay in base units; only the labels of the ticks are scaled. */
struct plot_axis {
    double lo, hi;
    bool log;
    int n;
    double at[PLOT_TICKS];
    double level[PLOT_TICKS]; /* 0: labelled, 1: minor */
    char text[PLOT_TICKS][24];
    char label[64]; /* what is measured, with the unit */
};

enum plot_scale { PLOT_DURATION, PLOT_COUNT, PLOT_SHARE };

/* Around `wanted` labelled ticks from lo to hi. The label becomes "what, unit", where the unit
 * suits the largest value. Requires lo < hi. */
void plot_axis_linear(struct plot_axis *a, const char *what, enum plot_scale scale, double lo,
                      double hi, int wanted);
/* Ticks carry their own unit ("10 ms"). Requires 0 < lo < hi. */
void plot_axis_log(struct plot_axis *a, const char *what, enum plot_scale scale, double lo,
                   double hi);
/* Simulated time: s, min, h or d, with steps that people use for them. */
void plot_axis_clock(struct plot_axis *a, double lo, double hi);

double plot_axis_place(const struct plot_axis *a, double x); /* 0 at lo, 1 at hi; not clamped */
double plot_axis_value(const struct plot_axis *a, double place);
/* Defines P_LO, P_HI, P_LOG, P_LABEL, P_TICKS and the arrays P_AT, P_TEXT, P_LEVEL, where P =
 * prefix. */
void plot_put_axis(FILE *script, const char *prefix, const struct plot_axis *a);

char *plot_duration_text(char *out, size_t size, double seconds); /* "8.21 ms" */

/* ---- placing labels (plot_place.c) */

/* Moves n labels (ascending wanted centres, widths) as little as possible so that they do not
 * overlap inside [0, room]; the order stays. They overlap only when they are wider than the room
 * together. */
void plot_spread(double *centre, const double *width, int n, double room);

/* A span of time with a text above the plot: a fault, or the warm-up. */
struct plot_span {
    double from, to; /* pixels from the left end of the axis */
    const char *text;
    double width;  /* of the text, pixels */
    int lane;      /* result: 0 is the lowest */
    double text_x; /* result: left end of the text */
    bool named;    /* result: false: the bar goes without its text */
};
enum { PLOT_LANES = 4 };

/* Gives every span (sorted by from) a lane. Returns how many spans go unnamed though no span with
 * the same text is named. */
int plot_lanes(struct plot_span *s, int n, double room);

/* ---- the result (plot_summary.c) */

struct plot_fault {
    char *text;
    double from, to; /* s; to is INFINITY: until the end */
};
struct plot_slo {
    char *text; /* "SLO p99 < 50ms" */
    double bound;
};
struct plot_summary {
    json_t *root; /* what was read */
    char *title, *subtitle;
    double warmup, measured;   /* s */
    double p50, p90, p99;      /* latency, s; NaN when the result has none */
    struct plot_fault *faults; /* by start */
    int n_faults;
    struct plot_slo *slos; /* those on latency, of all users or of some, highest bound first */
    int n_slos;
};

bool plot_summary_load(struct plot_summary *s, struct arena *a, const char *dir, struct error *e);
void plot_summary_free(struct plot_summary *s);

/* ---- histograms (plot_hist.c) */

struct plot_bucket {
    double low, high, count; /* s, s */
};
struct plot_hist {
    const char *name; /* "latency" or "latency{class=human}", of the table */
    struct plot_bucket *bucket;
    size_t n, cap;
    double total;
};
struct plot_hists {
    struct arena *arena;
    struct rows *rows;
    struct plot_hist *hist;
    int n, cap;
};

/* No file: n = 0. */
bool plot_hists_load(struct plot_hists *h, struct arena *a, const char *dir, struct error *e);
void plot_hists_free(struct plot_hists *h);
double plot_hist_quantile(const struct plot_hist *h, double p); /* s */
/* Shares of the total in `n` bins of equal width on the axis; a bucket is spread over the bins it
 * covers. What lies outside of the axis falls into the first and the last bin. */
void plot_hist_rebin(const struct plot_hist *h, const struct plot_axis *a, double *share, int n);

/* ---- series (plot_series.c) */

struct plot_points {
    double *t, *v; /* ascending t, s */
    int n;
};
struct plot_wanted {
    const char *metric;
    struct plot_points points; /* result */
};
struct plot_stat {
    const char *metric; /* owned by the table */
    double peak, mean;  /* over t >= 0 */
    int n;              /* windows with t >= 0 */
};
struct plot_series {
    struct arena *arena;
    struct rows *rows; /* NULL: no series.csv */
    struct plot_stat *stat;
    int n, cap;
    double step;        /* s, the width of a window */
    double first, last; /* s, middles of the first and the last window */
};

/* Two passes, so that a table with hundreds of replicas costs the memory of what is drawn: the
 * first collects what there is, plot_series_read fetches the chosen metrics. */
bool plot_series_open(struct plot_series *s, struct arena *a, const char *dir, struct error *e);
const struct plot_stat *plot_series_find(const struct plot_series *s, const char *metric);
bool plot_series_read(struct plot_series *s, struct plot_wanted *w, int n, struct error *e);
void plot_series_free(struct plot_series *s);
/* Writes the points as one gnuplot data block, thinned to what a picture can show (minima and
 * maxima survive), with a break where a window has no value and a dash where a value stands alone.
 */
void plot_points_write(const struct plot_points *p, double step, FILE *f);

/* The busiest addresses of the load picture (plot_busy.c). */
enum { PLOT_ADDRESSES = 6, PLOT_SINGLES = 3 };
struct plot_address {
    char *name;
    int colour;  /* 1.. */
    bool single; /* one replica of the pooled address of the same colour */
};
/* Fills at most PLOT_ADDRESSES + PLOT_SINGLES, busiest first, a single replica behind its pool. */
int plot_busiest(const struct plot_series *s, struct plot_address *out);

/* ---- pictures */

struct plot_job {
    struct arena *arena; /* of all that is made for the pictures */
    const struct plot_summary *summary;
    const struct plot_hists *hists;
    struct plot_series *series;
    const char *temp;     /* folder for tables */
    FILE *script;         /* of the picture in work: variables, then the loading of its .gp file */
    struct sheet *panels; /* for a part of it */
};

/* Each prepares one picture: tables into temp, variables and `load` into the script. *some is false
 * when there is nothing to draw. */
bool plot_prepare_latency(struct plot_job *j, bool *some, struct error *e);
bool plot_prepare_tail(struct plot_job *j, bool *some, struct error *e);
bool plot_prepare_percentiles(struct plot_job *j, bool *some, struct error *e);
bool plot_prepare_load(struct plot_job *j, bool *some, struct error *e);

/* The frame of a picture: size and sides of the plot area. */
struct plot_frame {
    int width, height;
    double left, right; /* pixels */
};
void plot_put_frame(struct plot_job *j, const struct plot_frame *f, const char *note);
/* Where the plot area has to end so that a key with these texts has room to its right. */
double plot_key_side(const struct plot_frame *f, const char *const *text, int n);

/* Marks above the plot, for the latency axis of a picture: SLO bounds and, unless NULL, the three
 * quantiles p50, p90 and p99 (NaN: none). */
void plot_put_marks(struct plot_job *j, const struct plot_frame *f, const struct plot_axis *a,
                    const double *quantiles);

/* Opens temp/name for writing and defines the variable `variable` with its path; plot_table_close
 * reports what went wrong with the writing. */
FILE *plot_table_open(struct plot_job *j, const char *variable, const char *name, struct error *e);
bool plot_table_close(FILE *f, const char *name, struct error *e);

/* Shared by the pictures over time (plot_time.c). */
void plot_time_axis(struct plot_axis *a, const struct plot_job *j);

/* Shaded spans (warm-up, faults) and their lanes above the plot. `note` receives how many remain
 * without a name, if any do. */
void plot_put_spans(struct plot_job *j, const struct plot_frame *f, const struct plot_axis *a,
                    char *note, size_t size);

/* Reads the wanted metrics and writes them as the blocks of one table, whose path becomes the
 * variable TABLE; a metric without a value has no block. Returns how many blocks there are, -1
 * after an error. */
int plot_write_blocks(struct plot_job *j, struct plot_wanted *w, int n, const char *file,
                      struct error *e);

/* Names, colours and styles (numbers in common.gp's lists) of the blocks that were written. */
void plot_put_lines(struct plot_job *j, const struct plot_wanted *w, const char *const *names,
                    const double *colour, const double *style, int n);

/* ---- gnuplot (plot_pipe.c) */

/* Feeds the script to one gnuplot process and waits for its end. */
bool plot_pipe_run(struct arena *a, const char *script, size_t size, struct error *e);

/* Is there a font that has all of these characters? Asks fontconfig's fc-list; without it: no. */
bool plot_pipe_fonts(const uint32_t *points, size_t n);

#endif
