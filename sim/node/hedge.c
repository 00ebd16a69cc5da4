/* A hedge: when an answer is late, the same is asked once more, and the first good answer counts.
 *
 * The delay is given, or a percentile of the latency of first attempts, looked up anew every fifth
 * of a window as Finagle's backup requests do. A first attempt that has not answered when another
 * one wins counts with the time it has had, which is above the delay. What it would have taken is
 * not known, so a percentile that is too low comes up more slowly than one that is too high comes
 * down: with few calls in a window it is a little low on average. */
#include "core/quantity.h"
#include "core/sim.h"
#include "node/budget.h"
#include "node/registry.h"

enum { SLOTS = 5 };
enum { PURPOSE_AFTER }; /* + extra attempts so far */
static const ns_t LEAST_DELAY = 1000000;

struct hedge {
    struct node base;
    struct edge inner;
    struct quantity *after;
    double percentile;
    ns_t window;
    int64_t max_extra;
    bool cancel_losers;
    struct budget load;

    struct hist slot[SLOTS], all; /* latency of first attempts */
    int64_t turn;                 /* fifths of a window since the beginning of the clock */
    ns_t late;                    /* the percentile; NS_NEVER: not known yet */
    struct delay_line line;
    uint64_t calls, extra, wins, over_load;
};

struct hedge_call {
    struct call base;
    struct call *first; /* NULL: it has been answered */
    uint16_t sent, out; /* attempts made, and still under way */
};

static struct hedge *hedge_of(struct node *n) {
    return container_of(n, struct hedge, base);
}
static struct hedge_call *mine(struct call *c) {
    return container_of(c, struct hedge_call, base);
}

/* ---- what is late */

/* The upper end of the percentile's bucket: what always takes the same time is never late. */
static void learn(struct hedge *h) {
    hist_clear(&h->all);
    for (int i = 0; i < SLOTS; i++)
        hist_merge(&h->all, &h->slot[i]);
    if (h->all.total && h->percentile > 0)
        h->late = (ns_t)hist_high(
            &h->all, hist_index(HIST_COARSE, (uint64_t)hist_quantile(&h->all, h->percentile)));
}

/* Goes on to the present fifth; what was known is kept while nothing newer is. */
static void turn(struct hedge *h) {
    ns_t fifth = h->window / SLOTS > 0 ? h->window / SLOTS : 1;
    int64_t now = h->base.sim->clock.now / fifth;
    if (now == h->turn)
        return;
    learn(h);
    for (int i = 0; i < SLOTS && h->turn < now - i; i++)
        hist_clear(&h->slot[(now - i) % SLOTS]);
    h->turn = now;
}

static void note(struct hedge *h, const struct call *first) {
    turn(h);
    hist_add(&h->slot[h->turn % SLOTS], (uint64_t)(h->base.sim->clock.now - first->start));
}

/* The first attempt will not be waited for, after others were sent because it was slow. */
static void note_slow(struct hedge *h, const struct hedge_call *m) {
    if (m->first && m->sent > 1)
        note(h, m->first);
}

/* ---- attempts */

static void send_extra(struct event *ev);

/* NS_NEVER: nothing is late. */
static ns_t delay(const struct hedge *h, const struct call *c, uint16_t sent) {
    ns_t given = LEAST_DELAY;
    if (h->after)
        given = ns_from_s(quantity_draw(h->after, c, PURPOSE_AFTER + (uint64_t)sent));
    if (h->percentile > 0)
        return h->late > given ? h->late : given;
    return h->after ? given : NS_NEVER;
}

/* Plans the next extra attempt, if there is to be one. */
static void plan(struct hedge *h, struct call *c) {
    uint16_t sent = mine(c)->sent;
    ns_t wait = sent > h->max_extra ? NS_NEVER : delay(h, c, sent);
    bool alike = !h->after || quantity_fixed(h->after);
    if (wait != NS_NEVER)
        call_wake(c, alike ? &h->line : NULL, wait, send_extra);
}

static void send_extra(struct event *ev) {
    struct call *c = call_of_timer(ev);
    struct hedge *h = hedge_of(c->node);
    struct hedge_call *m = mine(c);
    ns_t now = h->base.sim->clock.now;
    if (now >= c->deadline || m->sent > h->max_extra)
        return;
    if (!budget_take(&h->load, now, 0)) {
        h->over_load++;
        return;
    }
    h->extra++;
    m->out++;
    m->sent++;
    call_send_again(c, &h->inner, m->sent);
    plan(h, c);
}

static void accept(struct node *n, struct call *c) {
    struct hedge *h = hedge_of(n);
    struct hedge_call *m = mine(c);
    h->calls++;
    budget_first(&h->load, n->sim->clock.now);
    turn(h);
    m->sent = m->out = 1;
    m->first = call_send(c, &h->inner);
    plan(h, c);
}

static void win(struct hedge *h, struct call *c, const struct call *sub) {
    if (sub == mine(c)->first)
        note(h, sub);
    else {
        h->wins++;
        note_slow(h, mine(c));
    }
    if (h->cancel_losers)
        call_cancel_all(c, CAUSE_LOSER);
    else
        call_detach_all(c);
    call_pass(c, sub);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct hedge_call *m = mine(c);
    m->out--;
    if (outcome_good(sub->outcome)) {
        win(hedge_of(n), c, sub);
        return;
    }
    if (sub == m->first) { /* failures may be quick; a timeout is as slow as it says */
        if (sub->outcome == OUTCOME_TIMEOUT)
            note(hedge_of(n), sub);
        m->first = NULL;
    }
    if (m->out == 0)
        call_pass(c, sub);
}

static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)cause;
    note_slow(hedge_of(n), mine(c));
    return true;
}

/* ---- set-up */

static bool seal(struct node *n, struct error *e) {
    struct hedge *h = hedge_of(n);
    if (!h->after && h->percentile <= 0)
        return error_set(e, "say when an answer is late: after = \"20ms\", or percentile = 0.95");
    for (int i = 0; i < SLOTS; i++)
        hist_init(&h->slot[i], HIST_COARSE);
    hist_init(&h->all, HIST_COARSE);
    h->late = NS_NEVER;
    line_init(&h->line);
    h->load.per_second = 0;
    h->load.ttl = 10 * NS_PER_S;
    return true;
}

static void changed(struct node *n, const struct param *p) {
    (void)p;
    learn(hedge_of(n));
}

static void release(struct node *n) {
    struct hedge *h = hedge_of(n);
    for (int i = 0; i < SLOTS; i++)
        hist_release(&h->slot[i]);
    hist_release(&h->all);
}

static const struct param params[] = {
    PARAM(QUANTITY, "after", struct hedge, after, NULL,
          "how late an answer has to be before the same is asked again, and again; with percentile "
          "the least (1ms)",
          .flags = LIVE | ONE_OF, .unit = UNIT_TIME),
    PARAM(RATIO, "percentile", struct hedge, percentile, "0",
          "late is what is slower than this share of the first attempts, such as 0.95; 0: after "
          "alone says it",
          .flags = LIVE | ONE_OF, .max = 1),
    PARAM(TIME, "window", struct hedge, window, "15s",
          "the first attempts of this time make the percentile, which is looked up every fifth of "
          "it; before the first time nothing is late",
          .min = 1e-6, .max = 1e6, .needs = "percentile"),
    PARAM(INTEGER, "max_extra", struct hedge, max_extra, "1", "extra attempts a call, at most",
          .flags = LIVE, .max = 60000),
    PARAM(NUMBER, "max_extra_load", struct hedge, load.ratio, "-1",
          "extra attempts as a share of the calls of the last 10 s, at most; -1: no limit",
          .flags = LIVE, .min = -1, .max = 1000),
    PARAM(BOOL, "cancel_losers", struct hedge, cancel_losers, "true",
          "the attempts that are too late are stopped; false: they go on unseen", .flags = LIVE),
    PARAM(NODE, "inner", struct hedge, inner, NULL, "what is asked", .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "extra", struct hedge, extra, "attempts after the first"),
    METRIC(PER, "extra_per_call", struct hedge, extra, "attempts after the first over calls",
           .offset2 = offsetof(struct hedge, calls)),
    METRIC(COUNTER, "wins", struct hedge, wins, "calls that an extra attempt answered"),
    METRIC(COUNTER, "over_load", struct hedge, over_load,
           "late answers that max_extra_load left without another attempt"),
    {0},
};

static void look(void *ctx, void *object) {
    struct call *c = object;
    const struct hedge_call *m = mine(c);
    bool odd = !c->subs || !m->out || m->out > m->sent || (m->first && m->first->parent != c);
    if (!c->travelling && odd)
        *(uint64_t *)ctx += 1;
}

static bool check(struct node *n, struct error *e) {
    const struct hedge *h = hedge_of(n);
    uint64_t odd = 0;
    pool_each(&n->calls, look, &odd);
    if (odd)
        return error_set(e, "%llu calls wait for no attempt", (unsigned long long)odd);
    return h->wins <= h->extra ||
           error_set(e, "%llu of %llu extra attempts have won", (unsigned long long)h->wins,
                     (unsigned long long)h->extra);
}

const struct node_type hedge_type = {
    .kind = "hedge",
    .summary = "asks once more when an answer is late, and takes the first good one",
    .follows = "Dean & Barroso's hedged requests; Finagle BackupRequestFilter (percentile, "
               "max_extra_load)",
    .example = "hedge { percentile = 0.95, max_extra_load = \"5%\", fleet }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct hedge),
    .call_size = sizeof(struct hedge_call),
    .flags = NODE_RACES,
    .ops = {.seal = seal,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .release = release,
            .check = check},
};
