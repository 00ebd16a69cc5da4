/* Distributions, signals, linear and table quantities as words of the language. */
#include <string.h>

#include "base/rows.h"
#include "bind/impl.h"
#include "core/quantity.h"

enum { MAX_ARGS = 16, MAX_PARTS = 64 };

struct draft {
    struct dist_arg args[MAX_ARGS];
    struct dist *parts[MAX_PARTS];
    struct quantity *owners[MAX_PARTS];
    double weights[MAX_PARTS];
    struct dist_spec spec;
};

static bool numbers(struct sim *sim, const struct value *v, const double **out, size_t *n,
                    const char *what, struct error *e) {
    if (v->type != VALUE_TABLE || table_count(&v->table) != v->table.n)
        return error_set(e, "%s: it wants a list of numbers", what);
    double *x = arena_alloc(&sim->arena, (v->table.n + 1) * sizeof *x);
    for (uint32_t i = 0; i < v->table.n; i++)
        if (!value_number(&v->table.at[i].value, UNIT_NONE, &x[i], what, e))
            return false;
    *out = x;
    *n = v->table.n;
    return true;
}

/* Samples from a column of a file, beside the scenario first. */
static bool samples(struct host *h, const struct table *t, struct draft *d, struct error *e) {
    const struct value *file = table_get(t, "file"), *column = table_get(t, "column");
    if (file->type != VALUE_TEXT || (column && column->type != VALUE_TEXT))
        return error_set(e, "file and column are texts");
    struct rows_column want = {column ? column->text : "value", false};
    const char *path = arena_print(&h->sim->arena, "%s/%s", h->maker->folder, file->text);
    double x, *list = NULL;
    size_t n = 0, cap = 0;
    h->rows = rows_open(file->text[0] == '/' ? file->text : path, &want, 1, e);
    while (h->rows && rows_next(h->rows, &x, e))
        *arena_push(&h->sim->arena, list, n, cap) = x;
    rows_close(h->rows);
    h->rows = NULL;
    d->spec.values = list;
    d->spec.n_values = n;
    return !error_is(e) && (n || error_set(e, "%s has no rows", file->text));
}

/* { weight, distribution } */
static bool part(struct draft *d, const struct value *v, struct error *e) {
    const struct value *w = v->type == VALUE_TABLE ? table_at(&v->table, 1) : NULL;
    const struct value *law = w ? table_at(&v->table, 2) : NULL;
    if (d->spec.n_weights == MAX_PARTS)
        return error_set(e, "more than %d parts", MAX_PARTS);
    if (!law || law->type != VALUE_QUANTITY || law->quantity->kind != QUANTITY_DIST)
        return error_set(e, "each part is { weight, distribution }");
    if (law->quantity->shares || law->quantity->scale != 1)
        return error_set(e, "a distribution is part of one mixture only, and unscaled");
    for (size_t i = 0; i < d->spec.n_weights; i++)
        if (d->owners[i] == law->quantity)
            return error_set(e, "a distribution is part of one mixture only, and once");
    size_t i = d->spec.n_weights++;
    d->parts[i] = law->quantity->dist;
    d->owners[i] = law->quantity;
    return value_number(w, UNIT_NONE, &d->weights[i], "weight", e);
}

/* parts = { distribution, … }, weights = { 4, 1 }: the same as positional pairs. */
static bool parts(struct draft *d, const struct table *t, struct error *e) {
    const struct value *laws = table_get(t, "parts"), *weights = table_get(t, "weights");
    if (!laws && !weights)
        return true;
    if (!laws || !weights || t->n != 2 || laws->type != VALUE_TABLE ||
        weights->type != VALUE_TABLE || laws->table.n != weights->table.n)
        return error_set(e,
                         "it wants parts and as many weights, or { weight, distribution } pairs");
    for (uint32_t i = 0; i < laws->table.n; i++) {
        struct entry pair[2] = {{.index = 1, .value = weights->table.at[i].value},
                                {.index = 2, .value = laws->table.at[i].value}};
        struct value v = {.type = VALUE_TABLE, .table = {pair, 2}};
        if (!part(d, &v, e))
            return false;
    }
    return true;
}

static bool argument(struct host *h, enum dist_kind kind, const struct entry *en, struct draft *d,
                     struct error *e) {
    const char *key = en->key ? en->key : "";
    struct sim *sim = h->sim;
    if (!en->key && kind == DIST_MIXTURE)
        return part(d, &en->value, e);
    if (!en->key && en->value.type == VALUE_TABLE && kind == DIST_EMPIRICAL)
        return numbers(sim, &en->value, &d->spec.values, &d->spec.n_values, "values", e);
    if (!strcmp(key, "values") || !strcmp(key, "edges") || !strcmp(key, "means"))
        return numbers(sim, &en->value, &d->spec.values, &d->spec.n_values, key, e);
    if (!strcmp(key, "weights") || !strcmp(key, "counts"))
        return numbers(sim, &en->value, &d->spec.weights, &d->spec.n_weights, key, e);
    if (!strcmp(key, "file") || !strcmp(key, "column"))
        return true;
    if (d->spec.n_args == MAX_ARGS)
        return error_set(e, "too many arguments");
    struct dist_arg *a = &d->args[d->spec.n_args++];
    a->name = en->key;
    return value_number(&en->value, UNIT_NONE, &a->value, en->key ? en->key : "argument", e);
}

static bool make(struct host *h, enum dist_kind kind, const struct table *t, struct quantity *q,
                 struct error *e) {
    struct draft d = {.spec = {.kind = kind}};
    d.spec.args = d.args;
    if (table_get(t, "file") && !samples(h, t, &d, e))
        return false;
    bool plain_list =
        kind == DIST_EMPIRICAL && t->n && !t->at[0].key && t->at[0].value.type != VALUE_TABLE;
    if (plain_list) {
        struct value v = {.type = VALUE_TABLE, .table = *t};
        if (!numbers(h->sim, &v, &d.spec.values, &d.spec.n_values, "values", e))
            return false;
    } else if (kind == DIST_MIXTURE && !parts(&d, t, e))
        return false;
    else
        for (uint32_t i = 0; i < t->n; i++)
            if (!(kind == DIST_MIXTURE && t->at[i].key) && !argument(h, kind, &t->at[i], &d, e))
                return false;
    if (kind == DIST_MIXTURE) {
        d.spec.weights = d.weights;
        d.spec.parts = d.parts;
        for (size_t i = 0; i < d.spec.n_weights; i++)
            d.owners[i]->shares = true; /* the mixture owns them now */
    }
    q->dist = dist_new(&d.spec, e);
    for (size_t i = 0; kind == DIST_MIXTURE && !q->dist && i < d.spec.n_weights; i++)
        *d.owners[i] = (struct quantity){.kind = QUANTITY_CONSTANT,
                                         .scale = 1}; /* their distributions are gone */
    return q->dist != NULL;
}

/* A single number or text is short for a table with it. */
static struct table one_table(lua_State *L, const char *what) {
    struct value v = value_from_lua(L, 1, what);
    if (v.type == VALUE_TABLE)
        return v.table;
    if (v.type == VALUE_NIL)
        luaL_error(L, "%s wants a table: %s { … }", what, what);
    struct entry *one = arena_alloc(&host_of(L)->sim->arena, sizeof *one);
    *one = (struct entry){.index = 1, .value = v};
    return (struct table){one, 1};
}

static int finish(lua_State *L, struct quantity *q, bool ok, const char *name, struct error *e) {
    if (!ok) {
        if (strncmp(e->text, name, strlen(name)))
            error_prefix(e, "%s", name);
        error_prefix(e, "%s", host_where(L));
        host_raise(L, e);
    }
    host_charge(L, 512);
    if (q->kind == QUANTITY_LINEAR || q->kind == QUANTITY_TABLE)
        q->where = arena_copy(&host_of(L)->sim->arena, host_where(L));
    value_push(L, (struct value){.type = VALUE_QUANTITY, .quantity = q});
    return 1;
}

static int distribution(lua_State *L) {
    enum dist_kind kind = (enum dist_kind)lua_tointeger(L, lua_upvalueindex(1));
    const char *name = dist_types[kind].name;
    struct table t = one_table(L, name);
    struct error e = {{0}};
    struct quantity *q = quantity_new(host_of(L)->sim, QUANTITY_DIST);
    q->shares = true; /* nothing to free until it is made */
    bool ok = make(host_of(L), kind, &t, q, &e);
    q->shares = !ok;
    return finish(L, q, ok, name, &e);
}

static int signal(lua_State *L) {
    enum signal_kind kind = (enum signal_kind)lua_tointeger(L, lua_upvalueindex(1));
    struct table t = one_table(L, signal_types[kind].name);
    struct error e = {{0}};
    struct quantity *q = quantity_new(host_of(L)->sim, QUANTITY_SIGNAL);
    q->signal = signal_read(&host_of(L)->sim->arena, kind, &t, &e);
    return finish(L, q, q->signal != NULL, signal_types[kind].name, &e);
}

static int linear(lua_State *L) {
    struct table t = one_table(L, "linear");
    struct error e = {{0}};
    struct quantity *q = quantity_linear(host_of(L)->sim, &t, &e);
    return finish(L, q, q != NULL, "linear", &e);
}

/* table { … }: the library table, called. */
static int table(lua_State *L) {
    lua_remove(L, 1);
    struct table t = one_table(L, "table");
    struct error e = {{0}};
    struct quantity *q = quantity_table(host_of(L)->sim, &t, &e);
    return finish(L, q, q != NULL, "table", &e);
}

void laws_register(lua_State *L) {
    for (int i = 0; i < DIST_KINDS; i++) {
        lua_pushinteger(L, i);
        lua_pushcclosure(L, distribution, 1);
        lua_setglobal(L, dist_types[i].name);
    }
    for (int i = 0; i < SIGNAL_KINDS; i++) {
        lua_pushinteger(L, i);
        lua_pushcclosure(L, signal, 1);
        lua_setglobal(L, signal_types[i].name);
    }
    lua_pushcfunction(L, linear);
    lua_setglobal(L, "linear");
    lua_getglobal(L, "table");
    lua_newtable(L);
    lua_pushcfunction(L, table);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}
