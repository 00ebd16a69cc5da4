/* Reading: from the values of a scenario to the fields of a component. */
#include "core/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/condition.h"
#include "core/drive.h"
#include "core/schema_impl.h"
#include "core/sim.h"

/* ---- reading one value */

static enum unit unit_of(const struct param *p) {
    switch (p->kind) {
    case PARAM_RATIO:
        return UNIT_RATIO;
    case PARAM_TIME:
        return UNIT_TIME;
    case PARAM_RATE:
        return UNIT_RATE;
    default:
        return p->unit;
    }
}

static bool in_range(const struct param *p, double x, struct error *e) {
    if ((p->min == 0 && p->max == 0) || (x >= p->min && x <= p->max))
        return true;
    if (isinf(p->max))
        return error_set(e, "%s = %.10g: it must be at least %.10g", p->name, x, p->min);
    if (p->min == p->max)
        return error_set(e, "%s = %.10g: it must be %.10g", p->name, x, p->min);
    return error_set(e, "%s = %.10g: it must lie in %.10g..%.10g", p->name, x, p->min, p->max);
}

static bool read_number(void *at, const struct param *p, const struct value *v, struct error *e) {
    double x;
    if (!value_number(v, unit_of(p), &x, p->name, e) || !in_range(p, x, e))
        return false;
    if (p->min == 0 && p->max == 0 && x < 0)
        return error_set(e, "%s = %.6g: it must not be negative", p->name, x);
    if (p->kind == PARAM_INTEGER) {
        if (x != floor(x) || fabs(x) > 9e15)
            return error_set(e, "%s = %.6g: it must be a whole number", p->name, x);
        *(int64_t *)at = (int64_t)x;
    } else if (p->kind == PARAM_TIME)
        *(ns_t *)at = ns_from_s(x);
    else
        *(double *)at = x;
    return true;
}

static const char *choice_at(const void *ctx, int i) {
    return ((const char *const *)ctx)[i];
}

static int choose(const char *what, const char *const *choices, const struct value *v,
                  struct error *e) {
    if (v->type == VALUE_TEXT)
        for (int i = 0; choices[i]; i++)
            if (!strcmp(choices[i], v->text))
                return i;
    char list[300] = "";
    size_t n = 0;
    for (int i = 0; choices[i] && n < sizeof list - 40; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s\"%s\"", n ? ", " : "", choices[i]);
    const char *near = v->type == VALUE_TEXT ? error_nearest(v->text, choice_at, choices) : NULL;
    if (near)
        error_set(e, "%s = \"%s\": did you mean \"%s\"?", what, v->text, near);
    else if (v->type == VALUE_TEXT)
        error_set(e, "%s = \"%s\": it is one of %s", what, v->text, list);
    else
        error_set(e, "%s: %s was given; it is one of %s", what, value_type_name(v), list);
    return -1;
}

static bool read_outcomes(uint32_t *mask, const struct param *p, const struct value *v,
                          struct error *e) {
    if (v->type == VALUE_TEXT) {
        struct entry one = {.index = 1, .value = *v};
        struct value list = {.type = VALUE_TABLE, .table = {&one, 1}};
        return read_outcomes(mask, p, &list, e);
    }
    if (v->type != VALUE_TABLE)
        return error_set(e, "%s: it wants a list of outcomes such as { \"error\", \"timeout\" }",
                         p->name);
    *mask = 0;
    for (uint32_t i = 0; i < v->table.n; i++) {
        int o = choose(p->name, outcome_names, &v->table.at[i].value, e);
        if (o < 0)
            return false;
        *mask |= 1u << o;
    }
    return true;
}

static bool read_quantity(struct sim *sim, struct quantity **at, const struct node *node,
                          const struct param *p, const struct value *v, struct error *e) {
    struct quantity *q = quantity_read(sim, v, unit_of(p), p->name, e);
    if (q && node && !q->where)
        q->where = node->where;
    if (!q || (q->kind == QUANTITY_CONSTANT && !in_range(p, q->value, e)))
        return false;
    if (p->kind == PARAM_RATE && q->kind != QUANTITY_CONSTANT && q->kind != QUANTITY_SIGNAL)
        return error_set(e, "%s: it wants a number a second or a signal such as 100 * ramp { … }",
                         p->name);
    *at = q;
    return true;
}

/* A signal for a plain number: starts at its value at time 0 and is driven from then on. */
static bool read_driven(struct sim *sim, void *base, struct node *node, const struct param *p,
                        const struct quantity *q, struct error *e) {
    if (!node || !(p->flags & LIVE) || q->kind != QUANTITY_SIGNAL)
        return error_set(e, "%s: it wants a plain number here, no distribution%s", p->name,
                         p->flags & LIVE ? "" : " and no signal");
    double x = quantity_at(q, 0);
    struct value now = value_of_number(p->kind == PARAM_INTEGER ? round(x) : x);
    if (!read_number(schema_field(base, p), p, &now, e))
        return false;
    drive_param(sim, node, p, q);
    return true;
}

static bool read_one(struct sim *sim, void *base, struct node *node, const struct param *p,
                     const struct value *v, struct error *e) {
    void *at = schema_field(base, p);
    switch (p->kind) {
    case PARAM_NUMBER:
    case PARAM_INTEGER:
    case PARAM_RATIO:
    case PARAM_TIME:
        if (v->type == VALUE_QUANTITY)
            return read_driven(sim, base, node, p, v->quantity, e);
        return read_number(at, p, v, e);
    case PARAM_QUANTITY:
    case PARAM_RATE:
        return read_quantity(sim, at, node, p, v, e);
    case PARAM_BOOL:
        if (v->type == VALUE_TEXT && (!strcmp(v->text, "true") || !strcmp(v->text, "false")))
            return *(bool *)at = v->text[0] == 't', true;
        if (v->type != VALUE_BOOL)
            return error_set(e, "%s: %s was given; it wants true or false", p->name,
                             value_type_name(v));
        *(bool *)at = v->boolean;
        return true;
    case PARAM_CHOICE:
        return (*(int *)at = choose(p->name, p->choices, v, e)) >= 0;
    case PARAM_TEXT:
        if (v->type != VALUE_TEXT)
            return error_set(e, "%s: %s was given; it wants a text", p->name, value_type_name(v));
        *(const char **)at = arena_copy(&sim->arena, v->text);
        return true;
    case PARAM_OUTCOMES:
        return read_outcomes(at, p, v, e);
    case PARAM_NODE:
        return schema_read_edge(at, node, p->name, v, e);
    case PARAM_NODES:
        return schema_read_edges(sim, at, node, p, v, e);
    case PARAM_REF:
        return schema_read_ref(sim, at, node, p, v, e);
    case PARAM_CONDITION:
        if (v->type != VALUE_TEXT)
            return error_set(e, "%s: it wants a condition such as \"latency.p99 > 40ms\"", p->name);
        return (*(struct condition **)at = condition_parse(&sim->arena, v->text, e)) != NULL ||
               error_prefix(e, "%s", p->name);
    case PARAM_CALLBACK:
        if (v->type != VALUE_FUNCTION)
            return error_set(e, "%s: %s was given; it wants a function", p->name,
                             value_type_name(v));
        *(struct callback **)at = v->function;
        return true;
    case PARAM_TABLE:
        if (v->type != VALUE_TABLE)
            return error_set(e, "%s: %s was given; it wants a table", p->name, value_type_name(v));
        if (p->flags & SWITCH)
            *(bool *)at = true;
        return schema_read(sim, base, node, p->sub, &v->table, e) || error_prefix(e, "%s", p->name);
    case PARAM_VALUE:
        *(struct value *)at = *v;
        return true;
    }
    return false;
}

/* ---- reading a table */

static bool put_defaults(struct sim *sim, void *base, struct node *node, const struct param *params,
                         struct error *e) {
    for (const struct param *p = params; p->name; p++) {
        if (p->kind == PARAM_TABLE) {
            if (!put_defaults(sim, base, node, p->sub, e))
                return false;
        } else if (p->def && p->kind == PARAM_OUTCOMES) {
            char list[128], *save = NULL;
            uint32_t mask = 0;
            snprintf(list, sizeof list, "%s", p->def);
            for (char *w = strtok_r(list, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
                struct value v = value_of_text(w);
                mask |= 1u << choose(p->name, outcome_names, &v, e);
            }
            *(uint32_t *)schema_field(base, p) = mask;
        } else if (p->def) {
            struct value v = value_of_text(p->def);
            if (!read_one(sim, base, node, p, &v, e))
                return false;
        }
    }
    return true;
}

static bool required(void *base, const struct param *params, const struct table *t,
                     struct error *e) {
    for (const struct param *p = params; p->name; p++) {
        if (!(p->flags & REQUIRED) || table_get(t, p->name))
            continue;
        if (p->kind == PARAM_NODE && (p->flags & CHILD))
            continue; /* a chain may still fill it */
        if (p->kind == PARAM_NODES) {
            const struct edge_list *l = schema_field(base, p);
            if (l->n || l->n_parts)
                continue;
            return error_set(e, "it needs at least one child component");
        }
        return error_set(e, "'%s' is missing: %s", p->name, p->help);
    }
    return true;
}

/* Does `p` mean anything here? */
static bool has_meaning(const void *base, const struct param *params, const struct param *p,
                        struct error *e) {
    const struct param *other = p->needs ? schema_param(params, p->needs, strlen(p->needs)) : NULL;
    if (!other)
        return true;
    if (p->only) {
        int chosen = *(const int *)((const char *)base + other->offset);
        return p->only >> chosen & 1 || error_set(e, "'%s' means nothing with %s = \"%s\"", p->name,
                                                  other->name, other->choices[chosen]);
    }
    if (schema_given(base, other))
        return true;
    int first = (int)strcspn(other->help, ".;"); /* the first sentence of what that one is */
    return error_set(e, "'%s' means nothing without '%s': %.*s", p->name, other->name, first,
                     other->help);
}

static bool all_have_meaning(const void *base, const struct param *params, const struct table *t,
                             struct error *e) {
    for (uint32_t i = 0; i < t->n; i++) {
        const char *key = t->at[i].key;
        if (key && !has_meaning(base, params, schema_param(params, key, strlen(key)), e))
            return false;
    }
    return true;
}

bool schema_read(struct sim *sim, void *base, struct node *node, const struct param *params,
                 const struct table *t, struct error *e) {
    if (!put_defaults(sim, base, node, params, e))
        return false;
    const struct param *list = schema_list_child(params);
    for (uint32_t i = 0; i < t->n; i++) {
        const struct entry *en = &t->at[i];
        if (!en->key) {
            if (!list && !schema_read_child(base, node, params, en, e))
                return false;
            continue;
        }
        const struct param *p = schema_param(params, en->key, strlen(en->key));
        if (!p)
            return schema_unknown(params, en->key, e);
        if (!read_one(sim, base, node, p, &en->value, e))
            return false;
    }
    if (list && !schema_read_list(sim, base, node, list, t, e))
        return false;
    return required(base, params, t, e) && all_have_meaning(base, params, t, e);
}

/* ---- nodes */

static bool read_name(struct sim *sim, struct node *n, const struct table *t, struct error *e) {
    const struct value *v = table_get(t, "name");
    if (!v)
        return true;
    if (v->type != VALUE_TEXT || !v->text[0])
        return error_set(e, "name: it wants a text");
    if (!value_is_name(v->text))
        return error_set(e,
                         "name = \"%s\": a name has letters, digits and underscores and does not "
                         "begin with a digit",
                         v->text);
    n->name = arena_copy(&sim->arena, v->text);
    n->named = true;
    return true;
}

struct node *schema_build(struct sim *sim, const struct node_type *type, const char *where,
                          const struct table *t, struct error *e) {
    struct node *n = node_new(sim, type, where);
    struct table rest = {arena_alloc(&sim->arena, t->n * sizeof(struct entry) + 1), 0};
    for (uint32_t i = 0; i < t->n; i++)
        if (!t->at[i].key || strcmp(t->at[i].key, "name"))
            rest.at[rest.n++] = t->at[i];
    if (read_name(sim, n, t, e) && schema_read(sim, n, n, type->params, &rest, e) &&
        (!type->ops.init || type->ops.init(n, e)))
        return n;
    char label[256];
    error_prefix(e, "%s", node_label(n, label, sizeof label));
    return NULL;
}

/* The table, itself a parameter, that `p` stands in; NULL: none. */
static const struct param *table_of(const struct param *params, const struct param *p) {
    for (; params->name; params++)
        for (const struct param *q = params->sub; q && q->name; q++)
            if (q == p || (q->sub && table_of(q, p) == q))
                return params;
    return NULL;
}

static bool may_be_set(struct node *n, const struct param *p, struct error *e) {
    const struct param *all = n->type->params, *table = table_of(all, p);
    if (table && !schema_given(n, table))
        return error_set(e, "'%s' means nothing without '%s': %s", p->name, table->name,
                         table->help);
    return table ? has_meaning(n, all, table, e) && has_meaning(n, table->sub, p, e)
                 : has_meaning(n, all, p, e);
}

bool schema_set(struct node *n, const struct param *p, const struct value *v, bool live,
                struct error *e) {
    if (live && !(p->flags & LIVE))
        return error_set(e, "%s of a %s cannot change while running", p->name, n->type->kind);
    if (p->kind == PARAM_NODE || p->kind == PARAM_NODES || p->kind == PARAM_REF)
        return error_set(e, "%s of a %s is a component, which cannot be set", p->name,
                         n->type->kind);
    if (p->flags & EARLY)
        return error_set(
            e, "%s: %s is read while the file runs and cannot be set afterwards; make it a knob",
            n->type->kind, p->name);
    uint32_t known = n->sim->n_quantities;
    if (!may_be_set(n, p, e) || !read_one(n->sim, n, n, p, v, e))
        return false;
    for (uint32_t i = known; n->sealed && i < n->sim->n_quantities;
         i++) /* others were, or will be, when sealing */
        if (!quantity_resolve(n->sim->quantities[i], n->sim, e))
            return false;
    if (live && n->type->ops.set)
        n->type->ops.set(n, p);
    return true;
}
