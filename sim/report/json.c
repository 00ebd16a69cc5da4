#include "report/json.h"

#include <math.h>
#include <string.h>

#include "agent/fault.h"
#include "base/units.h"
#include "core/group.h"

static json_t *number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *interval(struct interval ci) {
    if (!isfinite(ci.lo) || !isfinite(ci.hi))
        return json_null();
    return json_pack("[f, f]", ci.lo, ci.hi);
}

static json_t *knobs(const struct scenario *s) {
    json_t *o = json_object();
    for (uint32_t i = 0; i < s->n_knobs; i++) {
        const struct knob *k = &s->knobs[i];
        json_object_set_new(o, k->name,
                            k->is_text   ? json_string(k->text)
                            : k->is_bool ? json_boolean(k->number != 0)
                                         : number(k->number));
    }
    return o;
}

static json_t *requests(const struct case_result *c) {
    uint64_t start = 0, offered = 0, finished = 0, end = 0, by[OUTCOMES] = {0};
    for (uint32_t i = 0; i < c->n; i++) {
        const struct replication *r = &c->rep[i];
        start += r->at_start, offered += r->offered, finished += r->finished, end += r->at_end;
        for (int o = 0; o < OUTCOMES; o++)
            by[o] += r->by_outcome[o];
    }
    json_t *outcomes = json_object();
    for (int o = 0; o < OUTCOMES; o++)
        json_object_set_new(outcomes, outcome_names[o], json_integer((json_int_t)by[o]));
    return json_pack("{s:I, s:I, s:I, s:I, s:o}", "in_flight_at_start", (json_int_t)start,
                     "offered", (json_int_t)offered, "finished", (json_int_t)finished,
                     "in_flight_at_end", (json_int_t)end, "by_outcome", outcomes);
}

static void set_new(json_t *o, const char *key, json_t *value) {
    json_object_set_new(o, key, value);
}

static json_t *metric(const struct study *s, const struct case_result *c, uint32_t q) {
    struct estimate e = study_estimate(s, c, q);
    const char *unit = unit_symbol(s->queries[q].unit), *why = study_why(s, c, q);
    uint64_t sample = study_sample(c, q);
    if (!e.used)
        return json_pack("{s:n, s:s, s:s}", "value", "why", why, "unit", unit);
    bool batched = s->batches && !why;
    json_t *o = json_pack("{s:o, s:o, s:I, s:s}", "value", number(e.mean), "ci95", interval(e.ci),
                          "n", (json_int_t)(batched ? 1 : e.used), "unit", unit);
    if (batched)
        set_new(o, "batches", json_integer((json_int_t)e.used));
    if (sample)
        set_new(o, "sample", json_integer((json_int_t)sample));
    if (why)
        set_new(o, "why_no_ci95", json_string(why));
    if (!batched && e.used < c->n)
        set_new(o, "without_value", json_integer((json_int_t)(c->n - e.used)));
    return o;
}

static json_t *metrics(const struct study *s, const struct case_result *c) {
    json_t *o = json_object();
    for (uint32_t i = 0; i < s->n_queries; i++)
        json_object_set_new(o, s->queries[i].text, metric(s, c, i));
    return o;
}

static json_t *nodes(const struct sim *sim) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < sim->n_order; i++) {
        const struct node *n = sim->order[i];
        json_t *children = json_array();
        for (uint32_t k = 0; k < n->n_out; k++)
            json_array_append_new(children, json_string(n->out[k]->to->address));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "address", n->address, "kind",
                                              n->type->kind, "children", children));
    }
    return list;
}

static json_t *edges(const struct sim *sim) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < sim->n_order; i++)
        for (uint32_t k = 0; k < sim->order[i]->n_out; k++)
            json_array_append_new(list, json_pack("{s:s, s:s}", "from", sim->order[i]->address,
                                                  "to", sim->order[i]->out[k]->to->address));
    return list;
}

static json_t *claims(const struct study *s) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->scenario.n_claims; i++) {
        const struct claim *c = &s->scenario.claims[i];
        struct decision d = s->decisions[i];
        json_t *o =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:f}", "text", c->text, "condition",
                      c->condition->text, "case", c->in_case ? c->in_case : "base", "verdict",
                      verdict_names[d.verdict], "expected", verdict_names[c->expect], "value",
                      number(d.value), "ci95", interval(d.ci), "n", (json_int_t)d.n, "confidence",
                      d.confidence);
        if (c->because)
            json_object_set_new(o, "because", json_string(c->because));
        if (d.why[0])
            json_object_set_new(o, "why", json_string(d.why));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *slo(const struct study *s, const struct case_result *c) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->scenario.n_slo; i++) {
        const struct condition *x = s->scenario.slo[i];
        struct decision d = claim_decide(s, x, c->name, 0.95);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:s, s:o}", "condition", s->scenario.slo_text[i],
                            "metric", x->left.kind == EXPR_METRIC ? x->left.metric.text : "",
                            "bound", number(d.bound), "verdict", verdict_names[d.verdict], "value",
                            number(d.value)));
    }
    return list;
}

static json_t *spans(const struct scenario *s) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->n_phases; i++)
        json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "name", s->phases[i].name,
                                              "from_s", ns_to_s(s->phases[i].from), "to_s",
                                              ns_to_s(s->phases[i].to)));
    return list;
}

static json_t *faults(const struct sim *sim) {
    enum { ROOM = 64 };
    struct fault_info info[ROOM];
    uint32_t n = fault_list(sim, info, ROOM);
    json_t *list = json_array();
    for (uint32_t i = 0; i < n && i < ROOM; i++) {
        bool timed = info[i].from != NS_NEVER;
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o}", "text", info[i].text, "from_s",
                            timed ? json_real(ns_to_s(info[i].from)) : json_null(), "to_s",
                            timed && info[i].to < NS_LIMIT ? json_real(ns_to_s(info[i].to))
                                                           : json_null()));
    }
    return list;
}

static double value_of(const struct study *s, const struct case_result *c, const char *text) {
    for (uint32_t i = 0; i < s->n_queries; i++)
        if (!strcmp(s->queries[i].text, text))
            return study_estimate(s, c, i).mean;
    return NAN;
}

static json_t *cost(const struct study *s, const struct case_result *c) {
    json_t *items = json_array();
    const struct sim *sim = s->scenario.sim;
    for (uint32_t i = 0; i < sim->n_order; i++)
        if (group_price(sim->order[i]) > 0) {
            char metric_name[600];
            snprintf(metric_name, sizeof metric_name, "%s:provisioned", sim->order[i]->address);
            json_array_append_new(items,
                                  json_pack("{s:s, s:f, s:o}", "group", sim->order[i]->address,
                                            "per_replica_hour", group_price(sim->order[i]),
                                            "replicas", number(value_of(s, c, metric_name))));
        }
    return json_pack("{s:o, s:o, s:o}", "per_hour", number(value_of(s, c, "cost.per_hour")),
                     "per_request", number(value_of(s, c, "cost.per_request")), "items", items);
}

static json_t *saturated(const struct case_result *c) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < c->n_grows; i++)
        json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "node", c->grows[i].node,
                                              "growth_per_s", c->grows[i].per_second,
                                              "share_of_arrivals", c->grows[i].share));
    return list;
}

json_t *json_result(const struct study *s, const struct case_result *c, const char *scenario,
                    bool with_claims) {
    uint64_t events = 0;
    for (uint32_t i = 0; i < c->n; i++)
        events += c->rep[i].events;
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "schema", "nines.result/1",
                          "scenario", scenario, "title", s->scenario.title, "case", c->name, "seed",
                          (json_int_t)s->seed, "replications", (json_int_t)c->n, "knobs",
                          knobs(&s->scenario));
    if (!o)
        return NULL;
    json_object_set_new(o, "time",
                        json_pack("{s:f, s:f, s:b, s:b}", "warmup_s", ns_to_s(s->warmup),
                                  "measured_s", c->n ? ns_to_s(c->rep[0].measured) : 0.0,
                                  "warmup_auto", (int)s->warmup_auto, "warmup_found",
                                  (int)s->warmup_found));
    if (s->precision > 0)
        json_object_set_new(
            o, "precision",
            json_pack("{s:f, s:b}", "wanted", s->precision, "reached", (int)!s->imprecise));
    json_object_set_new(o, "saturated", saturated(c));
    json_object_set_new(o, "requests", requests(c));
    json_object_set_new(o, "metrics", metrics(s, c));
    json_object_set_new(o, "nodes", nodes(s->scenario.sim));
    json_object_set_new(o, "edges", edges(s->scenario.sim));
    json_object_set_new(o, "phases", spans(&s->scenario));
    json_object_set_new(o, "faults", faults(s->scenario.sim));
    json_object_set_new(o, "slo", slo(s, c));
    if (with_claims)
        json_object_set_new(o, "claims", claims(s));
    json_object_set_new(o, "cost", cost(s, c));
    json_object_set_new(o, "audit", json_pack("{s:b, s:b}", "conserved", 1, "little", 1));
    json_object_set_new(o, "run",
                        json_pack("{s:f, s:I, s:s}", "wall_s", s->wall_s, "events",
                                  (json_int_t)events, "version", NINES_VERSION));
    return o;
}

bool json_write(FILE *f, const json_t *j, struct error *e) {
    if (!j || json_dumpf(j, f, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) || fputc('\n', f) == EOF ||
        fflush(f))
        return error_set(e, "the JSON result could not be written");
    return true;
}
