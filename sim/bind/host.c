#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fault.h"
#include "bind/impl.h"

enum {
    HOOK_STEPS = 100000,
    MODEL_TIMES = 2,             /* the model may take so many times what the Lua state may */
    MAX_FILE = 64 * 1024 * 1024, /* of Lua text */
    MAX_INCLUDES = 50            /* inside each other */
};

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

/* ---- limits -------------------------------------------------------------------------------------
 */

static void *allocate(void *ctx, void *p, size_t old, size_t size) {
    struct host *h = ctx;
    if (!p)
        old = 0;
    if (!size) {
        h->used -= old;
        free(p);
        return NULL;
    }
    if (size > old && h->used + (size - old) > h->limit) {
        h->out_of_memory = true;
        return NULL;
    }
    void *q = realloc(p, size);
    if (q)
        h->used += size - old;
    return q;
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

/* ---- files --------------------------------------------------------------------------------------
 */

static char *read_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *text = NULL;
    size_t n = 0, cap = 0, got;
    errno = 0;
    do {
        cap = cap ? 2 * cap : 16384;
        text = mem_resize(text, cap, 1);
        got = fread(text + n, 1, cap - n, f);
        n += got;
    } while (got && n == cap && n < MAX_FILE);
    int why = ferror(f) ? errno : n >= MAX_FILE ? EFBIG : 0;
    fclose(f);
    if (why) {
        free(text);
        errno = why;
        return NULL;
    }
    *size = n;
    return text;
}

/* Loads a text file as a chunk named after its path; pushes the chunk, or raises. */
static void load_file(lua_State *L, const char *path) {
    size_t n = 0;
    char *text = read_file(path, &n);
    if (!text)
        luaL_error(L, "%s: it cannot be read: %s", path, strerror(errno));
    if (n && text[0] == LUA_SIGNATURE[0]) {
        free(text);
        luaL_error(L, "%s: it is compiled Lua; a scenario is a text", path);
    }
    char name[512];
    snprintf(name, sizeof name, "@%s", path);
    int status = luaL_loadbufferx(L, text, n, name, "t");
    free(text);
    if (status != LUA_OK)
        lua_error(L);
}

static bool exists(const char *path) {
    FILE *f = fopen(path, "rb");
    if (f)
        fclose(f);
    return f != NULL;
}

void host_include(lua_State *L, const char *name) {
    struct host *h = host_of(L);
    const struct maker *m = h->maker;
    if (name[0] == '/' || strstr(name, ".."))
        luaL_error(
            L, "include \"%s\": only files beside the scenario or of the library may be included",
            name);
    const char *ending = strstr(name, ".lua") ? "" : ".lua";
    const char *path = lua_pushfstring(L, "%s/%s%s", m->folder, name, ending);
    if (!exists(path))
        path = lua_pushfstring(L, "%s/%s%s", m->library ? m->library : ".", name, ending);
    if (!exists(path))
        luaL_error(L, "include \"%s\": there is no such file beside the scenario or in the library",
                   name);
    if (++h->including > MAX_INCLUDES)
        luaL_error(
            L,
            "include \"%s\": files include each other more than %d deep; do they go in a circle?",
            name, (int)MAX_INCLUDES);
    host_spend(L, 10000);
    load_file(L, path);
    lua_call(L, 0, 1);
    h->including--;
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
    load_file(L, lua_tostring(L, 1));
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
    lua_pushstring(L, argument);
    int status = lua_pcall(L, 1, results, handler);
    if (status == LUA_OK) {
        lua_remove(L, handler);
        return true;
    }
    if (status == LUA_ERRMEM || h->out_of_memory)
        return error_set(e, "%s: the Lua code wants more than %zu MiB of memory", h->maker->path,
                         h->limit >> 20);
    return error_set(e, "%s", lua_tostring(L, -1));
}

static void host_free(struct host *h) {
    if (!h)
        return;
    if (h->lua)
        lua_close(h->lua);
    free(h->knobs);
    free(h);
}

static struct host *host_new(const struct maker *m, struct sim *sim, const char *in_case) {
    struct host *h = mem_zero(sizeof *h);
    h->maker = m;
    h->sim = sim;
    h->in_case = in_case;
    h->limit = m->options.memory_limit ? m->options.memory_limit : (size_t)512 << 20;
    h->step_limit = m->options.step_limit ? m->options.step_limit : 500000000;
    h->lua = lua_newstate(allocate, h);
    if (!h->lua)
        mem_out(sizeof *h);
    lua_sethook(h->lua, count_steps, LUA_MASKCOUNT, HOOK_STEPS);
    return h;
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

static bool build(const struct scenario_maker *base, const struct scenario_request *request,
                  struct scenario *out, struct error *e) {
    const struct maker *m = (const struct maker *)(const void *)base;
    struct sim *sim = sim_new(request->seed, request->replication);
    struct host *h = host_new(m, sim, request->in_case);
    sim->host = h;
    sim->folder = m->folder;
    *out = (struct scenario){.sim = sim};
    const struct object *o = evaluate(h, e);
    struct scenario_request r = *request;
    r.sets = m->sets;
    r.n_sets = m->n_sets;
    if (o) {
        out->knobs = arena_alloc(&sim->arena, (h->n_knobs + 1) * sizeof *out->knobs);
        out->n_knobs = h->n_knobs;
        for (uint32_t i = 0; i < h->n_knobs; i++)
            out->knobs[i] = h->knobs[i];
    }
    if (o && known_sets(m, h, e) && scenario_read(sim, o, &h->prices, &r, out, e))
        return true;
    sim_free(sim);
    host_free(h);
    *out = (struct scenario){0};
    return false;
}

static void free_sim(const struct scenario_maker *base, struct sim *sim) {
    struct host *h = sim->host;
    (void)base;
    sim_free(sim);
    host_free(h);
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
        *mem_push(m->knobs, m->n_knobs, m->cap_knobs) =
            (struct case_knob){strdup(name), strdup(t->at[i].key), strdup(value)};
    }
}

static bool learn(struct maker *m, struct error *e) {
    struct sim *sim = sim_new(0, 0);
    struct host *h = host_new(m, sim, NULL);
    sim->host = h;
    sim->folder = m->folder;
    const struct object *o = evaluate(h, e);
    const struct value *cases = o ? table_get(&o->table, "cases") : NULL;
    for (uint32_t i = 0; cases && cases->type == VALUE_TABLE && i < cases->table.n; i++)
        if (cases->table.at[i].key && cases->table.at[i].value.type == VALUE_TABLE)
            learn_case(m, cases->table.at[i].key, &cases->table.at[i].value.table);
    bool ok = o && known_sets(m, h, e);
    sim_free(sim);
    host_free(h);
    return ok;
}

struct scenario_maker *host_open(const char *path, const struct host_options *options,
                                 const char *const *sets, uint32_t n_sets, struct error *e) {
    struct maker *m = mem_zero(sizeof *m);
    m->base.build = build;
    m->base.free_sim = free_sim;
    m->options = *options;
    m->sets = sets;
    m->n_sets = n_sets;
    m->path = strdup(path);
    m->library = options->library ? strdup(options->library) : NULL;
    char *copy = strdup(path);
    m->folder = strdup(dirname(copy));
    free(copy);
    if (!exists(path))
        error_set(
            e, "%s: there is no such file; `nines list` shows the scenarios that come with nines",
            path);
    if (!error_is(e) && learn(m, e))
        return &m->base;
    host_close(&m->base);
    return NULL;
}

void host_close(struct scenario_maker *base) {
    struct maker *m = (struct maker *)(void *)base;
    if (!m)
        return;
    for (uint32_t i = 0; i < m->n_knobs; i++) {
        free(m->knobs[i].in_case);
        free(m->knobs[i].knob);
        free(m->knobs[i].value);
    }
    free(m->knobs);
    free(m->path);
    free(m->folder);
    free(m->library);
    free(m);
}
