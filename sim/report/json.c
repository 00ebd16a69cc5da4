#include "report/json.h"

#include <math.h>
#include <string.h>

#include "agent/fault.h"
#include "base/mem.h"
#include "base/units.h"
#include "core/group.h"

/* Everything hangs on the root from the moment it exists, as running out of memory is a jump. Both
 * take over `value` and return it. */
static json_t *set(json_t *o, const char *key, json_t *value) {
    if (json_object_set_new(o, key, value))
        mem_out(0);
    return value;
}

static json_t *append(json_t *list, json_t *value) {
    if (json_array_append_new(list, value))
        mem_out(0);
    return value;
}

/* The name of a file may be any bytes. */
static json_t *file_name(const char *name) {
    char plain[4096];
    json_t *text = json_string(name);
    if (text)
        return text;
    snprintf(plain, sizeof plain, "%s", name);
    for (char *c = plain; *c; c++)
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    return json_string(plain);
}

static json_t *number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *interval(struct interval ci) {
    if (!isfinite(ci.lo) || !isfinite(ci.hi))
        return json_null();
    return json_pack("[f, f]", ci.lo, ci.hi);
}

static void knobs(json_t *o, const struct scenario *s) {
    for (uint32_t i = 0; i < s->n_knobs; i++) {
        const struct knob *k = &s->knobs[i];
        set(o, k->name,
            k->is_text   ? json_string(k->text)
            : k->is_bool ? json_boolean(k->number != 0)
                         : number(k->number));
    }
}

static void requests(json_t *o, const struct case_result *c) {
    uint64_t start = 0, offered = 0, finished = 0, end = 0, by[OUTCOMES] = {0};
    for (uint32_t i = 0; i < c->n; i++) {
        const struct replication *r = &c->rep[i];
        start += r->at_start, offered += r->offered, finished += r->finished, end += r->at_end;
        for (int k = 0; k < OUTCOMES; k++)
            by[k] += r->by_outcome[k];
    }
    set(o, "in_flight_at_start", json_integer((json_int_t)start));
    set(o, "offered", json_integer((json_int_t)offered));
    set(o, "finished", json_integer((json_int_t)finished));
    set(o, "in_flight_at_end", json_integer((json_int_t)end));
    json_t *outcomes = set(o, "by_outcome", json_object());
    for (int i = 0; i < OUTCOMES; i++)
        set(outcomes, outcome_names[i], json_integer((json_int_t)by[i]));
}

static void metric(json_t *o, const struct study *s, const struct case_result *c, uint32_t q) {
    struct estimate e = study_estimate(s, c, q);
    const char *why = study_why(s, c, q);
    uint64_t sample = study_sample(c, q);
    bool batched = s->batches && !why;
    set(o, "value", e.used ? number(e.mean) : json_null());
    if (e.used) {
        set(o, "ci95", interval(e.ci));
        set(o, "n", json_integer((json_int_t)(batched ? 1 : e.used)));
    }
    set(o, "unit", json_string(unit_symbol(s->queries[q].unit)));
    if (e.used && batched)
        set(o, "batches", json_integer((json_int_t)e.used));
    if (e.used && sample)
        set(o, "sample", json_integer((json_int_t)sample));
    if (why)
        set(o, e.used ? "why_no_ci95" : "why", json_string(why));
    if (e.used && !batched && e.used < c->n)
        set(o, "without_value", json_integer((json_int_t)(c->n - e.used)));
}

static void metrics(json_t *o, const struct study *s, const struct case_result *c) {
    for (uint32_t i = 0; i < s->n_queries; i++)
        metric(set(o, s->queries[i].text, json_object()), s, c, i);
}

static void nodes(json_t *list, const struct sim *sim) {
    for (uint32_t i = 0; i < sim->n_order; i++) {
        const struct node *n = sim->order[i];
        json_t *o =
            append(list, json_pack("{s:s, s:s}", "address", n->address, "kind", n->type->kind));
        json_t *children = set(o, "children", json_array());
        for (uint32_t k = 0; k < n->n_out; k++)
            append(children, json_string(n->out[k]->to->address));
    }
}

static void edges(json_t *list, const struct sim *sim) {
    for (uint32_t i = 0; i < sim->n_order; i++)
        for (uint32_t k = 0; k < sim->order[i]->n_out; k++) {
            const struct edge *e = sim->order[i]->out[k];
            json_t *o = json_pack("{s:s, s:s}", "from", e->from->address, "to", e->to->address);
            if (e->home) /* one of several between the two: for those who are there */
                set(o, "home", json_string(e->home->address));
            append(list, o);
        }
}

static void claims(json_t *list, const struct study *s) {
    for (uint32_t i = 0; i < s->scenario.n_claims; i++) {
        const struct claim *c = &s->scenario.claims[i];
        struct decision d = s->decisions[i];
        json_t *o = append(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:f}", "text", c->text,
                            "condition", c->condition->text, "case",
                            c->in_case ? c->in_case : "base", "verdict", verdict_names[d.verdict],
                            "expected", verdict_names[c->expect], "value", number(d.value), "ci95",
                            interval(d.ci), "n", (json_int_t)d.n, "confidence", d.confidence));
        if (c->because)
            set(o, "because", json_string(c->because));
        if (d.why[0])
            set(o, "why", json_string(d.why));
    }
}

static void slo(json_t *list, const struct study *s, const struct case_result *c) {
    for (uint32_t i = 0; i < s->scenario.n_slo; i++) {
        const struct condition *x = s->scenario.slo[i];
        struct decision d = claim_decide(s, x, c->name, 0.95);
        append(list, json_pack("{s:s, s:s, s:o, s:s, s:o}", "condition", s->scenario.slo_text[i],
                               "metric", x->left.kind == EXPR_METRIC ? x->left.metric.text : "",
                               "bound", number(d.bound), "verdict", verdict_names[d.verdict],
                               "value", number(d.value)));
    }
}

static void spans(json_t *list, const struct scenario *s) {
    for (uint32_t i = 0; i < s->n_phases; i++)
        append(list, json_pack("{s:s, s:f, s:f}", "name", s->phases[i].name, "from_s",
                               ns_to_s(s->phases[i].from), "to_s", ns_to_s(s->phases[i].to)));
}

static void faults(json_t *list, const struct sim *sim) {
    enum { ROOM = 64 };
    struct fault_info info[ROOM];
    uint32_t n = fault_list(sim, info, ROOM);
    for (uint32_t i = 0; i < n && i < ROOM; i++) {
        bool timed = info[i].from != NS_NEVER;
        append(list, json_pack("{s:s, s:o, s:o}", "text", info[i].text, "from_s",
                               timed ? json_real(ns_to_s(info[i].from)) : json_null(), "to_s",
                               timed && info[i].to < NS_LIMIT ? json_real(ns_to_s(info[i].to))
                                                              : json_null()));
    }
}

static double value_of(const struct study *s, const struct case_result *c, const char *text) {
    for (uint32_t i = 0; i < s->n_queries; i++)
        if (!strcmp(s->queries[i].text, text))
            return study_estimate(s, c, i).mean;
    return NAN;
}

static void cost(json_t *o, const struct study *s, const struct case_result *c) {
    double per_hour = value_of(s, c, "cost.per_hour"), each = value_of(s, c, "cost.per_request");
    const struct sim *sim = s->scenario.sim;
    set(o, "per_hour", number(per_hour));
    set(o, "per_request", number(each));
    json_t *items = set(o, "items", json_array());
    for (uint32_t i = 0; i < sim->n_order; i++)
        if (group_price(sim->order[i]) > 0) {
            char metric_name[600];
            snprintf(metric_name, sizeof metric_name, "%s:provisioned", sim->order[i]->address);
            double replicas = value_of(s, c, metric_name);
            append(items,
                   json_pack("{s:s, s:f, s:o}", "group", sim->order[i]->address, "per_replica_hour",
                             group_price(sim->order[i]), "replicas", number(replicas)));
        }
}

static void saturated(json_t *list, const struct case_result *c) {
    for (uint32_t i = 0; i < c->n_grows; i++)
        append(list, json_pack("{s:s, s:f, s:f}", "node", c->grows[i].node, "growth_per_s",
                               c->grows[i].per_second, "share_of_arrivals", c->grows[i].share));
}

struct job {
    const struct study *s;
    const struct case_result *c;
    const char *scenario;
    bool with_claims;
    json_t *root;
};

static bool fill(void *ctx, struct error *e) {
    const struct job *j = ctx;
    const struct study *s = j->s;
    const struct case_result *c = j->c;
    uint64_t events = 0;
    (void)e;
    for (uint32_t i = 0; i < c->n; i++)
        events += c->rep[i].events;
    json_t *o = ((struct job *)ctx)->root =
        json_pack("{s:s, s:o, s:s, s:s, s:I, s:I}", "schema", "nines.result/1", "scenario",
                  file_name(j->scenario), "title", s->scenario.title, "case", c->name, "seed",
                  (json_int_t)s->seed, "replications", (json_int_t)c->n);
    knobs(set(o, "knobs", json_object()), &s->scenario);
    set(o, "time",
        json_pack("{s:f, s:f, s:b, s:b}", "warmup_s", ns_to_s(s->warmup), "measured_s",
                  c->n ? ns_to_s(c->rep[0].measured) : 0.0, "warmup_auto", (int)s->warmup_auto,
                  "warmup_found", (int)s->warmup_found));
    if (s->precision > 0)
        set(o, "precision",
            json_pack("{s:f, s:b}", "wanted", s->precision, "reached", (int)!s->imprecise));
    saturated(set(o, "saturated", json_array()), c);
    requests(set(o, "requests", json_object()), c);
    metrics(set(o, "metrics", json_object()), s, c);
    nodes(set(o, "nodes", json_array()), s->scenario.sim);
    edges(set(o, "edges", json_array()), s->scenario.sim);
    spans(set(o, "phases", json_array()), &s->scenario);
    faults(set(o, "faults", json_array()), s->scenario.sim);
    slo(set(o, "slo", json_array()), s, c);
    if (j->with_claims)
        claims(set(o, "claims", json_array()), s);
    cost(set(o, "cost", json_object()), s, c);
    set(o, "audit", json_pack("{s:b, s:b}", "conserved", 1, "little", 1));
    set(o, "run",
        json_pack("{s:f, s:I, s:s}", "wall_s", s->wall_s, "events", (json_int_t)events, "version",
                  NINES_VERSION));
    return true;
}

static void undo(void *ctx) {
    json_decref(((struct job *)ctx)->root);
}

json_t *json_result(const struct study *s, const struct case_result *c, const char *scenario,
                    bool with_claims) {
    struct job j = {s, c, scenario, with_claims, NULL};
    struct error e = {{0}};
    return mem_try(fill, undo, &j, "writing the JSON result", &e) ? j.root : NULL;
}

bool json_write(FILE *f, const json_t *j, struct error *e) {
    json_free_t release;
    char *text = j ? json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
    if (!text)
        return mem_error(e, "writing the JSON result");
    bool ok = fputs(text, f) >= 0 && fputc('\n', f) != EOF && !fflush(f);
    json_get_alloc_funcs(NULL, &release);
    release(text);
    return ok || error_set(e, "the JSON result could not be written");
}
