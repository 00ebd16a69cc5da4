#include "core/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/schema_impl.h"
#include "core/sim.h"

/* ---- finding ------------------------------------------------------------------------------------
 */

static const char *param_name_at(const void *ctx, int i) {
    const struct param *params = ctx;
    return params[i].name;
}

const struct param *schema_param(const struct param *params, const char *name, size_t len) {
    for (const struct param *p = params; p && p->name; p++)
        if (strlen(p->name) == len && !strncmp(p->name, name, len) && !(p->flags & MADE))
            return p;
    return NULL;
}

bool schema_wants(const struct param *p, const char *kind) {
    size_t n = strlen(kind);
    for (const char *s = p->ref_kind; s; s = (s = strstr(s, " or ")) ? s + 4 : NULL)
        if (!strncmp(s, kind, n) && (!s[n] || s[n] == ' '))
            return true;
    return !p->ref_kind;
}

bool schema_unknown(const struct param *params, const char *key, struct error *e) {
    const char *near = error_nearest(key, param_name_at, params);
    if (near)
        return error_set(e, "unknown key '%s'; did you mean '%s'?", key, near);
    char list[400] = "";
    size_t n = 0;
    for (const struct param *p = params; p->name && n < sizeof list - 40; p++)
        if (!(p->flags & MADE))
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", p->name);
    return error_set(e, "unknown key '%s'; it takes %s", key, list[0] ? list : "no keys");
}

const struct param *schema_find(const struct node_type *type, const char *path, struct error *e) {
    const struct param *params = type->params;
    for (;;) {
        const char *dot = strchr(path, '.');
        const struct param *p =
            schema_param(params, path, dot ? (size_t)(dot - path) : strlen(path));
        if (!p) {
            struct error why = {{0}};
            schema_unknown(params, path, &why);
            error_set(e, "%s: %s", type->kind, why.text);
            return NULL;
        }
        if (p->kind != PARAM_TABLE || !dot)
            return p;
        params = p->sub;
        path = dot + 1;
    }
}

const struct metric *schema_metric(const struct node_type *type, const char *name) {
    for (const struct metric *m = type->metrics; m && m->name; m++)
        if (!strcmp(m->name, name))
            return m;
    return NULL;
}

/* Of what a METRIC_SHARE is a share, while the component is there. */
static uint64_t capacity(const struct node *n, const struct metric *m, ns_t now) {
    uint64_t area = integral_area((const void *)((const char *)n + m->offset2), now);
    for (const struct away *x = n->presence ? n->presence->away : NULL; x; x = x->next)
        if (x->share == m)
            area -= integral_area(&x->capacity, now);
    return area;
}

void schema_mark(const struct node *n, const struct metric *m, uint64_t mark[2]) {
    const void *at = (const char *)n + m->offset, *of = (const char *)n + m->offset2;
    ns_t now = n->sim->clock.now;
    const struct moments *when = at;
    switch (m->kind) {
    case METRIC_COUNTER:
        mark[0] = *(const uint64_t *)at;
        break;
    case METRIC_RATIO:
    case METRIC_PER:
        mark[0] = *(const uint64_t *)at;
        mark[1] = *(const uint64_t *)of;
        break;
    case METRIC_INTEGRAL:
        mark[0] = integral_area(at, now);
        mark[1] = n->presence ? integral_area(&n->presence->there, now) : (uint64_t)now;
        break;
    case METRIC_SHARE:
        mark[0] = integral_area(at, now);
        mark[1] = capacity(n, m, now);
        break;
    case METRIC_FIRST:
        mark[0] = when->first;
        break;
    case METRIC_SPREAD:
        break;
    case METRIC_LAST:
        mark[0] = when->on ? (uint64_t)now + 1 : when->last;
        break;
    }
}

/* ---- what a node is made of */

struct edge *schema_open_child(struct node *n) {
    for (const struct param *p = n->type->params; p->name; p++)
        if (p->kind == PARAM_NODE && (p->flags & CHILD) && (p->flags & REQUIRED)) {
            struct edge *e = schema_field(n, p);
            if (!e->to)
                return e;
        }
    return NULL;
}

struct node *schema_only_child(struct node *n) {
    struct node *only = NULL;
    for (const struct param *p = n->type->params; p->name; p++) {
        if (p->kind == PARAM_NODES)
            return NULL;
        struct edge *e = schema_field(n, p);
        if (p->kind != PARAM_NODE || !e->to)
            continue;
        if (only)
            return NULL;
        only = e->to;
    }
    return only;
}

void schema_edges(struct node *n, void (*visit)(void *ctx, struct edge *e), void *ctx) {
    for (const struct param *p = n->type->params; p->name; p++) {
        if (p->kind == PARAM_NODE) {
            struct edge *e = schema_field(n, p);
            if (e->to)
                visit(ctx, e);
        } else if (p->kind == PARAM_NODES) {
            struct edge_list *l = schema_field(n, p);
            for (uint32_t i = 0; i < l->n; i++)
                visit(ctx, &l->at[i]);
        }
    }
}

void schema_refs(struct node *n, void (*visit)(void *ctx, struct node *ref), void *ctx) {
    for (const struct param *p = n->type->params; p->name; p++) {
        if (p->kind == PARAM_REF) {
            struct node **ref = schema_field(n, p);
            if (*ref)
                visit(ctx, *ref);
        } else if (p->kind == PARAM_NODES) {
            struct edge_list *l = schema_field(n, p);
            for (uint32_t i = 0; i < l->n_parts; i++)
                if (l->part[i].is_group)
                    visit(ctx, l->part[i].given);
        }
    }
}

static size_t size_of(const struct param *p) {
    return p->kind == PARAM_BOOL       ? sizeof(bool)
           : p->kind == PARAM_CHOICE   ? sizeof(int)
           : p->kind == PARAM_OUTCOMES ? sizeof(uint32_t)
           : p->kind == PARAM_VALUE    ? sizeof(struct value)
                                       : 8;
}

void schema_save(const struct node *n, const struct param *p, struct param_kept *out) {
    memcpy(out, (const char *)n + p->offset, size_of(p));
}

void schema_restore(struct node *n, const struct param *p, const struct param_kept *in, bool tell) {
    memcpy((char *)n + p->offset, in, size_of(p));
    if (tell && n->type->ops.set)
        n->type->ops.set(n, p);
}

bool schema_works(const struct node_type *type) {
    for (const struct param *p = type->params; p->name; p++)
        if (p->flags & WORK)
            return true;
    return false;
}

bool schema_given(const void *base, const struct param *p) {
    const void *at = (const char *)base + p->offset;
    switch (p->kind) {
    case PARAM_NUMBER:
    case PARAM_RATIO:
        return *(const double *)at != 0;
    case PARAM_INTEGER:
    case PARAM_TIME:
        return *(const int64_t *)at != 0;
    case PARAM_QUANTITY:
    case PARAM_RATE:
        return *(struct quantity *const *)at != NULL;
    case PARAM_TEXT:
        return *(const char *const *)at != NULL;
    case PARAM_VALUE:
        return ((const struct value *)at)->type != VALUE_NIL;
    case PARAM_BOOL:
        return *(const bool *)at;
    case PARAM_TABLE:
        return !(p->flags & SWITCH) || *(const bool *)at;
    case PARAM_CHOICE:
        return *(const int *)at != 0;
    default:
        return true;
    }
}

double schema_number(const struct node *n, const struct param *p) {
    const void *at = (const char *)n + p->offset;
    switch (p->kind) {
    case PARAM_NUMBER:
    case PARAM_RATIO:
        return *(const double *)at;
    case PARAM_INTEGER:
        return (double)*(const int64_t *)at;
    case PARAM_TIME:
        return ns_to_s(*(const ns_t *)at);
    case PARAM_QUANTITY:
    case PARAM_RATE: {
        const struct quantity *q = *(struct quantity *const *)at;
        return q ? quantity_at(q, ns_to_s(sim_time(n->sim))) : (double)NAN;
    }
    default:
        return NAN;
    }
}
