#include "lab/scenario_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fault.h"
#include "core/address.h"
#include "core/group.h"
#include "core/schema.h"
#include "node/source.h"

const char *const verdict_names[] = {"holds", "fails", "undecided", NULL};

static const struct param run_params[] = {
    PARAM(VALUE, "warmup", struct draft, warmup, NULL,
          "time before 0, not measured; \"auto\": found by a pilot"),
    PARAM(VALUE, "duration", struct draft, duration, NULL,
          "measured time; may be left out when all workloads are traces that end"),
    PARAM(INTEGER, "replications", struct draft, replications, "10", "independent runs", .min = 1,
          .max = 1e6),
    PARAM(INTEGER, "max_replications", struct draft, max_replications, "200",
          "runs at most, when claims or --precision ask for more of them", .min = 1, .max = 1e6),
    PARAM(INTEGER, "max_in_flight", struct draft, max_in_flight, "5000000",
          "requests under way at which a run stops as saturated", .min = 1, .max = 1e9),
    {0},
};

static const struct param scenario_params[] = {
    PARAM(TEXT, "title", struct draft, title, "untitled", "what it is about"),
    PARAM(INTEGER, "language", struct draft, language, "1", "version of the language", .min = 1,
          .max = 1),
    PARAM(VALUE, "workload", struct draft, workload, NULL, "a source, or a list of sources",
          .flags = REQUIRED),
    PARAM(VALUE, "entry", struct draft, entry, NULL, "what the workload calls"),
    PARAM(VALUE, "agents", struct draft, agents, NULL,
          "what acts on its own clock: autoscalers, alerts, health checks"),
    PARAM(TABLE, "run", struct draft, s, NULL, "how long and how often", .sub = run_params),
    PARAM(VALUE, "phases", struct draft, phases, NULL, "name = { from, to }"),
    PARAM(VALUE, "cases", struct draft, cases, NULL, "name = { knob = value, faults }"),
    PARAM(VALUE, "slo", struct draft, slo, NULL, "conditions that should hold"),
    PARAM(VALUE, "claims", struct draft, claims, NULL, "claim { … } list"),
    PARAM(VALUE, "faults", struct draft, faults, NULL, "faults that strike in every case"),
    {0},
};

/* ---- run, workload, faults, prices --------------------------------------------------------------
 */

static bool read_run(struct draft *d, const struct scenario_request *r, struct scenario *s,
                     struct error *e) {
    double x;
    s->replications = d->replications;
    s->max_replications = d->max_replications;
    s->max_in_flight = d->max_in_flight;
    s->warmup_auto = d->warmup.type == VALUE_NIL ||
                     (d->warmup.type == VALUE_TEXT && !strcmp(d->warmup.text, "auto"));
    if (!s->warmup_auto) {
        if (!value_number(&d->warmup, UNIT_TIME, &x, "run: warmup", e))
            return false;
        if (x < 0)
            return error_set(e, "run: warmup must not be negative");
        if (ns_from_s(x) >= NS_LIMIT)
            return error_set(e, "run: warmup: %g s is longer than 146 years", x);
        s->warmup = ns_from_s(x);
    }
    s->duration = NS_NEVER;
    if (d->duration.type != VALUE_NIL) {
        if (!value_number(&d->duration, UNIT_TIME, &x, "run: duration", e))
            return false;
        if (ns_from_s(x) < 1)
            return error_set(e, "run: duration must be above 0");
        if (ns_from_s(x) >= NS_LIMIT)
            return error_set(e, "run: duration: %g s is longer than 146 years", x);
        s->duration = ns_from_s(x);
    }
    ns_t longest = r->duration > s->duration ? r->duration : s->duration;
    for (uint32_t i = 0; i < s->n_phases; i++) /* a shorter --duration may leave phases out */
        if (s->phases[i].from >= longest)
            return error_set(e, "phases: %s: it begins at %g s, after the end of the run (%g s)",
                             s->phases[i].name, ns_to_s(s->phases[i].from), ns_to_s(longest));
    if (r->duration > 0)
        s->duration = r->duration;
    if (r->warmup >= 0)
        s->warmup = r->warmup;
    return true;
}

static bool is_source(const struct value *v, struct error *e) {
    if (v->type == VALUE_NODE && (v->node->type->flags & NODE_SOURCE))
        return true;
    return error_set(e, "workload: %s%s was given; it wants a source such as open { rate = 100 }",
                     v->type == VALUE_NODE ? v->node->type->kind : value_type_name(v),
                     v->type == VALUE_NODE ? " { … }" : "");
}

static bool join_entry(struct draft *d, struct node *source, struct error *e) {
    struct source *s = source_of(source);
    if (s->entry.to)
        return true;
    if (d->entry.type != VALUE_NODE || (d->entry.node->type->flags & NODE_UNCALLED))
        return error_set(e, "entry: %s%s was given; it wants the component that the workload calls",
                         d->entry.type == VALUE_NODE ? d->entry.node->type->kind
                                                     : value_type_name(&d->entry),
                         d->entry.type == VALUE_NODE ? " { … }" : "");
    edge_join(&s->entry, source, d->entry.node);
    return true;
}

static bool read_workload(struct draft *d, struct scenario *s, struct node ***sources, uint32_t *n,
                          struct error *e) {
    const struct value *v = &d->workload;
    *n = v->type == VALUE_TABLE ? v->table.n : 1;
    *sources = arena_alloc(&s->sim->arena, (*n + 1) * sizeof **sources);
    if (!*n)
        return error_set(e, "workload: the list is empty");
    for (uint32_t i = 0; i < *n; i++) {
        const struct value *one = v->type == VALUE_TABLE ? &v->table.at[i].value : v;
        if (!is_source(one, e) || !join_entry(d, one->node, e))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if ((*sources)[k] == one->node)
                return error_set(e, "workload: entries %u and %u are the same source", k + 1,
                                 i + 1);
        (*sources)[i] = one->node;
        bool trace = !strcmp(one->node->type->kind, "trace");
        s->recorded = s->recorded || trace;
        if (s->duration == NS_NEVER && !trace)
            return error_set(e, "run: 'duration' is missing; only traces end by themselves");
        if (s->duration == NS_NEVER && s->n_phases)
            return error_set(e, "run: 'duration' is missing; phases need a run of known length");
    }
    return true;
}

static bool read_agents(struct draft *d, struct scenario *s, struct node ***agents, uint32_t *n,
                        struct error *e) {
    if (!scenario_wants_table(&d->agents, "agents", "{ alert { when = \"latency.p99 > 80ms\" } }",
                              e))
        return false;
    const struct table *t = &d->agents.table;
    *n = d->agents.type == VALUE_TABLE ? t->n : 0;
    *agents = arena_alloc(&s->sim->arena, (*n + 1) * sizeof **agents);
    for (uint32_t i = 0; i < *n; i++) {
        const struct value *v = &t->at[i].value;
        bool node = v->type == VALUE_NODE;
        if (!node || !(v->node->type->flags & NODE_AGENT))
            return error_set(e, "agents: %s%s was given; it wants agents such as alert { … }",
                             node ? v->node->type->kind : value_type_name(v), node ? " { … }" : "");
        for (uint32_t k = 0; k < i; k++)
            if ((*agents)[k] == v->node)
                return error_set(e, "agents: entries %u and %u are the same agent", k + 1, i + 1);
        (*agents)[i] = v->node;
    }
    return true;
}

static bool add_faults(const struct value *list, const char *what, const char *where,
                       struct scenario *s, struct error *e) {
    if (!scenario_wants_table(list, what, "{ down { \"pod[3]\", from = \"60s\" } }", e))
        return error_prefix(e, "%s: scenario", where);
    for (uint32_t i = 0; list->type == VALUE_TABLE && i < list->table.n; i++) {
        const struct value *v = &list->table.at[i].value;
        if (list->table.at[i].key)
            continue; /* a knob of a case */
        if (v->type != VALUE_OBJECT || fault_kind(v->object->kind) < 0)
            return error_set(
                e, "%s: scenario: %s: %s was given; it wants faults such as down { \"pod[3]\" }",
                where, what, value_type_name(v));
        if (!fault_add(s->sim, v->object, s->phases, s->n_phases, e))
            return false;
    }
    return true;
}

static bool price_of(const struct group *g, const struct table *prices, double *usd,
                     struct error *e) {
    const struct value *v = &g->price;
    *usd = 0;
    if (v->type == VALUE_NIL)
        return true;
    if (v->type != VALUE_TABLE)
        return value_number(v, UNIT_MONEY, usd, "price", e);
    double count = 1, x;
    const struct value *n = table_get(&v->table, "count");
    if (n && !value_number(n, UNIT_NONE, &count, "price: count", e))
        return false;
    for (uint32_t i = 0; i < v->table.n; i++) {
        const struct entry *en = &v->table.at[i];
        if (!en->key)
            return error_set(e, "price: it wants names, such as { vcpu = 12 }");
        if (!strcmp(en->key, "count"))
            continue;
        bool by_name = en->value.type == VALUE_TEXT; /* gpu = "A10G" */
        const struct value *unit = table_get(prices, by_name ? en->value.text : en->key);
        if (!unit || unit->type != VALUE_NUMBER)
            return error_set(
                e, "price: there is no price for '%s'; give USD an hour as a number instead",
                by_name ? en->value.text : en->key);
        if (by_name)
            x = count;
        else if (!value_number(&en->value, UNIT_NONE, &x, en->key, e))
            return false;
        *usd += x * unit->number;
    }
    return true;
}

static bool set_prices(struct sim *sim, const struct table *prices, struct error *e) {
    char label[200];
    for (uint32_t i = 0; i < sim->n_nodes; i++)
        if (sim->nodes[i]->type == &replicas_type) {
            struct group *g = group_of(sim->nodes[i]);
            if (!price_of(g, prices, &g->hourly, e))
                return error_prefix(e, "%s", node_label(sim->nodes[i], label, sizeof label));
        }
    return true;
}

/* "pod.rank:servers=16": after wiring, when addresses are known, and before sealing. */
static bool apply_set(struct sim *sim, const char *text, struct error *e) {
    const char *colon = strchr(text, ':'), *eq = strchr(text, '=');
    if (!colon || !eq || colon > eq)
        return true; /* a knob: taken when the file ran */
    char address[256], param[128];
    snprintf(address, sizeof address, "%.*s", (int)(colon - text), text);
    snprintf(param, sizeof param, "%.*s", (int)(eq - colon - 1), colon + 1);
    struct node_set found;
    if (!address_find(sim, address, &found, e))
        return error_prefix(e, "--set %s", text);
    struct value v = value_of_text(arena_copy(&sim->arena, eq + 1));
    uint32_t hits = 0;
    bool ok = true;
    for (uint32_t i = 0; i < found.n && ok; i++) {
        struct error why = {{0}};
        const struct param *p = schema_find(found.at[i]->type, param, &why);
        if (!p)
            continue;
        ok = schema_set(found.at[i], p, &v, false, e);
        hits++;
    }
    if (ok && !hits)
        ok = schema_find(found.at[0]->type, param, e) != NULL;
    return ok || error_prefix(e, "--set %s", text);
}

bool scenario_read(struct sim *sim, const struct object *o, const struct table *prices,
                   const struct scenario_request *r, struct scenario *s, struct error *e) {
    struct draft d = {.s = s};
    struct node **sources, **agents;
    uint32_t n, n_agents;
    s->sim = sim;
    if (!schema_read(sim, &d, NULL, scenario_params, &o->table, e))
        return error_prefix(e, "%s: scenario", o->where);
    s->title = d.title;
    if (!scenario_phases(&d, s, e) || !scenario_cases(&d, s, e) || !scenario_slo(&d, s, e) ||
        !read_run(&d, r, s, e) || !read_workload(&d, s, &sources, &n, e) ||
        !read_agents(&d, s, &agents, &n_agents, e))
        return error_prefix(e, "%s: scenario", o->where);
    const struct scenario_case *c = NULL;
    if (r->in_case && strcmp(r->in_case, "base") && !(c = scenario_find_case(s, r->in_case, e)))
        return false;
    struct value own = {.type = VALUE_TABLE};
    if (c)
        own.table = *c->table;
    if (!r->without_faults && (!add_faults(&d.faults, "faults", o->where, s, e) ||
                               !add_faults(&own, "cases", o->where, s, e)))
        return false;
    if (!scenario_claims(&d, o->where, s, e))
        return false;
    struct sim_limits limits = {.warmup = s->warmup,
                                .duration = s->duration,
                                .window = r->window,
                                .batches = r->batches,
                                .full_audit = r->full_audit,
                                .max_in_flight = (uint64_t)s->max_in_flight};
    if (!sim_wire(sim, sources, n, e) || !sim_wire_agents(sim, agents, n_agents, e))
        return false;
    for (uint32_t i = 0; i < r->n_sets; i++)
        if (!apply_set(sim, r->sets[i], e))
            return false;
    if (!set_prices(sim, prices, e))
        return false;
    if (sim_seal(sim, s->phases, s->n_phases, &limits, e))
        return true;
    return error_is_placed(e->text) ? false : error_prefix(e, "%s: scenario", o->where);
}
