/* Fire and forget: the caller is answered at once, and what is below is done all the same.
 *
 * The work is a request of its own, of the same class, facts and draws, that no user waits for: the
 * caller's deadline does not bind it, and no user's latency has it. It is in the books here, as
 * result=work, and in those of what is below. */
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

enum { RESULT_CALL, RESULT_WORK };
static const char *const result_names[] = {"call", "work", NULL};

enum { PURPOSE_ACCEPT };

struct async {
    struct node base;
    struct edge inner;
    struct quantity *accept;
    struct delay_line line;
    int64_t limit, held; /* held: being accepted, or under way */
    struct integral background;
    uint64_t handed, rejected, failed;
};

enum role { ROLE_OVER, ROLE_ACCEPTED, ROLE_WORK };

struct async_call {
    struct call base;
    ns_t began;
    uint8_t role;
};

static struct async *async_of(struct node *n) {
    return container_of(n, struct async, base);
}
static struct async_call *mine(struct call *c) {
    return container_of(c, struct async_call, base);
}

/* The caller's answer is under way before the work begins, so c is not touched after it. */
static void hand_over(struct async *a, struct call *c) {
    struct sim *sim = a->base.sim;
    struct call *w = call_open(&a->base, ORIGIN_DERIVED);
    if (!w)
        return; /* the model is full, and the run ends */
    mine(w)->role = ROLE_WORK;
    w->result = RESULT_WORK;
    w->req->id = c->req->id;
    w->req->key = c->req->key;
    request_classify(sim, w->req, c->req->class);
    if (sim->n_facts)
        memcpy(w->req->fact, c->req->fact, sim->n_facts * sizeof *w->req->fact);
    w->key = c->key;
    w->attempt = c->attempt;
    a->handed++;
    integral_add(&a->background, sim->clock.now, 1);
    call_begin(w);
    mine(c)->role = ROLE_OVER; /* it holds nothing any more */
    call_finish(c, OUTCOME_OK);
    call_send(w, &a->inner);
}

static void accepted(struct event *ev) {
    struct call *c = call_of_timer(ev);
    call_phase(c, PHASE_SERVICE, c->node->sim->clock.now - mine(c)->began);
    hand_over(async_of(c->node), c);
}

static void accept(struct node *n, struct call *c) {
    struct async *a = async_of(n);
    struct async_call *m = mine(c);
    m->role = ROLE_OVER;
    m->began = n->sim->clock.now;
    if (a->limit && a->held >= a->limit) {
        a->rejected++;
        call_finish(c, OUTCOME_ERROR);
        return;
    }
    a->held++;
    m->role = ROLE_ACCEPTED;
    ns_t takes = quantity_ns(a->accept, c, PURPOSE_ACCEPT);
    if (takes > 0)
        call_wake(c, quantity_fixed(a->accept) && !n->gate.active ? &a->line : NULL, takes,
                  accepted);
    else
        hand_over(a, c);
}

static void end_work(struct async *a) {
    a->held--;
    integral_add(&a->background, a->base.sim->clock.now, -1);
}

/* Of the work: nobody above hears it. */
static void reply(struct node *n, struct call *c, struct call *sub) {
    struct async *a = async_of(n);
    a->failed += !outcome_good(sub->outcome);
    end_work(a);
    call_pass(c, sub);
}

/* What has not been accepted is not done. Work is withdrawn by nobody, but a crash ends it. */
static bool cancel(struct node *n, struct call *c, enum cause cause) {
    struct async *a = async_of(n);
    struct async_call *m = mine(c);
    (void)cause;
    if (m->role == ROLE_WORK)
        end_work(a);
    else if (m->role == ROLE_ACCEPTED) {
        a->held--;
        if (event_pending(&c->timer))
            call_phase(c, PHASE_SERVICE, n->sim->clock.now - m->began);
    }
    m->role = ROLE_OVER;
    return true;
}

static bool seal(struct node *n, struct error *e) {
    (void)e;
    line_init(&async_of(n)->line);
    return true;
}

static bool probe(struct node *n, enum probe what, double *answer) {
    *answer = (double)async_of(n)->background.value;
    return what == PROBE_QUEUE;
}

static const struct param params[] = {
    PARAM(QUANTITY, "accept", struct async, accept, "0",
          "time until the caller has its answer, such as that of a durable write; the work begins "
          "then",
          .flags = LIVE | WORK, .unit = UNIT_TIME),
    PARAM(INTEGER, "limit", struct async, limit, "0",
          "calls being accepted and work under way at most; one more is answered with an error; 0: "
          "no limit",
          .flags = LIVE, .max = 1e9),
    PARAM(NODE, "inner", struct async, inner, NULL, "what is done without anybody waiting",
          .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "background", struct async, background,
           "work under way that nobody waits for, mean over time"),
    METRIC(COUNTER, "handed_over", struct async, handed, "calls answered whose work then began"),
    METRIC(COUNTER, "failed", struct async, failed, "work that failed, which nobody hears"),
    METRIC(COUNTER, "rejected", struct async, rejected, "calls refused because of the limit"),
    {0},
};

struct tally {
    int64_t held, works;
};

static void look(void *ctx, void *object) {
    struct tally *t = ctx;
    const struct call *c = object;
    const struct async_call *m = container_of(c, const struct async_call, base);
    if (c->travelling)
        return;
    t->held += m->role != ROLE_OVER;
    t->works += m->role == ROLE_WORK;
}

static bool check(struct node *n, struct error *e) {
    const struct async *a = async_of(n);
    struct tally t = {0};
    pool_each(&n->calls, look, &t);
    return (t.held == a->held && t.works == a->background.value) ||
           error_set(e, "%lld calls count against the limit, %lld are counted; %lld work, not %lld",
                     (long long)t.held, (long long)a->held, (long long)t.works,
                     (long long)a->background.value);
}

const struct node_type async_type = {
    .kind = "async",
    .summary = "answers its caller at once and does the rest without anybody waiting",
    .follows = "task executors and 202 Accepted (RFC 9110): the work is not in the caller's time",
    .example = "chain { validate, async { accept = \"5ms\" }, station { name = \"mail\", service = "
               "\"80ms\" } }",
    .params = params,
    .metrics = metrics,
    .results = result_names,
    .size = sizeof(struct async),
    .call_size = sizeof(struct async_call),
    .flags = NODE_KEEPS,
    .ops = {.seal = seal,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .probe = probe,
            .check = check},
};
