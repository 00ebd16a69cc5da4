/* A geo's tables: round trips, weights and residency, of regions by name. */
#include "node/geo.h"

#include <stdio.h>
#include <string.h>

#include "core/quantity.h"
#include "core/sim.h"

uint32_t geo_region(const struct geo *g, const char *name, size_t len) {
    for (uint32_t i = 0; i < g->n; i++) {
        const char *s = g->regions.at[i].to->name;
        if (strlen(s) == len && !strncmp(s, name, len))
            return i;
    }
    return g->n;
}

static const char *name_at(const void *ctx, int i) {
    const struct geo *g = ctx;
    return (uint32_t)i < g->n ? g->regions.at[i].to->name : NULL;
}

static bool find_region(const struct geo *g, const char *what, const char *name, uint32_t *out,
                        struct error *e) {
    *out = name ? geo_region(g, name, strlen(name)) : g->n;
    const char *near = name ? error_nearest(name, name_at, g) : NULL;
    return *out < g->n ||
           error_set(e, "%s: '%s' is none of its regions%s%s%s", what, name ? name : "(positional)",
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool want_table(const struct value *v, const char *what, const char *example,
                       struct error *e) {
    return v->type == VALUE_NIL || v->type == VALUE_TABLE ||
           error_set(e, "%s: %s was given; it wants a table such as %s", what, value_type_name(v),
                     example);
}

/* "us_eu" names two regions, whose names may have a _ themselves. */
static bool find_pair(const struct geo *g, const char *key, uint32_t *a, uint32_t *b) {
    for (const char *s = key ? strchr(key, '_') : NULL; s; s = strchr(s + 1, '_')) {
        *a = geo_region(g, key, (size_t)(s - key));
        *b = geo_region(g, s + 1, strlen(s + 1));
        if (*a < g->n && *b < g->n)
            return true;
    }
    return false;
}

static struct path *path_of(struct geo *g, uint32_t from, uint32_t to) {
    return &g->path[(from + 1) * g->n + to];
}

static bool read_rtt(struct geo *g, const struct entry *en, struct error *e) {
    uint32_t a, b;
    char label[160];
    snprintf(label, sizeof label, "rtt: %.100s", en->key ? en->key : "(positional)");
    if (!find_pair(g, en->key, &a, &b))
        return error_set(e, "%s: it wants the names of two of its regions, such as %s_%s", label,
                         g->regions.at[0].to->name, g->regions.at[g->n - 1].to->name);
    if (path_of(g, a, b)->rtt)
        return error_set(e, "%s: it is there already, the other way round: it is the same", label);
    struct quantity *q = quantity_read(g->base.sim, &en->value, UNIT_TIME, label, e);
    if (q && q->kind != QUANTITY_CONSTANT && q->kind != QUANTITY_DIST)
        return error_set(e, "%s: it wants a duration or a distribution", label);
    path_of(g, a, b)->rtt = path_of(g, b, a)->rtt = q;
    return q != NULL;
}

/* Where no round trip between regions is given, there is none. */
static bool read_rtts(struct geo *g, struct error *e) {
    bool given = g->rtt.type != VALUE_NIL;
    struct quantity *none = quantity_constant(g->base.sim, 0);
    if (!want_table(&g->rtt, "rtt", "{ us_eu = \"80ms\" }", e))
        return false;
    for (uint32_t i = 0; given && i < g->rtt.table.n; i++)
        if (!read_rtt(g, &g->rtt.table.at[i], e))
            return false;
    for (uint32_t i = 0; i < g->n * (g->n + 1); i++) {
        uint32_t a = i / g->n - 1, b = i % g->n;
        if (g->path[i].rtt)
            continue;
        if (i < g->n || a == b)
            g->path[i].rtt = g->local_rtt;
        else if (!given && g->policy != NEAREST)
            g->path[i].rtt = none;
        else
            return error_set(e, "rtt: %s_%s is missing: the round trip between the two",
                             g->regions.at[a].to->name, g->regions.at[b].to->name);
    }
    return true;
}

bool geo_weigh(struct geo *g, struct error *e) {
    const struct table *t = &g->weights.table;
    double sum = 0;
    if (!want_table(&g->weights, "weights", "{ us = 2, eu = 1 }", e))
        return false;
    if (g->weights.type != VALUE_NIL && g->policy != WEIGHTED)
        return error_set(e, "'weights' mean nothing with policy = \"%s\"", geo_policies[g->policy]);
    for (uint32_t i = 0; i < g->n; i++)
        g->weight[i] = g->weights.type == VALUE_NIL ? 1 : -1;
    for (uint32_t k = 0; g->weights.type == VALUE_TABLE && k < t->n; k++) {
        uint32_t i;
        if (!find_region(g, "weights", t->at[k].key, &i, e) ||
            !value_number(&t->at[k].value, UNIT_NONE, &g->weight[i], "weights", e))
            return false;
        if (!(g->weight[i] >= 0))
            return error_set(e, "weights: %s = %.6g: it must not be negative", t->at[k].key,
                             g->weight[i]);
    }
    for (uint32_t i = 0; i < g->n; sum += g->weight[i++])
        if (g->weight[i] < 0)
            return error_set(e, "weights: '%s' is left out; 0 keeps calls away from it",
                             g->regions.at[i].to->name);
    return sum > 0 || error_set(e, "weights: all are 0; no region would be called");
}

static bool read_residency(struct geo *g, struct error *e) {
    const struct table *t = &g->residency.table;
    for (uint32_t i = 0; i <= g->n; i++)
        g->allowed[i] = geo_all(g);
    if (!want_table(&g->residency, "residency", "{ eu = { \"eu\" } }", e))
        return false;
    for (uint32_t k = 0; g->residency.type == VALUE_TABLE && k < t->n; k++) {
        const struct value *v = &t->at[k].value;
        uint32_t from, to;
        if (!find_region(g, "residency", t->at[k].key, &from, e))
            return false;
        if (v->type != VALUE_TABLE || !v->table.n)
            return error_set(e, "residency: %s: it wants a list of regions such as { \"%s\" }",
                             t->at[k].key, t->at[k].key);
        g->allowed[from + 1] = 0;
        for (uint32_t i = 0; i < v->table.n; i++) {
            const struct value *one = &v->table.at[i].value;
            if (!find_region(g, "residency", one->type == VALUE_TEXT ? one->text : NULL, &to, e))
                return false;
            g->allowed[from + 1] |= (uint64_t)1 << to;
        }
    }
    return true;
}

bool geo_read(struct geo *g, struct error *e) {
    return read_rtts(g, e) && geo_weigh(g, e) && read_residency(g, e);
}
