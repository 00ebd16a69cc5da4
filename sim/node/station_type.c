/* The parameters and metrics of a station, and which of them go together. */
#include "core/schema.h"
#include "node/station.h"

static const char *const preempts[] = {"no", "resume", "restart", NULL};
static const char *const codels[] = {"no", "folly", "queue_timeout", NULL};
static const char *const pers[] = {"server", "station", NULL};
static const char *const failures[] = {"resume", "restart", "lost", NULL};

static const struct param queue_params[] = {
    PARAM(INTEGER, "limit", struct station, limit, "-1",
          "calls that may wait; one more is answered with an error at once; -1: no limit",
          .flags = LIVE, .min = -1, .max = 1e9),
    PARAM(QUANTITY, "max_wait", struct station, room.max_wait, NULL,
          "how long a call waits to be served before it is shed; drawn when it begins to wait",
          .flags = LIVE, .unit = UNIT_TIME),
    PARAM(CHOICE, "codel", struct station, room.codel, "no",
          "who is shed because the queue does not empty: folly, those whose turn comes too late "
          "while every wait of an interval was above the target; queue_timeout, those who wait for "
          "longer than the target, or an interval where the queue was empty within the last one",
          .choices = codels),
    PARAM(TIME, "target", struct station, room.target, "5ms",
          "codel: a wait that is no sign of overload; queue_timeout: the short timeout",
          .flags = LIVE, .needs = "codel"),
    PARAM(TIME, "interval", struct station, room.interval, "100ms",
          "codel: how often the least wait is looked at; queue_timeout: the long timeout",
          .flags = LIVE, .needs = "codel"),
    {0},
};

static const struct param contention_params[] = {
    PARAM(NUMBER, "sigma", struct station, sigma, "0",
          "waiting for each other: with n calls in service each is slower by 1 + sigma (n - 1) + "
          "kappa n (n - 1), at every moment",
          .max = 1000),
    PARAM(NUMBER, "kappa", struct station, kappa, "0",
          "agreeing with each other: what every pair of calls in service costs", .max = 1000),
    {0},
};

static const struct param pause_params[] = {
    PARAM(QUANTITY, "every", struct station, every, NULL,
          "time from the end of a pause to the next: a duration or a distribution",
          .unit = UNIT_TIME, .needs = "lasting"),
    PARAM(QUANTITY, "lasting", struct station, lasting, NULL,
          "length of a pause: a duration or a distribution", .unit = UNIT_TIME, .needs = "every"),
    {0},
};

static const struct param breakdown_params[] = {
    PARAM(QUANTITY, "mtbf", struct station, faults.mtbf, NULL,
          "mean time from a repair to the next failure, busy or idle: the mean of an exponential "
          "one, or a distribution",
          .unit = UNIT_TIME, .needs = "mttr"),
    PARAM(QUANTITY, "mttr", struct station, faults.mttr, NULL,
          "mean time of a repair: the mean of an exponential one, or a distribution",
          .unit = UNIT_TIME, .needs = "mtbf"),
    PARAM(CHOICE, "per", struct station, faults.per, "server",
          "what breaks: each server by itself, or the station as a whole", .choices = pers,
          .needs = "mtbf"),
    PARAM(CHOICE, "on_failure", struct station, faults.on_failure, "resume",
          "what was in service there: goes on after the repair, begins anew, or ends with an error",
          .choices = failures, .needs = "mtbf"),
    PARAM(INTEGER, "crews", struct station, faults.crews, "0",
          "servers that may be repaired at the same time, in the order in which they broke; 0: all",
          .max = 1e6, .needs = "mtbf"),
    {0},
};

static const struct param warm_params[] = {
    PARAM(TIME, "lasting", struct station, warm_lasting, "0s",
          "for so long after its replica became ready, or after the beginning, services take "
          "longer"),
    PARAM(NUMBER, "factor", struct station, warm_factor, "2",
          "by which a service is longer at first; it falls to 1 in a straight line", .min = 1,
          .max = 1e6, .needs = "lasting"),
    {0},
};

const struct param station_params[] = {
    PARAM(QUANTITY, "service", struct station, service, NULL, "time of one call on one server",
          .flags = REQUIRED | LIVE | WORK, .unit = UNIT_TIME),
    PARAM(INTEGER, "servers", struct station, count, NULL, "servers of its own (1)", .flags = LIVE,
          .min = 1, .max = 1e6),
    PARAM(REF, "on", struct station, on, NULL, "a pool whose servers it shares with others",
          .ref_kind = "pool"),
    PARAM(CHOICE, "discipline", struct station, discipline, "fifo",
          "who is served next; sjf: whose service is the shortest; edf: whose deadline is the "
          "earliest; ps: all at once, each with an equal share of the servers, one at most; "
          "adaptive_lifo: fifo, but the newest while the queue stands",
          .choices = discipline_names),
    PARAM(CHOICE, "preempt", struct station, preempt, "no",
          "may a call that should be served first interrupt the "
          "one that should be last? That one later goes on, or begins anew",
          .choices = preempts, .needs = "discipline",
          .only = 1 << QUEUE_LIFO | 1 << QUEUE_PRIORITY | 1 << QUEUE_SJF | 1 << QUEUE_EDF),
    PARAM(INTEGER, "max_sharing", struct station, max_sharing, "0",
          "calls that share at the same time; others wait; 0: all", .flags = LIVE, .max = 1e9,
          .needs = "discipline", .only = 1 << QUEUE_PS),
    PARAM(TIME, "lifo_after", struct station, room.lifo_after, "100ms",
          "the newest is served first when the queue has not been empty for longer than this",
          .flags = LIVE, .needs = "discipline", .only = 1 << QUEUE_ADAPTIVE),
    PARAM(TABLE, "queue", struct station, base, NULL, "the waiting room", .sub = queue_params),
    PARAM(TABLE, "contention", struct station, base, NULL,
          "calls in service slow each other down (universal scalability law)",
          .sub = contention_params),
    PARAM(TABLE, "pause", struct station, base, NULL,
          "the station stands still now and then, as for a garbage collection",
          .sub = pause_params),
    PARAM(TABLE, "breakdown", struct station, base, NULL, "servers break and are repaired",
          .sub = breakdown_params),
    PARAM(TABLE, "warm_up", struct station, base, NULL, "it is slow at first", .sub = warm_params),
    PARAM(QUANTITY, "setup", struct station, setup, NULL,
          "it is off when idle, and takes this long to be switched on when work comes; drawn for "
          "the call that comes",
          .unit = UNIT_TIME, .flags = WORK),
    PARAM(TIME, "idle", struct station, idle, "0s",
          "how long it is empty before it is switched off", .needs = "setup"),
    PARAM(NODE, "inner", struct station, inner, NULL,
          "what a call asks when its service is over, while it keeps its server; it ends as that "
          "answers",
          .flags = CHILD),
    {0},
};

const struct metric station_metrics[] = {
    METRIC(INTEGRAL, "queue", struct station, queued, "calls that wait, mean over time"),
    METRIC(SHARE, "utilization", struct station, busy, "share of the servers that are busy here",
           .offset2 = offsetof(struct station, own.capacity)),
    METRIC(COUNTER, "rejected", struct station, rejected,
           "calls refused because the queue was full"),
    METRIC(COUNTER, "shed", struct station, shed,
           "calls dropped from the queue: by max_wait or codel"),
    METRIC(COUNTER, "interrupted", struct station, interrupted, "services interrupted by others"),
    METRIC(COUNTER, "failures", struct station, failures, "breakdowns"),
    METRIC(INTEGRAL, "broken", struct station, faults.broken, "broken servers, mean over time"),
    METRIC(INTEGRAL, "outage", struct station, faults.outage,
           "share of time in which all servers are broken", .unit = UNIT_RATIO),
    METRIC(COUNTER, "setups", struct station, setups, "times it was switched on"),
    {0},
};

/* ---- what goes together */

static bool timeless(const struct quantity *q, const char *what, struct error *e) {
    if (!q || q->kind == QUANTITY_CONSTANT || q->kind == QUANTITY_DIST)
        return true;
    return error_set(e, "%s: it belongs to no call: give a duration or a distribution", what);
}

static bool pool_fits(const struct station *s, struct error *e) {
    const char *what = s->discipline == QUEUE_PS  ? "discipline = \"ps\""
                       : s->preempt != PREEMPT_NO ? "preempt"
                       : s->faults.mtbf           ? "breakdown"
                       : s->setup                 ? "setup"
                                                  : NULL;
    if (s->count)
        return error_set(e, "'servers' and 'on' exclude each other: the pool '%s' has the servers",
                         s->on->name);
    return !what || error_set(e,
                              "%s wants servers of its own; those of the pool '%s' serve others "
                              "as well",
                              what, s->on->name);
}

static bool ps_fits(const struct station *s, struct error *e) {
    bool ps = s->discipline == QUEUE_PS;
    if (ps && s->faults.mtbf && !s->faults.per && s->faults.on_failure != FAILURE_RESUME)
        return error_set(e, "breakdown: with discipline = \"ps\" a server that breaks has no call "
                            "of its own: use on_failure = \"resume\", or per = \"station\"");
    return true;
}

static bool inner_fits(const struct station *s, struct error *e) {
    const char *what = s->discipline == QUEUE_PS  ? "discipline = \"ps\""
                       : s->preempt != PREEMPT_NO ? "preempt"
                       : s->faults.mtbf           ? "breakdown"
                                                  : NULL;
    return !s->inner.to || !what ||
           error_set(e,
                     "a call that keeps its server for what is below it cannot be interrupted: "
                     "leave out %s",
                     what);
}

bool station_fits(const struct station *s, struct error *e) {
    if (s->on && !pool_fits(s, e))
        return false;
    return ps_fits(s, e) && inner_fits(s, e) && timeless(s->every, "pause.every", e) &&
           timeless(s->lasting, "pause.lasting", e) &&
           timeless(s->faults.mtbf, "breakdown.mtbf", e) &&
           timeless(s->faults.mttr, "breakdown.mttr", e);
}
