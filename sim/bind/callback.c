/* Functions of the scenario that run inside the simulation: the only Lua on the hot path. */
#include <stdio.h>
#include <string.h>

#include "bind/impl.h"
#include "core/call.h"

static const char *const VIEW = "nines.request", *const RANDOM = "nines.random";

struct lua_callback {
    struct callback base;
    struct host *host;
    int function; /* in the registry */
    int view, random;
};

struct view {
    const struct call *call; /* NULL outside a callback */
};

struct source {
    struct rng rng;
    bool open;
};

/* request.class, .id, .attempt, .time, .arrival, or a fact. */
static int view_index(lua_State *L) {
    const struct view *v = luaL_checkudata(L, 1, VIEW);
    const char *key = luaL_checkstring(L, 2);
    if (!v->call)
        return luaL_error(L, "the request is gone: it may only be looked at inside the function");
    const struct call *c = v->call;
    const struct sim *sim = c->node->sim;
    int fact = sim_find_fact(sim, key);
    if (fact >= 0)
        lua_pushnumber(L, c->req->fact[fact]);
    else if (!strcmp(key, "class"))
        lua_pushstring(L, sim->classes[c->req->class].name);
    else if (!strcmp(key, "id"))
        lua_pushinteger(L, (lua_Integer)c->req->id);
    else if (!strcmp(key, "attempt"))
        lua_pushinteger(L, c->attempt);
    else if (!strcmp(key, "time"))
        lua_pushnumber(L, ns_to_s(sim_time(sim)));
    else if (!strcmp(key, "arrival"))
        lua_pushnumber(L, ns_to_s(c->req->arrival - sim->limits.warmup));
    else
        return luaL_error(
            L, "a request has no '%s'; it has class, id, attempt, time, arrival and its facts",
            key);
    return 1;
}

static struct rng *random_of(lua_State *L) {
    struct source *s = luaL_checkudata(L, 1, RANDOM);
    if (!s->open)
        luaL_error(L, "the random source may only be used inside the function");
    return &s->rng;
}

static int random_uniform(lua_State *L) {
    double a = luaL_optnumber(L, 2, 0), b = luaL_optnumber(L, 3, 1);
    lua_pushnumber(L, a + (b - a) * rng_unit(random_of(L)));
    return 1;
}
static int random_exponential(lua_State *L) {
    lua_pushnumber(L, luaL_optnumber(L, 2, 1) * rng_exponential(random_of(L)));
    return 1;
}
static int random_normal(lua_State *L) {
    lua_pushnumber(L, luaL_optnumber(L, 2, 0) + luaL_optnumber(L, 3, 1) * rng_normal(random_of(L)));
    return 1;
}
static int random_integer(lua_State *L) {
    lua_Integer a = luaL_checkinteger(L, 2), b = luaL_checkinteger(L, 3);
    luaL_argcheck(L, a <= b, 3, "the range is empty");
    lua_pushinteger(L, a + (lua_Integer)rng_below(random_of(L), (uint64_t)(b - a) + 1));
    return 1;
}

static bool take_answer(lua_State *L, struct answer *out) {
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        *out = (struct answer){.number = lua_toboolean(L, -1)};
        return true;
    case LUA_TNUMBER:
        *out = (struct answer){.number = lua_tonumber(L, -1)};
        return true;
    case LUA_TSTRING:
        out->is_text = true;
        snprintf(out->text, sizeof out->text, "%s", lua_tostring(L, -1));
        return true;
    default:
        return false;
    }
}

static bool invoke(struct callback *base, const struct call *c, uint64_t purpose,
                   struct answer *out) {
    struct lua_callback *cb = container_of(base, struct lua_callback, base);
    struct host *h = cb->host;
    lua_State *L = h->lua;
    *out = (struct answer){.number = 0};
    h->steps = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, cb->function);
    lua_rawgeti(L, LUA_REGISTRYINDEX, cb->view);
    struct view *view = lua_touserdata(L, -1);
    view->call = c;
    lua_rawgeti(L, LUA_REGISTRYINDEX, cb->random);
    struct source *source = lua_touserdata(L, -1);
    *source = (struct source){call_rng(c, purpose), true};
    h->running = true;
    host_enter(h);
    bool ok = lua_pcall(L, 2, 1, 0) == LUA_OK;
    host_leave(h);
    h->running = false;
    view->call = NULL;
    source->open = false;
    if (!ok)
        sim_fail(h->sim, "%s: at %s, t = %.6f s", lua_tostring(L, -1), c->node->address,
                 ns_to_s(sim_time(h->sim)));
    else if (!(ok = take_answer(L, out)))
        sim_fail(h->sim,
                 "%s: the function of %s returned %s; it wants a number, a text or a boolean",
                 c->node->where, c->node->address,
                 value_test(L, -1) ? value_type_name(value_test(L, -1)) : luaL_typename(L, -1));
    lua_pop(L, 1);
    return ok;
}

static int keep(lua_State *L, size_t size, const char *meta) {
    memset(lua_newuserdatauv(L, size, 0), 0, size);
    luaL_setmetatable(L, meta);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

struct callback *callback_new(lua_State *L, int index) {
    struct host *h = host_of(L);
    host_charge(L, 4 * sizeof(struct lua_callback));
    struct lua_callback *cb = arena_alloc(&h->sim->arena, sizeof *cb);
    cb->base.invoke = invoke;
    cb->host = h;
    lua_pushvalue(L, index);
    cb->function = luaL_ref(L, LUA_REGISTRYINDEX);
    cb->view = keep(L, sizeof(struct view), VIEW);
    cb->random = keep(L, sizeof(struct source), RANDOM);
    return &cb->base;
}

static int read_only(lua_State *L) {
    return luaL_error(L, "a request cannot be changed");
}

void callback_register(lua_State *L) {
    static const luaL_Reg view[] = {
        {"__index", view_index}, {"__newindex", read_only}, {NULL, NULL}};
    static const luaL_Reg random[] = {{"uniform", random_uniform},
                                      {"exponential", random_exponential},
                                      {"normal", random_normal},
                                      {"integer", random_integer},
                                      {NULL, NULL}};
    luaL_newmetatable(L, VIEW);
    luaL_setfuncs(L, view, 0);
    luaL_newmetatable(L, RANDOM);
    luaL_newlib(L, random);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
}
