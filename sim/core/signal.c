#include "signal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct signal_type signal_types[SIGNAL_KINDS] = {
    {"ramp", "straight lines between points, level before the first and after the last",
     "{ time, value }, …", "ramp { { \"60s\", 1 }, { \"120s\", 4 } }"},
    {"steps", "a value from each time on; the first one also before", "{ time, value }, …",
     "steps { { \"0s\", 1 }, { \"60s\", 2 } }"},
    {"pulse", "another value between two times", "from, to, value, base (1)",
     "pulse { from = \"60s\", to = \"90s\", value = 3 }"},
    {"diurnal", "a smooth daily wave with mean 1 (a von Mises curve, never negative)",
     "peak_to_mean, period (\"24h\"), peak_at (\"14h\")",
     "diurnal { peak_to_mean = 3, peak_at = \"14h\" }"},
    {"spike", "a flash crowd: up to a value in a straight line, and back as an exponential decay",
     "from, value, rise (\"0s\"), decay (\"30s\"), base (1)",
     "spike { from = \"60s\", value = 5, rise = \"2s\", decay = \"20s\" }"},
};

struct signal {
    enum signal_kind kind;
    uint32_t n;
    double *t, *v;              /* ramp, steps; pulse as three steps */
    double period, peak, sharp; /* diurnal: exp(sharp (cos - 1)) / norm */
    double norm;
    const struct signal *next; /* factor */
};

/* I0(k) exp(-k), the mean of exp(k (cos x - 1)), and its derivative: trapezoid rule, which
 * converges geometrically for a periodic function. */
enum { STEPS = 512 };

static void mean_wave(const double *cosine, double k, double *mean, double *slope) {
    double sum = 0, weighted = 0;
    for (int i = 0; i < STEPS; i++) {
        double x = exp(k * (cosine[i] - 1));
        sum += x;
        weighted += (cosine[i] - 1) * x;
    }
    *mean = sum / STEPS;
    *slope = weighted / STEPS;
}

/* The k whose wave has this peak over its mean: Newton's method on the logarithm, which is concave,
 * so that it comes from below and never goes too far. */
static double sharpness(double ratio, double *mean) {
    double cosine[STEPS], k = 0, slope;
    for (int i = 0; i < STEPS; i++)
        cosine[i] = cos(2 * 3.14159265358979323846 * i / STEPS);
    mean_wave(cosine, k, mean, &slope);
    for (int i = 0; i < 100; i++) {
        double step = (log(ratio) + log(*mean)) * *mean / -slope;
        if (!(step > 1e-15 * (1 + k)))
            break;
        k += step;
        mean_wave(cosine, k, mean, &slope);
    }
    return k;
}

static bool read_points(struct arena *a, struct signal *s, const char *what, const struct table *t,
                        struct error *e) {
    s->n = table_count(t);
    if (!s->n || s->n != t->n)
        return error_set(e, "%s: it wants a list of points such as { \"60s\", 2 }", what);
    s->t = arena_alloc(a, s->n * sizeof *s->t);
    s->v = arena_alloc(a, s->n * sizeof *s->v);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct value *p = table_at(t, i + 1);
        if (p->type != VALUE_TABLE || table_count(&p->table) != 2)
            return error_set(e, "%s: point %u is %s; it wants { time, value }", what, i + 1,
                             value_type_name(p));
        if (!value_number(table_at(&p->table, 1), UNIT_TIME, &s->t[i], what, e) ||
            !value_number(table_at(&p->table, 2), UNIT_NONE, &s->v[i], what, e))
            return false;
        if (i && s->t[i] < s->t[i - 1])
            return error_set(e, "%s: point %u lies before point %u; times must not decrease", what,
                             i + 1, i);
        if (s->v[i] < 0)
            return error_set(e, "%s: point %u has a negative value", what, i + 1);
    }
    return true;
}

static bool known_keys(const char *what, const struct table *t, const char *const *keys,
                       struct error *e) {
    for (uint32_t i = 0; i < t->n; i++) {
        bool found = false;
        for (int k = 0; keys[k]; k++)
            found = found || (t->at[i].key && !strcmp(t->at[i].key, keys[k]));
        if (!found)
            return error_set(e, "%s: unknown key '%s'", what,
                             t->at[i].key ? t->at[i].key : "(positional)");
    }
    return true;
}

static bool get(const char *what, const struct table *t, const char *key, enum unit unit,
                double def, double *out, struct error *e) {
    const struct value *v = table_get(t, key);
    *out = def;
    if (!v && isnan(def))
        return error_set(e, "%s: '%s' is missing", what, key);
    char label[64];
    snprintf(label, sizeof label, "%s: %s", what, key);
    return !v || value_number(v, unit, out, label, e);
}

static bool read_pulse(struct arena *a, struct signal *s, const struct table *t, struct error *e) {
    double from, to, value, base;
    if (!known_keys("pulse", t, (const char *const[]){"from", "to", "value", "base", NULL}, e) ||
        !get("pulse", t, "from", UNIT_TIME, NAN, &from, e) ||
        !get("pulse", t, "to", UNIT_TIME, NAN, &to, e) ||
        !get("pulse", t, "value", UNIT_NONE, NAN, &value, e) ||
        !get("pulse", t, "base", UNIT_NONE, 1, &base, e))
        return false;
    if (to <= from || value < 0 || base < 0)
        return error_set(e, "pulse: 'to' must be after 'from', and values not negative");
    s->n = 3;
    s->t = arena_alloc(a, 3 * sizeof *s->t);
    s->v = arena_alloc(a, 3 * sizeof *s->v);
    s->t[0] = -INFINITY, s->t[1] = from, s->t[2] = to;
    s->v[0] = base, s->v[1] = value, s->v[2] = base;
    return true;
}

/* A ramp whose points follow the decay, ten to a time constant: off by less than 0.2 % of the
 * height. */
enum { SPIKE_PIECES = 10, SPIKE_CONSTANTS = 9 };

static bool read_spike(struct arena *a, struct signal *s, const struct table *t, struct error *e) {
    double from, value, rise, decay, base;
    if (!known_keys("spike", t,
                    (const char *const[]){"from", "value", "rise", "decay", "base", NULL}, e) ||
        !get("spike", t, "from", UNIT_TIME, NAN, &from, e) ||
        !get("spike", t, "value", UNIT_NONE, NAN, &value, e) ||
        !get("spike", t, "rise", UNIT_TIME, 0, &rise, e) ||
        !get("spike", t, "decay", UNIT_TIME, 30, &decay, e) ||
        !get("spike", t, "base", UNIT_NONE, 1, &base, e))
        return false;
    if (rise < 0 || decay <= 0 || value < 0 || base < 0)
        return error_set(e, "spike: 'decay' must be above 0, and nothing negative");
    s->kind = SIGNAL_RAMP;
    s->n = SPIKE_PIECES * SPIKE_CONSTANTS + 2;
    s->t = arena_alloc(a, s->n * sizeof *s->t);
    s->v = arena_alloc(a, s->n * sizeof *s->v);
    s->t[0] = from, s->v[0] = base;
    for (uint32_t i = 1; i < s->n; i++) {
        double x = (double)(i - 1) / SPIKE_PIECES;
        s->t[i] = from + rise + decay * x;
        s->v[i] = base + (value - base) * exp(-x);
    }
    s->v[s->n - 1] = base;
    return true;
}

static bool read_diurnal(struct signal *s, const struct table *t, struct error *e) {
    double ratio;
    if (!known_keys("diurnal", t, (const char *const[]){"peak_to_mean", "period", "peak_at", NULL},
                    e) ||
        !get("diurnal", t, "peak_to_mean", UNIT_NONE, NAN, &ratio, e) ||
        !get("diurnal", t, "period", UNIT_TIME, 86400, &s->period, e) ||
        !get("diurnal", t, "peak_at", UNIT_TIME, s->period * 14 / 24, &s->peak, e))
        return false;
    if (ratio < 1 || ratio > 20 || s->period <= 0)
        return error_set(e, "diurnal: peak_to_mean must lie in 1..20 and period above 0");
    s->sharp = sharpness(ratio, &s->norm);
    return true;
}

struct signal *signal_read(struct arena *a, enum signal_kind kind, const struct table *t,
                           struct error *e) {
    struct signal *s = arena_alloc(a, sizeof *s);
    s->kind = kind;
    bool ok = kind == SIGNAL_PULSE     ? read_pulse(a, s, t, e)
              : kind == SIGNAL_DIURNAL ? read_diurnal(s, t, e)
              : kind == SIGNAL_SPIKE   ? read_spike(a, s, t, e)
                                       : read_points(a, s, signal_types[kind].name, t, e);
    return ok ? s : NULL;
}

struct signal *signal_product(struct arena *a, const struct signal *x, const struct signal *y) {
    struct signal *first = NULL, **tail = &first;
    const struct signal *both[2] = {x, y};
    for (int k = 0; k < 2; k++)
        for (const struct signal *s = both[k]; s; s = s->next) {
            *tail = arena_alloc(a, sizeof **tail);
            **tail = *s;
            (*tail)->next = NULL;
            tail = (struct signal **)(void *)&(*tail)->next;
        }
    return first;
}

uint32_t signal_factors(const struct signal *s) {
    uint32_t n = 0;
    for (; s; s = s->next)
        n++;
    return n;
}

static uint32_t last_at_or_before(const struct signal *s, double t) { /* n: before the first */
    uint32_t lo = 0, hi = s->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (s->t[mid] <= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? lo - 1 : s->n;
}

static double one_at(const struct signal *s, double t) {
    if (s->kind == SIGNAL_DIURNAL)
        return exp(s->sharp * (cos(2 * 3.14159265358979323846 * (t - s->peak) / s->period) - 1)) /
               s->norm;
    uint32_t i = last_at_or_before(s, t);
    if (i == s->n)
        return s->v[0];
    if (s->kind != SIGNAL_RAMP || i + 1 == s->n)
        return s->v[i];
    return s->v[i] + (s->v[i + 1] - s->v[i]) * (t - s->t[i]) / (s->t[i + 1] - s->t[i]);
}

double signal_at(const struct signal *s, double t) {
    double v = 1;
    for (; s; s = s->next)
        v *= one_at(s, t);
    return v;
}

double signal_step(const struct signal *s, double t) {
    double step = INFINITY;
    int curved = 0;
    for (; s; s = s->next) {
        if (s->kind == SIGNAL_DIURNAL) {
            step = fmin(step, s->period / 1440);
            continue;
        }
        uint32_t i = last_at_or_before(s, t);
        uint32_t next = i == s->n ? 0 : i + 1;
        if (next >= s->n)
            continue;
        step = fmin(step, s->t[next] - t);
        if (s->kind == SIGNAL_RAMP && i != s->n && curved++) /* a product of ramps bends */
            step = fmin(step, (s->t[next] - s->t[i]) / 100);
    }
    return fmax(step, 1e-9);
}
