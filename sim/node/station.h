/* A station: a queue in front of servers. Private to station*.c and servers.c.
 *
 * station.c       the plain station: a call waits, is served for a time that is known when service
 *                 begins, and ends. Nearly all stations are plain, and this is the hottest code.
 * station_work.c  what all the others do: calls that draw early, are interrupted, hold their server
 * station_flow.c  work in progress when its speed may change: all calls in service advance alike
 * station_room.c  who may wait, for how long, and who is next in a queue that has been standing
 * station_fail.c  pauses and breakdowns
 * station_power.c stations that are switched off when idle, or are slow when new
 * station_type.c  parameters, metrics, and which of them go together
 * station_check.c the full audit
 *
 * `plain` says that nothing but station.c is needed. It never comes back once it is lost. */
#ifndef NINES_NODE_STATION_H
#define NINES_NODE_STATION_H

#include "core/sim.h"
#include "node/queue.h"
#include "node/servers.h"

enum { PURPOSE_SERVICE, PURPOSE_PATIENCE, PURPOSE_SETUP };
enum preempt { PREEMPT_NO, PREEMPT_RESUME, PREEMPT_RESTART };
enum codel { CODEL_NO, CODEL_FOLLY, CODEL_TIMEOUT };
enum on_failure { FAILURE_RESUME, FAILURE_RESTART, FAILURE_LOST };
enum power { POWER_ON, POWER_OFF, POWER_SETUP };

/* Four cache lines, in which the pool begins it. */
struct station_call {
    _Alignas(64) struct waiter waiter;
    ns_t began; /* waiting, then service */
    /* all but `serving`: not plain */
    double left, whole; /* work, ns */
    ns_t served;        /* time on a server */
    bool serving;
    bool begun;       /* it has been on a server before */
    bool holding;     /* its service is over; it keeps the server for the call below */
    bool broken;      /* its server is being repaired */
    uint32_t machine; /* its server, where servers break one by one: index + 1 */
};
_Static_assert(sizeof(struct station_call) == 256, "the size of a station's call");

/* All calls in service advance at one speed, so that each is done when the work that everyone has
 * been given since some beginning, `given`, reaches its target: nothing is touched when the speed
 * changes but the one event of the next to be done. */
struct flow {
    double given, speed; /* ns of work; of each call, a ns */
    ns_t at;             /* when `given` was that much */
    struct ranks calls;  /* in service, by target */
    struct ranks weak;   /* preempt: who would be interrupted first */
    uint64_t entered;
    struct event done;
};

struct queue_policy {
    struct quantity *max_wait;
    int codel;
    ns_t target, interval, lifo_after;

    struct delay_line line; /* patience, where it is the same for all */
    ns_t standing;          /* when the queue was last empty */
    ns_t codel_end, codel_least;
    bool overloaded;
};

struct breakdowns {
    struct quantity *mtbf, *mttr;
    int per, on_failure; /* per: 0 a server, 1 the station */
    int64_t crews;       /* 0: one a server */

    struct machine **all; /* heap */
    uint32_t n_all, cap;
    struct list idle, waiting, spare; /* machines: free to serve; for a crew; not in use */
    int64_t machines, broken_free, crews_busy;
    struct integral broken, outage;
    struct event station; /* per = "station" */
    bool down;
};

struct station {
    struct node base;
    bool plain, constant;
    bool closed; /* nothing may begin: paused, broken, or off */
    int64_t count;
    struct node *on; /* a pool, or NULL */
    struct quantity *service;
    int discipline;
    int64_t limit; /* of the queue; -1: none */
    struct servers own, *servers;
    struct queue queue;
    struct integral queued, busy;
    struct delay_line line; /* services of constant length */
    uint64_t rejected;
    /* the rest: not plain */
    bool flows, early; /* the work is in `flow`; it is drawn on arrival (sjf) */
    int preempt;
    int64_t max_sharing;
    struct flow flow;
    struct queue_policy room;
    double sigma, kappa;
    struct quantity *every, *lasting;
    struct event pause;
    bool paused;
    struct breakdowns faults;
    struct quantity *setup;
    ns_t idle;
    struct event power_event;
    enum power power;
    ns_t warm_lasting;
    double warm_factor;
    struct edge inner;
    struct rng rng; /* for what belongs to no call */
    uint64_t shed, interrupted, failures, setups;
};

static inline struct station *station_of(struct node *n) {
    return container_of(n, struct station, base);
}
static inline struct station_call *station_mine(struct call *c) {
    return container_of(container_of(c, struct waiter, base), struct station_call, waiter);
}
static inline struct call *station_theirs(struct station_call *m) {
    return &m->waiter.base;
}
static inline ns_t station_now(const struct station *s) {
    return s->base.sim->clock.now;
}

/* ---- station.c */

/* Begins the service of the call that is next here. False: that one was dropped instead. */
bool station_start_next(struct station *s);
void station_done(struct event *ev); /* of a call's timer: its service is over */

/* ---- station_work.c */

/* Kept out of the plain station's code, which is to stay small. */
#define APART __attribute__((noinline))
APART void station_accept(struct station *s, struct call *c);
APART bool station_start_or_drop(struct station *s);
APART void station_served(struct station *s, struct call *c);
APART bool station_cancel(struct station *s, struct call *c, enum cause cause);
void station_reply(struct node *n, struct call *c, struct call *sub);
void station_begin(struct station *s, struct call *c);
/* Ends a call that is in service. */
void station_end(struct station *s, struct call *c, enum outcome outcome);
/* What a slow fault, a pool's slow fault, and warming up make of a second. */
double station_stretch(const struct station *s);
/* Brings the metric and the limits of what is in service up to date. */
void station_sync(struct station *s);
/* The number of servers has changed, or how many calls may share. */
void station_resize(struct station *s);
/* Something may have opened or closed it. */
void station_gate(struct station *s);

/* ---- station_flow.c */

void flow_init(struct station *s);
void flow_enter(struct station *s, struct station_call *m); /* with `left` to do */
void flow_leave(struct station *s, struct station_call *m); /* `left` is what remains */
void flow_plan(struct station *s);                          /* the speed may have changed */
void flow_restart(struct station *s);                       /* everyone begins anew */
double flow_speed(const struct station *s);
/* Who is to be interrupted for `m`; NULL: nobody. */
struct station_call *flow_weaker(struct station *s, const struct station_call *m);

/* ---- station_room.c */

void station_join(struct station *s, struct call *c);
void station_leave_queue(struct station *s, struct call *c);
struct waiter *station_peek(struct station *s);
/* Is it to be dropped instead of served, having waited so long? */
bool station_drops(struct station *s, ns_t waited);
void station_shed(struct station *s, struct call *c);

/* ---- station_fail.c */

void station_fail_start(struct station *s);
void station_machines(struct station *s); /* as many as there are servers */
void machine_take(struct station *s, struct station_call *m);
void machine_give(struct station *s, struct station_call *m);
int64_t station_up(const struct station *s); /* servers that have not broken by themselves */
void station_fail_release(struct station *s);
bool station_fail_check(const struct station *s, struct error *e);

/* ---- station_power.c */

void station_power_start(struct station *s);
void station_wake(struct station *s, struct call *c); /* work has come */
void station_settle(struct station *s);               /* work has left */
double station_warmth(const struct station *s);       /* factor on a service that begins now */

/* ---- station_type.c, station_check.c */

bool station_fits(const struct station *s, struct error *e);
bool station_check(struct node *n, struct error *e);
extern const struct param station_params[];
extern const struct metric station_metrics[];

#endif
