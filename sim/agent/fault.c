#include "agent/fault.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/address.h"

const struct fault_type fault_types[FAULT_KINDS] = {
    {"slow", "work drawn there takes longer; on a replica: everything in it",
     "target, factor (number or signal), from, to | phase",
     "slow { \"pod[3].cpu\", factor = 10, phase = \"fault\" }"},
    {"down", "live calls die with an error and new ones are refused", "target, from, to | phase",
     "down { \"pod[3]\", from = \"60s\", to = \"90s\" }"},
    {"errors", "a share of calls fails on arrival", "target, rate, from, to | phase",
     "errors { \"store\", rate = \"5%\", from = \"60s\" }"},
    {"delay_added", "calls arrive later; on a component or on one edge (\"a -> b\")",
     "target, delay, from, to | phase", "delay_added { \"fleet -> pod[3]\", delay = \"10ms\" }"},
    {"set", "a live parameter has another value for a while", "\"address:parameter\", value, from, to | phase",
     "set { \"clients:rate\", 20000, phase = \"fault\" }"},
    {"flush", "contents are lost at one moment", "target, from | phase",
     "flush { \"cache\", from = \"60s\" }"},
    {"random", "each target of a fault fails and heals by itself, again and again",
     "mtbf, mttr (durations are means of exponentials), and one fault without times",
     "random { mtbf = \"1h\", mttr = \"5m\", down { \"pod[*]\" } }"},
};

struct fault {
    struct agent agent;
    struct event event;
    struct sim *sim;
    enum fault_kind kind;
    const char *where, *target, *text;
    ns_t from, to; /* since the end of warm-up; NS_NEVER: to the end */
    const struct quantity *amount; /* factor, rate or delay: constant or signal */
    double now;                    /* its present value */
    struct value value;            /* set */
    const struct param *param;
    struct node **nodes;
    uint32_t n;
    struct edge **edges;
    uint32_t n_edges;
    uint64_t *saved; /* set: what was there before, one per node */
    bool active;
    const struct quantity *mtbf, *mttr; /* random */
    bool splits;                        /* random: stands for one fault per target */
    struct rng rng;
};

struct effect {
    struct effect *next;
    const struct fault *fault;
};

int fault_kind(const char *name) {
    for (int i = 0; i < FAULT_KINDS; i++)
        if (!strcmp(fault_types[i].name, name))
            return i;
    return -1;
}

/* ---- acting ------------------------------------------------------------------------------------- */

static void recompute(struct gate *g) {
    struct effect *effects = g->effects;
    *g = (struct gate){.slow = 1, .effects = effects};
    double works = 1;
    for (const struct effect *x = effects; x; x = x->next) {
        const struct fault *f = x->fault;
        if (!f->active)
            continue;
        g->active = true;
        if (f->kind == FAULT_SLOW)
            g->slow *= f->now;
        else if (f->kind == FAULT_DOWN)
            g->down++;
        else if (f->kind == FAULT_ERRORS)
            works *= 1 - f->now;
        else if (f->kind == FAULT_DELAY_ADDED)
            g->added += f->now;
    }
    g->error_rate = 1 - works;
}

static void recompute_all(struct fault *f) {
    for (uint32_t i = 0; i < f->n; i++)
        recompute(&f->nodes[i]->gate);
    for (uint32_t i = 0; i < f->n_edges; i++)
        recompute(&f->edges[i]->gate);
}

static void set_all(struct fault *f, bool on) {
    for (uint32_t i = 0; i < f->n; i++) {
        struct error e = {{0}};
        if (!on)
            schema_restore(f->nodes[i], f->param, &f->saved[i]);
        else {
            schema_save(f->nodes[i], f->param, &f->saved[i]);
            if (!schema_set(f->nodes[i], f->param, &f->value, true, &e))
                sim_fail(f->sim, "%s: set: %s", f->where, e.text);
        }
    }
}

static void apply(struct fault *f, bool on) {
    f->active = on;
    switch (f->kind) {
    case FAULT_SET:
        set_all(f, on);
        break;
    case FAULT_FLUSH:
        for (uint32_t i = 0; on && i < f->n; i++)
            f->nodes[i]->type->ops.flush(f->nodes[i]);
        break;
    default:
        recompute_all(f);
    }
    for (uint32_t i = 0; on && f->kind == FAULT_DOWN && i < f->n; i++)
        node_crash(f->nodes[i]);
}

static ns_t random_span(struct fault *f, const struct quantity *q) {
    if (q->kind == QUANTITY_DIST)
        return ns_from_s(q->scale * dist_draw(q->dist, &f->rng));
    return ns_from_s(q->value * rng_exponential(&f->rng));
}

/* The next moment at which something about an active fault changes: its end or its signal. */
static ns_t next_change(const struct fault *f) {
    ns_t now = sim_time(f->sim), next = f->to;
    if (f->amount && f->amount->kind == QUANTITY_SIGNAL) {
        double step = signal_step(f->amount->signal, ns_to_s(now));
        step = fmax(step, 1e-3);
        if (step < 4e9 && now + ns_from_s(step) < next)
            next = now + ns_from_s(step);
    }
    return next;
}

static void schedule(struct fault *f, ns_t time) {
    if (time != NS_NEVER && time < NS_LIMIT)
        event_at(&f->sim->clock, &f->event, sim_clock_of(f->sim, time));
}

static void turn(struct event *ev) {
    struct fault *f = container_of(ev, struct fault, event);
    ns_t now = sim_time(f->sim);
    if (f->amount)
        f->now = quantity_at(f->amount, ns_to_s(now));
    if (f->mtbf) {
        apply(f, !f->active);
        schedule(f, now + random_span(f, f->active ? f->mttr : f->mtbf));
        return;
    }
    if (f->active && now >= f->to) {
        apply(f, false);
        return;
    }
    if (!f->active)
        apply(f, true);
    else
        recompute_all(f);
    schedule(f, next_change(f));
}

static void start(struct agent *a, struct sim *sim) {
    struct fault *f = container_of(a, struct fault, agent);
    (void)sim;
    if (f->splits)
        return;
    event_init(&f->event, turn);
    if (f->mtbf)
        schedule(f, random_span(f, f->mtbf));
    else
        schedule(f, f->from);
}

/* ---- sealing: what the addresses mean ------------------------------------------------------------ */

static bool inside(const struct node *n, const struct scope *s) {
    for (const struct scope *at = n->scope; at; at = at->parent)
        if (at == s)
            return true;
    return false;
}

static void add_effect(struct fault *f, struct gate *g) {
    if (f->kind == FAULT_SET || f->kind == FAULT_FLUSH)
        return;
    struct effect *x = arena_alloc(&f->sim->arena, sizeof *x);
    *x = (struct effect){g->effects, f};
    g->effects = x;
}

static void add_node(struct fault *f, struct node *n) {
    for (uint32_t i = 0; i < f->n; i++)
        if (f->nodes[i] == n)
            return;
    f->nodes[f->n++] = n;
    add_effect(f, &n->gate);
}

/* A fault of a whole replica reaches everything in it when it is slow or down. */
static void add_target(struct fault *f, struct node *n) {
    bool whole = n->scope->root == n && n->scope->owner;
    if (!whole || (f->kind != FAULT_SLOW && f->kind != FAULT_DOWN)) {
        add_node(f, n);
        return;
    }
    for (uint32_t i = 0; i < f->sim->n_order; i++) {
        struct node *other = f->sim->order[i];
        bool fits = f->kind == FAULT_SLOW ? schema_works(other->type)
                                          : !(other->type->flags & NODE_RESOURCE);
        if (inside(other, n->scope) && fits)
            add_node(f, other);
    }
}

static bool fits(const struct fault *f, const struct node *n, struct error *e) {
    bool whole = n->scope->root == n && n->scope->owner;
    if (f->kind == FAULT_SLOW && !schema_works(n->type) && !whole)
        return error_set(e, "slow: %s takes no time of its own; name what is below it", n->address);
    if (f->kind == FAULT_FLUSH && !n->type->ops.flush)
        return error_set(e, "flush: %s (a %s) has no contents", n->address, n->type->kind);
    if (f->kind != FAULT_SET && f->kind != FAULT_SLOW && (n->type->flags & (NODE_RESOURCE | NODE_SOURCE)))
        return error_set(e, "%s: %s (a %s) is not called", fault_types[f->kind].name, n->address,
                         n->type->kind);
    return true;
}

static bool find_nodes(struct fault *f, const char *address, struct error *e) {
    struct node_set found;
    if (!address_find(f->sim, address, &found, e))
        return false;
    f->nodes = arena_alloc(&f->sim->arena, f->sim->n_order * sizeof *f->nodes);
    bool ok = true;
    for (uint32_t i = 0; i < found.n && ok; i++) {
        if (f->kind == FAULT_SET && found.n > 1 && !schema_find(found.at[i]->type, f->param ? f->param->name : "", &(struct error){{0}}))
            continue;
        ok = fits(f, found.at[i], e);
        if (ok)
            add_target(f, found.at[i]);
    }
    node_set_release(&found);
    return ok;
}

static bool find_edges(struct fault *f, const char *arrow, struct error *e) {
    char from[200];
    snprintf(from, sizeof from, "%.*s", (int)(arrow - f->target), f->target);
    for (size_t n = strlen(from); n && from[n - 1] == ' ';)
        from[--n] = 0;
    const char *to = arrow + 2 + strspn(arrow + 2, " ");
    if (f->kind == FAULT_SLOW || f->kind == FAULT_FLUSH || f->kind == FAULT_SET)
        return error_set(e, "%s: it acts on a component, not on an edge", fault_types[f->kind].name);
    struct node_set a, b;
    if (!address_find(f->sim, from, &a, e))
        return false;
    if (!address_find(f->sim, to, &b, e)) {
        node_set_release(&a);
        return false;
    }
    uint32_t room = 0;
    for (uint32_t i = 0; i < a.n; i++)
        room += a.at[i]->n_out;
    f->edges = arena_alloc(&f->sim->arena, room * sizeof *f->edges + 1);
    for (uint32_t i = 0; i < a.n; i++)
        for (uint32_t k = 0; k < a.at[i]->n_out; k++)
            for (uint32_t t = 0; t < b.n; t++)
                if (a.at[i]->out[k]->to == b.at[t]) {
                    f->edges[f->n_edges++] = a.at[i]->out[k];
                    add_effect(f, &a.at[i]->out[k]->gate);
                }
    node_set_release(&a);
    node_set_release(&b);
    return f->n_edges || error_set(e, "%s: '%s' does not call '%s'", fault_types[f->kind].name, from, to);
}

static bool find_param(struct fault *f, struct error *e) {
    const char *colon = strrchr(f->target, ':');
    char address[256];
    if (!colon)
        return error_set(e, "set: \"%s\" wants the form \"address:parameter\"", f->target);
    snprintf(address, sizeof address, "%.*s", (int)(colon - f->target), f->target);
    struct node_set found;
    if (!address_find(f->sim, address, &found, e))
        return false;
    for (uint32_t i = 0; i < found.n && !f->param; i++)
        f->param = schema_find(found.at[i]->type, colon + 1, &(struct error){{0}});
    if (!f->param)
        schema_find(found.at[0]->type, colon + 1, e);
    else if (!(f->param->flags & LIVE))
        error_set(e, "set: %s cannot change while running; give it as a knob of a case instead", f->target);
    node_set_release(&found);
    if (error_is(e) || !find_nodes(f, address, e))
        return false;
    f->saved = arena_alloc(&f->sim->arena, f->n * sizeof *f->saved + 1);
    if (f->value.type == VALUE_TEXT || f->value.type == VALUE_NUMBER) { /* try it now, not in the middle of a run */
        struct node *n = f->nodes[0];
        uint64_t before = 0;
        schema_save(n, f->param, &before);
        bool ok = schema_set(n, f->param, &f->value, false, e);
        memcpy((char *)n + f->param->offset, &before, f->param->kind == PARAM_BOOL ? sizeof(bool) : f->param->kind == PARAM_CHOICE ? sizeof(int) : 8);
        return ok || error_prefix(e, "set");
    }
    return true;
}

static bool split_random(struct fault *f, struct error *e);

static bool seal(struct agent *a, struct sim *sim, struct error *e) {
    struct fault *f = container_of(a, struct fault, agent);
    (void)sim;
    const char *arrow = strstr(f->target, "->");
    bool ok = f->kind == FAULT_SET ? find_param(f, e)
              : arrow              ? find_edges(f, arrow, e)
                                   : find_nodes(f, f->target, e);
    if (ok && f->mtbf && !f->splits)
        ok = split_random(f, e);
    return ok || error_prefix(e, "%s", f->where);
}

/* One fault per target, each with a stream of its own. The given one becomes a mere heading. */
static bool split_random(struct fault *f, struct error *e) {
    struct node_set found;
    (void)e;
    if (strstr(f->target, "->") || f->kind == FAULT_SET) {
        f->rng.state = rng_key(f->sim->salt, rng_hash(f->text));
        return true;
    }
    if (!address_find(f->sim, f->target, &found, e))
        return false;
    for (uint32_t i = 0; i < found.n; i++) {
        struct fault *one = arena_alloc(&f->sim->arena, sizeof *one);
        *one = *f;
        one->nodes = arena_alloc(&f->sim->arena, f->sim->n_order * sizeof *one->nodes);
        one->n = 0;
        add_target(one, found.at[i]);
        one->rng.state = rng_key(found.at[i]->salt, rng_hash(f->text));
        one->agent.seal = NULL;
        sim_add_agent(f->sim, &one->agent);
    }
    node_set_release(&found);
    f->splits = true;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static const char *amount_key(enum fault_kind kind) {
    return kind == FAULT_SLOW          ? "factor"
           : kind == FAULT_ERRORS      ? "rate"
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

static bool known_keys(const struct fault *f, const struct table *t, struct error *e) {
    const char *amount = amount_key(f->kind);
    uint32_t positional = f->kind == FAULT_SET ? 2 : 1;
    for (uint32_t i = 0; i < t->n; i++) {
        const char *key = t->at[i].key;
        if (!key ? t->at[i].index > positional
                 : strcmp(key, "from") && strcmp(key, "to") && strcmp(key, "phase") &&
                       (!amount || strcmp(key, amount)))
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
    enum unit unit = f->kind == FAULT_ERRORS        ? UNIT_RATIO
                     : f->kind == FAULT_DELAY_ADDED ? UNIT_TIME
                                                    : UNIT_NONE;
    f->amount = quantity_read(f->sim, v, unit, key, e);
    if (f->amount && f->amount->kind != QUANTITY_CONSTANT && f->amount->kind != QUANTITY_SIGNAL)
        return error_set(e, "%s: it wants a plain value or a signal", key);
    if (f->amount && f->kind == FAULT_SLOW && f->amount->kind == QUANTITY_CONSTANT && f->amount->value <= 0)
        return error_set(e, "factor: it must be above 0");
    return f->amount != NULL;
}

static void describe(struct fault *f, const struct table *t) {
    const struct value *second = f->kind == FAULT_SET ? table_at(t, 2) : NULL;
    const char *key = amount_key(f->kind);
    const struct value *v = key ? table_get(t, key) : second;
    struct arena *a = &f->sim->arena;
    const char *amount = !v                          ? ""
                         : v->type == VALUE_TEXT     ? v->text
                         : v->type == VALUE_NUMBER   ? arena_print(a, "%.6g", v->number)
                         : v->type == VALUE_BOOL     ? v->boolean ? "true" : "false"
                                                     : "(varying)";
    f->text = f->kind == FAULT_SLOW    ? arena_print(a, "slow %s x%s", f->target, amount)
              : f->kind == FAULT_SET   ? arena_print(a, "set %s = %s", f->target, amount)
              : v                      ? arena_print(a, "%s %s %s", fault_types[f->kind].name, f->target, amount)
                                       : arena_print(a, "%s %s", fault_types[f->kind].name, f->target);
}

static bool read_fault(struct fault *f, const struct object *o, const struct span *phases,
                       uint32_t n_phases, struct error *e) {
    const struct value *target = table_at(&o->table, 1);
    f->kind = (enum fault_kind)fault_kind(o->kind);
    f->where = o->where;
    if (!target || target->type != VALUE_TEXT)
        return error_set(e, "it wants a target first, such as %s", fault_types[f->kind].example);
    f->target = target->text;
    if (!known_keys(f, &o->table, e) || !read_amount(f, &o->table, e) ||
        !read_times(f, &o->table, phases, n_phases, e))
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
    if (!read_fault(f, inner->object, NULL, 0, e))
        return error_prefix(e, "%s", inner->object->kind);
    if (!(f->mtbf = quantity_read(f->sim, mtbf, UNIT_TIME, "mtbf", e)) ||
        !(f->mttr = quantity_read(f->sim, mttr, UNIT_TIME, "mttr", e)))
        return false;
    if ((!quantity_fixed(f->mtbf) && f->mtbf->kind != QUANTITY_DIST) ||
        (!quantity_fixed(f->mttr) && f->mttr->kind != QUANTITY_DIST))
        return error_set(e, "mtbf and mttr are durations or distributions");
    if ((quantity_fixed(f->mtbf) && f->mtbf->value <= 0) || (quantity_fixed(f->mttr) && f->mttr->value <= 0))
        return error_set(e, "mtbf and mttr must be above 0");
    f->text = arena_print(&f->sim->arena, "random %s", f->text);
    f->from = f->to = NS_NEVER;
    return true;
}

bool fault_add(struct sim *sim, const struct object *o, const struct span *phases,
               uint32_t n_phases, struct error *e) {
    struct fault *f = arena_alloc(&sim->arena, sizeof *f);
    f->sim = sim;
    f->agent.seal = seal;
    f->agent.start = start;
    bool ok = fault_kind(o->kind) == FAULT_RANDOM ? read_random(f, o, e)
                                                  : read_fault(f, o, phases, n_phases, e);
    if (!ok)
        return error_prefix(e, "%s: %s", o->where, o->kind);
    sim_add_agent(sim, &f->agent);
    return true;
}

uint32_t fault_list(const struct sim *sim, struct fault_info *out, uint32_t room) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < sim->n_agents; i++) {
        if (sim->agents[i]->start != start || !sim->agents[i]->seal)
            continue;
        const struct fault *f = container_of(sim->agents[i], struct fault, agent);
        if (n < room)
            out[n] = (struct fault_info){f->text, f->from, f->to};
        n++;
    }
    return n;
}
