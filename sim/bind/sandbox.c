/* What a scenario may use of Lua's own library: nothing that reads the world, the clock or an
 * address, and nothing whose order or value changes from run to run. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "bind/impl.h"

/* ---- pairs and next in a fixed order */

/* Numbers before texts before the rest; each in its natural order. */
static int key_before(lua_State *L) {
    int a = lua_type(L, 1), b = lua_type(L, 2);
    bool less;
    if (a == b && (a == LUA_TNUMBER || a == LUA_TSTRING))
        less = lua_compare(L, 1, 2, LUA_OPLT);
    else if (a == LUA_TBOOLEAN && b == LUA_TBOOLEAN)
        less = lua_toboolean(L, 1) < lua_toboolean(L, 2);
    else
        less = a != b ? (a == LUA_TNUMBER) > (b == LUA_TNUMBER) ||
                            ((a == LUA_TNUMBER) == (b == LUA_TNUMBER) &&
                             (a == LUA_TSTRING) > (b == LUA_TSTRING))
                      : false;
    lua_pushboolean(L, less);
    return 1;
}

/* Pushes a sorted list of the keys of the table at 1. */
static lua_Integer sorted_keys(lua_State *L) {
    lua_Integer n = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, LUA_REGISTRYINDEX, "nines.sort");
    lua_newtable(L);
    int list = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, 1);) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, list, ++n);
    }
    host_spend(L, 200 * (uint64_t)n); /* the sort below takes about as long */
    lua_pushvalue(L, list - 1);
    lua_pushvalue(L, list);
    lua_pushcfunction(L, key_before);
    lua_call(L, 2, 0);
    lua_remove(L, list - 1);
    return n;
}

/* Upvalues: the sorted keys, the place. Arguments: the table, the last key. */
static int pairs_step(lua_State *L) {
    for (;;) {
        lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1;
        lua_pushinteger(L, i);
        lua_replace(L, lua_upvalueindex(2));
        if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) /* it may have been taken out meanwhile */
            return 2;
        lua_pop(L, 2);
    }
}

static int fixed_pairs(lua_State *L) {
    lua_settop(L, 1);
    sorted_keys(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pairs_step, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int fixed_next(lua_State *L) {
    lua_settop(L, 2);
    lua_Integer n = sorted_keys(L), i = 1;
    if (!lua_isnil(L, 2)) {
        for (; i <= n; i++, lua_pop(L, 1)) {
            lua_rawgeti(L, 3, i);
            if (lua_rawequal(L, 2, -1))
                break;
        }
        i++;
    }
    if (i > n) {
        lua_pushnil(L);
        return 1;
    }
    lua_rawgeti(L, 3, i);
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    return 2;
}

/* ---- text without addresses */

static int plain_tostring(lua_State *L) {
    int type = lua_type(L, 1);
    luaL_checkany(L, 1);
    if ((type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TTHREAD) &&
        luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL)
        lua_pushstring(L, luaL_typename(L, 1));
    else
        luaL_tolstring(L, 1, NULL);
    return 1;
}

static int format(lua_State *L) {
    const char *f = luaL_checkstring(L, 1);
    for (const char *p = f; *p; p++)
        if (*p == '%') {
            p += 1 + strspn(p + 1, "-+ #0123456789.");
            if (*p == 'p')
                return luaL_error(L, "%%p gives an address, which changes from run to run");
            if (!*p)
                break;
        }
    int n = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, n, 1);
    return 1;
}

static int print(lua_State *L) {
    for (int i = 1, n = lua_gettop(L); i <= n; i++) {
        lua_pushcfunction(L, plain_tostring);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        fprintf(stderr, "%s%s", i > 1 ? "\t" : "", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    fputc('\n', stderr);
    return 0;
}

/* Finalizers run outside the step limit. */
static int set_metatable(lua_State *L) {
    if (lua_type(L, 2) == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "'__gc' is not there: nothing may depend on when memory is freed");
        lua_pop(L, 1);
    }
    int n = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, n, 1);
    return 1;
}

static int no_random(lua_State *L) {
    return luaL_error(L, "math.random is not there: use a distribution, or in a function the "
                         "random source it is given");
}

/* ---- globals ------------------------------------------------------------------------------------
 */

/* The next name among the globals (at 1); the key that was given last is on top of the stack. */
static const char *global_at(const void *ctx, int i) {
    lua_State *L = (void *)(uintptr_t)ctx;
    if (!i)
        lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            return lua_tostring(L, -1);
    }
    return NULL;
}

/* What Lua has elsewhere and a scenario must do without. */
static bool withheld(const char *name) {
    static const char *const names[] = {
        "os",         "io",     "debug",    "package",        "coroutine", "load",
        "loadstring", "dofile", "loadfile", "collectgarbage", NULL};
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static int undefined(lua_State *L) {
    const char *name = luaL_tolstring(L, 2, NULL);
    if (withheld(name))
        return luaL_error(L,
                          "'%s' is not there: a scenario sees neither the machine nor the clock, "
                          "so that it gives the "
                          "same result everywhere",
                          name);
    host_spend(L, 5000); /* the search below */
    char near[64] = "";
    const char *found = error_nearest(name, global_at, L);
    if (found)
        snprintf(near, sizeof near, "; did you mean '%s'?", found);
    return luaL_error(L, "undefined name '%s'%s", name, near);
}

static void remove_field(lua_State *L, const char *library, const char *name) {
    lua_getglobal(L, library);
    lua_pushnil(L);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void sandbox_register(lua_State *L) {
    static const luaL_Reg libraries[] = {{"_G", luaopen_base},       {"table", luaopen_table},
                                         {"string", luaopen_string}, {"math", luaopen_math},
                                         {"utf8", luaopen_utf8},     {NULL, NULL}};
    static const char *const gone[] = {"dofile", "loadfile", "load", "collectgarbage",
                                       "warn",   "rawset",   NULL};
    for (int i = 0; libraries[i].name; i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_setfield(L, LUA_REGISTRYINDEX, "nines.sort");
    lua_pop(L, 1);
    for (int i = 0; gone[i]; i++) {
        lua_pushnil(L);
        lua_setglobal(L, gone[i]);
    }
    lua_getglobal(L, "math");
    lua_pushcfunction(L, no_random);
    lua_setfield(L, -2, "random");
    lua_pop(L, 1);
    remove_field(L, "math", "randomseed");
    lua_getglobal(L, "setmetatable");
    lua_pushcclosure(L, set_metatable, 1);
    lua_setglobal(L, "setmetatable");
    remove_field(L, "string", "dump");
    lua_register(L, "pairs", fixed_pairs);
    lua_register(L, "next", fixed_next);
    lua_register(L, "tostring", plain_tostring);
    lua_register(L, "print", print);
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, format, 1);
    lua_setfield(L, -2, "format");
    lua_pop(L, 1);
    lua_pushglobaltable(L);
    lua_newtable(L);
    lua_pushcfunction(L, undefined);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}
