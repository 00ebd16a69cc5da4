#include <math.h>
#include <string.h>

#include "base/dist.h"
#include "core/signal.h"
#include "grow_impl.h"

double grow_between(struct grower *g, double least, double most) {
    return least * pow(most / least, rng_unit(&g->rng));
}

struct tree *grow_number(struct grower *g, const char *key, double x, enum unit unit) {
    if (unit == UNIT_TIME && x > 0 && chance(g, 0.8))
        return tree_text(g->arena, key, "\"%.6gms\"", x * 1e3);
    if (unit == UNIT_RATIO && chance(g, 0.3))
        return tree_text(g->arena, key, "\"%.3g%%\"", x * 1e2);
    return tree_text(g->arena, key, "%.6g", x);
}

/* ---- numbers of parameters: small ones mostly, and the ends of the range */

/* Now and then something that nobody would write, but may. */
static bool extreme(struct grower *g, const struct param *p, double *x) {
    static const double far[] = {0, 1e-9, 1e-300, 1e9, 1e12, 1e300};
    if (!chance(g, 0.02))
        return false;
    *x = fmax(far[below(g, 6)], p->min);
    if (p->max > p->min)
        *x = fmin(*x, p->max);
    if (p->kind == PARAM_INTEGER)
        *x = fmin(fmax(floor(*x), p->min), 300); /* some are sizes of memory */
    return true;
}

static double time_within(struct grower *g, const struct param *p) {
    double x = chance(g, 0.9) ? grow_between(g, 1e-3, 0.3) : grow_between(g, 1e-4, 20);
    return fmin(fmax(x, p->min), p->max > 0 ? p->max : x);
}

static double number_within(struct grower *g, const struct param *p) {
    double most = p->max > p->min ? p->max : 1e300, least = p->min;
    if (chance(g, 0.1))
        return least;
    if (chance(g, 0.05) && most <= 100)
        return most;
    return fmin(fmax(grow_between(g, 0.05, 50), least), most);
}

static double integer_within(struct grower *g, const struct param *p) {
    double most = p->max > p->min ? p->max : 1e9;
    double span = chance(g, 0.8) ? 6 : chance(g, 0.8) ? 40 : 300;
    return fmin(p->min + below(g, (uint32_t)span + 1), most);
}

struct tree *grow_plain(struct grower *g, const char *key, const struct param *p) {
    double odd;
    if (p->kind != PARAM_BOOL && p->kind != PARAM_CHOICE && p->kind <= PARAM_RATE &&
        extreme(g, p, &odd))
        return tree_text(g->arena, key, "%.6g", odd);
    switch (p->kind) {
    case PARAM_NUMBER:
        return grow_number(g, key, number_within(g, p), UNIT_NONE);
    case PARAM_INTEGER:
        return grow_number(g, key, integer_within(g, p), UNIT_NONE);
    case PARAM_RATIO: {
        double x = chance(g, 0.1) ? 0 : chance(g, 0.1) ? 1 : rng_unit(&g->rng);
        return grow_number(g, key, fmin(fmax(x, p->min), p->max > 0 ? p->max : 1), UNIT_RATIO);
    }
    case PARAM_TIME:
        return grow_number(g, key, time_within(g, p), UNIT_TIME);
    case PARAM_RATE:
        return grow_number(g, key, grow_between(g, 5, 1000), UNIT_NONE);
    case PARAM_QUANTITY:
        if (p->unit == UNIT_RATIO)
            return grow_number(g, key, rng_unit(&g->rng), UNIT_RATIO);
        return grow_number(
            g, key, p->unit == UNIT_TIME ? grow_between(g, 1e-4, 0.05) : grow_between(g, 1, 100),
            p->unit);
    case PARAM_BOOL:
        return tree_text(g->arena, key, chance(g, 0.5) ? "true" : "false");
    case PARAM_CHOICE: {
        uint32_t n = 0;
        while (p->choices[n])
            n++;
        return tree_text(g->arena, key, "\"%s\"", p->choices[below(g, n)]);
    }
    default:
        return NULL;
    }
}

/* ---- words with arguments, as their tables spell them: "shape, min (or scale) | mean, cv"
 * ---------
 */

struct argument {
    double scale; /* of sizes */
    enum unit unit;
    double last; /* sizes ascend: min before max, p50 before p99 */
    bool wide;   /* cv at least 1 */
    uint32_t n;  /* of the last list */
};

static struct tree *list(struct grower *g, const char *key, struct argument *x, bool sizes) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, key, NULL);
    x->n = sizes ? 2 + below(g, 4) : x->n;
    for (uint32_t i = 0; i < x->n; i++)
        tree_add(g->arena, t,
                 sizes
                     ? grow_number(g, NULL, x->last += x->scale * grow_between(g, 0.1, 1), x->unit)
                     : tree_text(g->arena, NULL, "%u", 1 + below(g, 9)));
    return t;
}

static struct tree *parts(struct grower *g, const char *key, struct argument *x) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, key, NULL);
    x->n = 2;
    for (uint32_t i = 0; i < x->n; i++) {
        struct tree *one = tree_new(g->arena, TREE_WORD, NULL, "exponential");
        tree_add(g->arena, one,
                 grow_number(g, "mean", x->scale * grow_between(g, 0.3, 3), x->unit));
        tree_add(g->arena, t, one);
    }
    return t;
}

static struct tree *argument(struct grower *g, const char *key, struct argument *x) {
    static const struct {
        const char *name;
        double least, most;
        bool whole;
    } plain[] = {{"shape", 1.2, 3, false}, {"k", 1, 6, true},        {"s", 0.2, 1.5, false},
                 {"n", 2, 500, true},      {"sigma", 0.1, 1, false}, {"peak_to_mean", 1, 5, false},
                 {"value", 0, 0, false},   {"base", 0.3, 3, false},  {NULL, 0, 0, false}};
    if (!strcmp(key, "cv"))
        return tree_text(g->arena, key, x->wide ? "1.5" : "0.4");
    if (!strcmp(key, "sd"))
        return grow_number(g, key, x->last * grow_between(g, 0.1, 1), x->unit);
    if (!strcmp(key, "rate"))
        return tree_text(g->arena, key, "%.4g", 1 / (x->scale * grow_between(g, 0.3, 3)));
    if (!strcmp(key, "mu"))
        return tree_text(g->arena, key, "%.4g", log(x->scale));
    if (!strcmp(key, "parts"))
        return parts(g, key, x);
    if (!strcmp(key, "values") || !strcmp(key, "edges"))
        return list(g, key, x, true);
    if (!strcmp(key, "counts"))
        x->n--;
    if (!strcmp(key, "weights") || !strcmp(key, "counts"))
        return list(g, key, x, false);
    for (int i = 0; plain[i].name; i++)
        if (plain[i].most > 0 && !strcmp(plain[i].name, key)) {
            double v = grow_between(g, plain[i].least, plain[i].most);
            return tree_text(g->arena, key, "%.4g", plain[i].whole ? floor(v) : v);
        }
    return grow_number(g, key, x->last += x->scale * grow_between(g, 0.3, 3), x->unit);
}

/* One of the alternatives of `arguments`, each of its names with a value. */
static struct tree *word(struct grower *g, const char *key, const char *name, const char *arguments,
                         struct argument *x) {
    struct tree *t = tree_new(g->arena, TREE_WORD, key, name);
    uint32_t n = 1;
    for (const char *c = arguments; *c; c++)
        n += *c == '|';
    for (uint32_t skip = below(g, n); skip; arguments++)
        skip -= *arguments == '|';
    while (*arguments && *arguments != '|') {
        char one[40];
        arguments += strspn(arguments, ", ");
        size_t len = strspn(arguments, "abcdefghijklmnopqrstuvwxyz_0123456789");
        snprintf(one, sizeof one, "%.*s", (int)len, arguments);
        if (len)
            tree_add(g->arena, t, argument(g, arena_copy(g->arena, one), x));
        arguments += len;
        int deep = 0;
        for (; *arguments && *arguments != '|' && (deep || *arguments != ','); arguments++)
            deep += (*arguments == '(') - (*arguments == ')');
    }
    return t;
}

static struct tree *distribution(struct grower *g, const char *key, double scale, enum unit unit) {
    const struct dist_type *d = &dist_types[below(g, DIST_KINDS)];
    bool ranks = strstr(d->example, "1e6") || strstr(d->example, "5e6"); /* whole numbers from 1 */
    struct argument x = {.scale = ranks ? 3 : scale,
                         .unit = ranks ? UNIT_NONE : unit,
                         .wide = strstr(d->arguments, "at least 1") != NULL};
    struct tree *t = word(g, key, d->name, d->arguments, &x);
    if (!ranks)
        return t;
    for (uint32_t i = 0; i < t->n; i++) /* whole limits */
        if (strcmp(t->kid[i]->key, "s"))
            t->kid[i]->text = arena_print(g->arena, "%u", 1 + 9 * i + below(g, 9));
    if (unit != UNIT_TIME)
        return t;
    struct tree *times =
        tree_new(g->arena, TREE_TIMES, key, arena_print(g->arena, "%.3g", scale / 5));
    t->key = NULL;
    tree_add(g->arena, times, t);
    return times;
}

struct tree *grow_signal(struct grower *g, const char *key, const char *plain) {
    const struct signal_type *s = &signal_types[below(g, SIGNAL_KINDS)];
    struct argument x = {.scale = g->duration / 4, .unit = UNIT_TIME};
    struct tree *times = tree_new(g->arena, TREE_TIMES, key, plain), *t;
    if (s->arguments[0] != '{') {
        t = word(g, NULL, s->name, s->arguments, &x);
        for (uint32_t i = 0; i < t->n; i++) /* a value of a signal is a plain number */
            if (!strcmp(t->kid[i]->key, "value"))
                t->kid[i]->text = arena_print(g->arena, "%.3g", grow_between(g, 0.2, 4));
    } else {
        t = tree_new(g->arena, TREE_WORD, NULL, s->name);
        for (uint32_t i = 0, n = 1 + below(g, 4); i < n; i++) {
            struct tree *point = tree_new(g->arena, TREE_TABLE, NULL, NULL);
            tree_add(g->arena, point, grow_number(g, NULL, x.last, UNIT_TIME));
            tree_add(
                g->arena, point,
                tree_text(g->arena, NULL, "%.3g", chance(g, 0.1) ? 0 : grow_between(g, 0.3, 3)));
            tree_add(g->arena, t, point);
            x.last += x.scale * (chance(g, 0.1) ? 0 : rng_unit(&g->rng));
        }
    }
    tree_add(g->arena, times, t);
    return times;
}

/* ---- quantities */

static const char *any_fact(struct grower *g) {
    return grow_facts[below(g, g->n_facts ? g->n_facts : 1)];
}

static struct tree *by_class(struct grower *g, const char *key, double scale, enum unit unit) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, key, NULL);
    for (uint32_t i = 0; i < g->n_classes; i++)
        tree_add(g->arena, t,
                 chance(g, 0.5) ? distribution(g, grow_classes[i], scale, unit)
                                : grow_number(g, grow_classes[i], scale, unit));
    return t;
}

static struct tree *over_facts(struct grower *g, const char *key, double scale, enum unit unit) {
    bool line = chance(g, 0.5);
    struct tree *t = tree_new(g->arena, TREE_WORD, key, line ? "linear" : "table");
    if (line) {
        tree_add(g->arena, t, grow_number(g, NULL, scale, unit));
        tree_add(g->arena, t, grow_number(g, any_fact(g), scale / 20, unit));
        return t;
    }
    tree_add(g->arena, t, tree_text(g->arena, "by", "\"%s\"", any_fact(g)));
    for (uint32_t i = 0; i < 2; i++) {
        struct tree *point = tree_new(g->arena, TREE_TABLE, NULL, NULL);
        tree_add(g->arena, point, tree_text(g->arena, NULL, "%u", 20 * i));
        tree_add(g->arena, point, grow_number(g, NULL, scale * grow_between(g, 0.5, 2), unit));
        tree_add(g->arena, t, point);
    }
    return t;
}

struct tree *grow_quantity(struct grower *g, const char *key, enum unit unit, bool varied) {
    double scale = unit == UNIT_TIME ? grow_between(g, 2e-4, 0.1) : grow_between(g, 1, 20);
    double u = rng_unit(&g->rng) * (varied ? 1 : 0.75);
    if (u < 0.4)
        return chance(g, 0.02) ? tree_text(g->arena, key, chance(g, 0.5) ? "1e12" : "1e-12")
                               : grow_number(g, key, chance(g, 0.05) ? 0 : scale, unit);
    if (u < 0.75)
        return distribution(g, key, scale, unit);
    if (u < 0.82)
        return grow_signal(g, key, arena_print(g->arena, "%.4g", scale));
    if (u < 0.87 && g->n_classes)
        return by_class(g, key, scale, unit);
    if (u < 0.95 && g->n_facts)
        return over_facts(g, key, scale, unit);
    struct tree *f = tree_new(g->arena, TREE_FUNCTION, key, "request, random");
    tree_add(g->arena, f, tree_text(g->arena, NULL, "%.4g * request.attempt", scale));
    return f;
}

/* ---- conditions */

static const char *bound(struct grower *g, const char *metric) {
    if (strstr(metric, "latency") || strstr(metric, "wait"))
        return arena_print(g->arena, "%.3gms", grow_between(g, 0.5, 100));
    if (strstr(metric, "share") || strstr(metric, "availability") || strstr(metric, "utilization"))
        return arena_print(g->arena, "%.3g%%", 100 * rng_unit(&g->rng));
    return arena_print(g->arena, "%.3g", grow_between(g, 0.3, 100));
}

static const char *of_component(struct grower *g, bool watched) {
    static const char *const asked[] = {"queue", "in_flight", "utilization"};
    const struct made *m = &g->made[below(g, g->n_made)];
    char metric[64] = "in_flight";
    uint32_t n = 0;
    while (m->type->metrics && m->type->metrics[n].name)
        n++;
    if (watched && schema_metric(m->type, "queue"))
        snprintf(metric, sizeof metric, "%s",
                 asked[below(g, schema_metric(m->type, "utilization") ? 3 : 2)]);
    else if (!watched && n && chance(g, 0.7)) {
        const struct metric *own = &m->type->metrics[below(g, n)];
        snprintf(metric, sizeof metric, "%s%s", own->name,
                 own->kind == METRIC_SPREAD ? ".mean" : "");
    } else if (m->type->flags & NODE_RESOURCE)
        return NULL;
    else if (!watched)
        snprintf(metric, sizeof metric, chance(g, 0.5) ? "latency.p%u" : "latency.mean",
                 50 + below(g, 50));
    return arena_print(g->arena, chance(g, 0.2) ? "max(%s:%s)" : "%s:%s", m->address, metric);
}

struct tree *grow_condition(struct grower *g, const char *key, bool watched) {
    static const char *const whole[] = {
        "latency.p99",          "latency.mean", "latency.max", "latency.min",
        "latency.p50",          "offered",      "throughput",  "goodput",
        "share{outcome=error}", "availability", "in_flight",   "share{outcome=ok|degraded}"};
    static const char *const relations[] = {"<", "<=", ">", ">="};
    const char *metric = g->n_made && chance(g, 0.5) ? of_component(g, watched) : NULL;
    if (!metric)
        metric = whole[below(g, sizeof whole / sizeof whole[0])];
    bool labelled = strchr(metric, '{') || strstr(metric, "max(") || watched || !g->n_phases;
    const char *label = labelled || chance(g, 0.7) ? "" : "{phase=p1}";
    const char *relation = relations[below(g, 4)];
    if (chance(g, 0.1)) /* with itself, some time ago or not */
        return tree_text(g->arena, key, "\"%s%s %s %.2g * %s\"", metric, label, relation,
                         grow_between(g, 0.5, 2), metric);
    return tree_text(g->arena, key, "\"%s%s %s %s\"", metric, label, relation, bound(g, metric));
}
