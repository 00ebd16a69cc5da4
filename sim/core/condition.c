#include "core/condition.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct arena *arena;
    const char *text, *at;
    struct error *e;
};

static bool fail(struct reader *r, const char *wanted) {
    if (!*r->at)
        return error_set(r->e, "condition \"%s\" ends where %s should follow", r->text, wanted);
    return error_set(r->e, "condition \"%s\": %s should stand before \"%.20s\"", r->text, wanted,
                     r->at);
}

static void blanks(struct reader *r) {
    while (isspace((unsigned char)*r->at))
        r->at++;
}

static bool eat(struct reader *r, const char *token) {
    blanks(r);
    size_t n = strlen(token);
    if (strncmp(r->at, token, n))
        return false;
    r->at += n;
    return true;
}

static const char *cut(struct reader *r, const char *from) {
    return arena_print(r->arena, "%.*s", (int)(r->at - from), from);
}

static bool word_char(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static const char *word(struct reader *r) {
    const char *from = r->at;
    while (word_char(*r->at))
        r->at++;
    return r->at > from ? cut(r, from) : NULL;
}

/* Everything an address may hold, up to a ':'; leaves the reader alone when there is none. */
static const char *address(struct reader *r) {
    const char *s = r->at;
    while (word_char(*s) || *s == '.' || *s == '*' || *s == '[' || *s == ']')
        s++;
    if (*s != ':' || s == r->at)
        return NULL;
    const char *from = r->at;
    r->at = s;
    const char *a = cut(r, from);
    r->at++;
    return a;
}

static const char *const label_keys[] = {"class", "region", "outcome", "phase",
                                         "case",  "result", NULL};

static const char *label_at(const void *ctx, int i) {
    return ((const char *const *)ctx)[i];
}

static bool labels(struct reader *r, struct metric_ref *m) {
    do {
        blanks(r);
        if (m->n_labels == MAX_LABELS)
            return fail(r, "\"}\" (no more labels)");
        const char *key = word(r);
        if (!key)
            return fail(r, "a label (class, region, outcome, phase, case, result)");
        bool known = false;
        for (int i = 0; label_keys[i]; i++)
            known = known || !strcmp(label_keys[i], key);
        const char *near = known ? NULL : error_nearest(key, label_at, label_keys);
        if (near)
            return error_set(r->e, "condition \"%s\": unknown label '%s'; did you mean '%s'?",
                             r->text, key, near);
        if (!known)
            return error_set(r->e,
                             "condition \"%s\": unknown label '%s'; labels are class, region, "
                             "outcome, phase, case, result",
                             r->text, key);
        if (!eat(r, "="))
            return fail(r, "\"=\"");
        blanks(r);
        const char *from = r->at;
        while (word_char(*r->at) || *r->at == '|' || *r->at == '*' || *r->at == '-')
            r->at++;
        if (r->at == from)
            return fail(r, "the value of a label");
        m->label[m->n_labels].key = key;
        m->label[m->n_labels++].value = cut(r, from);
    } while (eat(r, ","));
    return eat(r, "}") || fail(r, "\"}\" or \",\"");
}

/* Labels in alphabetical order: one path for one metric. */
static void sort_labels(struct metric_ref *m) {
    for (int i = 1; i < m->n_labels; i++)
        for (int k = i; k && strcmp(m->label[k - 1].key, m->label[k].key) > 0; k--) {
            const char *key = m->label[k].key, *value = m->label[k].value;
            m->label[k] = m->label[k - 1];
            m->label[k - 1].key = key;
            m->label[k - 1].value = value;
        }
}

static void canonical(struct reader *r, struct metric_ref *m) {
    sort_labels(m);
    char text[512];
    size_t n = (size_t)snprintf(text, sizeof text, "%s%s%s%s%s", m->address ? m->address : "",
                                m->address ? ":" : "", m->name, m->stat ? "." : "",
                                m->stat ? m->stat : "");
    for (int i = 0; i < m->n_labels && n < sizeof text - 8; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=%s", i ? "," : "{", m->label[i].key,
                              m->label[i].value);
    m->text = arena_print(r->arena, "%s%s", text, m->n_labels ? "}" : "");
}

static bool metric(struct reader *r, struct metric_ref *m) {
    *m = (struct metric_ref){0};
    blanks(r);
    m->address = address(r);
    m->name = isdigit((unsigned char)*r->at) ? NULL : word(r);
    if (!m->name)
        return fail(r, "a metric such as latency.p99 or cache:hit_ratio");
    if (*r->at == '.') {
        r->at++;
        if (!(m->stat = word(r)))
            return fail(r, "a statistic such as mean or p99");
    }
    if (*r->at == '{' || (r->at[0] == ' ' && eat(r, "{") && (r->at--, true))) {
        r->at++;
        if (!labels(r, m))
            return false;
    }
    canonical(r, m);
    return true;
}

static bool condition(struct reader *r, struct condition *c);

static bool expression(struct reader *r, struct expr *x, bool nested) {
    *x = (struct expr){.kind = EXPR_METRIC};
    blanks(r);
    static const char *const functions[] = {"max(", "min(", "fraction("};
    static const enum expr_kind kinds[] = {EXPR_MAX, EXPR_MIN, EXPR_FRACTION};
    for (int i = 0; i < 3; i++) {
        if (!eat(r, functions[i]))
            continue;
        x->kind = kinds[i];
        if (x->kind == EXPR_FRACTION) {
            if (nested)
                return fail(r, "a metric (fraction(…) does not nest and stands on the left)");
            x->inner = arena_alloc(r->arena, sizeof *x->inner);
            if (!condition(r, x->inner))
                return false;
        } else if (!metric(r, &x->metric))
            return false;
        return eat(r, ")") || fail(r, "\")\"");
    }
    return metric(r, &x->metric);
}

static bool number(struct reader *r, double *x, enum unit *unit) {
    blanks(r);
    const char *from = r->at;
    char *end;
    strtod(from, &end);
    if (end == from)
        return fail(r, "a number");
    r->at = end;
    while (isalpha((unsigned char)*r->at) || *r->at == '%' || *r->at == '/' || *r->at & 0x80)
        r->at++; /* 1000/s, and the micro sign */
    return unit_parse(cut(r, from), x, unit, r->e) ||
           error_prefix(r->e, "condition \"%s\"", r->text);
}

static bool relation(struct reader *r, enum relation *out) {
    static const char *const names[] = {"<=", ">=", "<", ">", "=="};
    static const enum relation rels[] = {REL_LE, REL_GE, REL_LT, REL_GT, REL_EQ};
    for (int i = 0; i < 5; i++)
        if (eat(r, names[i])) {
            *out = rels[i];
            return true;
        }
    *out = REL_EQ;
    return eat(r, "=") || fail(r, "one of < <= > >= =");
}

static bool bound(struct reader *r, struct condition *c) {
    blanks(r);
    c->factor = 1;
    if (isdigit((unsigned char)*r->at) || *r->at == '.' || *r->at == '-' || *r->at == '+') {
        if (!number(r, &c->value, &c->unit))
            return false;
        if (!eat(r, "*"))
            return true;
        if (c->unit != UNIT_NONE && c->unit != UNIT_RATIO)
            return error_set(r->e,
                             "condition \"%s\": the factor before * is a plain number or a "
                             "percentage",
                             r->text);
        c->factor = c->value;
    }
    c->has_right = true;
    return expression(r, &c->right, true);
}

static bool condition(struct reader *r, struct condition *c) {
    const char *from = r->at;
    bool nested = from != r->text;
    if (!expression(r, &c->left, nested) || !relation(r, &c->relation) || !bound(r, c))
        return false;
    if (eat(r, "+-")) {
        if (!number(r, &c->tolerance, &c->tolerance_unit))
            return false;
        c->relative = c->tolerance_unit == UNIT_RATIO;
        if (c->tolerance < 0 || c->relation != REL_EQ)
            return error_set(
                r->e, "condition \"%s\": +- wants a tolerance above 0 and the relation =", r->text);
    }
    if (c->left.kind == EXPR_FRACTION && c->has_right)
        return error_set(r->e,
                         "condition \"%s\": a fraction is compared with a number, such as >= 95%%",
                         r->text);
    if (c->relation == REL_EQ && c->tolerance == 0)
        return error_set(
            r->e,
            "condition \"%s\": an estimate never equals a number; say how close, such as "
            "= 48ms +- 10%%",
            r->text);
    c->text = cut(r, from);
    return true;
}

struct condition *condition_parse(struct arena *a, const char *text, struct error *e) {
    struct reader r = {a, arena_copy(a, text), NULL, e};
    r.at = r.text;
    struct condition *c = arena_alloc(a, sizeof *c);
    if (!condition(&r, c))
        return NULL;
    blanks(&r);
    if (*r.at) {
        error_set(
            e, "condition \"%s\": it is complete before \"%.20s\"; one comparison is all it takes",
            text, r.at);
        return NULL;
    }
    c->text = r.text;
    return c;
}

bool metric_ref_parse(struct arena *a, const char *text, struct metric_ref *out, struct error *e) {
    struct reader r = {a, arena_copy(a, text), NULL, e};
    r.at = r.text;
    if (!metric(&r, out))
        return false;
    blanks(&r);
    return !*r.at || fail(&r, "the end");
}

const char *metric_label(const struct metric_ref *m, const char *key) {
    for (int i = 0; i < m->n_labels; i++)
        if (!strcmp(m->label[i].key, key))
            return m->label[i].value;
    return NULL;
}

double stat_percentile(const char *stat) {
    if (stat[0] != 'p' || strlen(stat) > 8 || stat[1 + strspn(stat + 1, "0123456789")])
        return NAN;
    double digits = strtod(stat + 1, NULL);
    double scale = 1;
    size_t n = strlen(stat + 1);
    if (n > 2 && stat[n] == '0') /* p100 would be p10: surely not what is meant */
        return NAN;
    for (size_t i = 0; i < (n < 2 ? 2 : n); i++) /* p5 is 5 %, p50 is 50 %, p999 is 99.9 % */
        scale *= 10;
    double p = digits / scale;
    return p > 0 && p < 1 ? p : (double)NAN;
}

bool condition_compare(const struct condition *c, double value, double to) {
    switch (c->relation) {
    case REL_LT:
        return value < to;
    case REL_LE:
        return value <= to;
    case REL_GT:
        return value > to;
    case REL_GE:
        return value >= to;
    case REL_EQ:
        return fabs(value - to) <= (c->relative ? c->tolerance * fabs(to) : c->tolerance);
    }
    return false;
}
