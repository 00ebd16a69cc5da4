/* The language: scenario files in Lua, run in a sandbox. Only this layer knows Lua.
 *
 * host_open runs a file once to learn its knobs and cases, and gives a scenario_maker that runs it
 * anew for every replication, each in a lua_State of its own. Errors are one sentence beginning
 * with file:line. */
#ifndef NINES_BIND_HOST_H
#define NINES_BIND_HOST_H

#include "lab/scenario.h"

struct host_options {
    const char *library; /* folder of the Lua files that come with nines */
    size_t memory_limit; /* bytes of a Lua state; 0: 512 MiB */
    uint64_t step_limit; /* VM instructions while building, and in one callback; 0: 500 million */
};

/* NULL with an error. Close with host_close. `sets` ("knob=value", "address:param=value") apply to
 * every build and must outlive the maker. */
struct scenario_maker *host_open(const char *path, const struct host_options *options,
                                 const char *const *sets, uint32_t n_sets, struct error *e);
void host_close(struct scenario_maker *m);

/* The words of the language that are not components, distributions, signals or faults, for help. */
struct word {
    const char *name, *summary, *example;
};
extern const struct word host_words[]; /* ends with a NULL name */

#endif
