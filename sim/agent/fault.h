/* Faults: what goes wrong, when, and for how long. They heal themselves.
 *
 *   slow { "pod[3].cpu", factor = 10, phase = "fault" }
 *       work drawn there takes longer (a replica: everything in it)
 *   down { "pod[3]", from = "60s", to = "90s" }
 *       kills live calls (not on an edge) and refuses new ones
 *   errors { "store", rate = "5%" }
 *       a share of calls fails on arrival
 *   delay_added { "a -> b", delay = "10ms" }
 *       calls arrive later
 *   loss { "a -> b", rate = "1%", retransmit = "200ms" }
 *       a share of calls gets lost on the way and is sent again, later and later
 *   cut { "a -> b" }
 *       all do: calls hang until their caller gives up, or the way is open again. Answers to calls
 *       that are below already get through. What is refused at once is `down { "a -> b" }`
 *   lose { "pod", count = 5 }
 *       so many replicas of a group are down, or so many servers of a station or pool gone
 *   restart { "pod[*]", every = "30s", downtime = "10s" }
 *       one after the other is down for a while
 *   set { "clients:rate", 20000, phase = "fault" }
 *       a live parameter has another value
 *   flush { "cache", from = "60s" }
 *       contents are lost
 *   random { mtbf = "1h", mttr = "5m", down { "pod[*]" } }
 *       each target fails and heals by itself
 *
 * A list of targets, { "pod[1..5]", "cache" }, fails together, also at random: a zone. Work that
 * has begun keeps its time. Several faults on one target combine: factors multiply, delays add,
 * losses are independent. */
#ifndef NINES_AGENT_FAULT_H
#define NINES_AGENT_FAULT_H

#include "core/schema.h"
#include "core/sim.h"

enum fault_kind {
    FAULT_SLOW,
    FAULT_DOWN,
    FAULT_ERRORS,
    FAULT_DELAY_ADDED,
    FAULT_SET,
    FAULT_FLUSH,
    FAULT_LOSS,
    FAULT_CUT,
    FAULT_LOSE,
    FAULT_RESTART,
    FAULT_RANDOM,
    FAULT_KINDS
};

struct fault_type {
    const char *name, *summary, *arguments, *example;
};
extern const struct fault_type fault_types[FAULT_KINDS];

/* Index of a kind, -1 when the name is no fault. */
int fault_kind(const char *name);

/* Reads a fault and adds it to the simulation as an agent; `phases` are looked up by name. */
bool fault_add(struct sim *sim, const struct object *o, const struct span *phases,
               uint32_t n_phases, struct error *e);

/* For reports: all faults of a sealed model. to = NS_NEVER: until the end; random ones have from =
 * to = NS_NEVER. */
struct fault_info {
    const char *text;
    ns_t from, to;
};
uint32_t fault_list(const struct sim *sim, struct fault_info *out, uint32_t room);

#endif
