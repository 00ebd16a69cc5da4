/* Requests and calls: the moving side of a model.
 *
 * A *request* is what a user sent: a class and facts drawn at arrival. A *call* is one hop of it,
 * pooled by the callee, linked to the call that caused it: the tree of calls is the trace. Accepts
 * run down the graph at once; replies climb from a ready list after the present handler has
 * returned, so a node's own call survives its handler and depth is bounded by the graph. After
 * call_finish the finishing node must not touch the call again. */
#ifndef NINES_CORE_CALL_H
#define NINES_CORE_CALL_H

#include "base/rng.h"
#include "core/event.h"
#include "core/node.h"

enum origin { ORIGIN_USER, ORIGIN_DERIVED, ORIGIN_PROBE, ORIGIN_MIRROR };

struct request {
    uint64_t id;  /* within its source, from 1 */
    uint64_t key; /* keys draws that belong to it */
    struct node *source;
    ns_t arrival;
    uint32_t cell; /* segment x class */
    uint32_t refs; /* root call and orphans */
    uint16_t class;
    uint8_t origin;
    uint8_t level; /* rank of its priority: 0 is the least important of the workload */
    double fact[]; /* NaN where its source gives none */
};

enum call_state { CALL_FREE, CALL_LIVE, CALL_DONE };

struct call {
    struct node *node;   /* callee; its pool owns this memory */
    struct edge *via;    /* NULL for a root */
    struct call *parent; /* NULL: root or orphan */
    struct request *req;
    struct call *subs;        /* the oldest it waits for; NULL: none */
    struct call *next, *prev; /* its siblings; the oldest one's prev is the youngest */
    struct call *next_ready;
    ns_t start;
    ns_t deadline; /* NS_NEVER: none */
    uint64_t key;  /* keys its draws; inherited, remixed by whoever sends again */
    float quality; /* of the answer: 1 unless degraded */
    uint16_t attempt;
    uint8_t state, outcome, result;
    uint8_t milestones; /* posted and not yet delivered */
    bool queued;        /* on the ready list */
    bool travelling;    /* held back by a gate or an edge: not yet accepted */
    bool holds;         /* holds a reference on its request */
    struct event timer; /* the one event I may await */
    struct list wait;   /* the one queue I may stand in; its owner takes me out */
};
/* Two cache lines are all that a call without a timer and a queue touches. */
_Static_assert(offsetof(struct call, start) == 64 && offsetof(struct call, timer) == 104 &&
                   sizeof(struct call) == 192,
               "the layout of a call");

/* A request and its root call, owned by `self` (a source, or a node that derives requests). Facts
 * are NaN; class and key are the caller's business through request_classify. NULL when the model is
 * full (max_in_flight): the run then ends as saturated. */
struct call *call_open(struct node *self, enum origin origin);
void request_classify(struct sim *sim, struct request *r, uint16_t class);

/* Enters a root call into its own node's meter; to be called once class and facts are known. */
void call_begin(struct call *root);

/* The same without a call of the sender's own: the request's first call is that of the callee.
 * Until call_enter sends it, its node is the sender, so that draws made for it are the sender's;
 * class, facts, key and deadline are set in between. Nobody hears the answer; `via`'s meter is all
 * that the sender knows of it. */
struct call *call_open_over(struct edge *via, enum origin origin);
void call_enter(struct call *c);

/* Sends `mine`'s request on over `via`; inherits deadline, attempt and key. The callee has
 * accepted, and may even have finished, when this returns; its reply comes later. call_send_again
 * remixes the key for attempt > 1. */
struct call *call_send(struct call *mine, struct edge *via);
struct call *call_send_again(struct call *mine, struct edge *via, uint16_t attempt);

/* Ends a call; whatever is still below it is cancelled (CAUSE_GONE). */
void call_finish(struct call *c, enum outcome outcome);

/* Ends `mine` the way `sub` ended: outcome and quality. */
void call_pass(struct call *mine, const struct call *sub);

/* Tells those above that something happened; delivered ahead of the reply, only if someone listens.
 */
void call_milestone(struct call *c, enum milestone what);

/* Withdraws a sub: it will not reply. What refuses (work that goes on) becomes an orphan. */
void call_cancel(struct call *sub, enum cause cause);

/* The caller leaves, the work goes on. */
void call_detach(struct call *sub);

/* The same for all that `mine` still waits for. */
void call_cancel_all(struct call *mine, enum cause cause);
void call_detach_all(struct call *mine);

/* `member`, which is about to end, has waited since then for what `of` was sent for: for those who
 * explain where its time went. */
void call_shared(const struct call *member, const struct call *of, ns_t since);

/* Ends every live call of a node with ERROR: it went down. */
void node_crash(struct node *n);

/* Delivers what is on the ready list until it is empty. */
void call_deliver(struct sim *sim);

/* Adds to the time that `c` spent in a phase at its own node: call_phase, in core/sim.h. */

/* ---- small helpers for components */

/* Generator for one draw of `purpose` that belongs to this call. */
static inline struct rng call_rng(const struct call *c, uint64_t purpose) {
    return (struct rng){c->key ^ (c->node->salt + purpose * 0xd1342543de82ef95u)};
}

/* Wakes the call after `delay`: through `line` when given (all its delays are meant to be equal).
 */
void call_wake(struct call *c, struct delay_line *line, ns_t delay, void (*fire)(struct event *));

static inline struct call *call_of_timer(struct event *e) {
    return container_of(e, struct call, timer);
}
static inline struct call *call_of_wait(struct list *l) {
    return container_of(l, struct call, wait);
}

#endif
