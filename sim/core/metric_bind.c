/* Binding: what a metric reference means in a sealed model. */
#include "core/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/blame.h"
#include "core/group.h"
#include "core/region.h"
#include "core/sim.h"

static const struct {
    const char *name;
    enum metric_what what;
    enum unit unit;
    bool distribution;
} built_in[] = {
    {"latency", WHAT_LATENCY, UNIT_TIME, true},
    {"wait", WHAT_PHASE, UNIT_TIME, true},
    {"service", WHAT_PHASE, UNIT_TIME, true},
    {"network", WHAT_PHASE, UNIT_TIME, true},
    {"backoff", WHAT_PHASE, UNIT_TIME, true},
    {"stall", WHAT_PHASE, UNIT_TIME, true},
    {"calls", WHAT_CALLS, UNIT_NONE, false},
    {"offered", WHAT_OFFERED, UNIT_RATE, false},
    {"throughput", WHAT_THROUGHPUT, UNIT_RATE, false},
    {"goodput", WHAT_GOODPUT, UNIT_RATE, false},
    {"availability", WHAT_AVAILABILITY, UNIT_RATIO, false},
    {"quality", WHAT_QUALITY, UNIT_RATIO, false},
    {"share", WHAT_SHARE, UNIT_RATIO, false},
    {"in_flight", WHAT_IN_FLIGHT, UNIT_NONE, false},
    {"cost", WHAT_COST, UNIT_MONEY, false},
    {"blame", WHAT_BLAME, UNIT_RATIO, true},
};
enum { BUILT_IN = sizeof built_in / sizeof built_in[0] };

struct names {
    const struct sim *sim;
    const struct node_set *nodes;
};

static const char *metric_name_at(const void *ctx, int i) {
    const struct names *x = ctx;
    if (i < BUILT_IN)
        return built_in[i].name;
    i -= BUILT_IN;
    for (uint32_t k = 0; k < x->nodes->n; k++)
        for (const struct metric *m = x->nodes->at[k]->type->metrics; m && m->name; m++)
            if (i-- == 0)
                return m->name;
    return NULL;
}

/* Only groups cost something. */
static bool has_cost(const struct metric_query *q) {
    for (uint32_t i = 0; i < q->nodes.n; i++)
        if (q->nodes.at[i]->type == &replicas_type)
            return true;
    return q->whole;
}

/* Keeps the nodes for which the metric means something: callable ones for what is built in, those
 * that have it for the others. */
static void keep_fitting(struct metric_query *q) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->nodes.n; i++) {
        struct node *node = q->nodes.at[i];
        if (q->what == WHAT_OWN ? schema_metric(node->type, q->own) != NULL
                                : !(node->type->flags & NODE_RESOURCE) || q->what == WHAT_COST)
            q->nodes.at[n++] = node;
    }
    q->nodes.n = n;
}

static bool bind_name(const struct metric_ref *ref, struct metric_query *q, bool *distribution) {
    for (int i = 0; i < BUILT_IN; i++)
        if (!strcmp(built_in[i].name, ref->name)) {
            q->what = built_in[i].what;
            q->unit = built_in[i].unit;
            *distribution = built_in[i].distribution;
            for (int p = 0; p < PHASES; p++)
                if (!strcmp(phase_names[p], ref->name))
                    q->phase = (enum phase)p;
            return true;
        }
    for (uint32_t i = 0; i < q->nodes.n; i++) {
        const struct metric *m = schema_metric(q->nodes.at[i]->type, ref->name);
        if (!m)
            continue;
        q->what = WHAT_OWN;
        q->own = m->name;
        q->own_kind = m->kind;
        *distribution = m->kind == METRIC_SPREAD;
        q->unit = m->kind == METRIC_SHARE || m->kind == METRIC_RATIO ? UNIT_RATIO
                  : m->kind == METRIC_COUNTER                        ? UNIT_RATE
                  : m->kind == METRIC_FIRST || m->kind == METRIC_LAST || m->kind == METRIC_SPREAD
                      ? UNIT_TIME
                      : UNIT_NONE;
        if (m->unit != UNIT_NONE)
            q->unit = m->unit;
        return true;
    }
    return false;
}

static bool bind_stat(const struct metric_ref *ref, struct metric_query *q, bool distribution,
                      struct error *e) {
    if (q->what == WHAT_COST) {
        q->cost_per_request = ref->stat && !strcmp(ref->stat, "per_request");
        if (ref->stat && (q->cost_per_request || !strcmp(ref->stat, "per_hour")))
            return true;
        return error_set(e, "metric %s: it is cost.per_request or cost.per_hour", ref->text);
    }
    if (!distribution) {
        if (!ref->stat || !strcmp(ref->stat, "mean"))
            return true;
        return error_set(e, "metric %s: '%s' takes no statistic", ref->text, ref->name);
    }
    if (!ref->stat)
        return error_set(e,
                         "metric %s: '%s' is a distribution; say which statistic: %s.mean, %s.p99",
                         ref->text, ref->name, ref->name, ref->name);
    if (q->what == WHAT_BLAME && isnan(stat_percentile(ref->stat)))
        return error_set(e,
                         "metric %s: say of which requests: blame.p99 is the share of the time of "
                         "the slowest 1 %%",
                         ref->text);
    static const char *const stats[] = {"mean", "sd", "min", "max"};
    static const enum metric_stat kinds[] = {STAT_MEAN, STAT_SD, STAT_MIN, STAT_MAX};
    for (int i = 0; i < 4; i++)
        if (!strcmp(ref->stat, stats[i])) {
            q->stat = kinds[i];
            return true;
        }
    q->stat = STAT_PERCENTILE;
    q->p = stat_percentile(ref->stat);
    if (q->what == WHAT_LATENCY || !isnan(q->p))
        return !isnan(q->p) ||
               error_set(e,
                         "metric %s: unknown statistic '%s'; there are mean, sd, min, max "
                         "and percentiles such as p99 or p999 (99.9 %%)",
                         ref->text, ref->stat);
    return error_set(e, "metric %s: unknown statistic '%s'", ref->text, ref->stat);
}

/* Walks "a|b|*" and gives a mask over `count` names. */
static bool mask_of(const char *text, const char *(*name)(const void *, int), const void *ctx,
                    uint64_t *mask, const char **bad) {
    char word[64];
    *mask = 0;
    while (*text) {
        size_t n = strcspn(text, "|");
        snprintf(word, sizeof word, "%.*s", (int)n, text);
        bool found = !strcmp(word, "*");
        for (int i = 0; name(ctx, i); i++)
            if (!strcmp(word, "*") || !strcmp(word, name(ctx, i))) {
                *mask |= (uint64_t)1 << i;
                found = true;
            }
        if (!found) {
            *bad = text; /* up to the next '|' */
            return false;
        }
        text += n + (text[n] == '|');
    }
    return true;
}

static const char *class_at(const void *ctx, int i) {
    const struct sim *sim = ctx;
    return (uint32_t)i < sim->n_classes ? sim->classes[i].name : NULL;
}
static const char *span_at(const void *ctx, int i) {
    const struct sim *sim = ctx;
    return (uint32_t)i < sim->n_spans ? sim->spans[i].name : NULL;
}
static const char *plain_at(const void *ctx, int i) {
    return ((const char *const *)ctx)[i];
}

static bool bad_label(const struct metric_ref *ref, const char *key, const char *bad,
                      const char *(*name)(const void *, int), const void *ctx, struct error *e) {
    char list[300] = "";
    size_t n = 0;
    for (int i = 0; name(ctx, i) && n < 250; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", name(ctx, i));
    return error_set(e, "metric %s: there is no %s '%.*s'%s%s", ref->text, key,
                     (int)strcspn(bad, "|"), bad, n ? "; there are " : "", list);
}

static uint64_t segments_of_spans(const struct sim *sim, uint64_t spans) {
    uint64_t mask = 0;
    for (uint32_t s = 1; s < sim->n_segments; s++)
        for (uint32_t i = 0; i < sim->n_spans; i++) {
            ns_t from = sim_clock_of(sim, sim->spans[i].from), to = sim->spans[i].to;
            to = to >= NS_LIMIT ? NS_NEVER : sim_clock_of(sim, to);
            if ((spans >> i & 1) && sim->cut[s] >= from && sim->cut[s] < to)
                mask |= (uint64_t)1 << s;
        }
    return mask;
}

static const char *region_name_at(const void *ctx, int i) {
    const struct node *n = region_at(ctx, i);
    return n ? n->name : NULL;
}

/* Keeps the workloads whose users are in one of the regions. */
static bool bind_region(const struct sim *sim, const struct metric_ref *ref, struct metric_query *q,
                        struct error *e) {
    const char *v = metric_label(ref, "region"), *bad = NULL;
    uint64_t mask;
    uint32_t n = 0;
    if (!v)
        return true;
    if (!region_at(sim, 0))
        return error_set(e, "metric %s: the model has no regions", ref->text);
    if (!q->whole || q->what == WHAT_COST)
        return error_set(e,
                         "metric %s: the label 'region' is where users are, and known of them "
                         "alone; what is served in eu is eu:latency.p99",
                         ref->text);
    if (!mask_of(v, region_name_at, sim, &mask, &bad))
        return bad_label(ref, "region", bad, region_name_at, sim, e);
    for (uint32_t i = 0; i < q->nodes.n; i++)
        for (int r = 0; region_at(sim, r); r++)
            if ((mask >> r & 1) && q->nodes.at[i]->home == region_at(sim, r))
                q->nodes.at[n++] = q->nodes.at[i];
    q->nodes.n = n;
    return n || error_set(e, "metric %s: no workload says region = \"%s\"", ref->text, v);
}

static bool bind_labels(const struct sim *sim, const struct metric_ref *ref, struct metric_query *q,
                        struct error *e) {
    const char *v, *bad = NULL;
    uint64_t mask;
    q->classes = UINT64_MAX;
    q->results = UINT64_MAX;
    q->segments = (((uint64_t)1 << sim->n_segments) - 1) & ~(uint64_t)1;
    q->outcomes = 1u << OUTCOME_OK | 1u << OUTCOME_DEGRADED;
    if ((v = metric_label(ref, "class"))) {
        if (!mask_of(v, class_at, sim, &q->classes, &bad))
            return bad_label(ref, "class", bad, class_at, sim, e);
    }
    if ((v = metric_label(ref, "phase"))) {
        if (!mask_of(v, span_at, sim, &mask, &bad))
            return bad_label(ref, "phase", bad, span_at, sim, e);
        q->segments = segments_of_spans(sim, mask);
    }
    if ((v = metric_label(ref, "outcome"))) {
        if (!mask_of(v, plain_at, outcome_names, &mask, &bad))
            return bad_label(ref, "outcome", bad, plain_at, outcome_names, e);
        q->outcomes = (uint32_t)mask;
        q->outcomes_given = true;
    }
    if ((v = metric_label(ref, "result"))) {
        const char *const *names = q->nodes.n ? q->nodes.at[0]->type->results : NULL;
        static const char *const none[] = {NULL};
        if (!mask_of(v, plain_at, names ? names : none, &q->results, &bad))
            return bad_label(ref, "result", bad, plain_at, names ? names : none, e);
    }
    return bind_region(sim, ref, q, e);
}

static bool labels_fit(const struct metric_ref *ref, const struct metric_query *q,
                       struct error *e) {
    bool timed = q->what == WHAT_OWN || q->what == WHAT_IN_FLIGHT || q->what == WHAT_COST;
    bool before_the_end = q->what == WHAT_OFFERED || q->what == WHAT_PHASE;
    bool of_good =
        q->what == WHAT_GOODPUT || q->what == WHAT_AVAILABILITY || q->what == WHAT_QUALITY;
    static const char *const per_call[] = {"class", "outcome", "result"};
    bool blame = q->what == WHAT_BLAME;
    const bool unkept[] = {timed, timed || before_the_end || of_good || blame,
                           timed || before_the_end || blame};
    for (int i = 0; i < 3; i++)
        if (unkept[i] && metric_label(ref, per_call[i]))
            return error_set(e, "metric %s: '%s' is not kept by %s", ref->text, ref->name,
                             per_call[i]);
    if (blame && !ref->address)
        return error_set(e, "metric %s: say whom: the blame of a component begins with its address",
                         ref->text);
    if (q->what == WHAT_SHARE && !q->outcomes_given && q->results == UINT64_MAX)
        return error_set(e, "metric %s: say the share of what: share{outcome=shed}", ref->text);
    return true;
}

bool metric_bind(struct sim *sim, const struct metric_ref *ref, struct metric_query *q,
                 struct error *e) {
    bool distribution = false;
    *q = (struct metric_query){.p = NAN, .whole = !ref->address};
    if (ref->address) {
        if (!address_find(sim, ref->address, &q->nodes, e))
            return error_prefix(e, "metric %s", ref->text);
    } else
        for (uint32_t i = 0; i < sim->n_roots; i++)
            *arena_push(&sim->arena, q->nodes.at, q->nodes.n, q->nodes.cap) = sim->roots[i];
    bool ok = bind_name(ref, q, &distribution);
    if (!ok) {
        struct names x = {sim, &q->nodes};
        const char *near = error_nearest(ref->name, metric_name_at, &x);
        if (near)
            error_set(e, "metric %s: unknown metric '%s'; did you mean '%s'?", ref->text, ref->name,
                      near);
        else
            error_set(e, "metric %s: unknown metric '%s'%s", ref->text, ref->name,
                      ref->address ? ""
                                   : " of the whole system; metrics of a component begin with its "
                                     "address, such as cache:hit_ratio");
    }
    ok = ok && bind_stat(ref, q, distribution, e) && bind_labels(sim, ref, q, e) &&
         labels_fit(ref, q, e);
    if (ok)
        keep_fitting(q);
    if (ok && (!q->nodes.n || (q->what == WHAT_COST && !has_cost(q))))
        ok = error_set(e, "metric %s: nothing at '%s' has a '%s'", ref->text, ref->address,
                       ref->name);
    if (ok && q->what == WHAT_BLAME && !blame_bound(sim, q, e))
        ok = error_prefix(e, "metric %s", ref->text);
    return ok;
}
