#include <string.h>

#include "agent/fault.h"
#include "grow_impl.h"

/* ---- faults */

static bool takes_part(const struct made *m, enum fault_kind kind) {
    const struct node_type *t = m->type;
    if (kind == FAULT_SLOW)
        return schema_works(t);
    if (kind == FAULT_FLUSH)
        return t->ops.flush != NULL;
    if (kind == FAULT_LOSE) /* stations have few servers, and have to keep one */
        return !strcmp(t->kind, "replicas");
    return !(t->flags & NODE_UNCALLED);
}

static const struct made *any_made(struct grower *g, enum fault_kind kind) {
    const struct made *fit[MAX_MADE];
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_made; i++)
        if (takes_part(&g->made[i], kind))
            fit[n++] = &g->made[i];
    return n ? fit[below(g, n)] : NULL;
}

/* The address of a component, of its whole replica, or of the edge to it; NULL: there is none. */
static const char *target(struct grower *g, enum fault_kind kind) {
    const struct made *m = any_made(g, kind);
    if (!m)
        return NULL;
    bool edges = kind == FAULT_DOWN || kind == FAULT_ERRORS || kind == FAULT_DELAY_ADDED ||
                 kind == FAULT_LOSS || kind == FAULT_CUT;
    const char *dot = strrchr(m->address, '.');
    if (edges && m->caller && chance(g, 0.3))
        return arena_print(g->arena, "%s -> %s", m->caller, m->address);
    if (dot && kind != FAULT_FLUSH && kind != FAULT_LOSE && chance(g, 0.3))
        return arena_print(g->arena, "%.*s", (int)(dot - m->address), m->address);
    return m->address;
}

struct live {
    const struct param *p;
    const char *path; /* "queue.limit" */
};

static uint32_t live_ones(struct grower *g, const struct param *params, const char *prefix,
                          struct live *out, uint32_t n, uint32_t most) {
    for (const struct param *p = params; p->name; p++) {
        const char *path = arena_print(g->arena, "%s%s", prefix, p->name);
        if (p->kind == PARAM_TABLE)
            n = live_ones(g, p->sub, arena_print(g->arena, "%s.", path), out, n, most);
        else if ((p->flags & LIVE) && p->kind != PARAM_VALUE && n < most)
            out[n++] = (struct live){p, path};
    }
    return n;
}

/* "address:param" of a live parameter, and a value for it. */
static bool setting(struct grower *g, struct tree *t) {
    const struct made *m = &g->made[below(g, g->n_made)];
    struct live fit[40];
    uint32_t n = live_ones(g, m->type->params, "", fit, 0, 40);
    if (!n)
        return false;
    const struct live *one = &fit[below(g, n)];
    struct tree *v = one->p->kind == PARAM_QUANTITY ? grow_quantity(g, NULL, one->p->unit, true)
                                                    : grow_plain(g, NULL, one->p);
    if (!v)
        return false;
    tree_add(g->arena, t, tree_text(g->arena, NULL, "\"%s:%s\"", m->address, one->path));
    tree_add(g->arena, t, v);
    return true;
}

static void times(struct grower *g, struct tree *t, bool ends) {
    double from = g->duration * rng_unit(&g->rng), to = from + g->duration * rng_unit(&g->rng);
    if (g->n_phases && chance(g, 0.4)) {
        tree_add(g->arena, t,
                 tree_text(g->arena, "phase", "\"%s\"", grow_phases[below(g, g->n_phases)]));
        return;
    }
    if (chance(g, 0.8))
        tree_add(g->arena, t, grow_number(g, "from", from, UNIT_TIME));
    if (ends && chance(g, 0.7))
        tree_add(g->arena, t, grow_number(g, "to", to + 1e-3, UNIT_TIME));
}

static void amount(struct grower *g, struct tree *t, enum fault_kind kind, const char *key) {
    double x = kind == FAULT_SLOW          ? grow_between(g, 0.2, 20)
               : kind == FAULT_DELAY_ADDED ? grow_between(g, 1e-4, 0.05)
                                           : rng_unit(&g->rng);
    enum unit unit = kind == FAULT_DELAY_ADDED ? UNIT_TIME : UNIT_NONE;
    tree_add(g->arena, t,
             chance(g, 0.85) ? grow_number(g, key, x, unit)
                             : grow_signal(g, key, arena_print(g->arena, "%.3g", x)));
}

static void rest(struct grower *g, struct tree *t, enum fault_kind kind) {
    if ((kind == FAULT_LOSS || kind == FAULT_CUT) && chance(g, 0.7))
        tree_add(g->arena, t, grow_number(g, "retransmit", grow_between(g, 1e-3, 0.2), UNIT_TIME));
    if (kind == FAULT_LOSE) {
        tree_add(g->arena, t, tree_text(g->arena, "count", "%u", 1 + below(g, 3)));
        if (chance(g, 0.3))
            tree_add(g->arena, t, tree_text(g->arena, "pick", "\"last\""));
    }
    if (kind == FAULT_RESTART) {
        tree_add(g->arena, t, grow_number(g, "every", grow_between(g, 0.01, 0.2), UNIT_TIME));
        tree_add(g->arena, t, grow_number(g, "downtime", grow_between(g, 1e-3, 0.2), UNIT_TIME));
    }
}

struct tree *grow_fault(struct grower *g, bool timed) {
    enum fault_kind kind = (enum fault_kind)below(g, FAULT_KINDS);
    if (kind == FAULT_RESTART && !timed) /* has a clock of its own */
        return NULL;
    const struct fault_type *f = &fault_types[kind];
    struct tree *t = tree_new(g->arena, TREE_WORD, NULL, f->name);
    if (strstr(f->arguments, "one fault")) { /* holds another one */
        struct tree *inner = timed ? grow_fault(g, false) : NULL;
        if (!inner || inner->n == 0)
            return NULL;
        tree_add(g->arena, t, grow_number(g, "mtbf", grow_between(g, 0.02, 1), UNIT_TIME));
        tree_add(g->arena, t, grow_number(g, "mttr", grow_between(g, 0.005, 0.3), UNIT_TIME));
        tree_add(g->arena, t, inner);
        return t;
    }
    if (strstr(f->arguments, "address:parameter")) {
        if (!setting(g, t))
            return NULL;
    } else {
        const char *to = target(g, kind);
        if (!to)
            return NULL;
        const char *other = chance(g, 0.15) ? target(g, kind) : NULL;
        if (other) {
            struct tree *list = tree_add(g->arena, t, tree_new(g->arena, TREE_TABLE, NULL, NULL));
            tree_add(g->arena, list, tree_text(g->arena, NULL, "\"%s\"", to));
            tree_add(g->arena, list, tree_text(g->arena, NULL, "\"%s\"", other));
        } else
            tree_add(g->arena, t, tree_text(g->arena, NULL, "\"%s\"", to));
        static const char *const keys[] = {"factor", "rate", "delay", NULL};
        for (int i = 0; keys[i]; i++)
            if (strstr(f->arguments, keys[i]))
                amount(g, t, kind, keys[i]);
        rest(g, t, kind);
    }
    if (timed)
        times(g, t, strstr(f->arguments, "to |") != NULL);
    return t;
}

static struct tree *faults(struct grower *g, const char *key, uint32_t most) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, key, NULL);
    for (uint32_t i = 0, n = below(g, most + 1); i < n; i++) {
        struct tree *f = g->n_made ? grow_fault(g, true) : NULL;
        if (f)
            tree_add(g->arena, t, f);
    }
    return t;
}

/* ---- the scenario's own table */

static const struct node_type *source_type(struct grower *g) {
    const struct node_type *fit[20];
    uint32_t n = 0;
    if (g->featured && (g->featured->flags & NODE_SOURCE))
        return g->featured;
    if (chance(g, 0.9))
        return component_find("open");
    for (int i = 0; node_types[i] && n < 20; i++)
        if (node_types[i]->flags & NODE_SOURCE)
            fit[n++] = node_types[i];
    return fit[below(g, n)];
}

/* Is there what it wants to act on? */
static bool has_object(struct grower *g, const struct node_type *type) {
    for (const struct param *p = type->params; p->name; p++)
        if ((p->kind == PARAM_REF || p->kind == PARAM_NODES) && (p->flags & REQUIRED) &&
            !grow_made_of(g, p))
            return false;
    return true;
}

static struct tree *agents(struct grower *g) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, "agents", NULL);
    for (int i = 0; agent_types[i]; i++)
        if ((g->featured == agent_types[i] || chance(g, 0.1)) && has_object(g, agent_types[i]))
            tree_add(g->arena, t, grow_node(g, agent_types[i], NULL, 1));
    return t;
}

static struct tree *run(struct grower *g) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, "run", NULL);
    if (chance(g, 0.98)) /* else a pilot finds it, which takes a run */
        tree_add(g->arena, t, grow_number(g, "warmup", chance(g, 0.4) ? 0 : 0.1, UNIT_TIME));
    if (!g->endless || chance(g, 0.5))
        tree_add(g->arena, t, grow_number(g, "duration", g->duration, UNIT_TIME));
    tree_add(g->arena, t, tree_text(g->arena, "replications", "2"));
    tree_add(g->arena, t,
             tree_text(g->arena, "max_in_flight", "%u", chance(g, 0.1) ? 5 + below(g, 50) : 400));
    return t;
}

static struct tree *phases(struct grower *g) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, "phases", NULL);
    for (uint32_t i = 0; i < g->n_phases; i++) {
        double from = chance(g, 0.2) ? 0 : 0.9 * g->duration * rng_unit(&g->rng);
        struct tree *p =
            tree_add(g->arena, t, tree_new(g->arena, TREE_TABLE, grow_phases[i], NULL));
        tree_add(g->arena, p, grow_number(g, NULL, from, UNIT_TIME));
        tree_add(g->arena, p,
                 grow_number(g, NULL, from + g->duration * (0.01 + rng_unit(&g->rng)), UNIT_TIME));
    }
    return t;
}

static struct tree *cases(struct grower *g) {
    static const char *const names[GROW_CASES] = {"a", "b"};
    struct tree *t = tree_new(g->arena, TREE_TABLE, "cases", NULL);
    for (uint32_t i = 0, n = below(g, GROW_CASES + 1); i < n; i++) {
        struct tree *c = tree_add(g->arena, t, faults(g, names[i], 2));
        if (g->knob && chance(g, 0.5))
            tree_add(g->arena, c, tree_text(g->arena, "rate", "%u", 1 + below(g, 200)));
    }
    return t;
}

static struct tree *conditions(struct grower *g) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, "slo", NULL);
    for (uint32_t i = 0, n = below(g, 3); i < n; i++)
        tree_add(g->arena, t, grow_condition(g, NULL, false));
    return t;
}

static void scenario(struct grower *g, struct tree *t) {
    struct tree *entry = grow_component(g, "entry", 2 + (int)below(g, 4));
    struct tree *workload = tree_new(g->arena, TREE_TABLE, "workload", NULL);
    uint32_t n = chance(g, 0.25) ? 2 : 1;
    for (uint32_t i = 0; i < n; i++) {
        const struct node_type *type = source_type(g);
        tree_add(g->arena, workload, grow_node(g, type, NULL, 1));
        g->endless = n == 1 && !g->n_phases && strcmp(type->kind, "open");
    }
    tree_add(g->arena, t, workload);
    tree_add(g->arena, t, entry);
    tree_add(g->arena, t, agents(g));
    tree_add(g->arena, t, run(g));
    if (g->n_phases)
        tree_add(g->arena, t, phases(g));
    tree_add(g->arena, t, faults(g, "faults", chance(g, 0.6) ? 3 : 0));
    tree_add(g->arena, t, cases(g));
    tree_add(g->arena, t, conditions(g));
}

struct tree *grow(struct arena *a, uint64_t seed, const struct node_type *featured) {
    struct tree *file = tree_new(a, TREE_FILE, NULL, NULL);
    struct grower g = {.arena = a,
                       .rng = {rng_mix(seed + RNG_GOLDEN)},
                       .featured = featured,
                       .block = file,
                       .scope = ""};
    g.budget = 3 + (int)below(&g, 12);
    g.n_classes = chance(&g, 0.85) ? 2 + below(&g, 2) : below(&g, 2);
    g.n_facts = below(&g, NAMES + 1);
    g.n_phases = below(&g, NAMES + 1);
    g.labelled = chance(&g, 0.5);
    g.duration = grow_between(&g, 0.1, 1);
    if ((g.knob = chance(&g, 0.3))) {
        struct tree *k = tree_add(a, file, tree_new(a, TREE_WORD, "k", "knobs"));
        struct tree *rate = tree_add(a, k, tree_new(a, TREE_TABLE, "rate", NULL));
        tree_add(a, rate, tree_text(a, NULL, "%u", 10 + below(&g, 200)));
        tree_add(a, rate, tree_text(a, NULL, "\"requests a second\""));
    }
    struct tree *s = tree_new(a, TREE_WORD, NULL, "scenario");
    scenario(&g, s);
    tree_add(a, file, s);
    return file;
}

uint32_t grow_cases(const struct tree *file, const char *names[GROW_CASES]) {
    const struct tree *s = file->kid[file->n - 1];
    for (uint32_t i = 0; i < s->n; i++)
        if (s->kid[i]->key && !strcmp(s->kid[i]->key, "cases")) {
            uint32_t n = s->kid[i]->n < GROW_CASES ? s->kid[i]->n : GROW_CASES;
            for (uint32_t k = 0; k < n; k++)
                names[k] = s->kid[i]->kid[k]->key;
            return n;
        }
    return 0;
}

bool grow_table(const char *path) {
    FILE *f = fopen(path, "w");
    if (!f)
        return false;
    fputs("arrival_s,class,f1,f2,f3\n", f);
    struct rng r = {1};
    for (double t = 0; t < 2; t += 0.01 * rng_exponential(&r))
        fprintf(f, "%.6f,c%u,%.3f,%.0f,%.0f\n", t, 1 + (unsigned)rng_below(&r, NAMES),
                10 * rng_unit(&r), 100 * rng_unit(&r), 9 * rng_unit(&r));
    return fclose(f) == 0;
}
