/* A fan-out: the same is asked of many at once, and all, the first or so many of the answers make
 * one. */
#include "core/group.h"
#include "core/sim.h"
#include "node/registry.h"

enum wait_for { ALL, FIRST, QUORUM };
static const char *const wait_fors[] = {"all", "first", "quorum", NULL};
enum { RESULT_FULL, RESULT_PARTIAL };
static const char *const result_names[] = {"full", "partial", NULL};
enum { MAX_COPIES = 60000 };

struct fanout {
    struct node base;
    struct edge_list to;
    int wait_for;
    int64_t quorum, copies;
    ns_t partial_after; /* 0: no partial answers */
    double min_share;
    bool cancel_losers;

    struct delay_line line;
    uint64_t answered, partial;
};

struct fanout_call {
    struct waiting_call waiting; /* for a replica */
    int64_t need, out, good;     /* answers that make one; asked and silent so far; good ones */
    double quality;              /* sum over the good ones */
    enum outcome failure;        /* the last one */
    bool degraded, patient;      /* an answer was degraded; a partial answer is better than none */
};

static struct fanout *fanout_of(struct node *n) {
    return container_of(n, struct fanout, base);
}
static struct fanout_call *mine(struct call *c) {
    return container_of(c, struct fanout_call, waiting.base);
}

/* ---- the answer */

static void answer(struct call *c, enum outcome outcome) {
    struct fanout *f = fanout_of(c->node);
    f->answered++;
    f->partial += c->result == RESULT_PARTIAL;
    if (f->cancel_losers)
        call_cancel_all(c, CAUSE_LOSER);
    else
        call_detach_all(c);
    call_finish(c, outcome);
}

/* All that were needed have answered. */
static void answer_full(struct call *c) {
    const struct fanout_call *m = mine(c);
    c->quality = (float)(m->quality / (double)m->need);
    answer(c, m->degraded ? OUTCOME_DEGRADED : OUTCOME_OK);
}

/* No more will come, or nobody waits for more: what is there is the answer, if it is enough. */
static void answer_partial(struct call *c, enum outcome otherwise) {
    const struct fanout_call *m = mine(c);
    double share = (double)m->good / (double)m->need;
    if (!m->patient || m->good == 0 || share < fanout_of(c->node)->min_share - 1e-9) {
        answer(c, otherwise);
        return;
    }
    c->result = RESULT_PARTIAL;
    c->quality = (float)(m->quality / (double)m->need);
    answer(c, OUTCOME_DEGRADED);
}

static void expire(struct event *ev) {
    answer_partial(call_of_timer(ev), OUTCOME_TIMEOUT);
}

/* ---- calls */

static void accept(struct node *n, struct call *c) {
    struct fanout *f = fanout_of(n);
    int64_t asked = targets_ready(&f->to) * f->copies;
    if (asked == 0 && targets_wait(&f->to, c))
        return;
    struct fanout_call *m = mine(c);
    m->out = asked;
    m->need = f->wait_for == ALL ? asked : f->wait_for == FIRST ? 1 : f->quorum;
    m->good = 0;
    m->quality = 0;
    m->failure = OUTCOME_ERROR;
    m->degraded = false;
    m->patient = f->partial_after > 0;
    if (asked == 0) {
        answer(c, OUTCOME_ERROR);
        return;
    }
    if (f->partial_after > 0)
        call_wake(c, &f->line, f->partial_after, expire);
    int64_t copies = f->copies;
    for (uint32_t i = 0; i < f->to.n; i++)
        for (int64_t k = 0; target_ready(&f->to, i) && k < copies; k++)
            if (k == 0)
                call_send(c, &f->to.at[i]);
            else
                call_send_again(c, &f->to.at[i], (uint16_t)(k + 1));
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct fanout_call *m = mine(c);
    (void)n;
    m->out--;
    if (outcome_good(sub->outcome)) {
        m->good++;
        m->quality += (double)sub->quality;
        m->degraded = m->degraded || sub->outcome == OUTCOME_DEGRADED;
    } else
        m->failure = (enum outcome)sub->outcome;
    if (m->good >= m->need)
        answer_full(c);
    else if (m->out == 0 || (!m->patient && m->good + m->out < m->need))
        answer_partial(c, m->failure);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)n, (void)cause;
    targets_wait_over(c);
    return true;
}

/* ---- set-up */

static bool init(struct node *n, struct error *e) {
    (void)e;
    targets_open(n, &fanout_of(n)->to);
    return true;
}

static bool seal(struct node *n, struct error *e) {
    struct fanout *f = fanout_of(n);
    int64_t most = f->to.n * f->copies;
    line_init(&f->line);
    return f->wait_for != QUORUM || f->quorum <= most ||
           error_set(e, "quorum = %lld: only %lld are asked, so it is never reached",
                     (long long)f->quorum, (long long)most);
}

static const struct param params[] = {
    PARAM(NODES, "to", struct fanout, to, NULL,
          "who is asked: replicas { … }, of which those that are ready, or components",
          .flags = REQUIRED | CHILD | GROUP),
    PARAM(INTEGER, "copies", struct fanout, copies, "1",
          "calls to each of them, such as shards that are all alike", .flags = LIVE, .min = 1,
          .max = MAX_COPIES),
    PARAM(CHOICE, "wait_for", struct fanout, wait_for, "all",
          "how many good answers make one: all, the first, or a quorum", .choices = wait_fors),
    PARAM(INTEGER, "quorum", struct fanout, quorum, "1", "quorum: how many", .flags = LIVE,
          .min = 1, .max = 1e9),
    PARAM(TIME, "partial_after", struct fanout, partial_after, "0s",
          "after this time the answers that are there make a degraded one, whose quality is their "
          "share; so do those that came when others failed. 0: a failure that leaves too few fails "
          "all at once",
          .flags = LIVE),
    PARAM(RATIO, "min_share", struct fanout, min_share, "0",
          "partial answers with less than this share are none: at least one answer is wanted in "
          "any case",
          .flags = LIVE, .max = 1, .needs = "partial_after"),
    PARAM(BOOL, "cancel_losers", struct fanout, cancel_losers, "true",
          "those that have not answered in time are stopped; false: they go on unseen",
          .flags = LIVE),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "partial", struct fanout, partial, "partial answers"),
    METRIC(RATIO, "partial_ratio", struct fanout, partial, "share of answers that were partial",
           .offset2 = offsetof(struct fanout, answered)),
    {0},
};

static void look(void *ctx, void *object) {
    struct call *c = object;
    const struct fanout_call *m = mine(c);
    if (!c->travelling && !m->waiting.at && (!c->subs || m->out <= 0 || m->good >= m->need))
        *(uint64_t *)ctx += 1;
}

static bool check(struct node *n, struct error *e) {
    uint64_t odd = 0;
    pool_each(&n->calls, look, &odd);
    return !odd ||
           error_set(e, "%llu calls wait for no answer that they need", (unsigned long long)odd);
}

const struct node_type fanout_type = {
    .kind = "fanout",
    .summary = "asks many at once and answers when all, the first or a quorum have",
    .example = "fanout { wait_for = \"all\", partial_after = \"50ms\", replicas { name = "
               "\"shard\", count = 16, build = … } }",
    .params = params,
    .metrics = metrics,
    .results = result_names,
    .size = sizeof(struct fanout),
    .call_size = sizeof(struct fanout_call),
    .ops = {.init = init,
            .seal = seal,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .check = check},
};
