/* The words of the language: components, replicas, faults, claim, scenario, knobs, include. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fault.h"
#include "agent/registry.h"
#include "bind/impl.h"
#include "core/group.h"

const struct word host_words[] = {
    {"scenario",
     "what the file returns: title, workload, entry, agents, run, phases, cases, slo, claims, "
     "faults",
     "return scenario { title = \"…\", workload = open { rate = 100 }, entry = backend }"},
    {"knobs",
     "what --set and cases turn: name = { default, meaning, min =, max =, integer =, choices = }",
     "local k = knobs { rps = { 100, \"requests/s\", min = 1 } }"},
    {"claim", "a statement and the condition that decides it",
     "claim { \"it is fast\", \"latency.p99 < 50ms\" }"},
    {"linear", "an affine function of facts: a base, and a factor for each fact",
     "linear { \"6ms\", batch_size = \"1.2ms\" }"},
    {"table", "straight lines between points over one fact",
     "table { by = \"tokens\", { 0, \"1ms\" }, { 1000, \"9ms\" } }"},
    {"include", "runs another file beside the scenario and gives what it returns",
     "local common = include \"common.lua\""},
    {NULL, NULL, NULL},
};

static struct table table_argument(lua_State *L, const char *what) {
    if (lua_type(L, 1) != LUA_TTABLE)
        luaL_error(L, "%s wants a table: %s { … }", what, what);
    return value_from_lua(L, 1, what).table;
}

/* ---- components ---------------------------------------------------------------------------------
 */

static int component(lua_State *L) {
    const struct node_type *type = lua_touserdata(L, lua_upvalueindex(1));
    struct table t = table_argument(L, type->kind);
    struct error e = {{0}};
    host_charge(L, 1024 + type->size);
    struct node *n = schema_build(host_of(L)->sim, type, host_where(L), &t, &e);
    if (!n)
        host_raise(L, &e);
    if (type->ops.stand_in)
        n = type->ops.stand_in(n);
    value_push(L, (struct value){.type = VALUE_NODE, .node = n});
    return 1;
}

static struct node *build_one(lua_State *L, int build, uint32_t i) {
    lua_pushvalue(L, build);
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_call(L, 1, 1);
    struct value *v = value_test(L, -1);
    if (!v || v->type != VALUE_NODE || (v->node->type->flags & NODE_UNCALLED))
        luaL_error(L, "replicas: build(%d) returned %s; it wants a component that can be called",
                   (int)i + 1, v ? value_type_name(v) : luaL_typename(L, -1));
    struct node *root = v->node;
    if (root->scope != host_of(L)->sim->scope)
        luaL_error(L,
                   "replicas: build(%d) returned %s, which was made outside of it; what build "
                   "returns is a replica's own",
                   (int)i + 1, root->name);
    lua_pop(L, 1);
    return root;
}

static int replicas(lua_State *L) {
    struct sim *sim = host_of(L)->sim;
    struct table t = table_argument(L, "replicas");
    struct error e = {{0}};
    struct node *n = schema_build(sim, &replicas_type, host_where(L), &t, &e);
    if (!n || !group_reserve(group_of(n), &e)) {
        if (n)
            error_prefix(&e, "%s: replicas", n->where);
        host_raise(L, &e);
    }
    lua_getfield(L, 1, "build");
    int build = lua_gettop(L);
    for (uint32_t i = 0; i < (uint32_t)group_of(n)->max; i++) {
        group_enter(group_of(n), i);
        group_leave(group_of(n), i, build_one(L, build, i));
    }
    value_push(L, (struct value){.type = VALUE_NODE, .node = n});
    return 1;
}

/* ---- named tables: faults, claim, scenario ------------------------------------------------------
 */

static int object(lua_State *L) {
    const char *kind = lua_tostring(L, lua_upvalueindex(1));
    struct sim *sim = host_of(L)->sim;
    struct object *o = arena_alloc(&sim->arena, sizeof *o);
    o->kind = arena_copy(&sim->arena, kind);
    o->where = arena_copy(&sim->arena, host_where(L));
    o->table = table_argument(L, kind);
    value_push(L, (struct value){.type = VALUE_OBJECT, .object = o});
    return 1;
}

static void add_object(lua_State *L, const char *kind) {
    lua_pushstring(L, kind);
    lua_pushcclosure(L, object, 1);
    lua_setglobal(L, kind);
}

/* ---- knobs --------------------------------------------------------------------------------------
 */

static bool limit_of(const struct table *t, const char *key, double *out, struct error *e) {
    const struct value *v = table_get(t, key);
    return !v || value_number(v, UNIT_NONE, out, key, e);
}

static bool flag_of(const struct table *t, const char *key) {
    const struct value *v = table_get(t, key);
    return v && v->type == VALUE_BOOL && v->boolean;
}

static bool is_choice(const struct table *t, const char *text, struct error *e) {
    const struct value *choices = table_get(t, "choices");
    if (!choices)
        return true;
    for (uint32_t i = 0; choices->type == VALUE_TABLE && i < choices->table.n; i++)
        if (choices->table.at[i].value.type == VALUE_TEXT &&
            !strcmp(choices->table.at[i].value.text, text))
            return true;
    char list[300] = "";
    size_t n = 0;
    for (uint32_t i = 0;
         choices->type == VALUE_TABLE && i < choices->table.n && n < sizeof list - 80; i++)
        if (choices->table.at[i].value.type == VALUE_TEXT)
            n += (size_t)snprintf(list + n, sizeof list - n, "%s\"%.60s\"", n ? ", " : "",
                                  choices->table.at[i].value.text);
    return error_set(e, "\"%s\" is not one of its choices: %s", text, list);
}

static bool in_limits(const struct knob *k, double x, struct error *e) {
    if (!isfinite(x))
        return error_set(e, "%g is not finite", x);
    if (x < k->min)
        return error_set(e, "%.10g is below its min of %.10g", x, k->min);
    if (x > k->max)
        return error_set(e, "%.10g is above its max of %.10g", x, k->max);
    if (k->integer && x != floor(x))
        return error_set(e, "%.10g is not a whole number", x);
    return true;
}

/* A text that reads as a quantity is a number with a unit; anything else is a text. */
static bool knob_value(struct knob *k, const struct value *v, const struct table *t, bool first,
                       struct error *e) {
    struct error ignored = {{0}};
    enum unit unit = UNIT_NONE;
    double x;
    if (v->type == VALUE_BOOL || (!first && k->is_bool)) {
        bool yes =
            v->type == VALUE_BOOL ? v->boolean : v->type == VALUE_TEXT && !strcmp(v->text, "true");
        if (v->type != VALUE_BOOL && !yes && strcmp(v->text, "false"))
            return error_set(e, "it wants true or false");
        k->is_bool = true;
        k->number = yes;
        return true;
    }
    bool numeric = v->type == VALUE_NUMBER ? (x = v->number, true)
                                           : v->type == VALUE_TEXT && !table_get(t, "choices") &&
                                                 unit_parse(v->text, &x, &unit, &ignored);
    if (first ? !numeric : k->is_text) {
        if (v->type != VALUE_TEXT)
            return error_set(
                e, "its default is %s; it wants a number, a text with a unit, a text or a boolean",
                value_type_name(v));
        k->is_text = true;
        k->text = v->text;
        return is_choice(t, v->text, e);
    }
    if (!numeric)
        return error_set(e, "\"%s\" is not a number", v->type == VALUE_TEXT ? v->text : "?");
    if (first)
        k->unit = unit;
    else if (unit != UNIT_NONE && unit != k->unit)
        return error_set(e, "\"%s\" has another unit than its default", v->text);
    if (!in_limits(k, x, e))
        return false;
    k->number = x;
    return true;
}

/* Settings of the case win over --set: a case is what it names, on top of the rest. */
static bool knob_overrides(struct host *h, struct knob *k, const struct table *t, struct error *e) {
    const struct maker *m = h->maker;
    size_t n = strlen(k->name);
    for (uint32_t i = 0; i < m->n_sets; i++)
        if (!strncmp(m->sets[i], k->name, n) && m->sets[i][n] == '=') {
            struct value v = value_of_text(arena_copy(&h->sim->arena, m->sets[i] + n + 1));
            if (!knob_value(k, &v, t, false, e))
                return error_prefix(e, "--set %s", m->sets[i]);
        }
    for (uint32_t i = 0; i < m->n_knobs;
         i++) { /* of all cases, so that a mistake shows before its case is run */
        if (strcmp(m->knobs[i].knob, k->name))
            continue;
        struct knob other = *k;
        bool mine = h->in_case && !strcmp(m->knobs[i].in_case, h->in_case);
        struct value v = value_of_text(arena_copy(&h->sim->arena, m->knobs[i].value));
        if (!knob_value(mine ? k : &other, &v, t, false, e))
            return error_prefix(e, "case %s", m->knobs[i].in_case);
    }
    return true;
}

static bool read_knob(struct host *h, const struct entry *en, struct knob *k, struct error *e) {
    static const char *const keys[] = {"min", "max", "integer", "int", "choices", NULL};
    struct entry plain = {.index = 1, .value = en->value};
    struct table t = en->value.type == VALUE_TABLE ? en->value.table : (struct table){&plain, 1};
    const struct value *def = table_at(&t, 1), *help = table_at(&t, 2);
    *k = (struct knob){.name = en->key, .min = -INFINITY, .max = INFINITY};
    if (!en->key)
        return error_set(e, "a knob is name = { default, \"meaning\" }");
    if (!value_is_name(en->key))
        return error_set(
            e, "the name has letters, digits and underscores and does not begin with a digit");
    for (uint32_t i = 0; i < t.n; i++) {
        bool known = !t.at[i].key && t.at[i].index <= 2;
        for (int j = 0; keys[j]; j++)
            known = known || (t.at[i].key && !strcmp(keys[j], t.at[i].key));
        if (!known)
            return error_set(e, "unknown key '%s'; a knob takes min, max, integer, choices",
                             t.at[i].key ? t.at[i].key : "(positional)");
    }
    if (!def)
        return error_set(e, "the default is missing: name = { default, \"meaning\" }");
    k->help = help && help->type == VALUE_TEXT ? help->text : "";
    k->integer = flag_of(&t, "integer") || flag_of(&t, "int");
    if (!limit_of(&t, "min", &k->min, e) || !limit_of(&t, "max", &k->max, e) ||
        !knob_value(k, def, &t, true, e))
        return false;
    k->def = k->number;
    k->def_text = k->text;
    return knob_overrides(h, k, &t, e);
}

static const char *knob_at(const void *ctx, int i) {
    const struct host *h = ctx;
    return (uint32_t)i < h->n_knobs ? h->knobs[i].name : NULL;
}

static int no_knob(lua_State *L) {
    const char *name = luaL_tolstring(L, 2, NULL), *near = error_nearest(name, knob_at, host_of(L));
    if (near)
        return luaL_error(L, "there is no knob '%s'; did you mean '%s'?", name, near);
    return luaL_error(L, "there is no knob '%s'", name);
}

static int knobs(lua_State *L) {
    struct host *h = host_of(L);
    struct table t = table_argument(L, "knobs");
    lua_newtable(L);
    for (uint32_t i = 0; i < t.n; i++) {
        struct error e = {{0}};
        struct knob *k = mem_push(h->knobs, h->n_knobs, h->cap_knobs);
        if (!read_knob(h, &t.at[i], k, &e)) {
            error_prefix(&e, "%s: knob '%s'", host_where(L), t.at[i].key ? t.at[i].key : "?");
            host_raise(L, &e);
        }
        if (k->is_bool)
            lua_pushboolean(L, k->number != 0);
        else if (k->is_text)
            lua_pushstring(L, k->text);
        else if (k->number == floor(k->number) && fabs(k->number) < 9e15)
            lua_pushinteger(L, (lua_Integer)k->number);
        else
            lua_pushnumber(L, k->number);
        lua_setfield(L, -2, k->name);
    }
    lua_newtable(L);
    lua_pushcfunction(L, no_knob);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 1;
}

static int include(lua_State *L) {
    host_include(L, luaL_checkstring(L, 1));
    return 1;
}

void words_register(lua_State *L) {
    const struct node_type *t;
    for (int i = 0; (t = component_at(i)); i++) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)t);
        lua_pushcclosure(L, t == &replicas_type ? replicas : component, 1);
        lua_setglobal(L, t->kind);
    }
    for (int i = 0; i < FAULT_KINDS; i++)
        add_object(L, fault_types[i].name);
    add_object(L, "claim");
    add_object(L, "scenario");
    lua_register(L, "knobs", knobs);
    lua_register(L, "include", include);
    lua_register(L, "require", include);
}
