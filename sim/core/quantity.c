#include "quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/sim.h"

struct quantity *quantity_new(struct sim *sim, enum quantity_kind kind) {
    struct quantity *q = arena_alloc(&sim->arena, sizeof *q);
    q->kind = kind;
    q->scale = 1;
    *mem_push(sim->quantities, sim->n_quantities, sim->cap_quantities) = q;
    return q;
}

struct quantity *quantity_constant(struct sim *sim, double value) {
    struct quantity *q = quantity_new(sim, QUANTITY_CONSTANT);
    q->value = value;
    return q;
}

struct quantity *quantity_scaled(struct sim *sim, const struct quantity *q, double by) {
    struct quantity *copy = quantity_new(sim, q->kind);
    *copy = *q;
    copy->shares = true;
    if (q->kind == QUANTITY_CONSTANT)
        copy->value *= by;
    else
        copy->scale *= by;
    return copy;
}

static struct quantity *read_by_class(struct sim *sim, const struct table *t, enum unit unit,
                                      const char *what, struct error *e) {
    struct quantity *q = quantity_new(sim, QUANTITY_BY_CLASS);
    q->by_class.n = t->n;
    q->by_class.named = arena_alloc(&sim->arena, t->n * sizeof *q->by_class.named);
    for (uint32_t i = 0; i < t->n; i++) {
        if (!t->at[i].key) {
            error_set(e,
                      "%s: a table by class wants class names as keys, such as { human = \"5ms\" }",
                      what);
            return NULL;
        }
        char label[128];
        snprintf(label, sizeof label, "%s.%s", what, t->at[i].key);
        q->by_class.named[i].class = t->at[i].key;
        q->by_class.named[i].q = quantity_read(sim, &t->at[i].value, unit, label, e);
        if (!q->by_class.named[i].q)
            return NULL;
    }
    return q;
}

struct quantity *quantity_read(struct sim *sim, const struct value *v, enum unit unit,
                               const char *what, struct error *e) {
    double x;
    switch (v->type) {
    case VALUE_QUANTITY:
        return v->quantity;
    case VALUE_FUNCTION: {
        struct quantity *q = quantity_new(sim, QUANTITY_CALLBACK);
        q->callback = v->function;
        return q;
    }
    case VALUE_TABLE:
        if (v->table.n)
            return read_by_class(sim, &v->table, unit, what, e);
        error_set(e, "%s: the table is empty", what);
        return NULL;
    default:
        if (!value_number(v, unit, &x, what, e))
            return NULL;
        if (x < 0) {
            error_set(e, "%s: %.6g is negative", what, x);
            return NULL;
        }
        return quantity_constant(sim, x);
    }
}

struct quantity *quantity_linear(struct sim *sim, const struct table *t, struct error *e) {
    struct quantity *q = quantity_new(sim, QUANTITY_LINEAR);
    q->linear.term = arena_alloc(&sim->arena, t->n * sizeof(struct fact_term) + 1);
    for (uint32_t i = 0; i < t->n; i++) {
        const struct entry *en = &t->at[i];
        if (!en->key && en->index == 1) {
            if (!(q->linear.base =
                      quantity_read(sim, &en->value, UNIT_NONE, "linear: the base", e)))
                return NULL;
            continue;
        }
        if (!en->key) {
            error_set(e, "linear: it takes one base and then fact = factor pairs");
            return NULL;
        }
        char label[128];
        snprintf(label, sizeof label, "linear: %s", en->key);
        struct fact_term *term = &q->linear.term[q->linear.n++];
        term->fact = en->key;
        if (!value_number(&en->value, UNIT_NONE, &term->per_unit, label, e))
            return NULL;
    }
    if (!q->linear.base)
        q->linear.base = quantity_constant(sim, 0);
    return q;
}

struct quantity *quantity_table(struct sim *sim, const struct table *t, struct error *e) {
    struct quantity *q = quantity_new(sim, QUANTITY_TABLE);
    const struct value *by = table_get(t, "by");
    uint32_t n = q->table.n = table_count(t);
    if (!by || by->type != VALUE_TEXT || t->n != n + 1 || n < 1) {
        error_set(e, "table: it wants by = \"fact\" and points such as { 1000, \"9ms\" }");
        return NULL;
    }
    q->table.by.fact = by->text;
    q->table.x = arena_alloc(&sim->arena, n * sizeof(double));
    q->table.y = arena_alloc(&sim->arena, n * sizeof(double));
    for (uint32_t i = 0; i < n; i++) {
        const struct value *p = table_at(t, i + 1);
        char label[64];
        snprintf(label, sizeof label, "table: point %u", i + 1);
        if (p->type != VALUE_TABLE || table_count(&p->table) != 2) {
            error_set(e, "%s is %s; it wants { fact, value }", label, value_type_name(p));
            return NULL;
        }
        if (!value_number(table_at(&p->table, 1), UNIT_NONE, &q->table.x[i], label, e) ||
            !value_number(table_at(&p->table, 2), UNIT_NONE, &q->table.y[i], label, e))
            return NULL;
        if (q->table.y[i] < 0 || (i && q->table.x[i] <= q->table.x[i - 1])) {
            error_set(e, "%s: facts must increase and values must not be negative", label);
            return NULL;
        }
    }
    return q;
}

static bool resolve_fact(struct fact_term *t, struct sim *sim, struct error *e) {
    t->index = sim_find_fact(sim, t->fact);
    return t->index >= 0 || error_set(e, "no workload gives requests the fact '%s'", t->fact);
}

static bool resolve_classes(struct quantity *q, struct sim *sim, struct error *e) {
    q->by_class.of = arena_alloc(&sim->arena, sim->n_classes * sizeof *q->by_class.of);
    const struct quantity *other = NULL;
    for (uint32_t i = 0; i < q->by_class.n; i++) {
        int c = sim_find_class(sim, q->by_class.named[i].class);
        if (c >= 0)
            q->by_class.of[c] = q->by_class.named[i].q;
        else if (!strcmp(q->by_class.named[i].class, "default"))
            other = q->by_class.named[i].q;
        else
            return error_set(e, "the table by class names '%s', which is no class of the workload",
                             q->by_class.named[i].class);
    }
    for (uint32_t c = 0; c < sim->n_classes; c++) {
        if (!q->by_class.of[c])
            q->by_class.of[c] = other;
        if (!q->by_class.of[c])
            return error_set(e, "the table by class leaves out '%s'; name it or give a 'default'",
                             sim->classes[c].name);
    }
    return true;
}

static bool resolve(struct quantity *q, struct sim *sim, struct error *e) {
    if (q->kind == QUANTITY_DIST && dist_kind(q->dist) == DIST_EXPONENTIAL)
        q->exponential = dist_mean(q->dist);
    if (q->kind == QUANTITY_BY_CLASS)
        return resolve_classes(q, sim, e);
    if (q->kind == QUANTITY_TABLE)
        return resolve_fact(&q->table.by, sim, e);
    if (q->kind == QUANTITY_LINEAR)
        for (uint32_t i = 0; i < q->linear.n; i++)
            if (!resolve_fact(&q->linear.term[i], sim, e))
                return false;
    return true;
}

bool quantity_resolve(struct quantity *q, struct sim *sim, struct error *e) {
    return resolve(q, sim, e) || (q->where ? error_prefix(e, "%s", q->where) : false);
}

static double fact_of(const struct fact_term *t, const struct call *c) {
    double x = c->req->fact[t->index];
    if (isnan(x))
        sim_fail(c->node->sim,
                 "%s: %s: a request of class '%s' has no fact '%s'; give it in the workload",
                 c->node->where, c->node->address, c->node->sim->classes[c->req->class].name,
                 t->fact);
    return x;
}

/* Straight lines between points; beyond the ends the first and last piece go on, not below 0. */
static double interpolate(const struct quantity *q, double x) {
    uint32_t n = q->table.n, i = 1;
    const double *xs = q->table.x, *ys = q->table.y;
    if (n == 1)
        return ys[0];
    while (i + 1 < n && xs[i] < x)
        i++;
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1]);
}

static double call_back(const struct quantity *q, const struct call *c, uint64_t purpose) {
    struct answer a;
    if (!q->callback->invoke(q->callback, c, purpose, &a))
        return 0;
    if (a.is_text) {
        enum unit unit;
        struct error e = {{0}};
        if (!unit_parse(a.text, &a.number, &unit, &e))
            sim_fail(c->node->sim, "%s: the function of %s returned %s", c->node->where,
                     c->node->address, e.text);
    }
    if (!isfinite(a.number))
        sim_fail(c->node->sim, "%s: the function of %s returned what is no finite number",
                 c->node->where, c->node->address);
    else if (a.number < 0)
        sim_fail(c->node->sim, "%s: the function of %s returned %g; a quantity is not negative",
                 c->node->where, c->node->address, a.number);
    return a.number;
}

double quantity_general(const struct quantity *q, const struct call *c, uint64_t purpose) {
    double x = 0;
    switch (q->kind) {
    case QUANTITY_CONSTANT:
        return q->value;
    case QUANTITY_DIST: {
        struct rng r = call_rng(c, purpose);
        return q->scale * dist_draw(q->dist, &r);
    }
    case QUANTITY_SIGNAL:
        return q->scale * signal_at(q->signal, ns_to_s(sim_time(c->node->sim)));
    case QUANTITY_BY_CLASS:
        return q->scale * quantity_draw(q->by_class.of[c->req->class], c, purpose);
    case QUANTITY_LINEAR:
        x = quantity_draw(q->linear.base, c, purpose);
        for (uint32_t i = 0; i < q->linear.n; i++)
            x += q->linear.term[i].per_unit * fact_of(&q->linear.term[i], c);
        break;
    case QUANTITY_TABLE:
        x = interpolate(q, fact_of(&q->table.by, c));
        break;
    case QUANTITY_CALLBACK:
        x = call_back(q, c, purpose);
        break;
    }
    return x > 0 ? q->scale * x : 0;
}

double quantity_at(const struct quantity *q, double t) {
    if (q->kind == QUANTITY_CONSTANT)
        return q->value;
    return q->kind == QUANTITY_SIGNAL ? q->scale * signal_at(q->signal, t) : (double)NAN;
}

double quantity_mean(const struct quantity *q, double t) {
    return q->kind == QUANTITY_DIST ? q->scale * dist_mean(q->dist) : quantity_at(q, t);
}
