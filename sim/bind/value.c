/* Lua values as value trees, and our own values inside Lua. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bind/impl.h"
#include "core/quantity.h"

static const char *const TAG = "nines.value";
enum { MAX_DEPTH = 32, MAX_FACTORS = 100 };

void value_push(lua_State *L, struct value v) {
    struct value *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = v;
    luaL_setmetatable(L, TAG);
}

struct value *value_test(lua_State *L, int index) {
    return luaL_testudata(L, index, TAG);
}

static int by_key(const void *x, const void *y) {
    const struct entry *a = x, *b = y;
    if (!a->key || !b->key)
        return a->key ? 1 : b->key ? -1 : a->index < b->index ? -1 : a->index > b->index;
    return strcmp(a->key, b->key);
}

static struct value convert(lua_State *L, int index, const char *what, int depth);

static uint32_t count_entries(lua_State *L, int index) {
    uint32_t n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        n++;
    return n;
}

static void read_key(lua_State *L, struct entry *en, const char *what) {
    struct sim *sim = host_of(L)->sim;
    if (lua_type(L, -2) == LUA_TSTRING)
        en->key = arena_copy(&sim->arena, lua_tostring(L, -2));
    else if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 && lua_tointeger(L, -2) < 10000000)
        en->index = (uint32_t)lua_tointeger(L, -2);
    else
        luaL_error(L, "%s: a key of the table is neither a name nor a place in a list", what);
}

/* Lists first, in order, then names in alphabetical order: the same on every run. */
static struct value convert_table(lua_State *L, int index, const char *what, int depth) {
    struct sim *sim = host_of(L)->sim;
    if (depth > MAX_DEPTH)
        luaL_error(L, "%s: the table is nested more than %d deep (does it contain itself?)", what,
                   MAX_DEPTH);
    luaL_checkstack(L, 8, "tables are nested too deep");
    struct value v = {.type = VALUE_TABLE};
    v.table.n = count_entries(L, index);
    host_charge(L, 64 + v.table.n * sizeof *v.table.at);
    v.table.at = arena_alloc(&sim->arena, v.table.n * sizeof *v.table.at + 1);
    uint32_t i = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), i++) {
        read_key(L, &v.table.at[i], what);
        v.table.at[i].value = convert(L, lua_gettop(L), what, depth + 1);
    }
    qsort(v.table.at, v.table.n, sizeof *v.table.at, by_key);
    return v;
}

/* Results are JSON, which has no place for other bytes. */
static bool is_utf8(const char *s) {
    for (const unsigned char *c = (const unsigned char *)s; *c;) {
        int more = *c < 0x80                 ? 0
                   : *c >= 0xC2 && *c < 0xE0 ? 1
                   : *c >= 0xE0 && *c < 0xF0 ? 2
                   : *c >= 0xF0 && *c < 0xF5 ? 3
                                             : -1;
        bool beyond = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) ||
                      (c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F);
        if (more < 0 || beyond)
            return false;
        for (c++; more; more--, c++)
            if ((*c & 0xC0) != 0x80)
                return false;
    }
    return true;
}

static struct value convert(lua_State *L, int index, const char *what, int depth) {
    struct value *own = value_test(L, index);
    if (own)
        return *own;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return (struct value){.type = VALUE_NIL};
    case LUA_TBOOLEAN:
        return (struct value){.type = VALUE_BOOL, .boolean = lua_toboolean(L, index)};
    case LUA_TNUMBER:
        return value_of_number(lua_tonumber(L, index));
    case LUA_TSTRING:
        host_charge(L, 64 + lua_rawlen(L, index));
        if (!is_utf8(lua_tostring(L, index)))
            luaL_error(L, "%s: a text is not UTF-8", what);
        return value_of_text(arena_copy(&host_of(L)->sim->arena, lua_tostring(L, index)));
    case LUA_TTABLE:
        return convert_table(L, index, what, depth);
    case LUA_TFUNCTION:
        return (struct value){.type = VALUE_FUNCTION, .function = callback_new(L, index)};
    default:
        luaL_error(L, "%s: a %s cannot be used here", what, luaL_typename(L, index));
        return (struct value){.type = VALUE_NIL};
    }
}

struct value value_from_lua(lua_State *L, int index, const char *what) {
    return convert(L, lua_absindex(L, index), what, 0);
}

/* ---- operators: factors and signals -------------------------------------------------------------
 */

static struct quantity *operand(lua_State *L, int index) {
    struct value v = value_from_lua(L, index, "*");
    struct error e = {{0}};
    double x;
    if (v.type == VALUE_QUANTITY)
        return v.quantity;
    if (!value_number(&v, UNIT_NONE, &x, "*", &e))
        luaL_error(L, "%s", e.text);
    return quantity_constant(host_of(L)->sim, x);
}

static int multiply(lua_State *L) {
    struct sim *sim = host_of(L)->sim;
    struct quantity *a = operand(L, 1), *b = operand(L, 2), *out = NULL;
    host_charge(L, 2 * sizeof *out);
    if (a->kind == QUANTITY_CONSTANT)
        out = quantity_scaled(sim, b, a->value);
    else if (b->kind == QUANTITY_CONSTANT)
        out = quantity_scaled(sim, a, b->value);
    else if (a->kind == QUANTITY_SIGNAL && b->kind == QUANTITY_SIGNAL) {
        if (signal_factors(a->signal) + signal_factors(b->signal) > MAX_FACTORS)
            luaL_error(L, "more than %d signals are multiplied", (int)MAX_FACTORS);
        host_charge(L, (size_t)256 * (signal_factors(a->signal) + signal_factors(b->signal)));
        out = quantity_new(sim, QUANTITY_SIGNAL);
        out->signal = signal_product(&sim->arena, a->signal, b->signal);
        out->scale = a->scale * b->scale;
    } else
        luaL_error(L, "only numbers and signals multiply; two distributions do not");
    if (out->kind == QUANTITY_CONSTANT ? out->value < 0 : out->scale < 0)
        luaL_error(L, "a factor must not be negative");
    value_push(L, (struct value){.type = VALUE_QUANTITY, .quantity = out});
    return 1;
}

static int describe(lua_State *L) {
    lua_pushstring(L, value_type_name(value_test(L, 1)));
    return 1;
}

static int no_field(lua_State *L) {
    return luaL_error(L, "%s has no field '%s'", value_type_name(value_test(L, 1)),
                      luaL_tolstring(L, 2, NULL));
}

void value_register(lua_State *L) {
    static const luaL_Reg meta[] = {{"__mul", multiply},
                                    {"__tostring", describe},
                                    {"__index", no_field},
                                    {"__newindex", no_field},
                                    {NULL, NULL}};
    luaL_newmetatable(L, TAG);
    luaL_setfuncs(L, meta, 0);
    lua_pushliteral(L, "a value of nines");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
