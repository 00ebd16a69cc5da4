/* One replication: a model, its clock, its random streams, its measurements.
 *
 * Life: sim_new -> schema_build for every component -> sim_wire -> sim_seal -> sim_run -> read
 * metrics -> sim_free. A sim belongs to one thread; nothing in it is shared but immutable bulk
 * data. Errors on the way to sealing are user errors and come back in a `struct error`; while
 * running, sim_fail stops the run with one. */
#ifndef NINES_CORE_SIM_H
#define NINES_CORE_SIM_H

#include "base/error.h"
#include "base/mem.h"
#include "core/call.h"
#include "core/event.h"
#include "core/node.h"

struct observer;
struct agent;
struct blame;

struct class_info {
    const char *name;
    double priority; /* larger is more important */
    uint8_t level;
};

/* Named half-open span of time since the end of warm-up. */
struct span {
    const char *name;
    ns_t from, to;
};

struct sim_limits {
    ns_t warmup,
        duration; /* the run is [-warmup, duration); duration NS_NEVER: until the sources run dry */
    uint64_t max_in_flight;       /* requests; reached: the run stops as saturated */
    uint64_t max_events_per_tick; /* at one instant; reached: "time is not advancing" */
    ns_t window;                  /* > 0: series are sampled in windows of this length */
    uint32_t batches; /* > 0: the measured span is cut into as many equal parts as well, fewer where
                         phases leave no room for them, none where its length is not known */
    bool full_audit;  /* everything is checked after every event; see core/audit.h */
};

struct sim {
    struct clock clock;
    struct call *ready, **ready_tail; /* answers to be delivered, in order; where the next goes */
    struct observer *observer;
    uint32_t segment, n_segments; /* segment 0 is warm-up; then the cuts made by phases; the last is
                                     after the end */
    uint32_t n_classes;
    uint64_t live_requests, opened;
    struct pool requests;
    uint64_t seed, replication, salt;
    bool stop;
    bool closing; /* the end has come: what is left is being cancelled */
    bool watched; /* closing, or there is an observer: one flag for the hot path to look at */
    bool full;    /* stopped by max_in_flight */

    /* cold */
    struct arena arena;
    struct error error; /* of the run */
    struct sim_limits limits;
    struct user_count { /* of the users' requests */
        uint64_t arrived, departed, in_flight;
    } at_start, at_end; /* of the measured span */
    ns_t ended;         /* since the end of warm-up: the measured span is [0, ended) */
    struct node **nodes;
    uint32_t n_nodes, cap_nodes;
    struct node **order; /* sealed nodes, callers before callees */
    uint32_t n_order, cap_order;
    struct scope file_scope;
    struct scope *scope; /* where new nodes are born */
    struct class_info *classes;
    uint32_t cap_classes;
    const char **facts;
    uint32_t n_facts, cap_facts;
    struct span *spans; /* phases */
    uint32_t n_spans;
    ns_t *cut;                    /* n_segments + 1 boundaries, absolute clock */
    struct quantity **quantities; /* all made so far: resolved when sealing */
    uint32_t n_quantities, cap_quantities;
    struct agent **agents;
    uint32_t n_agents, cap_agents;
    struct late_ref *late; /* what agents and sources name by address: found when wiring */
    uint32_t n_late, cap_late;
    struct node **roots;     /* sources */
    uint32_t n_roots, n_dry; /* dry: will send nothing more */
    void *host;              /* the language's own state, freed by its owner */
    const char *folder;      /* of the scenario file: relative file names start there */
    void (*sample)(struct sim *, void *ctx, ns_t from,
                   ns_t to); /* called at the end of every window */
    void *sample_ctx;
    struct event sample_event;
    struct blame *blame;           /* what requests spent their time on; NULL: nobody asks */
    struct sim_progress *progress; /* where to publish how far it is, or NULL */
};

/* Read by another thread, now and then, with atomic loads. */
struct sim_progress {
    ns_t clock;
    uint64_t fired;
};

/* A parameter of an agent or source that names another component by its address. */
struct late_ref {
    const struct node *owner;
    const struct param *param;
    struct node **at;
    const char *address;
};

/* What faults and signals are: acts on its own clock, without a name or parameters. Embedded in its
 * own struct, which lives in the arena. Agents that a scenario names are nodes (NODE_AGENT). */
struct agent {
    bool (*seal)(struct agent *, struct sim *, struct error *);
    void (*start)(struct agent *, struct sim *);
    void (*release)(struct agent *);
};

struct sim *sim_new(uint64_t seed, uint64_t replication);
void sim_free(struct sim *sim);

/* Index of a class, a fact; made on first mention. A class keeps the priority it was first given; a
 * second one that differs is an error. */
bool sim_class(struct sim *sim, const char *name, double priority, uint16_t *index,
               struct error *e);
uint32_t sim_fact(struct sim *sim, const char *name);
int sim_find_class(const struct sim *sim, const char *name); /* -1: none */
int sim_find_fact(const struct sim *sim, const char *name);  /* -1: none */

void sim_add_agent(struct sim *sim, struct agent *a);

/* Wires the model that the sources reach, and the agents that act on it: order, names, addresses.
 * Parameters may still be set. */
bool sim_wire(struct sim *sim, struct node *const *sources, uint32_t n, struct error *e);
bool sim_wire_agents(struct sim *sim, struct node *const *agents, uint32_t n, struct error *e);

/* Seals a wired model: segments, meters, and what components and agents do to get ready. */
bool sim_seal(struct sim *sim, const struct span *phases, uint32_t n_phases,
              const struct sim_limits *limits, struct error *e);

/* Where batch b of n begins, on the clock; b = n: the end. */
ns_t sim_batch_start(const struct sim *sim, uint32_t b, uint32_t n);

/* Runs from the beginning of warm-up to the end, closes, and audits. False: sim->error says why. */
bool sim_run(struct sim *sim);

/* A source has nothing more to send; when all are dry and nothing is in flight the run ends. */
void sim_dry(struct sim *sim);

/* Stops a run with an error: for handlers. The first one wins. */
__attribute__((format(printf, 2, 3))) void sim_fail(struct sim *sim, const char *format, ...);

/* Simulated time since the end of warm-up. */
static inline ns_t sim_time(const struct sim *sim) {
    return sim->clock.now - sim->limits.warmup;
}
static inline ns_t sim_clock_of(const struct sim *sim, ns_t time) {
    return time + sim->limits.warmup;
}

/* Adds to the time that `c` spent in a phase at its own node. */
bool call_phase_watched(struct call *c, enum phase phase,
                        ns_t spent); /* false: not to be counted */
static inline void call_phase(struct call *c, enum phase phase, ns_t spent) {
    if (__builtin_expect(c->node->sim->watched, 0) && !call_phase_watched(c, phase, spent))
        return;
    struct meter *m = &c->node->meter;
    spread_add(&m->cells[c->req->cell * m->results].phase[phase], spent);
}

/* Who is told of every call; NULL: nobody. */
static inline void sim_observe(struct sim *sim, struct observer *o) {
    sim->observer = o;
    sim->watched = o || sim->closing;
}

/* For messages of broken invariants: address, time, seed, replication. Ends the program. */
_Noreturn void sim_bug(const struct sim *sim, const struct node *n, const char *what);

#endif
