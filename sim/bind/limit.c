/* What the Lua code may take: memory, steps, and what it makes the model take. */
#include <stdlib.h>

#include "bind/impl.h"

enum {
    HOOK_STEPS = 100000,
    MODEL_TIMES = 2 /* the model may take so many times what the Lua state may */
};

void *host_allocate(void *ctx, void *p, size_t old, size_t size) {
    struct host *h = ctx;
    if (!p)
        old = 0;
    if (!size) {
        h->used -= old;
        free(p);
        return NULL;
    }
    if (size > old && h->used + (size - old) > h->limit) {
        h->over_limit = true;
        return NULL;
    }
    void *q = realloc(p, size);
    if (q)
        h->used += size - old;
    else
        h->refused = true;
    return q;
}

void host_refuse(void *host) {
    struct host *h = host;
    h->refused = h->broken = true;
    lua_pushliteral(h->lua, "out of memory");
    lua_error(h->lua);
}

void host_enter(struct host *h) {
    mem_guard_enter(&h->guard, host_refuse, h);
}

void host_leave(struct host *h) {
    mem_guard_leave(&h->guard);
}

static void count_steps(lua_State *L, lua_Debug *ar) {
    struct host *h = host_of(L);
    h->steps += ar ? HOOK_STEPS : 0;
    if (h->steps <= h->step_limit)
        return;
    lua_sethook(L, count_steps, LUA_MASKCOUNT,
                1); /* every further step fails: pcall cannot keep a loop alive */
    luaL_where(L, ar ? 0 : 1);
    lua_pushfstring(
        L, "%sthe Lua code has run for more than %d million steps; is there an endless loop?",
        lua_tostring(L, -1), (int)(h->step_limit / 1000000));
    lua_error(L);
}

void host_spend(lua_State *L, uint64_t steps) {
    host_of(L)->steps += steps;
    count_steps(L, NULL);
}

void host_charge(lua_State *L, size_t bytes) {
    struct host *h = host_of(L);
    host_spend(L, 20 + bytes / 16);
    if (h->running)
        luaL_error(L, "components, distributions and the like are made while the file is read, not "
                      "inside a function "
                      "that the simulation calls");
    h->charged += bytes;
    if (h->charged / MODEL_TIMES > h->limit)
        luaL_error(
            L,
            "the model wants more than %d MiB of memory; does a loop make components without end?",
            (int)(MODEL_TIMES * (h->limit >> 20)));
}

void host_limit(struct host *h) {
    const struct host_options *o = &h->maker->options;
    h->limit = o->memory_limit ? o->memory_limit : (size_t)512 << 20;
    h->step_limit = o->step_limit ? o->step_limit : 500000000;
}

void host_watch(struct host *h) {
    lua_sethook(h->lua, count_steps, LUA_MASKCOUNT, HOOK_STEPS);
}
