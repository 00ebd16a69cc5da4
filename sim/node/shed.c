/* Load shedding: while a condition on what passes through holds, a growing share of the calls is
 * refused at once.
 *
 * The share is a cut: with "lowest_priority" the number of priority levels that are dropped, the
 * last of them in part; with "random" a share of everything. It rises by a step when the condition
 * holds and falls by one when it does not, one step a window at most. */
#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"
#include "node/watch.h"

enum { PURPOSE_DROP };
enum drop { LOWEST_PRIORITY, RANDOM };
static const char *const drops[] = {"lowest_priority", "random", NULL};

struct shed {
    struct node base;
    struct edge inner;
    struct condition *when;
    ns_t window;
    int drop;
    double step; /* 0: not given */
    struct value max_priority;

    struct watch watch;
    double cut, most;                      /* the cut lies in 0..most */
    ns_t changed;                          /* when the cut last changed */
    struct integral active, level, levels; /* levels: in thousandths */
    uint64_t shed;
};

static struct shed *shed_of(struct node *n) {
    return container_of(n, struct shed, base);
}

/* ---- the cut */

static void move(struct shed *s, bool up) {
    ns_t now = s->base.sim->clock.now;
    s->cut = fmin(s->most, fmax(0, s->cut + (up ? s->step : -s->step)));
    if (s->cut < 1e-9)
        s->cut = 0; /* ten steps of 0.1 down from 1 leave a rest */
    integral_add(&s->active, now, (s->cut > 0) - s->active.value);
    integral_add(&s->level, now, llround(1000 * s->cut) - s->level.value);
}

/* Decisions date from the ends of sub-windows, though they are taken when something next passes. */
static void advance(struct shed *s) {
    while (watch_due(&s->watch)) {
        ns_t end = s->watch.next;
        bool up = watch_holds(&s->watch);
        bool settled = up ? s->cut >= s->most : s->cut <= 0;
        if (!settled && end - s->changed >= s->window) {
            move(s, up);
            s->changed = end;
        }
        watch_turn(&s->watch, settled);
    }
}

static bool refuses(const struct shed *s, const struct call *c) {
    double share = s->cut;
    if (s->drop == LOWEST_PRIORITY)
        share -= c->req->level; /* the levels below it go first, each of them wholly */
    if (share <= 0 || share >= 1)
        return share > 0;
    struct rng r = call_rng(c, PURPOSE_DROP);
    return rng_unit(&r) < share;
}

/* ---- calls */

static void accept(struct node *n, struct call *c) {
    struct shed *s = shed_of(n);
    advance(s);
    watch_arrive(&s->watch);
    if (refuses(s, c)) {
        s->shed++;
        call_finish(c, OUTCOME_SHED);
        return;
    }
    call_send(c, &s->inner);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct shed *s = shed_of(n);
    advance(s);
    watch_answer(&s->watch, c, sub->outcome);
    call_pass(c, sub);
}

static void start(struct node *n) {
    struct shed *s = shed_of(n);
    watch_start(&s->watch);
    s->changed = n->sim->clock.now - s->window; /* the first change need not wait */
}

static void release(struct node *n) {
    watch_release(&shed_of(n)->watch);
}

/* ---- set-up */

/* How many priority levels may be dropped, from the lowest. */
static bool count_levels(struct shed *s, struct error *e) {
    const struct sim *sim = s->base.sim;
    bool given = s->max_priority.type != VALUE_NIL;
    double limit = 0;
    if (given && !value_number(&s->max_priority, UNIT_NONE, &limit, "max_priority", e))
        return false;
    uint32_t levels = 0;
    for (uint32_t i = 0; i < sim->n_classes; i++) {
        const struct class_info *k = &sim->classes[i];
        uint32_t upto = !given ? k->level : k->priority <= limit ? k->level + 1u : 0;
        levels = upto > levels ? upto : levels;
    }
    s->most = levels;
    if (levels)
        return true;
    if (given)
        return error_set(e,
                         "max_priority = %.6g: no class has so low a priority; nothing could be "
                         "dropped",
                         limit);
    return error_set(e,
                     "all classes have the same priority: give the workload's classes priorities, "
                     "set max_priority, or use drop = \"random\"");
}

static bool seal(struct node *n, struct error *e) {
    struct shed *s = shed_of(n);
    if (s->window <= 0)
        return error_set(e, "window: it must be longer than 0");
    s->most = 1;
    if (s->drop == LOWEST_PRIORITY && !count_levels(s, e))
        return false;
    if (s->step <= 0)
        s->step = s->drop == RANDOM ? 0.1 : 1;
    s->levels.value = llround(1000 * s->most);
    return watch_seal(&s->watch, n, s->when, s->window, e);
}

static const struct param params[] = {
    PARAM(
        CONDITION, "when", struct shed, when, NULL,
        "while this holds over the window, more is dropped; otherwise less. Without an address it "
        "speaks of the calls that pass here and are not shed (offered: of all that come); queue, "
        "in_flight and utilization of a component are averages over the window",
        .flags = REQUIRED),
    PARAM(TIME, "window", struct shed, window, "1s",
          "sliding window of the condition, and time between two changes"),
    PARAM(CHOICE, "drop", struct shed, drop, "lowest_priority",
          "what is dropped: the least important classes, or calls at random", .choices = drops),
    PARAM(NUMBER, "step", struct shed, step, NULL,
          "change of the cut: priority levels (1), or with drop = \"random\" a share of all calls "
          "(0.1)",
          .flags = LIVE, .min = 0.001, .max = 64),
    PARAM(VALUE, "max_priority", struct shed, max_priority, NULL,
          "highest priority that may be dropped; without it all but the workload's highest"),
    PARAM(NODE, "inner", struct shed, inner, NULL, "what is protected", .flags = REQUIRED | CHILD),
    {0},
};

static const struct metric metrics[] = {
    METRIC(COUNTER, "shed", struct shed, shed, "calls that were dropped"),
    METRIC(INTEGRAL, "active", struct shed, active, "share of time in which something is dropped",
           .unit = UNIT_RATIO),
    METRIC(SHARE, "level", struct shed, level, "how much of what may be dropped is, mean over time",
           .offset2 = offsetof(struct shed, levels)),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct shed *s = shed_of(n);
    bool possible = s->cut >= 0 && s->cut <= s->most && s->active.value == (s->cut > 0) &&
                    s->level.value == llround(1000 * s->cut);
    return possible ||
           error_set(e, "its cut is %g of at most %g, its metrics say %g and active = %lld", s->cut,
                     s->most, (double)s->level.value / 1000, (long long)s->active.value);
}

const struct node_type shed_type = {
    .kind = "shed",
    .summary = "refuses the least important calls while a condition says that it is too much",
    .follows = "load shedding by priority (Google SRE)",
    .example = "shed { when = \"latency.p99 > 40ms\", window = \"1s\", drop = \"lowest_priority\", "
               "backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct shed),
    .ops = {.seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .release = release,
            .check = check},
};
