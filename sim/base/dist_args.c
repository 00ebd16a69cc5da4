#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dist_impl.h"

/* What is wrong with a value regardless of the others. */
enum range { ANY, NOT_NEGATIVE, POSITIVE, COUNT };

static const struct arg_type {
    const char *name;
    enum range range;
} arg_types[ARGS] = {
    [ARG_VALUE] = {"value", NOT_NEGATIVE},
    [ARG_MEAN] = {"mean", NOT_NEGATIVE},
    [ARG_RATE] = {"rate", POSITIVE},
    [ARG_MIN] = {"min", NOT_NEGATIVE},
    [ARG_MAX] = {"max", NOT_NEGATIVE},
    [ARG_CV] = {"cv", NOT_NEGATIVE},
    [ARG_MU] = {"mu", ANY},
    [ARG_SIGMA] = {"sigma", NOT_NEGATIVE},
    [ARG_SD] = {"sd", NOT_NEGATIVE},
    [ARG_SHAPE] = {"shape", POSITIVE},
    [ARG_SCALE] = {"scale", POSITIVE},
    [ARG_K] = {"k", COUNT},
    [ARG_N] = {"n", COUNT},
    [ARG_S] = {"s", NOT_NEGATIVE},
};

/* Candidates for "did you mean": the arguments of one family. */
static const char *candidate(const void *ctx, int i) {
    const struct dist_form *form = ctx;
    unsigned used = 0;
    int quantiles = 0;
    for (; form && form->build; form++) {
        used |= form->needs;
        quantiles |= form->quantiles;
    }
    for (int a = 0; a < ARGS; a++)
        if (used & 1u << a && i-- == 0)
            return arg_types[a].name;
    return quantiles && i == 0 ? "p50" : quantiles && i == 1 ? "p99" : NULL;
}

static const char *takes(enum dist_kind kind) {
    return dist_types[kind].arguments;
}

static bool unknown(enum dist_kind kind, const char *name, struct error *e) {
    const char *near = error_nearest(name, candidate, dist_forms[kind]);
    return error_set(e, "%s: unknown argument '%.40s'%s%s%s It takes %s", dist_types[kind].name,
                     name, near ? "; did you mean '" : ".", near ? near : "", near ? "'?" : "",
                     takes(kind));
}

/* "p50" is 0.5, "p999" 0.999, "p99.9" the same, "p5" 0.05. False: not the name of a quantile. */
static bool quantile_name(const char *name, double *p) {
    size_t digits = strspn(name + 1, "0123456789");
    if (name[0] != 'p' || digits == 0 || digits > 12)
        return false;
    const char *rest = name + 1 + digits;
    char text[32];
    if (*rest == '\0' && digits > 2)
        snprintf(text, sizeof text, "0.%s", name + 1); /* read as one decimal, hence rounded once */
    else if (*rest == '.' && digits <= 2 && strspn(rest + 1, "0123456789") == strlen(rest + 1) &&
             strlen(rest) < 12)
        snprintf(text, sizeof text, "0.%s%.*s%s", digits == 1 ? "0" : "", (int)digits, name + 1,
                 rest + 1);
    else if (*rest == '\0')
        snprintf(text, sizeof text, "0.%s%s", digits == 1 ? "0" : "", name + 1);
    else
        return false;
    *p = strtod(text, NULL);
    return *p > 0 && strncmp(name, "p100", 4) != 0; /* p100 would be read as 10 % */
}

static bool check_range(const char *family, const char *name, enum range range, double v,
                        struct error *e) {
    if (!isfinite(v))
        return error_set(e, "%s: %s must be a finite number, not %g", family, name, v);
    if (range == POSITIVE && v <= 0)
        return error_set(e, "%s: %s (%g) must be positive", family, name, v);
    if (range == NOT_NEGATIVE && v < 0)
        return error_set(e, "%s: %s (%g) must not be negative", family, name, v);
    if (range == COUNT && (v < 1 || v != floor(v) || v > 1e12))
        return error_set(e, "%s: %s (%g) must be a whole number from 1 to 1e12", family, name, v);
    return true;
}

static bool twice(const struct asked *q, const char *name, struct error *e) {
    return error_set(e, "%s: argument '%s' is given twice", q->family, name);
}

static bool add_quantile(struct asked *q, enum dist_kind kind, const char *name, double p, double v,
                         struct error *e) {
    if (!check_range(q->family, name, kind == DIST_NORMAL ? NOT_NEGATIVE : POSITIVE, v, e))
        return false;
    if (q->n_q == 2)
        return error_set(e, "%s: three quantiles are one too many; it takes %s", q->family,
                         takes(kind));
    for (int i = 0; i < q->n_q; i++)
        if (q->q[i].p == p)
            return twice(q, name, e);
    q->q[q->n_q++] = (struct quantile){name, p, v};
    return true;
}

static bool takes_quantiles(enum dist_kind kind) {
    const struct dist_form *form = dist_forms[kind];
    while (form && form->build && !form->quantiles)
        form++;
    return form && form->build;
}

static bool add_named(struct asked *q, enum dist_kind kind, const struct dist_arg *given,
                      struct error *e) {
    unsigned used = 0;
    for (const struct dist_form *f = dist_forms[kind]; f && f->build; f++)
        used |= f->needs;
    for (int a = 0; a < ARGS; a++) {
        if (!(used & 1u << a) || strcmp(given->name, arg_types[a].name) != 0)
            continue;
        if (q->given & 1u << a)
            return twice(q, given->name, e);
        q->given |= 1u << a;
        q->arg[a] = given->value;
        return check_range(q->family, given->name, arg_types[a].range, given->value, e);
    }
    double p;
    if (takes_quantiles(kind) && quantile_name(given->name, &p))
        return add_quantile(q, kind, given->name, p, given->value, e);
    return unknown(kind, given->name, e);
}

static bool add_positional(struct asked *q, enum dist_kind kind, size_t i, double v,
                           struct error *e) {
    int a = i < 2 ? dist_positional[kind][i] : -1;
    if (a < 0)
        return error_set(e, "%s: too many unnamed arguments; it takes %s", q->family, takes(kind));
    q->given |= 1u << a;
    q->arg[a] = v;
    return check_range(q->family, arg_types[a].name, arg_types[a].range, v, e);
}

static bool order_quantiles(struct asked *q, struct error *e) {
    if (q->n_q < 2)
        return true;
    if (q->q[0].p > q->q[1].p) {
        struct quantile swap = q->q[0];
        q->q[0] = q->q[1];
        q->q[1] = swap;
    }
    if (q->q[1].value > q->q[0].value)
        return true;
    return error_set(e, "%s: %s (%g) must be larger than %s (%g)", q->family, q->q[1].name,
                     q->q[1].value, q->q[0].name, q->q[0].value);
}

/* "mean, shape and p50": what was given, for the message that it is no combination. */
static void list_given(const struct asked *q, char *out, size_t size) {
    const char *names[ARGS + 2];
    int n = 0;
    for (int a = 0; a < ARGS; a++)
        if (q->given & 1u << a)
            names[n++] = arg_types[a].name;
    for (int i = 0; i < q->n_q; i++)
        names[n++] = q->q[i].name;
    size_t used = 0;
    snprintf(out, size, "nothing");
    for (int i = 0; i < n && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 i == 0       ? ""
                                 : i == n - 1 ? " and "
                                              : ", ",
                                 names[i]);
}

static bool collect(struct asked *q, const struct dist_spec *spec, struct error *e) {
    size_t positional = 0;
    for (size_t i = 0; i < spec->n_args; i++) {
        const struct dist_arg *a = &spec->args[i];
        if (!a->name ? !add_positional(q, spec->kind, positional++, a->value, e)
                     : !add_named(q, spec->kind, a, e))
            return false;
    }
    if (positional > 0 && positional < spec->n_args)
        return error_set(e, "%s: name all arguments or none; it takes %s", q->family,
                         takes(spec->kind));
    return order_quantiles(q, e);
}

bool dist_parse(struct dist *d, const struct dist_spec *spec, struct error *e) {
    struct asked q = {.family = dist_types[spec->kind].name};
    if (!collect(&q, spec, e))
        return false;
    for (const struct dist_form *f = dist_forms[spec->kind]; f && f->build; f++)
        if (f->needs == q.given && f->quantiles == q.n_q)
            return f->build(d, &q, e);
    char given[200];
    list_given(&q, given, sizeof given);
    return error_set(e, "%s: takes %s, not %s", q.family, takes(spec->kind), given);
}
