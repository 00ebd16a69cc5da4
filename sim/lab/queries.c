/* What is measured: the list of metric expressions of a study. */
#include <stdio.h>
#include <string.h>

#include "core/address.h"
#include "core/blame.h"
#include "core/region.h"
#include "lab/study.h"

enum { TEXT = 640 };

/* The metric as text, without the label `case`: in canonical form, as the reference is. */
static void without_case(const struct metric_ref *in, char text[TEXT]) {
    size_t n = (size_t)snprintf(text, TEXT, "%s%s%s%s%s", in->address ? in->address : "",
                                in->address ? ":" : "", in->name, in->stat ? "." : "",
                                in->stat ? in->stat : "");
    int shown = 0;
    for (int i = 0; i < in->n_labels && n < TEXT - 140; i++)
        if (strcmp(in->label[i].key, "case"))
            n += (size_t)snprintf(text + n, TEXT - n, "%s%s=%s", shown++ ? "," : "{",
                                  in->label[i].key, in->label[i].value);
    snprintf(text + n, TEXT - n, "%s", shown ? "}" : "");
}

static void text_of(enum expr_kind kind, const char *metric, char text[TEXT]) {
    snprintf(text, TEXT,
             kind == EXPR_METRIC ? "%.600s"
             : kind == EXPR_MAX  ? "max(%.600s)"
                                 : "min(%.600s)",
             metric);
}

static int find(const struct study *s, const char *text) {
    for (uint32_t i = 0; i < s->n_queries; i++)
        if (!strcmp(s->queries[i].text, text))
            return (int)i;
    return -1;
}

/* The largest of what is kept for all replicas together would be that of all of them. */
static bool comparable(const struct study *s, enum expr_kind kind, const struct metric_query *q,
                       struct error *e) {
    for (uint32_t i = 0; kind != EXPR_METRIC && q->what == WHAT_BLAME && i < q->nodes.n; i++) {
        struct metric_query one = *q;
        one.nodes = (struct node_set){.at = q->nodes.at + i, .n = 1};
        if (!blame_bound(s->scenario.sim, &one, e))
            return false;
    }
    return true;
}

/* Adds a query unless it is there; checks it against the model. */
static bool add(struct study *s, enum expr_kind kind, const struct metric_ref *ref, bool listed,
                struct error *e) {
    struct arena *a = &s->scenario.sim->arena;
    struct query q = {.kind = kind, .listed = listed};
    struct metric_query bound;
    char metric[TEXT], text[TEXT];
    without_case(ref, metric);
    text_of(kind, metric, text);
    int at = find(s, text);
    if (at >= 0) {
        s->queries[at].listed = s->queries[at].listed || listed;
        return true;
    }
    if (!metric_ref_parse(a, metric, &q.ref, e) || !metric_bind(s->scenario.sim, &q.ref, &bound, e))
        return false;
    if (!comparable(s, kind, &bound, e))
        return error_prefix(e, "%s", text);
    q.text = arena_copy(a, text);
    q.unit = bound.unit;
    *mem_push(s->queries, s->n_queries, s->cap_queries) = q;
    return true;
}

/* Of the default list: what a model does not have is left out. */
__attribute__((format(printf, 3, 4))) static void list(struct study *s, enum expr_kind kind,
                                                       const char *format, ...) {
    char text[700];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    struct error ignored = {{0}};
    struct metric_ref ref;
    if (metric_ref_parse(&s->scenario.sim->arena, text, &ref, &ignored))
        add(s, kind, &ref, true, &ignored);
}

static void list_users(struct study *s, const char *labels, bool whole) {
    static const char *const always[] = {"latency.mean", "latency.p50", "latency.p90",
                                         "latency.p99",  "offered",     "goodput",
                                         "availability", "quality"};
    static const char *const rest[] = {"latency.p95", "latency.p999", "latency.max", "throughput",
                                       "in_flight"};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        list(s, EXPR_METRIC, "%s%s", always[i], labels);
    for (size_t i = 0; whole && i < sizeof rest / sizeof rest[0]; i++)
        list(s, EXPR_METRIC, "%s", rest[i]);
    for (int o = 0; o < OUTCOMES; o++) {
        char inner[200] = "";
        size_t n = strlen(labels);
        if (n > 2)
            snprintf(inner, sizeof inner, "%.*s,", (int)(n - 2), labels + 1);
        list(s, EXPR_METRIC, "share{%soutcome=%s}", inner, outcome_names[o]);
    }
}

static void list_all_users(struct study *s) {
    const struct sim *sim = s->scenario.sim;
    char labels[200];
    list_users(s, "", true);
    for (uint32_t i = 0; i < sim->n_classes && sim->n_classes > 1; i++) {
        snprintf(labels, sizeof labels, "{class=%s}", sim->classes[i].name);
        list_users(s, labels, false);
    }
    for (int i = 0; region_at(sim, i); i++) { /* those in which there are users */
        snprintf(labels, sizeof labels, "{region=%s}", region_at(sim, i)->name);
        list_users(s, labels, false);
    }
    for (uint32_t i = 0; i < sim->n_spans; i++) {
        snprintf(labels, sizeof labels, "{phase=%s}", sim->spans[i].name);
        list_users(s, labels, false);
    }
    list(s, EXPR_METRIC, "cost.per_hour");
    list(s, EXPR_METRIC, "cost.per_request");
}

static void list_node(struct study *s, const struct node *n, const char *address, bool pooled) {
    bool called = !(n->type->flags & NODE_RESOURCE);
    static const char *const calls[] = {"latency.mean", "latency.p50", "latency.p99", "offered",
                                        "in_flight"};
    for (size_t i = 0; called && i < sizeof calls / sizeof calls[0]; i++)
        list(s, EXPR_METRIC, "%s:%s", address, calls[i]);
    bool works = schema_works(n->type) && called;
    if (works && schema_metric(n->type, "queue")) {
        list(s, EXPR_METRIC, "%s:wait.mean", address);
        list(s, EXPR_METRIC, "%s:wait.p99", address);
        list(s, EXPR_METRIC, "%s:service.mean", address);
    }
    for (const struct metric *m = n->type->metrics; m && m->name; m++) {
        static const char *const stats[] = {".mean", ".p50", ".p99"};
        bool spread = m->kind == METRIC_SPREAD;
        for (int i = 0; i < (spread ? 3 : 1); i++)
            list(s, EXPR_METRIC, "%s:%s%s", address, m->name, spread ? stats[i] : "");
    }
    if (!pooled)
        return;
    static const char *const spread[] = {"latency.p99", "utilization", "queue"};
    for (size_t i = 0; i < 3; i++) {
        list(s, EXPR_MAX, "%s:%s", address, spread[i]);
        list(s, EXPR_MIN, "%s:%s", address, spread[i]);
    }
}

static void list_nodes(struct study *s, bool all) {
    const struct sim *sim = s->scenario.sim;
    char pooled[512];
    for (uint32_t i = 0; i < sim->n_order; i++) {
        const struct node *n = sim->order[i];
        if (n->type->flags & NODE_SOURCE && sim->n_roots == 1)
            continue; /* the same as the whole */
        enum place place = address_place(n);
        if (place == PLACE_FIRST) {
            address_pooled(n, pooled, sizeof pooled);
            list_node(s, n, pooled, true);
        }
        if (place == PLACE_ALONE || all)
            list_node(s, n, n->address, false);
    }
}

static bool add_expr(struct study *s, const struct expr *x, struct error *e);

static bool add_condition(struct study *s, const struct condition *c, struct error *e) {
    return add_expr(s, &c->left, e) && (!c->has_right || add_expr(s, &c->right, e));
}

static bool add_expr(struct study *s, const struct expr *x, struct error *e) {
    return x->kind == EXPR_FRACTION ? add_condition(s, x->inner, e)
                                    : add(s, x->kind, &x->metric, false, e);
}

static enum unit unit_of(const struct study *s, const struct expr *x) {
    if (x->kind == EXPR_FRACTION)
        return UNIT_RATIO;
    int q = study_query(s, x);
    return q < 0 ? UNIT_NONE : s->queries[q].unit;
}

/* "latency.p99 < 50%" compares a time with a share: refuse it. */
static bool units_agree(const struct study *s, const struct condition *c, struct error *e) {
    if (c->left.kind == EXPR_FRACTION && !units_agree(s, c->left.inner, e))
        return false;
    enum unit left = unit_of(s, &c->left);
    if (!c->relative && c->tolerance_unit != UNIT_NONE && c->tolerance_unit != left)
        return error_set(e, "condition \"%s\": the tolerance has the wrong unit", c->text);
    if (c->has_right) {
        enum unit right = unit_of(s, &c->right);
        return left == right ||
               error_set(e, "condition \"%s\": the two sides have different units", c->text);
    }
    bool ok =
        c->unit == UNIT_NONE || c->unit == left || (c->unit == UNIT_RATIO && left == UNIT_NONE);
    if (left == UNIT_RATIO && c->unit == UNIT_NONE && c->value > 1)
        return error_set(e, "condition \"%s\": a share is at most 1; did you mean %g%%?", c->text,
                         c->value);
    return ok || error_set(e, "condition \"%s\": the bound has the wrong unit", c->text);
}

bool queries_make(struct study *s, bool all_nodes, struct error *e) {
    list_all_users(s);
    list_nodes(s, all_nodes);
    const struct scenario *sc = &s->scenario;
    for (uint32_t i = 0; i < sc->n_slo; i++)
        if (!add_condition(s, sc->slo[i], e) || !units_agree(s, sc->slo[i], e))
            return error_prefix(e, "slo");
    for (uint32_t i = 0; i < sc->n_claims; i++) {
        const struct condition *c = sc->claims[i].condition;
        if (!add_condition(s, c, e) || !units_agree(s, c, e))
            return error_prefix(e, "%s: claim \"%s\"", sc->claims[i].where, sc->claims[i].text);
    }
    return true;
}

int study_query(const struct study *s, const struct expr *x) {
    char metric[TEXT], text[TEXT];
    if (x->kind == EXPR_FRACTION)
        return -1;
    without_case(&x->metric, metric);
    text_of(x->kind, metric, text);
    return find(s, text);
}
