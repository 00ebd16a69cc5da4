/* Private to bind: one Lua state and the simulation that its file builds. */
#ifndef NINES_BIND_IMPL_H
#define NINES_BIND_IMPL_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "bind/host.h"

struct case_knob {
    const char *in_case, *knob, *value; /* as text */
};

struct maker {
    struct scenario_maker base;
    struct arena arena; /* of the texts below */
    const char *path, *folder, *library;
    struct host_options options;
    const char *const *sets;
    uint32_t n_sets;
    struct case_knob *knobs; /* learned when opened */
    uint32_t n_knobs, cap_knobs;
};

struct host {
    lua_State *lua;
    struct sim *sim;
    const struct maker *maker;
    const char *in_case;
    size_t used, limit;
    uint64_t steps, step_limit;
    bool over_limit; /* of its own memory */
    bool refused;    /* by the machine */
    bool broken;     /* a part of the model is missing, whatever the Lua code made of the error */
    size_t charged;  /* by the model, which lies outside the Lua state */
    struct mem_guard guard;
    struct rows *rows; /* open while samples are read */
    int fd;            /* -1; of the file that is being read into the text */
    char *text;
    size_t text_cap;
    int including; /* depth */
    bool running;  /* inside a function of the scenario that the simulation calls */
    struct knob *knobs;
    uint32_t n_knobs, cap_knobs;
    struct table prices;
};

struct host *host_of(lua_State *L);

/* lua_Alloc within the limit. */
void *host_allocate(void *ctx, void *p, size_t old, size_t size);
void host_limit(struct host *h); /* sets the limits that the maker's options say */
void host_watch(struct host *h); /* counts the steps from here on */
void host_refuse(void *host);    /* raises: the machine has no more memory */

/* Around every lua_pcall: memory that runs out in a C function below it becomes a Lua error. */
void host_enter(struct host *h);
void host_leave(struct host *h);

/* Counts steps that C does for the Lua code and that the machine does not see; raises when there
 * are too many. */
void host_spend(lua_State *L, uint64_t steps);

/* Counts memory that the Lua code makes the model take; raises when it is out of proportion. */
void host_charge(lua_State *L, size_t bytes);

/* Raises e's text as it is (it has its place already). */
_Noreturn void host_raise(lua_State *L, const struct error *e);

/* The Lua value at `index` as a value tree in the simulation's arena. Raises for cycles and strange
 * keys. */
struct value value_from_lua(lua_State *L, int index, const char *what);

/* Pushes one of our own values (node, quantity, object). */
void value_push(lua_State *L, struct value v);
struct value *value_test(lua_State *L, int index); /* NULL: not one of ours */
void value_register(lua_State *L);                 /* metatable */

/* "file.lua:12" of the Lua code that called the present C function. Valid until the stack is
 * popped. */
const char *host_where(lua_State *L);

void words_register(lua_State *L);    /* nodes, faults, claim, scenario, knobs, include */
void laws_register(lua_State *L);     /* distributions, signals, linear, table */
void callback_register(lua_State *L); /* metatables of the request view and the random source */
void sandbox_register(lua_State *L);  /* what of Lua's own library is allowed */

struct callback *callback_new(lua_State *L, int index); /* of the function at index */

/* Loads a text file as a chunk named after its path; pushes the chunk, or raises. */
void host_load(lua_State *L, const char *path);
bool host_finds(const char *path); /* a file that can be read */

/* Runs a file beside the scenario or in the library and leaves its one result on the stack. */
void host_include(lua_State *L, const char *name);

#endif
