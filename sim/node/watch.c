#include "node/watch.h"

#include <math.h>
#include <string.h>

#include "core/sim.h"

enum what {
    LATENCY,
    OFFERED,
    THROUGHPUT,
    GOODPUT,
    AVAILABILITY,
    SHARE,
    IN_FLIGHT,
    QUEUE,
    UTILIZATION
};
static const char *const whats[] = {"latency",      "offered", "throughput", "goodput",
                                    "availability", "share",   "in_flight",  "queue",
                                    "utilization",  NULL};
enum stat { MEAN, MIN, MAX, PERCENTILE };
static const char *const stats[] = {"mean", "min", "max"};

static const uint32_t all_outcomes = (1u << OUTCOMES) - 1;
static const uint32_t good_outcomes = 1u << OUTCOME_OK | 1u << OUTCOME_DEGRADED;

/* ---- the window */

static void clear(struct watch *w, struct watch_slot *k) {
    struct hist hist = k->hist;
    hist_take(&w->all, &hist);
    hist_clear(&hist);
    *k = (struct watch_slot){.hist = hist, .least = UINT64_MAX};
}

static uint64_t finished(const struct watch_slot *k, uint32_t outcomes) {
    uint64_t n = 0;
    for (int o = 0; o < OUTCOMES; o++)
        if (outcomes >> o & 1)
            n += k->by[o];
    return n;
}

static struct watch_slot total(const struct watch *w) {
    struct watch_slot t = {.least = UINT64_MAX};
    for (int i = 0; i < WATCH_SLOTS; i++) {
        const struct watch_slot *k = &w->slot[i];
        t.offered += k->offered;
        t.in_time += k->in_time;
        t.sum += k->sum;
        t.least = k->least < t.least ? k->least : t.least;
        t.most = k->most > t.most ? k->most : t.most;
        for (int o = 0; o < OUTCOMES; o++)
            t.by[o] += k->by[o];
    }
    return t;
}

void watch_answer(struct watch *w, const struct call *mine, enum outcome outcome) {
    ns_t now = w->owner->sim->clock.now;
    struct watch_slot *k = w->now;
    k->by[outcome]++;
    if (!outcome_good(outcome))
        return;
    uint64_t took = (uint64_t)(now - mine->start);
    k->in_time += now <= mine->deadline;
    k->sum += took;
    k->least = took < k->least ? took : k->least;
    k->most = took > k->most ? took : k->most;
    hist_add(&k->hist, took);
    hist_add(&w->all, took);
}

bool watch_due(const struct watch *w) {
    return w->owner->sim->clock.now >= w->next;
}

/* Place k of the gauges' rings is read at the end of the sub-windows k, k + 10, …: until the end of
 * the present one is marked, its place holds the beginning of the window. */
static uint32_t place(uint64_t turn) {
    return (uint32_t)(turn % WATCH_SLOTS);
}

static void mark(struct watch *w, struct watched *t, ns_t end) {
    for (uint32_t i = 0; i < t->n_gauges; i++)
        gauge_mark(&t->gauge[i], place(w->turns + 1), end);
}

/* The present sub-window is over. */
static void step(struct watch *w) {
    mark(w, &w->left, w->next);
    mark(w, &w->right, w->next);
    w->turns++;
    w->next += w->tenth;
}

void watch_turn(struct watch *w, bool idle) {
    bool empty = !w->now->offered && !finished(w->now, all_outcomes);
    w->silent = empty ? w->silent + (w->silent <= WATCH_SLOTS) : 0;
    ns_t skip = 0;
    if (idle && w->silent > WATCH_SLOTS)
        skip = (w->owner->sim->clock.now - w->next) / w->tenth;
    if (skip > WATCH_SLOTS) { /* the last ten are all that is remembered */
        w->turns += (uint64_t)(skip - WATCH_SLOTS);
        w->next += (skip - WATCH_SLOTS) * w->tenth;
        skip = WATCH_SLOTS;
    }
    for (ns_t i = 0; i <= skip; i++)
        step(w);
    w->now = &w->slot[place(w->turns)];
    clear(w, w->now);
}

/* ---- values */

static const enum probe probes[] = {
    [IN_FLIGHT] = PROBE_IN_FLIGHT, [QUEUE] = PROBE_QUEUE, [UTILIZATION] = PROBE_UTILIZATION};

static double ask(const struct watch *w, const struct watched *t) {
    double sum = 0, least = INFINITY, most = -INFINITY;
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n_gauges; i++) {
        const struct presence *presence = t->gauge[i].node->presence;
        if (presence && presence->gone && t->what == UTILIZATION) /* there is nothing to be busy */
            continue;
        n++;
        double x = gauge_average(&t->gauge[i], place(w->turns + 1), w->next, probes[t->what]);
        sum += x;
        least = fmin(least, x);
        most = fmax(most, x);
    }
    if (t->pooling == EXPR_MAX || t->pooling == EXPR_MIN)
        return t->pooling == EXPR_MAX ? most : least;
    return t->what == UTILIZATION ? sum / n : sum;
}

static double latency(const struct watch *w, const struct watched *t, const struct watch_slot *k) {
    if (!w->all.total)
        return NAN;
    switch ((enum stat)t->stat) {
    case MEAN:
        return (double)k->sum / (double)w->all.total * 1e-9;
    case MIN:
        return (double)k->least * 1e-9;
    case MAX:
        return (double)k->most * 1e-9;
    case PERCENTILE:
        break;
    }
    return hist_quantile(&w->all, t->p) * 1e-9;
}

static double share(const struct watch_slot *k, uint32_t outcomes) {
    uint64_t n = finished(k, all_outcomes);
    return n ? (double)finished(k, outcomes) / (double)n : (double)NAN;
}

/* NaN when there is nothing to go by. Right after the start the window is shorter. */
static double value(const struct watch *w, const struct watched *t, const struct watch_slot *k) {
    ns_t age = w->next - w->began;
    double span = ns_to_s(age < w->window ? age : w->window);
    if (t->n_gauges)
        return ask(w, t);
    switch ((enum what)t->what) {
    case LATENCY:
        return latency(w, t, k);
    case OFFERED:
        return (double)k->offered / span;
    case THROUGHPUT:
        return (double)finished(k, all_outcomes) / span;
    case GOODPUT:
        return (double)k->in_time / span;
    case AVAILABILITY:
        return share(k, good_outcomes);
    case SHARE:
        return share(k, t->outcomes);
    default:
        return NAN;
    }
}

bool watch_holds(const struct watch *w) {
    struct watch_slot k = total(w);
    double x = value(w, &w->left, &k), bound = w->when->value;
    if (w->when->has_right)
        bound = w->when->factor * value(w, &w->right, &k);
    return condition_compare(w->when, x, bound); /* which NaN never satisfies */
}

/* ---- binding */

static bool bind_outcomes(struct watched *t, const struct metric_ref *m, struct error *e) {
    const char *text = metric_label(m, "outcome");
    if (m->n_labels != 1 || !text)
        return error_set(e, "when: share wants one label, the outcome: share{outcome=error}");
    while (*text) {
        size_t n = strcspn(text, "|");
        uint32_t found = n == 1 && *text == '*' ? all_outcomes : 0;
        for (int o = 0; o < OUTCOMES; o++)
            if (strlen(outcome_names[o]) == n && !strncmp(outcome_names[o], text, n))
                found |= 1u << o;
        if (!found)
            return error_set(e, "when: there is no outcome '%.*s'", (int)n, text);
        t->outcomes |= found;
        text += n + (text[n] == '|');
    }
    return true;
}

static bool bind_stat(struct watched *t, const struct metric_ref *m, struct error *e) {
    if (t->what != LATENCY)
        return !m->stat || !strcmp(m->stat, "mean") ||
               error_set(e, "when: '%s' takes no statistic", m->name);
    if (!m->stat)
        return error_set(e, "when: latency is a distribution; say which statistic: latency.mean, "
                            "latency.p99");
    for (t->stat = MEAN; t->stat < PERCENTILE; t->stat++)
        if (!strcmp(m->stat, stats[t->stat]))
            return true;
    t->p = stat_percentile(m->stat);
    return !isnan(t->p) ||
           error_set(
               e,
               "when: unknown statistic '%s'; there are mean, min, max and percentiles such as p99",
               m->stat);
}

static bool bind_what(struct watched *t, const struct metric_ref *m, struct error *e) {
    for (t->what = 0; whats[t->what] && strcmp(whats[t->what], m->name);)
        t->what++;
    if (!whats[t->what])
        return error_set(
            e,
            "when: '%s' cannot be watched; it is latency, offered, throughput, goodput, "
            "availability, share{outcome=…} or in_flight of what passes through here, or "
            "queue, in_flight or utilization of a component with its address",
            m->name);
    if (m->address && t->what < IN_FLIGHT)
        return error_set(e, "when: %s is measured here, on its own calls; leave the address out",
                         m->name);
    if (!m->address && t->what > IN_FLIGHT)
        return error_set(e, "when: %s wants the address of a component, such as backend:%s",
                         m->name, m->name);
    if (t->what == SHARE)
        return bind_outcomes(t, m, e);
    return !m->n_labels ||
           error_set(e, "when: it watches all that passes through here; %s takes no label",
                     m->name);
}

static bool bind(struct watch *w, struct watched *t, const struct expr *x, struct error *e) {
    if (x->kind == EXPR_FRACTION)
        return error_set(e,
                         "when: fraction(…) counts replications; it has no meaning within a run");
    const struct metric_ref *m = &x->metric;
    if (!bind_what(t, m, e) || !bind_stat(t, m, e))
        return false;
    t->pooling = x->kind;
    if (x->kind != EXPR_METRIC && !m->address)
        return error_set(e, "when: max(…) and min(…) compare components; %s has no address",
                         m->name);
    return !m->address || address_find(w->owner->sim, m->address, &t->nodes, e) ||
           error_prefix(e, "when");
}

static bool check_bound(const struct watch *w, struct error *e) {
    const struct condition *c = w->when;
    int what = w->left.what;
    bool ratio = what == AVAILABILITY || what == SHARE || what == UTILIZATION;
    enum unit unit = what == LATENCY ? UNIT_TIME : ratio ? UNIT_RATIO : UNIT_NONE;
    bool plain = c->unit == UNIT_NONE && (!ratio || c->value <= 1);
    return c->has_right || c->unit == unit || plain ||
           error_set(e, "when: \"%s\": the bound should be %s", c->text,
                     ratio               ? "a ratio: 0 to 1, or such as 50%"
                     : unit == UNIT_TIME ? "a duration such as 40ms"
                                         : "a plain number");
}

/* ---- life */

static void make_gauges(struct watched *t, struct node *owner) {
    if (t->what < IN_FLIGHT)
        return;
    t->n_gauges = t->nodes.n ? t->nodes.n : 1;
    t->gauge = arena_alloc(&owner->sim->arena, t->n_gauges * sizeof *t->gauge);
}

bool watch_seal(struct watch *w, struct node *owner, const struct condition *when, ns_t window,
                struct error *e) {
    *w = (struct watch){.owner = owner, .when = when, .window = window};
    hist_init(&w->all, HIST_COARSE);
    for (int i = 0; i < WATCH_SLOTS; i++) {
        hist_init(&w->slot[i].hist, HIST_COARSE);
        w->slot[i].least = UINT64_MAX;
    }
    w->now = w->slot;
    w->tenth = window / WATCH_SLOTS > 0 ? window / WATCH_SLOTS : 1;
    if (!bind(w, &w->left, &when->left, e) ||
        (when->has_right && !bind(w, &w->right, &when->right, e)) || !check_bound(w, e))
        return false;
    make_gauges(&w->left, owner);
    if (when->has_right)
        make_gauges(&w->right, owner);
    return true;
}

/* Whether there are answers is known only once all is sealed. */
static void find_gauges(struct watch *w, struct watched *t) {
    for (uint32_t i = 0; i < t->n_gauges; i++) {
        struct node *n = t->nodes.n ? t->nodes.at[i] : w->owner;
        if (gauge_find(&t->gauge[i], n, probes[t->what])) {
            gauge_start(&t->gauge[i]);
            continue;
        }
        sim_fail(w->owner->sim, "%s: %s: when: '%s' has no %s", w->owner->where, w->owner->address,
                 n->address, whats[t->what]);
        t->n_gauges = 0;
    }
}

void watch_start(struct watch *w) {
    w->began = w->owner->sim->clock.now;
    w->next = w->began + w->tenth;
    find_gauges(w, &w->left);
    find_gauges(w, &w->right);
}

void watch_release(struct watch *w) {
    for (int i = 0; i < WATCH_SLOTS; i++)
        hist_release(&w->slot[i].hist);
    hist_release(&w->all);
}
