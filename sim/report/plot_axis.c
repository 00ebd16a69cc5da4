/* Ticks that people would choose: 1-2-5 steps, decades, minutes and hours. */
#include <math.h>
#include <string.h>

#include "plot_impl.h"

struct step_unit {
    const char *name;
    double size;
};

static const struct step_unit durations[] = {
    {"ns", 1e-9}, {"µs", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"h", 3600},
};
static const struct step_unit counts[] = {
    {"", 1},
    {"thousands", 1e3},
    {"millions", 1e6},
    {"billions", 1e9},
};

/* The largest unit of which `value` holds at least `least`, or the smallest one. */
static const struct step_unit *pick(const struct step_unit *u, int n, double value, double least) {
    int i = n - 1;
    while (i > 0 && value < least * u[i].size)
        i--;
    return &u[i];
}

static const struct step_unit *pick_duration(double seconds, double least) {
    const struct step_unit *u = pick(durations, 5, seconds, least);
    /* Nobody measures latency in hours before there are ten of them. */
    return u->size > 1 && seconds < 36000 ? &durations[3] : u;
}

char *plot_duration_text(char *out, size_t size, double seconds) {
    /* 999.7 ms must not be printed as 1e+03 ms */
    const struct step_unit *u = pick_duration(seconds, 0.9995);
    double x = seconds / u->size;
    int digits = x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2;
    if (seconds == 0)
        snprintf(out, size, "0 s");
    else
        snprintf(out, size, "%.*f %s", digits, x, u->name);
    return out;
}

static double nice_step(double span, int wanted) {
    double raw = span / wanted, ten = pow(10, floor(log10(raw)));
    double lead = raw / ten;
    return ten * (lead <= 1.0001 ? 1 : lead <= 2.0001 ? 2 : lead <= 5.0001 ? 5 : 10);
}

static void add_tick(struct plot_axis *a, double at, int level) {
    if (a->n == PLOT_TICKS)
        return;
    a->at[a->n] = at;
    a->level[a->n] = level;
    a->text[a->n][0] = '\0';
    a->n++;
}

/* Labelled ticks at the multiples of `step` units of `size`. */
static void add_multiples(struct plot_axis *a, double step, double size) {
    double from = ceil(a->lo / (step * size) - 1e-9), to = floor(a->hi / (step * size) + 1e-9);
    int digits = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    for (double k = from; k <= to; k++) {
        double x = k * step;
        add_tick(a, x * size, 0);
        snprintf(a->text[a->n - 1], sizeof a->text[0], "%.*f", digits, x == 0 ? 0 : x);
    }
}

static void axis_begin(struct plot_axis *a, double lo, double hi, bool log) {
    memset(a, 0, sizeof *a);
    a->lo = lo;
    a->hi = hi;
    a->log = log;
}

void plot_axis_linear(struct plot_axis *a, const char *what, enum plot_scale scale, double lo,
                      double hi, int wanted) {
    static const struct step_unit percent = {"%", 0.01};
    axis_begin(a, lo, hi, false);
    double most = fmax(fabs(lo), fabs(hi));
    const struct step_unit *u = scale == PLOT_DURATION ? pick_duration(most, 1)
                                : scale == PLOT_SHARE  ? &percent
                                                       : pick(counts, 4, most, most < 2e6 ? 10 : 2);
    add_multiples(a, nice_step((hi - lo) / u->size, wanted), u->size);
    snprintf(a->label, sizeof a->label, "%s%s%s", what, u->name[0] ? ", " : "", u->name);
}

static void log_text(char *out, size_t size, enum plot_scale scale, double x) {
    if (scale == PLOT_DURATION) {
        const struct step_unit *u = pick_duration(x, 0.9995);
        snprintf(out, size, "%.6g %s", x / u->size, u->name);
    } else if (scale == PLOT_SHARE) { /* %.7f with the zeros cut: never an exponent */
        char digits[32];
        snprintf(digits, sizeof digits, "%.9f", 100 * x);
        size_t n = strlen(digits);
        while (n > 0 && digits[n - 1] == '0')
            digits[--n] = '\0';
        if (n > 0 && digits[n - 1] == '.')
            digits[n - 1] = '\0';
        snprintf(out, size, "%.18s %%", digits);
    } else {
        snprintf(out, size, "%.6g", x);
    }
}

/* Ticks at 1, 2, 5 … of each decade. With many decades only powers of ten are labelled, or every
 * second or third of them. */
static void add_decades(struct plot_axis *a, enum plot_scale scale, double decades) {
    int every = (int)ceil(decades / 10);
    bool fives = decades <= 3, twos = decades <= 2.5;
    int from = (int)floor(log10(a->lo)), to = (int)ceil(log10(a->hi));
    for (int d = from; d <= to; d++) {
        for (int m = 1; m < 10; m++) {
            double x = m * pow(10, d);
            if (x < a->lo * (1 - 1e-9) || x > a->hi * (1 + 1e-9))
                continue;
            bool whole = m == 1 && ((d % every) + every) % every == 0;
            bool named = whole || (fives && m == 5) || (twos && m == 2);
            if (!named && (decades > 5 || every > 1))
                continue;
            add_tick(a, x, named ? 0 : 1);
            if (named)
                log_text(a->text[a->n - 1], sizeof a->text[0], scale, x);
        }
    }
}

void plot_axis_log(struct plot_axis *a, const char *what, enum plot_scale scale, double lo,
                   double hi) {
    axis_begin(a, lo, hi, true);
    double decades = log10(hi / lo);
    if (decades < 0.9) { /* too short for decades: even steps, as on a linear axis */
        double step = nice_step(hi - lo, 8);
        for (double k = ceil(lo / step - 1e-9); k <= floor(hi / step + 1e-9); k++) {
            add_tick(a, k * step, 0);
            log_text(a->text[a->n - 1], sizeof a->text[0], scale, k * step);
        }
    } else {
        add_decades(a, scale, decades);
    }
    snprintf(a->label, sizeof a->label, "%s (log scale)", what);
}

void plot_axis_clock(struct plot_axis *a, double lo, double hi) {
    static const struct step_unit units[] = {
        {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    static const double least[] = {0, 2, 300, 18000,
                                   8 * 86400.}; /* spans from which a unit is used */
    static const double sixty[] = {1, 2, 5, 10, 15, 30, 60, 120, 300};
    static const double day[] = {1, 2, 3, 4, 6, 12, 24, 48, 96};
    axis_begin(a, lo, hi, false);
    double span = hi - lo;
    int u = 4;
    while (u > 0 && span < least[u])
        u--;
    double units_long = span / units[u].size, step = nice_step(units_long, 10);
    const double *steps = u == 1 || u == 2 ? sixty : u == 3 ? day : NULL;
    if (steps && step >= 1) {
        int i = 0;
        while (i < 8 && units_long / steps[i] > 13)
            i++;
        step = fmax(steps[i], units_long / steps[i] > 13 ? step : 0);
    }
    add_multiples(a, step, units[u].size);
    snprintf(a->label, sizeof a->label, "time since the end of warm-up, %s", units[u].name);
}

double plot_axis_place(const struct plot_axis *a, double x) {
    if (a->log)
        return x > 0 ? log(x / a->lo) / log(a->hi / a->lo) : -HUGE_VAL;
    return (x - a->lo) / (a->hi - a->lo);
}

double plot_axis_value(const struct plot_axis *a, double place) {
    return a->log ? a->lo * pow(a->hi / a->lo, place) : a->lo + (a->hi - a->lo) * place;
}

void plot_put_axis(FILE *script, const char *prefix, const struct plot_axis *a) {
    char name[64], doubled[PLOT_TICKS][48];
    const char *texts[PLOT_TICKS];
    for (int i = 0; i < a->n; i++) { /* the labels of ticks are formats: % is doubled */
        char *o = doubled[i];
        for (const char *p = a->text[i]; *p; p++) {
            if (*p == '%')
                *o++ = '%';
            *o++ = *p;
        }
        *o = '\0';
        texts[i] = doubled[i];
    }
#define NAME(suffix) (snprintf(name, sizeof name, "%s_%s", prefix, suffix), name)
    plot_put_number(script, NAME("LO"), a->lo);
    plot_put_number(script, NAME("HI"), a->hi);
    plot_put_number(script, NAME("LOG"), a->log);
    plot_put_text(script, NAME("LABEL"), a->label);
    plot_put_number(script, NAME("TICKS"), a->n);
    plot_put_numbers(script, NAME("AT"), a->at, a->n);
    plot_put_numbers(script, NAME("LEVEL"), a->level, a->n);
    plot_put_texts(script, NAME("TEXT"), texts, a->n);
#undef NAME
}
