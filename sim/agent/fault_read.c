/* Faults as a scenario spells them. */
#include "agent/fault_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct fault_type fault_types[FAULT_KINDS] = {
    {"slow", "work drawn there takes longer; on a replica: everything in it",
     "target, factor (number or signal), from, to | phase",
     "slow { \"pod[3].cpu\", factor = 10, phase = \"fault\" }"},
    {"down",
     "live calls die with an error and new ones are refused; on an edge (\"a -> b\"): new ones are "
     "refused",
     "target, from, to | phase", "down { \"pod[3]\", from = \"60s\", to = \"90s\" }"},
    {"errors", "a share of calls fails on arrival, at a component or on one edge",
     "target, rate, from, to | phase", "errors { \"store\", rate = \"5%\", from = \"60s\" }"},
    {"delay_added", "calls arrive later; on a component or on one edge (\"a -> b\")",
     "target, delay, from, to | phase", "delay_added { \"fleet -> pod[3]\", delay = \"10ms\" }"},
    {"set", "a live parameter has another value for a while",
     "\"address:parameter\", value, from, to | phase",
     "set { \"clients:rate\", 20000, phase = \"fault\" }"},
    {"flush", "contents are lost at one moment", "target, from | phase",
     "flush { \"cache\", from = \"60s\" }"},
    {"loss",
     "a share of calls gets lost on the way, to a component or on one edge, and is sent again "
     "after "
     "retransmit, twice that, … as TCP does (15 times, at most 120 s apart); answers are not lost",
     "target, rate, retransmit (\"200ms\"), from, to | phase",
     "loss { \"fleet -> pod[3]\", rate = \"1%\", retransmit = \"200ms\" }"},
    {"cut",
     "a partition: calls hang, and are sent again as lost ones are, until the way is open again or "
     "their caller gives up; what is below already is answered. To refuse at once: down",
     "target, retransmit (\"200ms\"), from, to | phase",
     "cut { \"fleet -> pod[3]\", from = \"60s\", to = \"90s\" }"},
    {"lose",
     "so many replicas of a group are down (those that are ready; drawn, or the last ones), or so "
     "many servers of stations and pools gone",
     "target, count, pick (\"random\", \"last\"), from, to | phase",
     "lose { \"pod\", count = 5, from = \"60s\", to = \"90s\" }"},
    {"restart", "one target after the other is down for a while: a rolling restart",
     "target, every, downtime, from, to | phase",
     "restart { \"pod[*]\", every = \"30s\", downtime = \"10s\" }"},
    {"random", "each target of a fault fails and heals by itself, again and again",
     "mtbf, mttr (durations are means of exponentials), and one fault without times",
     "random { mtbf = \"1h\", mttr = \"5m\", down { \"pod[*]\" } }"},
};

int fault_kind(const char *name) {
    for (int i = 0; i < FAULT_KINDS; i++)
        if (!strcmp(fault_types[i].name, name))
            return i;
    return -1;
}

static const char *amount_key(enum fault_kind kind) {
    return kind == FAULT_SLOW          ? "factor"
           : kind == FAULT_ERRORS      ? "rate"
           : kind == FAULT_LOSS        ? "rate"
           : kind == FAULT_DELAY_ADDED ? "delay"
                                       : NULL;
}

static bool read_time(const struct table *t, const char *key, ns_t *out, struct error *e) {
    const struct value *v = table_get(t, key);
    double s;
    if (!v)
        return true;
    if (!value_number(v, UNIT_TIME, &s, key, e))
        return false;
    if (s < 0)
        return error_set(e, "%s: faults begin at 0 (the end of warm-up) or later", key);
    *out = ns_from_s(s);
    return true;
}

static bool read_times(struct fault *f, const struct table *t, const struct span *phases,
                       uint32_t n_phases, struct error *e) {
    const struct value *phase = table_get(t, "phase");
    f->from = 0;
    f->to = NS_NEVER;
    if (!phase) {
        if (!read_time(t, "from", &f->from, e) || !read_time(t, "to", &f->to, e))
            return false;
        return f->to > f->from || error_set(e, "'to' must be after 'from'");
    }
    if (table_get(t, "from") || table_get(t, "to"))
        return error_set(e, "'phase' and 'from'/'to' exclude each other");
    for (uint32_t i = 0; phase->type == VALUE_TEXT && i < n_phases; i++)
        if (!strcmp(phases[i].name, phase->text)) {
            f->from = phases[i].from;
            f->to = phases[i].to;
            return true;
        }
    return error_set(e, "phase = \"%s\": the scenario has no such phase",
                     phase->type == VALUE_TEXT ? phase->text : "?");
}

/* Besides the amount and the times. */
static bool has_key(enum fault_kind kind, const char *key) {
    switch (kind) {
    case FAULT_LOSS:
    case FAULT_CUT:
        return !strcmp(key, "retransmit");
    case FAULT_LOSE:
        return !strcmp(key, "count") || !strcmp(key, "pick");
    case FAULT_RESTART:
        return !strcmp(key, "every") || !strcmp(key, "downtime");
    default:
        return false;
    }
}

static bool known_keys(const struct fault *f, const struct table *t, struct error *e) {
    const char *amount = amount_key(f->kind);
    uint32_t positional = f->kind == FAULT_SET ? 2 : 1;
    for (uint32_t i = 0; i < t->n; i++) {
        const char *key = t->at[i].key;
        if (!key ? t->at[i].index > positional
                 : strcmp(key, "from") && strcmp(key, "to") && strcmp(key, "phase") &&
                       (!amount || strcmp(key, amount)) && !has_key(f->kind, key))
            return error_set(e, "unknown key '%s'; it takes %s", key ? key : "(positional)",
                             fault_types[f->kind].arguments);
    }
    return true;
}

static bool read_amount(struct fault *f, const struct table *t, struct error *e) {
    const char *key = amount_key(f->kind);
    if (!key)
        return true;
    const struct value *v = table_get(t, key);
    if (!v)
        return error_set(e, "'%s' is missing", key);
    bool share = f->kind == FAULT_ERRORS || f->kind == FAULT_LOSS;
    enum unit unit = share ? UNIT_RATIO : f->kind == FAULT_DELAY_ADDED ? UNIT_TIME : UNIT_NONE;
    f->amount = quantity_read(f->sim, v, unit, key, e);
    if (f->amount && f->amount->kind != QUANTITY_CONSTANT && f->amount->kind != QUANTITY_SIGNAL)
        return error_set(e, "%s: it wants a plain value or a signal", key);
    if (f->amount && f->kind == FAULT_SLOW && f->amount->kind == QUANTITY_CONSTANT &&
        f->amount->value <= 0)
        return error_set(e, "factor: it must be above 0");
    if (f->amount && share && quantity_fixed(f->amount) && f->amount->value > 1)
        return error_set(e, "rate = %.6g: it must lie in 0..1", f->amount->value);
    return f->amount != NULL;
}

static bool read_span(const struct table *t, const char *key, const char *def, double least,
                      double *out, struct error *e) {
    const struct value *v = table_get(t, key), text = value_of_text(def);
    if (!v && !def)
        return error_set(e, "'%s' is missing", key);
    if (!value_number(v ? v : &text, UNIT_TIME, out, key, e))
        return false;
    return (*out >= least && *out < 1e9) || error_set(e, "%s: it must be %g s or more", key, least);
}

static bool read_lose(struct fault *f, const struct table *t, struct error *e) {
    const struct value *count = table_get(t, "count"), *pick = table_get(t, "pick");
    double x;
    if (!count)
        return error_set(e, "'count' is missing");
    if (!value_number(count, UNIT_NONE, &x, "count", e))
        return false;
    if (x != floor(x) || x < 1 || x > 1e9)
        return error_set(e, "count: it wants a whole number from 1 on");
    f->count = (int64_t)x;
    f->path = "servers";
    f->pick =
        pick && pick->type == VALUE_TEXT && !strcmp(pick->text, "last") ? PICK_LAST : PICK_RANDOM;
    return !pick || f->pick == PICK_LAST ||
           (pick->type == VALUE_TEXT && !strcmp(pick->text, "random")) ||
           error_set(e, "pick: it wants \"random\" or \"last\"");
}

/* What only some kinds have. */
static bool read_rest(struct fault *f, const struct table *t, struct error *e) {
    double every, downtime;
    switch (f->kind) {
    case FAULT_LOSS:
    case FAULT_CUT:
        return read_span(t, "retransmit", "200ms", 1e-6, &f->retransmit, e);
    case FAULT_LOSE:
        return read_lose(f, t, e);
    case FAULT_RESTART:
        if (!read_span(t, "every", NULL, 0, &every, e) ||
            !read_span(t, "downtime", NULL, 1e-9, &downtime, e))
            return false;
        f->every = ns_from_s(every);
        f->downtime = ns_from_s(downtime);
        return true;
    default:
        return true;
    }
}

/* One text, or a list of those that fail together. */
static bool read_targets(struct fault *f, const struct value *v, struct error *e) {
    struct arena *a = &f->sim->arena;
    bool list = v && v->type == VALUE_TABLE && v->table.n && table_count(&v->table) == v->table.n;
    if (!v || (!list && v->type != VALUE_TEXT) || (list && f->kind == FAULT_SET))
        return error_set(e, "it wants a target first, such as %s", fault_types[f->kind].example);
    f->n_targets = list ? v->table.n : 1;
    f->targets = arena_alloc(a, f->n_targets * sizeof *f->targets);
    for (uint32_t i = 0; i < f->n_targets; i++) {
        const struct value *one = list ? table_at(&v->table, i + 1) : v;
        if (one->type != VALUE_TEXT)
            return error_set(e, "target %u is %s; it wants an address", i + 1,
                             value_type_name(one));
        f->targets[i] = one->text;
        f->target = i ? arena_print(a, "%s, %s", f->target, one->text) : one->text;
    }
    return true;
}

static void describe(struct fault *f, const struct table *t) {
    const struct value *second = f->kind == FAULT_SET ? table_at(t, 2) : NULL;
    const char *key = amount_key(f->kind);
    const struct value *v = key ? table_get(t, key) : second;
    struct arena *a = &f->sim->arena;
    const char *amount = !v                        ? ""
                         : v->type == VALUE_TEXT   ? v->text
                         : v->type == VALUE_NUMBER ? arena_print(a, "%.6g", v->number)
                         : v->type == VALUE_BOOL   ? v->boolean ? "true" : "false"
                                                   : "(varying)";
    if (f->kind == FAULT_LOSE) {
        f->text = arena_print(a, "lose %lld of %s", (long long)f->count, f->target);
        return;
    }
    f->text = f->kind == FAULT_SLOW  ? arena_print(a, "slow %s x%s", f->target, amount)
              : f->kind == FAULT_SET ? arena_print(a, "set %s = %s", f->target, amount)
              : v ? arena_print(a, "%s %s %s", fault_types[f->kind].name, f->target, amount)
                  : arena_print(a, "%s %s", fault_types[f->kind].name, f->target);
}

static bool read_fault(struct fault *f, const struct object *o, const struct span *phases,
                       uint32_t n_phases, struct error *e) {
    f->kind = (enum fault_kind)fault_kind(o->kind);
    f->where = o->where;
    if (!read_targets(f, table_at(&o->table, 1), e))
        return false;
    if (!known_keys(f, &o->table, e) || !read_amount(f, &o->table, e) ||
        !read_rest(f, &o->table, e) || !read_times(f, &o->table, phases, n_phases, e))
        return false;
    if (f->kind == FAULT_SET) {
        if (!table_at(&o->table, 2))
            return error_set(e, "it wants a value: %s", fault_types[FAULT_SET].example);
        f->value = *table_at(&o->table, 2);
    }
    describe(f, &o->table);
    return true;
}

static bool read_random(struct fault *f, const struct object *o, struct error *e) {
    const struct value *inner = NULL, *mtbf = table_get(&o->table, "mtbf"),
                       *mttr = table_get(&o->table, "mttr");
    for (uint32_t i = 0; i < o->table.n; i++)
        if (!o->table.at[i].key)
            inner = &o->table.at[i].value;
    if (!mtbf || !mttr || o->table.n != 3 || !inner || inner->type != VALUE_OBJECT ||
        fault_kind(inner->object->kind) < 0 || fault_kind(inner->object->kind) == FAULT_RANDOM)
        return error_set(e, "it wants mtbf, mttr and one fault, such as %s",
                         fault_types[FAULT_RANDOM].example);
    const struct table *t = &inner->object->table;
    if (table_get(t, "from") || table_get(t, "to") || table_get(t, "phase"))
        return error_set(e, "the fault in it has no times of its own: mtbf and mttr say when");
    if (fault_kind(inner->object->kind) == FAULT_RESTART)
        return error_set(e, "restart has a clock of its own; give it by itself");
    if (!read_fault(f, inner->object, NULL, 0, e))
        return error_prefix(e, "%s", inner->object->kind);
    if (!(f->mtbf = quantity_read(f->sim, mtbf, UNIT_TIME, "mtbf", e)) ||
        !(f->mttr = quantity_read(f->sim, mttr, UNIT_TIME, "mttr", e)))
        return false;
    if ((!quantity_fixed(f->mtbf) && f->mtbf->kind != QUANTITY_DIST) ||
        (!quantity_fixed(f->mttr) && f->mttr->kind != QUANTITY_DIST))
        return error_set(e, "mtbf and mttr are durations or distributions");
    if ((quantity_fixed(f->mtbf) && f->mtbf->value <= 0) ||
        (quantity_fixed(f->mttr) && f->mttr->value <= 0))
        return error_set(e, "mtbf and mttr must be above 0");
    f->text = arena_print(&f->sim->arena, "random %s", f->text);
    f->from = f->to = NS_NEVER;
    return true;
}

bool fault_add(struct sim *sim, const struct object *o, const struct span *phases,
               uint32_t n_phases, struct error *e) {
    struct fault *f = arena_alloc(&sim->arena, sizeof *f);
    f->sim = sim;
    f->agent.seal = fault_seal;
    f->agent.start = fault_start;
    bool ok = fault_kind(o->kind) == FAULT_RANDOM ? read_random(f, o, e)
                                                  : read_fault(f, o, phases, n_phases, e);
    if (!ok)
        return error_prefix(e, "%s: %s", o->where, o->kind);
    sim_add_agent(sim, &f->agent);
    return true;
}
