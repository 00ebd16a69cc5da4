/* An alert: a condition over a sliding window, or the rate at which an error budget burns.
 *
 * It looks ten times a window (with two of them the short one). `when` has to hold for
 * `pending_period` before the alert fires, and has to be gone for `keep_firing_for` before it
 * clears (Prometheus calls the first one "for", which is a word of Lua). With `slo` it follows
 * Google's SRE workbook (chapter 5, multiwindow burn rates): the share of failures is more than
 * burn_rate times what the objective allows, both over the window and over a short one, which lets
 * it clear soon after the trouble has ended. */
#include <math.h>
#include <string.h>

#include "agent/registry.h"
#include "core/sim.h"
#include "core/window.h"

struct alert {
    struct node base;
    struct condition *when;
    double slo, burn_rate;
    const char *sli;
    ns_t window_length, short_window, pending_period, keep_firing_for;

    ns_t step;
    struct window_condition condition;
    struct window good, recent; /* of the service level indicator: long and short window */
    struct event event, long_event;
    ns_t since; /* when the present run of equal answers began */
    bool held;
    struct moments moments;
    struct integral firing;
    uint64_t fired;
    uint64_t spent, allowed; /* of the error budget so far, in millionths of a request */
};

static struct alert *alert_of(struct node *n) {
    return container_of(n, struct alert, base);
}

/* ---- looking */

static bool burns(struct alert *a) {
    double most = a->burn_rate * (1 - a->slo);
    return 1 - window_value(&a->good) > most && 1 - window_value(&a->recent) > most;
}

/* Failures so far, and how many the objective allows among as many requests. */
static void count_budget(struct alert *a) {
    const struct metric_query *q = &a->recent.query;
    const struct metric_sums *s = a->recent.now;
    double all = q->what == WHAT_OWN ? s->bottom : (double)s->finished;
    double good = q->what == WHAT_OWN            ? s->top
                  : q->what == WHAT_AVAILABILITY ? (double)s->good
                                                 : (double)s->chosen;
    a->spent = (uint64_t)llround(1e6 * (all - good));
    a->allowed = (uint64_t)llround(1e6 * (1 - a->slo) * all);
}

static void turn_windows(struct alert *a) {
    if (a->when)
        window_condition_turn(&a->condition);
    else {
        window_turn(&a->recent);
        count_budget(a);
    }
}

static void turn_state(struct alert *a, bool on) {
    ns_t now = a->base.sim->clock.now;
    if (on == a->moments.on)
        return;
    moments_turn(&a->moments, now, on);
    integral_add(&a->firing, now, on ? 1 : -1);
    a->fired += on;
}

/* Ahead of a look at the same moment: it is planned a step of the long window before. */
static void turn_long(struct event *ev) {
    struct alert *a = container_of(ev, struct alert, long_event);
    window_turn(&a->good);
    event_at(&a->base.sim->clock, ev, a->base.sim->clock.now + a->good.step);
}

static void look(struct event *ev) {
    struct alert *a = container_of(ev, struct alert, event);
    ns_t now = a->base.sim->clock.now;
    turn_windows(a);
    bool holds = a->when ? window_condition_holds(&a->condition) : burns(a);
    if (holds != a->held)
        a->since = now;
    a->held = holds;
    ns_t lasted = now - a->since;
    if (lasted >= (holds ? a->pending_period : a->keep_firing_for))
        turn_state(a, holds);
    event_at(&a->base.sim->clock, ev, now + a->step);
}

static void start(struct node *n) {
    struct alert *a = alert_of(n);
    if (a->when)
        window_condition_start(&a->condition);
    else {
        window_start(&a->good);
        window_start(&a->recent);
    }
    a->since = n->sim->clock.now;
    event_init(&a->long_event, turn_long);
    if (a->slo > 0)
        event_at(&n->sim->clock, &a->long_event, a->since + a->good.step);
    event_init(&a->event, look);
    event_at(&n->sim->clock, &a->event, a->since + a->step);
}

/* ---- set-up */

static bool check_times(struct alert *a, struct error *e) {
    if (a->window_length < WINDOW_STEPS)
        return error_set(e, "window: it must be longer than 0");
    if (a->short_window >= a->window_length)
        return error_set(e,
                         "short_window: it must be shorter than the window, of which it confirms "
                         "the answer");
    return a->slo < 1 ||
           error_set(e, "slo: an objective of 100 %% leaves no budget that could burn");
}

static bool seal_burn(struct alert *a, struct error *e) {
    struct metric_ref sli;
    struct sim *sim = a->base.sim;
    ns_t brief = a->short_window ? a->short_window : a->window_length / 12;
    a->step = brief > WINDOW_STEPS ? brief / WINDOW_STEPS : 1;
    if (!metric_ref_parse(&sim->arena, a->sli, &sli, e) ||
        !window_init(&a->recent, sim, &sli, a->step, e) ||
        !window_init(&a->good, sim, &sli, a->window_length / WINDOW_STEPS, e))
        return error_prefix(e, "sli");
    const struct metric_query *q = &a->good.query;
    bool share = q->what == WHAT_AVAILABILITY || q->what == WHAT_SHARE ||
                 (q->what == WHAT_OWN && q->own_kind == METRIC_RATIO);
    return share ||
           error_set(e, "sli = \"%s\": it wants a share of good answers, such as availability",
                     a->sli);
}

static bool seal(struct node *n, struct error *e) {
    struct alert *a = alert_of(n);
    if ((a->when != NULL) == (a->slo > 0))
        return error_set(e,
                         "it wants either 'when', a condition, or 'slo', an objective whose error "
                         "budget burns");
    if (!check_times(a, e))
        return false;
    if (a->slo > 0)
        return seal_burn(a, e);
    a->step = a->window_length / WINDOW_STEPS;
    return window_condition_init(&a->condition, n->sim, a->when, a->step, e) ||
           error_prefix(e, "when");
}

static void release(struct node *n) {
    struct alert *a = alert_of(n);
    window_condition_release(&a->condition);
    window_release(&a->good);
    window_release(&a->recent);
}

static const struct param params[] = {
    PARAM(CONDITION, "when", struct alert, when, NULL,
          "fires while this holds over the window: any metric, of a component by its address",
          .flags = ONE_OF),
    PARAM(TIME, "window", struct alert, window_length, "60s",
          "sliding window of the condition or of the burn rate, looked at ten times"),
    PARAM(TIME, "pending_period", struct alert, pending_period, "0s",
          "how long it has to hold before the alert fires", .flags = LIVE),
    PARAM(TIME, "keep_firing_for", struct alert, keep_firing_for, "0s",
          "how long it has to be gone before the alert clears", .flags = LIVE),
    PARAM(RATIO, "slo", struct alert, slo, NULL,
          "objective whose error budget, the rest to 100 %, is watched: fires while it burns more "
          "than burn_rate times as fast as it may",
          .flags = ONE_OF),
    PARAM(NUMBER, "burn_rate", struct alert, burn_rate, "14.4",
          "14.4 spends 2 % of a 30 days' budget in an hour", .needs = "slo", .flags = LIVE,
          .min = 0.01, .max = 1e6),
    PARAM(TIME, "short_window", struct alert, short_window, NULL,
          "over which it has to burn as well; a twelfth of the window unless given",
          .needs = "slo"),
    PARAM(TEXT, "sli", struct alert, sli, "availability",
          "share of good answers that the objective is about, such as availability{class=human}",
          .needs = "slo"),
    {0},
};

static const struct metric metrics[] = {
    METRIC(FIRST, "first_fired", struct alert, moments,
           "from the beginning of the run, or of a phase, until it fires; if it does not, all of "
           "that time"),
    METRIC(LAST, "cleared", struct alert, moments,
           "until it last clears; all of the time if it still fires at the end, 0 if it never did"),
    METRIC(INTEGRAL, "firing", struct alert, firing, "share of time in which it fires",
           .unit = UNIT_RATIO),
    METRIC(PER, "budget_spent", struct alert, spent,
           "with slo: failures over what the objective allows among as many requests; above 1 the "
           "error budget is used up; as of the last look",
           .offset2 = offsetof(struct alert, allowed)),
    METRIC(COUNTER, "fired", struct alert, fired, "how often it begins to fire"),
    {0},
};

static bool check(struct node *n, struct error *e) {
    const struct alert *a = alert_of(n);
    return (a->firing.value == a->moments.on && event_pending(&a->event)) ||
           error_set(e, "it fires: %d; its metric says %lld", a->moments.on,
                     (long long)a->firing.value);
}

const struct node_type alert_type = {
    .kind = "alert",
    .summary =
        "fires while a condition holds over a window, or while an error budget burns too fast",
    .follows = "Prometheus alerting rules; multiwindow burn rates (Google SRE workbook)",
    .example = "alert { name = \"page\", when = \"latency.p99 > 80ms\", window = \"30s\" }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct alert),
    .flags = NODE_AGENT | NODE_RESOURCE,
    .ops = {.seal = seal, .start = start, .release = release, .check = check},
};
