#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/fault.h"
#include "base/rows.h"
#include "bind/impl.h"

/* The host stands behind the allocator's context, so that it is found without a registry look-up.
 */
struct host *host_of(lua_State *L) {
    void *host;
    lua_getallocf(L, &host);
    return host;
}

_Noreturn void host_raise(lua_State *L, const struct error *e) {
    lua_pushstring(L, e->text);
    lua_error(L);
    abort(); /* lua_error does not return */
}

const char *host_where(lua_State *L) {
    luaL_where(L, 1);
    const char *s = lua_tostring(L, -1); /* "file:line: " */
    size_t n = strlen(s);
    lua_pushlstring(L, s, n > 2 ? n - 2 : n);
    return lua_tostring(L, -1);
}

/* ---- one run of a file */

static int open_words(lua_State *L) {
    sandbox_register(L);
    value_register(L);
    callback_register(L);
    words_register(L);
    laws_register(L);
    return 0;
}

static int read_prices(lua_State *L) {
    host_include(L, "prices");
    host_of(L)->prices = value_from_lua(L, -1, "prices").table;
    return 0;
}

static int run_file(lua_State *L) {
    host_load(L, lua_touserdata(L, 1));
    lua_call(L, 0, 1);
    return 1;
}

/* Gives a message without a place that of the innermost Lua code, where there is some. */
static int add_place(lua_State *L) {
    const char *text =
        lua_isstring(L, 1) ? lua_tostring(L, 1) : "the scenario raised an error that is no text";
    lua_Debug ar;
    for (int level = 0; !error_is_placed(text) && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0)
            text = lua_pushfstring(L, "%s:%d: %s", ar.short_src, ar.currentline, text);
    }
    lua_pushstring(L, text);
    return 1;
}

static bool protected(struct host *h, lua_CFunction f, const char *argument, int results,
                      struct error *e) {
    lua_State *L = h->lua;
    lua_pushcfunction(L, add_place);
    int handler = lua_gettop(L);
    lua_pushcfunction(L, f);
    lua_pushlightuserdata(L, (void *)(uintptr_t)argument); /* a text would want memory */
    host_enter(h);
    int status = lua_pcall(L, 1, results, handler);
    host_leave(h);
    if (status == LUA_OK && !h->broken) {
        lua_remove(L, handler);
        return true;
    }
    if (h->broken || (status == LUA_ERRMEM && h->refused))
        return mem_error(e, "building the model");
    if (status == LUA_ERRMEM || h->over_limit)
        return error_set(e, "%s: the Lua code wants more than %zu MiB of memory", h->maker->path,
                         h->limit >> 20);
    return error_set(e, "%s", lua_tostring(L, -1));
}

static void host_free(struct host *h) {
    if (!h)
        return;
    if (h->lua)
        lua_close(h->lua);
    if (h->fd >= 0)
        close(h->fd);
    rows_close(h->rows);
    free(h->text);
    free(h->knobs);
    free(h);
}

/* ---- a simulation and its host */

/* What is made under a guard, and put away when that fails. */
struct making {
    struct maker *maker;
    const struct scenario_request *request;
    struct sim *sim;
    struct host *host;
    struct scenario *out;
};

static void make_host(struct making *k) {
    const struct maker *m = k->maker;
    k->sim = sim_new(k->request->seed, k->request->replication);
    struct host *h = k->host = mem_zero(sizeof *h);
    h->maker = m;
    h->sim = k->sim;
    h->fd = -1;
    h->in_case = k->request->in_case;
    host_limit(h);
    h->lua = lua_newstate(host_allocate, h);
    if (!h->lua)
        mem_out(sizeof *h);
    host_watch(h);
    k->sim->host = h;
    k->sim->folder = m->folder;
}

static void unmake(struct making *k) {
    sim_free(k->sim);
    host_free(k->host);
}

/* Runs the file; the object it returned is in the simulation's arena. */
static const struct object *evaluate(struct host *h, struct error *e) {
    if (!protected(h, open_words, NULL, 0, e) || !protected(h, read_prices, NULL, 0, e) ||
        !protected(h, run_file, h->maker->path, 1, e))
        return NULL;
    struct value *v = value_test(h->lua, -1);
    if (!v || v->type != VALUE_OBJECT || strcmp(v->object->kind, "scenario")) {
        error_set(e, "%s: the file returns %s; it must end with return scenario { … }",
                  h->maker->path, v ? value_type_name(v) : luaL_typename(h->lua, -1));
        return NULL;
    }
    return v->object;
}

static bool known_sets(const struct maker *m, const struct host *h, struct error *e) {
    for (uint32_t i = 0; i < m->n_sets; i++) {
        const char *eq = strchr(m->sets[i], '='), *colon = strchr(m->sets[i], ':');
        if (!eq || eq == m->sets[i])
            return error_set(e, "--set %s: it wants the form name=value or address:parameter=value",
                             m->sets[i]);
        if (colon && colon < eq)
            continue;
        bool found = false;
        char list[400] = "";
        size_t n = 0;
        for (uint32_t k = 0; k < h->n_knobs; k++) {
            const char *name = h->knobs[k].name;
            found = found || (strlen(name) == (size_t)(eq - m->sets[i]) &&
                              !strncmp(name, m->sets[i], strlen(name)));
            if (n < 350)
                n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", name);
        }
        if (!found)
            return error_set(e, "--set %s: there is no such knob; %s%s", m->sets[i],
                             h->n_knobs ? "there are " : "the scenario has none", list);
    }
    return true;
}

static bool make_scenario(void *ctx, struct error *e) {
    struct making *k = ctx;
    make_host(k);
    struct host *h = k->host;
    struct scenario_request r = *k->request;
    r.sets = k->maker->sets;
    r.n_sets = k->maker->n_sets;
    const struct object *o = evaluate(h, e);
    if (!o)
        return false;
    k->out->sim = k->sim;
    k->out->knobs = arena_alloc(&k->sim->arena, (h->n_knobs + 1) * sizeof *k->out->knobs);
    k->out->n_knobs = h->n_knobs;
    for (uint32_t i = 0; i < h->n_knobs; i++)
        k->out->knobs[i] = h->knobs[i];
    return known_sets(k->maker, h, e) && scenario_read(k->sim, o, &h->prices, &r, k->out, e);
}

static const char building[] = "building the model";

static bool build(const struct scenario_maker *base, const struct scenario_request *request,
                  struct scenario *out, struct error *e) {
    *out = (struct scenario){0};
    struct making k = {(struct maker *)(uintptr_t)base, request, .out = out};
    if (mem_try(make_scenario, NULL, &k, building, e))
        return true;
    unmake(&k);
    *out = (struct scenario){0};
    return false;
}

static void free_sim(const struct scenario_maker *base, struct sim *sim) {
    struct making k = {.sim = sim, .host = sim->host};
    (void)base;
    unmake(&k);
}

/* ---- learning the cases */

static void learn_case(struct maker *m, const char *name, const struct table *t) {
    char text[64];
    for (uint32_t i = 0; i < t->n; i++) {
        const struct value *v = &t->at[i].value;
        if (!t->at[i].key)
            continue;
        if (v->type == VALUE_NUMBER)
            snprintf(text, sizeof text, "%.17g", v->number);
        const char *value = v->type == VALUE_TEXT     ? v->text
                            : v->type == VALUE_BOOL   ? v->boolean ? "true" : "false"
                            : v->type == VALUE_NUMBER ? text
                                                      : "?";
        struct case_knob one = {arena_copy(&m->arena, name), arena_copy(&m->arena, t->at[i].key),
                                arena_copy(&m->arena, value)};
        *arena_push(&m->arena, m->knobs, m->n_knobs, m->cap_knobs) = one;
    }
}

/* Runs the file once. */
static bool learn(void *ctx, struct error *e) {
    struct making *k = ctx;
    struct maker *m = k->maker;
    make_host(k);
    const struct object *o = evaluate(k->host, e);
    const struct value *cases = o ? table_get(&o->table, "cases") : NULL;
    for (uint32_t i = 0; cases && cases->type == VALUE_TABLE && i < cases->table.n; i++)
        if (cases->table.at[i].key && cases->table.at[i].value.type == VALUE_TABLE)
            learn_case(m, cases->table.at[i].key, &cases->table.at[i].value.table);
    return o && known_sets(m, k->host, e);
}

/* The folder that a file lies in. */
static const char *folder_of(struct arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    return !slash ? "." : slash == path ? "/" : arena_print(a, "%.*s", (int)(slash - path), path);
}

struct opening {
    const char *path;
    const struct host_options *options;
    const char *const *sets;
    uint32_t n_sets;
    struct maker *maker;
};

static bool open_maker(void *ctx, struct error *e) {
    const struct opening *o = ctx;
    struct maker *m = ((struct opening *)ctx)->maker = mem_zero(sizeof *m);
    m->base.build = build;
    m->base.free_sim = free_sim;
    m->options = *o->options;
    m->sets = o->sets;
    m->n_sets = o->n_sets;
    m->path = arena_copy(&m->arena, o->path);
    m->library = o->options->library ? arena_copy(&m->arena, o->options->library) : NULL;
    m->folder = folder_of(&m->arena, o->path);
    return host_finds(o->path) || error_set(e,
                                            "%s: there is no such file; `nines list` shows the "
                                            "scenarios that come with nines",
                                            o->path);
}

struct scenario_maker *host_open(const char *path, const struct host_options *options,
                                 const char *const *sets, uint32_t n_sets, struct error *e) {
    struct opening o = {path, options, sets, n_sets, NULL};
    bool ok = mem_try(open_maker, NULL, &o, building, e);
    struct making k = {o.maker, &(struct scenario_request){0}, .out = NULL};
    if (ok) {
        ok = mem_try(learn, NULL, &k, building, e);
        unmake(&k);
    }
    if (ok)
        return &o.maker->base;
    if (o.maker)
        host_close(&o.maker->base);
    return NULL;
}

void host_close(struct scenario_maker *base) {
    struct maker *m = (struct maker *)(void *)base;
    if (!m)
        return;
    arena_release(&m->arena);
    free(m);
}
