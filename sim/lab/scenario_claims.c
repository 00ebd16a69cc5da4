/* What a scenario asks: phases, cases, objectives and claims. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fault.h"
#include "core/schema.h"
#include "lab/scenario_impl.h"

bool scenario_wants_table(const struct value *v, const char *what, const char *like,
                          struct error *e) {
    return v->type == VALUE_NIL || v->type == VALUE_TABLE ||
           error_set(e, "%s: %s was given; it wants a table such as %s", what, value_type_name(v),
                     like);
}

static int by_begin(const void *x, const void *y) {
    const struct span *a = x, *b = y;
    return a->from != b->from ? (a->from < b->from ? -1 : 1) : a->to < b->to ? -1 : a->to > b->to;
}

bool scenario_phases(struct draft *d, struct scenario *s, struct error *e) {
    if (!scenario_wants_table(&d->phases, "phases", "{ before = { \"0s\", \"60s\" } }", e))
        return false;
    uint32_t n = d->phases.type == VALUE_TABLE ? d->phases.table.n : 0;
    s->phases = arena_alloc(&s->sim->arena, (n + 1) * sizeof *s->phases);
    for (uint32_t i = 0; i < n; i++) {
        const struct entry *en = &d->phases.table.at[i];
        double from, to;
        char label[96];
        snprintf(label, sizeof label, "phases: %s", en->key ? en->key : "(positional)");
        if (!en->key || en->value.type != VALUE_TABLE || table_count(&en->value.table) != 2)
            return error_set(e, "%s: it wants name = { from, to }", label);
        if (!value_number(table_at(&en->value.table, 1), UNIT_TIME, &from, label, e) ||
            !value_number(table_at(&en->value.table, 2), UNIT_TIME, &to, label, e))
            return false;
        if (from < 0 || to <= from)
            return error_set(e, "%s: it must begin at 0 or later and end after it begins", label);
        if (!value_is_name(en->key))
            return error_set(
                e, "%s: a name has letters, digits and underscores and does not begin with a digit",
                label);
        s->phases[s->n_phases++] = (struct span){en->key, ns_from_s(from), ns_from_s(to)};
    }
    qsort(s->phases, s->n_phases, sizeof *s->phases, by_begin);
    return true;
}

static const char *knob_at(const void *ctx, int i) {
    const struct scenario *s = ctx;
    return (uint32_t)i < s->n_knobs ? s->knobs[i].name : NULL;
}

static bool no_knob(const struct scenario *s, const char *in_case, const char *name,
                    struct error *e) {
    const char *near = error_nearest(name, knob_at, s);
    if (near)
        return error_set(e, "cases: %s: there is no knob '%s'; did you mean '%s'?", in_case, name,
                         near);
    return error_set(e, "cases: %s: there is no knob '%s'", in_case, name);
}

bool scenario_cases(struct draft *d, struct scenario *s, struct error *e) {
    if (!scenario_wants_table(&d->cases, "cases", "{ spike = { rps = 2000 } }", e))
        return false;
    uint32_t n = d->cases.type == VALUE_TABLE ? d->cases.table.n : 0;
    s->cases = arena_alloc(&s->sim->arena, (n + 1) * sizeof *s->cases);
    for (uint32_t i = 0; i < n; i++) {
        const struct entry *en = &d->cases.table.at[i];
        if (!en->key || en->value.type != VALUE_TABLE)
            return error_set(e,
                             "cases: each is a name and a table, such as spike = { rps = 2000 }");
        if (!value_is_name(en->key))
            return error_set(e,
                             "cases: %s: a name has letters, digits and underscores and does not "
                             "begin with a digit",
                             en->key);
        if (!strcmp(en->key, "base"))
            return error_set(e, "cases: 'base' always exists and is the scenario as written");
        for (uint32_t k = 0; k < en->value.table.n; k++) {
            const struct entry *x = &en->value.table.at[k];
            bool fault = x->value.type == VALUE_OBJECT && fault_kind(x->value.object->kind) >= 0;
            bool knob = false;
            for (uint32_t j = 0; x->key && j < s->n_knobs; j++)
                knob = knob || !strcmp(s->knobs[j].name, x->key);
            if (x->key && !knob)
                return no_knob(s, en->key, x->key, e);
            if (!x->key && !fault)
                return error_set(e, "cases: %s: entry %u is %s; it wants knob = value or a fault",
                                 en->key, x->index, value_type_name(&x->value));
        }
        s->cases[s->n_cases++] = (struct scenario_case){en->key, &en->value.table};
    }
    return true;
}

const struct scenario_case *scenario_find_case(const struct scenario *s, const char *name,
                                               struct error *e) {
    char list[400] = "base";
    size_t n = 4;
    for (uint32_t i = 0; i < s->n_cases; i++) {
        if (!strcmp(s->cases[i].name, name))
            return &s->cases[i];
        if (n < 350)
            n += (size_t)snprintf(list + n, sizeof list - n, ", %s", s->cases[i].name);
    }
    error_set(e, "there is no case '%s'; there are %s", name, list);
    return NULL;
}

static bool known_case(const struct scenario *s, const char *name, struct error *e) {
    return !strcmp(name, "base") || scenario_find_case(s, name, e);
}

static bool cases_of_expr(const struct scenario *s, const struct expr *x, struct error *e) {
    if (x->kind == EXPR_FRACTION)
        return cases_of_expr(s, &x->inner->left, e) &&
               (!x->inner->has_right || cases_of_expr(s, &x->inner->right, e));
    const char *name = metric_label(&x->metric, "case");
    return !name || known_case(s, name, e);
}

static const struct condition *read_condition(struct scenario *s, const char *text,
                                              struct error *e) {
    struct condition *c = condition_parse(&s->sim->arena, text, e);
    if (c && cases_of_expr(s, &c->left, e) && (!c->has_right || cases_of_expr(s, &c->right, e)))
        return c;
    return NULL;
}

bool scenario_slo(struct draft *d, struct scenario *s, struct error *e) {
    if (!scenario_wants_table(&d->slo, "slo", "{ \"latency.p99 < 50ms\" }", e))
        return false;
    uint32_t n = d->slo.type == VALUE_TABLE ? d->slo.table.n : 0;
    s->slo = arena_alloc(&s->sim->arena, (n + 1) * sizeof *s->slo);
    s->slo_text = arena_alloc(&s->sim->arena, (n + 1) * sizeof *s->slo_text);
    for (uint32_t i = 0; i < n; i++) {
        const struct value *v = &d->slo.table.at[i].value;
        if (v->type != VALUE_TEXT)
            return error_set(
                e, "slo: %s was given; it wants conditions such as \"latency.p99 < 50ms\"",
                value_type_name(v));
        s->slo_text[s->n_slo] = v->text;
        if (!(s->slo[s->n_slo++] = read_condition(s, v->text, e)))
            return error_prefix(e, "slo");
    }
    return true;
}

struct claim_draft {
    const char *in_case, *because;
    int expect;
};

static const struct param claim_params[] = {
    PARAM(TEXT, "case", struct claim_draft, in_case, NULL, "the case it is about; default: base"),
    PARAM(CHOICE, "expect", struct claim_draft, expect, "holds", "the verdict that is expected",
          .choices = verdict_names),
    PARAM(TEXT, "because", struct claim_draft, because, NULL, "why a refuted figure stays"),
    {0},
};

static bool read_claim(struct scenario *s, const struct object *o, struct claim *c,
                       struct error *e) {
    const struct value *text = table_at(&o->table, 1), *condition = table_at(&o->table, 2);
    if (!text || text->type != VALUE_TEXT || !condition || condition->type != VALUE_TEXT)
        return error_set(e, "it wants two texts: what is claimed, and a condition");
    struct table named = {arena_alloc(&s->sim->arena, o->table.n * sizeof(struct entry)), 0};
    for (uint32_t i = 0; i < o->table.n; i++)
        if (o->table.at[i].key)
            named.at[named.n++] = o->table.at[i];
    if (table_count(&o->table) + named.n != o->table.n || table_count(&o->table) > 2)
        return error_set(e, "it wants two texts and then keys such as case = \"spike\"");
    struct claim_draft d = {0};
    if (!schema_read(s->sim, &d, NULL, claim_params, &named, e))
        return false;
    if (d.in_case && !known_case(s, d.in_case, e))
        return false;
    if (d.expect != VERDICT_HOLDS && !d.because)
        return error_set(e, "a claim that is not expected to hold says why: because = \"…\"");
    *c = (struct claim){.text = text->text,
                        .where = o->where,
                        .in_case = d.in_case,
                        .expect = d.expect,
                        .because = d.because};
    if (c->in_case && !strcmp(c->in_case, "base"))
        c->in_case = NULL;
    return (c->condition = read_condition(s, condition->text, e)) != NULL;
}

bool scenario_claims(struct draft *d, const char *where, struct scenario *s, struct error *e) {
    if (!scenario_wants_table(&d->claims, "claims", "{ claim { \"…\", \"…\" } }", e))
        return error_prefix(e, "%s: scenario", where);
    uint32_t n = d->claims.type == VALUE_TABLE ? d->claims.table.n : 0;
    s->claims = arena_alloc(&s->sim->arena, (n + 1) * sizeof *s->claims);
    for (uint32_t i = 0; i < n; i++) {
        const struct value *v = &d->claims.table.at[i].value;
        if (v->type != VALUE_OBJECT || strcmp(v->object->kind, "claim"))
            return error_set(e,
                             "%s: scenario: claims: %s was given; it wants claim { \"…\", \"…\" }",
                             where, value_type_name(v));
        if (!read_claim(s, v->object, &s->claims[s->n_claims++], e))
            return error_prefix(e, "%s: claim", v->object->where);
    }
    return true;
}
