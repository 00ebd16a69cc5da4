#include "grow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fault.h"
#include "core/region.h"
#include "grow_impl.h"

const char *const grow_classes[NAMES] = {"c1", "c2", "c3"};
const char *const grow_facts[NAMES] = {"f1", "f2", "f3"};
const char *const grow_phases[NAMES] = {"p1", "p2", "p3"};

/* ---- what kinds there are */

static bool callable(const struct node_type *t) {
    return !(t->flags & NODE_UNCALLED);
}

static bool has_children(const struct node_type *t) {
    for (const struct param *p = t->params; p->name; p++)
        if ((p->kind == PARAM_NODE || p->kind == PARAM_NODES) && (p->flags & REQUIRED))
            return true;
    return false;
}

/* The more there is to set and to measure, the more there is to go wrong; but nothing shall crowd
 * out the rest. */
static uint32_t weight(const struct node_type *t) {
    uint32_t n = 1;
    for (const struct metric *m = t->metrics; m && m->name; m++)
        n++;
    for (const struct param *p = t->params; p->name; p++)
        n++;
    return n < 20 ? n / 2 + 1 : 10;
}

static const struct node_type *replicas_of_schemas(void) {
    for (int i = 0; node_types[i]; i++)
        for (const struct param *p = node_types[i]->params; p->name; p++)
            if ((node_types[i]->flags & NODE_RESOURCE) && p->kind == PARAM_CALLBACK)
                return node_types[i];
    return NULL;
}

/* Does it call, or use, what cannot be called itself? */
static bool uses(const struct node_type *t, const struct node_type *resource) {
    for (const struct param *p = t->params; p->name; p++)
        if ((p->ref_kind && schema_wants(p, resource->kind)) ||
            ((p->flags & GROUP) && resource == replicas_of_schemas()))
            return true;
    return false;
}

/* An agent is of use where there is what it acts on. */
static const struct node_type *user_of(const struct node_type *resource) {
    for (const struct param *p = resource->params; p->name; p++)
        if ((resource->flags & NODE_AGENT) && p->kind == PARAM_REF && (p->flags & REQUIRED) &&
            p->ref_kind) {
            char kind[40]; /* the first of "a or b" */
            snprintf(kind, sizeof kind, "%.*s", (int)strcspn(p->ref_kind, " "), p->ref_kind);
            const struct node_type *object = component_find(kind);
            return callable(object) ? object : user_of(object);
        }
    for (int i = 0; node_types[i]; i++)
        if (callable(node_types[i]) && uses(node_types[i], resource))
            return node_types[i];
    return NULL;
}

/* The featured one if it can stand here and luck has it, or any that can; few leaves near the top.
 */
static const struct node_type *choose(struct grower *g, int depth) {
    bool leaf = depth <= 0 || g->budget <= 0, inner = !leaf && chance(g, 0.15 * depth);
    uint32_t sum = 0;
    if (!leaf && g->featured && chance(g, 0.3)) {
        const struct node_type *t = callable(g->featured) ? g->featured : user_of(g->featured);
        if (t)
            return t;
    }
    for (int pass = 0;; pass++) {
        uint32_t left = pass ? below(g, sum) : 0;
        for (int i = 0; node_types[i]; i++) {
            const struct node_type *t = node_types[i];
            if (!callable(t) || (leaf && has_children(t)) || (inner && !has_children(t)))
                continue;
            if (!pass)
                sum += weight(t);
            else if (left < weight(t))
                return t;
            else
                left -= weight(t);
        }
    }
}

/* ---- locals: shared components, pools */

static const char *visible(struct grower *g, const char *kind) {
    uint32_t n = 0, fit[MAX_LOCALS];
    for (uint32_t i = 0; i < g->n_locals; i++)
        if (kind ? !strcmp(g->local[i].type->kind, kind) : callable(g->local[i].type))
            fit[n++] = i;
    return n ? g->local[fit[below(g, n)]].name : NULL;
}

static const char *make_local(struct grower *g, const struct node_type *type, int depth) {
    if (g->n_locals == MAX_LOCALS)
        return visible(g, type->kind);
    const char *name = arena_print(g->arena, "s%u", ++g->serial);
    struct tree *t = grow_node(g, type, name, depth);
    if (g->n_locals == MAX_LOCALS) /* by now */
        return visible(g, type->kind);
    tree_add(g->arena, g->block, t);
    g->local[g->n_locals].name = name;
    g->local[g->n_locals++].type = type;
    return name;
}

static struct tree *shared(struct grower *g, const char *key, int depth) {
    const char *name = chance(g, 0.6) ? visible(g, NULL) : NULL;
    if (!name)
        name = make_local(g, choose(g, depth - 1), depth - 1);
    if (!name)
        return NULL;
    struct tree *t = tree_text(g->arena, key, "%s", name);
    t->callable = true;
    return t;
}

/* ---- parameters */

/* function (i) …: what is made in it belongs to one replica. */
static struct tree *build(struct grower *g, const char *key, const char *group, int depth) {
    struct tree *f = tree_new(g->arena, TREE_FUNCTION, key, "i"), *outer = g->block;
    const char *scope = g->scope, *caller = g->caller;
    uint32_t locals = g->n_locals;
    g->block = f;
    g->caller = NULL;
    g->scope = arena_print(g->arena, "%s%s[%s].", scope, group, chance(g, 0.5) ? "*" : "1");
    const struct node_type *type = choose(g, depth); /* its own: not a shared one */
    struct tree *root = grow_node(g, type, NULL, depth);
    tree_add(g->arena, f, root);
    g->block = outer;
    g->scope = scope;
    g->caller = caller;
    g->n_locals = locals;
    return f;
}

/* A function of a request: the tables do not say what it should return, but a small number often
 * fits. */
static struct tree *route(struct grower *g, const char *key) {
    struct tree *f = tree_new(g->arena, TREE_FUNCTION, key, "request, random");
    tree_add(g->arena, f, tree_text(g->arena, NULL, chance(g, 0.8) ? "1" : "request.attempt"));
    return f;
}

static struct tree *outcomes(struct grower *g, const char *key) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, key, NULL);
    for (int o = 0; o < OUTCOMES; o++)
        if (chance(g, 0.3))
            tree_add(g->arena, t, tree_text(g->arena, NULL, "\"%s\"", outcome_names[o]));
    return t;
}

static struct tree *classes(struct grower *g, const char *key) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, key, NULL);
    double share[] = {0.5, 0.25, 0.25};
    for (uint32_t i = 0; i < g->n_classes; i++) {
        struct tree *c =
            tree_add(g->arena, t, tree_new(g->arena, TREE_TABLE, grow_classes[i], NULL));
        double mine = g->n_classes == 3 ? share[i] : 1.0 / g->n_classes;
        tree_add(g->arena, c, tree_text(g->arena, "share", "%g", mine));
        tree_add(g->arena, c, tree_text(g->arena, "priority", "%u", i));
    }
    return t;
}

/* Does what reads a file take its column of classes? Only when all in it are declared. */
static bool labelled(const struct grower *g) {
    return g->labelled && g->n_classes == NAMES;
}

static bool reads_file(const struct node_type *type) {
    for (const struct param *p = type->params; p->name; p++)
        if (p->kind == PARAM_TEXT && (p->flags & REQUIRED))
            return true;
    return false;
}

/* Something for each two of those named. */
static struct tree *pairs(struct grower *g, const char *key) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, key, NULL);
    for (uint32_t i = 0; i < g->n_named; i++)
        for (uint32_t k = 0; k < i; k++)
            tree_add(g->arena, t,
                     grow_number(g, arena_print(g->arena, "%s_%s", g->named[i], g->named[k]),
                                 grow_between(g, 1e-3, 0.1), UNIT_TIME));
    return t;
}

/* Does it have a table over pairs of its children? */
static bool pairs_wanted(const struct node_type *type) {
    for (const struct param *p = type->params; p->name; p++)
        if (!strcmp(p->name, "rtt"))
            return true;
    return false;
}

/* Is it a list that runs beside that of the children, or a table over what stands in one? */
static bool beside_list(const struct node_type *type, const char *name) {
    static const char *const lists[] = {"weights", "priorities", "localities", "callers"};
    for (const struct param *p = type->params; p->name; p++)
        for (int i = 0; (p->flags & GROUP) && i < 4; i++)
            if (!strcmp(name, lists[i]))
                return true;
    return false;
}

static struct tree *list_of(struct grower *g, const char *name) {
    struct tree *t = tree_new(g->arena, TREE_TABLE, name, NULL);
    if (!strcmp(name, "callers")) {
        tree_add(g->arena, t, tree_text(g->arena, "a", "%u", 1 + below(g, 9)));
        tree_add(g->arena, t, tree_text(g->arena, "b", "%u", below(g, 9)));
        return t;
    }
    for (uint32_t i = 0; i < g->n_listed; i++)
        if (!strcmp(name, "localities"))
            tree_add(g->arena, t, tree_text(g->arena, NULL, "\"%c\"", "ab"[below(g, 2)]));
        else if (!strcmp(name, "priorities")) /* without a gap */
            tree_add(g->arena, t, tree_text(g->arena, NULL, "%u", i ? below(g, 2) : 0));
        else
            tree_add(g->arena, t, tree_text(g->arena, NULL, "%u", 1 + below(g, 9)));
    return t;
}

static struct tree *cold_parts(struct grower *g, struct tree *t) {
    static const char *const parts[] = {"scheduling", "image_pull", "model_load", "warm_up"};
    for (int i = 0; i < 4; i++)
        if (chance(g, 0.5))
            tree_add(g->arena, t, grow_quantity(g, parts[i], UNIT_TIME, false));
    return t->n ? t : NULL;
}

/* Of a day that is shorter than most runs. */
static struct tree *timetable(struct grower *g, struct tree *t) {
    for (uint32_t i = 0, n = 1 + below(g, 3); i < n; i++) {
        struct tree *line = tree_add(g->arena, t, tree_new(g->arena, TREE_TABLE, NULL, NULL));
        tree_add(g->arena, line,
                 grow_number(g, "at", 0.1 * i + 0.09 * rng_unit(&g->rng), UNIT_TIME));
        tree_add(g->arena, line, tree_text(g->arena, "min", "%u", below(g, 3)));
    }
    return t;
}

/* What the components that exist take; the schema leaves it to them. Others get something at
 * random. */
static struct tree *value(struct grower *g, const struct node_type *type, const struct param *p) {
    if (!strcmp(p->name, "classes"))
        return g->n_classes && (!reads_file(type) || labelled(g)) ? classes(g, p->name) : NULL;
    struct tree *t = tree_new(g->arena, TREE_TABLE, p->name, NULL);
    if (!strcmp(p->name, "mmpp")) {
        for (uint32_t i = 0, n = 2 + below(g, 2); i < n; i++) {
            struct tree *s = tree_add(g->arena, t, tree_new(g->arena, TREE_TABLE, NULL, NULL));
            tree_add(g->arena, s, tree_text(g->arena, NULL, "%.3g", 2 * rng_unit(&g->rng)));
            tree_add(g->arena, s, grow_number(g, NULL, grow_between(g, 0.01, 1), UNIT_TIME));
        }
        return t;
    }
    if (!strcmp(p->name, "facts") || !strcmp(p->name, "session_facts")) {
        for (uint32_t i = 0; i < g->n_facts; i++)
            tree_add(g->arena, t,
                     reads_file(type) ? tree_text(g->arena, grow_facts[i], "\"%s\"", grow_facts[i])
                                      : grow_quantity(g, grow_facts[i], UNIT_NONE, false));
        return g->n_facts ? t : NULL;
    }
    if (!strcmp(p->name, "rtt"))
        return pairs(g, p->name);
    if (!strcmp(p->name, "residency") || (!strcmp(p->name, "weights") && pairs_wanted(type)))
        return NULL; /* they go with another one */
    if (!strcmp(p->name, "partitions")) {
        for (uint32_t i = 0; i < g->n_classes; i++)
            tree_add(g->arena, t, tree_text(g->arena, grow_classes[i], "0.2"));
        return g->n_classes ? t : NULL;
    }
    if (!strcmp(p->name, "preferred_batch_size")) {
        tree_add(g->arena, t, tree_text(g->arena, NULL, "%u", 1 + below(g, 4)));
        return t;
    }
    if (beside_list(type, p->name))
        return list_of(g, p->name);
    if (!strcmp(p->name, "cold_start") && (type->flags & NODE_AGENT) && chance(g, 0.9))
        return NULL; /* the group mostly has one */
    if (!strcmp(p->name, "cold_start"))
        return chance(g, 0.5) ? cold_parts(g, t) : grow_quantity(g, p->name, UNIT_TIME, false);
    if (!strcmp(p->name, "schedule"))
        return timetable(g, t);
    if (strcmp(p->name, "weights") || !g->n_named)
        return chance(g, 0.5) ? tree_text(g->arena, p->name, "%u", below(g, 3)) : NULL;
    for (uint32_t i = 0; i < g->n_named; i++)
        tree_add(g->arena, t, tree_text(g->arena, g->named[i], "%u", 1 + below(g, 9)));
    return t;
}

static struct tree *named_children(struct grower *g, const struct param *p, int depth) {
    static const char *const plain[] = {"a", "b", "c", "d"};
    struct tree *t = tree_new(g->arena, TREE_TABLE, p->name, NULL);
    bool by_class = g->n_classes && chance(g, 0.5);
    uint32_t n = by_class ? g->n_classes : 1 + below(g, 3);
    for (uint32_t i = 0; i < n; i++)
        tree_add(g->arena, t, grow_component(g, by_class ? grow_classes[i] : plain[i], depth - 1));
    g->n_named = n;
    for (uint32_t i = 0; i < n; i++)
        g->named[i] = by_class ? grow_classes[i] : plain[i];
    return t;
}

/* Takes the one child away that was given by position. */
static void open_policy(struct tree *t) {
    const struct param *p = component_find(t->text)->params;
    while (p->name && !(p->kind == PARAM_NODE && (p->flags & REQUIRED)))
        p++;
    for (uint32_t i = 0; p->name && i < t->n; i++)
        if (!t->kid[i]->key && t->kid[i]->callable) {
            t->kid[i] = t->kid[--t->n];
            return;
        }
}

/* Children of the kind that is wanted, whose names other parameters take. */
static void children_of_kind(struct grower *g, struct tree *t, const struct param *p, int depth) {
    const char *names[MAX_NAMED];
    uint32_t n = 1 + below(g, 3);
    for (uint32_t i = 0; i < n; i++) {
        struct tree *kid = grow_node(g, component_find(p->ref_kind), NULL, depth - 1);
        tree_add(g->arena, t, kid);
        names[i] = kid->kid[0]->text; /* "n7" */
    }
    g->n_named = n;
    for (uint32_t i = 0; i < n; i++)
        g->named[i] = arena_print(g->arena, "%.*s", (int)strlen(names[i]) - 2, names[i] + 1);
}

/* Several children by position; a chain may leave a policy open, which then guards what follows. */
static void positional_children(struct grower *g, struct tree *t, const struct node_type *type,
                                const struct param *p, int depth) {
    if ((p->flags & GROUP) && chance(g, 0.6)) {
        tree_add(g->arena, t, grow_node(g, replicas_of_schemas(), NULL, depth - 1));
        return;
    }
    if (p->ref_kind) {
        children_of_kind(g, t, p, depth);
        return;
    }
    for (uint32_t i = 0, n = 1 + below(g, 3); i < n; i++) {
        struct tree *kid = tree_add(g->arena, t, grow_component(g, NULL, depth - 1));
        if ((type->flags & NODE_ANONYMOUS) && i + 1 < n && kid->kind == TREE_WORD && chance(g, 0.5))
            open_policy(kid);
    }
}

static double wanted(const struct grower *g, const struct node_type *type, const struct param *p) {
    bool thorough = type == g->featured || (type->flags & NODE_RESOURCE);
    if ((p->flags & REQUIRED) || !strcmp(p->name, "rtt"))
        return 1;
    if (p->kind == PARAM_RATE)
        return 0.98; /* what has a rate is seldom of use without */
    if (!strcmp(p->name, "classes") || !strcmp(p->name, "facts"))
        return 1;
    if (!strcmp(p->name, "localities") || !strcmp(p->name, "callers") ||
        !strcmp(p->name, "local_zone"))
        return 1; /* zones want all three; without zone_aware they are left out again */
    if (!strcmp(p->name, "class"))
        return labelled(g);
    if (!strcmp(p->name, "metric") || !strcmp(p->name, "target"))
        return 0.95; /* of an autoscaler: one that any replica has, and what it should be */
    if ((type->flags & NODE_AGENT) && p->kind == PARAM_INTEGER)
        return 0.1; /* bounds of a group that has bounds of its own */
    if ((type->flags & NODE_AGENT) && !strcmp(p->name, "period"))
        return 0.1;
    if (!strcmp(p->name, "key"))
        return 0.9; /* some policies want one */
    if (p->kind == PARAM_TEXT && reads_file(type))
        return 0.1; /* names of columns */
    if (p->kind == PARAM_REF && g->featured && uses(type, g->featured))
        return 0.7;
    return p->kind == PARAM_NODE || p->kind == PARAM_NODES ? 0.5 : thorough ? 0.6 : 0.25;
}

static bool is_nothing(const struct tree *t) {
    char *end;
    if (t->kind != TREE_TEXT)
        return false;
    double x = strtod(t->text, &end);
    return !strcmp(t->text, "false") || (end != t->text && !*end && x == 0);
}

static bool given(const struct tree *t, const char *name) {
    for (uint32_t i = 0; i < t->n; i++)
        if (t->kid[i]->key && !strcmp(t->kid[i]->key, name))
            return !is_nothing(t->kid[i]);
    return false;
}

/* Is one of those choices made that `p` wants? By default or in so many words. */
static bool chosen(const struct tree *t, const struct param *params, const struct param *p) {
    while (strcmp(params->name, p->needs))
        params++;
    const char *made = params->def;
    for (uint32_t i = 0; i < t->n; i++)
        if (t->kid[i]->key && !strcmp(t->kid[i]->key, p->needs))
            made = t->kid[i]->text;
    for (int i = 0; params->choices[i]; i++) { /* the spelling may have quotes */
        size_t len = strlen(params->choices[i]);
        const char *at = made[0] == '"' ? made + 1 : made;
        if (!strncmp(at, params->choices[i], len) && strchr("\"", at[len]))
            return p->only >> i & 1;
    }
    return false;
}

static bool has_meaning(const struct tree *t, const struct param *params, const struct param *p) {
    return p->only ? chosen(t, params, p) : given(t, p->needs);
}

/* Takes out what means nothing without another parameter that is not there; from the back, so that
 * what needs what is taken out goes as well in a second round. */
static void leave_out(struct tree *t, const struct param *params) {
    for (int round = 0; round < 2; round++)
        for (const struct param *p = params; p->name; p++)
            for (uint32_t i = t->n; p->needs && i-- > 0;)
                if (t->kid[i]->key && !strcmp(t->kid[i]->key, p->name) &&
                    !has_meaning(t, params, p)) {
                    for (t->n--; i < t->n; i++)
                        t->kid[i] = t->kid[i + 1];
                }
}

static void grow_params(struct grower *g, struct tree *t, const struct node_type *type,
                        const struct param *params, const char *name, int depth);

const char *grow_made_of(struct grower *g, const struct param *p) {
    const char *address = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_made; i++) {
        const struct made *m = &g->made[i];
        bool fits = p->ref_kind || callable(m->type);
        if (fits && schema_wants(p, m->type->kind) && !strstr(m->address, "[*]") && !below(g, ++n))
            address = m->address;
    }
    return address;
}

static struct tree *parameter(struct grower *g, const struct node_type *type, const struct param *p,
                              const char *name, int depth) {
    switch (p->kind) {
    case PARAM_NODE:
        if (type->flags & NODE_SOURCE)
            return NULL; /* they call the entry */
        return grow_component(g, p->flags & CHILD ? NULL : p->name, depth - 1);
    case PARAM_NODES:
        return p->flags & NAMED ? named_children(g, p, depth) : NULL;
    case PARAM_REF: {
        if (type->flags & (NODE_AGENT | NODE_SOURCE)) { /* by address, as it comes after that */
            const char *address = grow_made_of(g, p);
            return address ? tree_text(g->arena, p->name, "\"%s\"", address) : NULL;
        }
        const char *to = chance(g, 0.5) ? visible(g, p->ref_kind) : NULL;
        if (!to && p->ref_kind)
            to = make_local(g, component_find(p->ref_kind), depth - 1);
        return to ? tree_text(g->arena, p->name, "%s", to) : NULL;
    }
    case PARAM_QUANTITY:
        if (p->unit == UNIT_RATIO)
            return grow_number(g, p->name, rng_unit(&g->rng), UNIT_RATIO);
        return grow_quantity(g, p->name, p->unit, (p->flags & (LIVE | REQUIRED)) != 0);
    case PARAM_OUTCOMES:
        return outcomes(g, p->name);
    case PARAM_CONDITION:
        return grow_condition(g, p->name, true);
    case PARAM_CALLBACK:
        if (p->flags & REQUIRED)
            return build(g, p->name, name, depth - 1);
        return route(g, p->name);
    case PARAM_TEXT:
        if (p->flags & REQUIRED)
            return tree_text(g->arena, p->name, "\"%s\"", GROW_TABLE);
        if (!strcmp(p->name, "class")) /* of the column of that name */
            return tree_text(g->arena, p->name, "\"%s\"", p->name);
        if (!strcmp(p->name, "sli"))
            return tree_text(g->arena, p->name, "\"availability\"");
        if (!strcmp(p->name, "local_zone"))
            return tree_text(g->arena, p->name, "\"a\"");
        if (!strcmp(p->name, "metric"))
            return tree_text(g->arena, p->name, "\"in_flight\"");
        return g->n_facts ? tree_text(g->arena, p->name, "\"%s\"", grow_facts[below(g, g->n_facts)])
                          : NULL;
    case PARAM_TABLE: {
        struct tree *t = tree_new(g->arena, TREE_TABLE, p->name, NULL);
        grow_params(g, t, type, p->sub, name, depth);
        leave_out(t, p->sub);
        return t;
    }
    case PARAM_VALUE:
        return value(g, type, p);
    default:
        break;
    }
    bool live = (p->flags & LIVE) || p->kind == PARAM_RATE;
    struct tree *plain = grow_plain(g, p->name, p);
    if (p->kind == PARAM_RATE && g->knob && chance(g, 0.3))
        return tree_text(g->arena, p->name, "k.rate");
    if (!live || p->kind == PARAM_CHOICE || p->kind == PARAM_BOOL || chance(g, 0.85))
        return plain;
    return grow_signal(g, p->name,
                       arena_print(g->arena, "%.4g",
                                   p->kind == PARAM_RATE    ? grow_between(g, 5, 300)
                                   : p->kind == PARAM_RATIO ? 0.3
                                   : p->kind == PARAM_TIME  ? 0.02
                                                            : p->min + 3));
}

/* Of alternatives, the one that is given: a text names a fact, if there are any. */
static const struct param *choose_one(struct grower *g, const struct param *params) {
    const struct param *one = NULL;
    uint32_t n = 0;
    for (const struct param *p = params; p->name; p++)
        if ((p->flags & ONE_OF) && (p->kind != PARAM_TEXT || g->n_facts) && !below(g, ++n))
            one = p;
    return one;
}

/* Is there a child that means nothing without this one? */
static bool serves_child(const struct tree *t, const struct param *params, const struct param *p) {
    for (const struct param *c = params; c->name; c++)
        if (c->kind == PARAM_NODE && c->needs && !strcmp(c->needs, p->name) && given(t, c->name))
            return true;
    return false;
}

static bool has_key(const struct tree *t, const char *key) {
    for (uint32_t i = 0; i < t->n; i++)
        if (t->kid[i]->key && !strcmp(t->kid[i]->key, key))
            return true;
    return false;
}

/* Pairs that seldom go together, which no table says: the second one is mostly left out. */
static void part_pairs(struct grower *g, struct tree *t) {
    static const char *const pairs[][2] = {
        {"on", "servers"},    {"on", "preempt"},
        {"on", "breakdown"},  {"on", "setup"},
        {"on", "discipline"}, {"breakdown", "discipline"},
        {"inner", "preempt"}, {"count", "max"},
        {"route", "weights"}, {"base_ejection_time", "max_ejection_time"}};
    for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++)
        for (uint32_t i = t->n; has_key(t, pairs[k][0]) && i-- > 0;)
            if (t->kid[i]->key && !strcmp(t->kid[i]->key, pairs[k][1]) && chance(g, 0.8))
                for (t->n--; i < t->n; i++)
                    t->kid[i] = t->kid[i + 1];
}

/* Children first: conditions speak of them. */
static void grow_params(struct grower *g, struct tree *t, const struct node_type *type,
                        const struct param *params, const char *name, int depth) {
    const struct param *one = choose_one(g, params);
    for (int pass = 0; pass < 2; pass++) {
        if (params == type->params)
            for (uint32_t i = g->n_listed = 0; i < t->n; i++)
                g->n_listed += !t->kid[i]->key;
        for (const struct param *p = params; p->name; p++) {
            bool child = p->kind == PARAM_NODE || p->kind == PARAM_NODES;
            if (p->flags & MADE)
                continue;
            bool serves =
                (one && one->needs && !strcmp(one->needs, p->name)) || serves_child(t, params, p);
            double share = p->flags & ONE_OF ? p == one : serves ? 1 : wanted(g, type, p);
            if (child != (pass == 0) || !chance(g, share))
                continue;
            if (child && (type->flags & NODE_AGENT))
                continue; /* last, as they are not what others name */
            if (child && p->kind == PARAM_NODES && !(p->flags & NAMED)) {
                positional_children(g, t, type, p, depth);
                continue;
            }
            struct tree *v = parameter(g, type, p, name, depth);
            if (v)
                tree_add(g->arena, t, v);
        }
    }
    part_pairs(g, t);
}

/* What an agent calls, by address: not what it names already. */
static void grow_called(struct grower *g, struct tree *t, const struct param *params) {
    for (const struct param *p = params; p->name; p++) {
        if (p->kind != PARAM_NODES || (p->flags & MADE))
            continue;
        const char *address = NULL;
        bool taken = true;
        for (int luck = 0; luck < 8 && taken; luck++) {
            address = arena_print(g->arena, "\"%s\"", grow_made_of(g, p));
            taken = false;
            for (uint32_t i = 0; i < t->n; i++)
                taken = taken || (t->kid[i]->text && !strcmp(t->kid[i]->text, address));
        }
        struct tree *list = tree_add(g->arena, t, tree_new(g->arena, TREE_TABLE, p->name, NULL));
        tree_add(g->arena, list, tree_text(g->arena, NULL, "%s", address));
    }
}

/* Regions and groups: what is below is named after them, as long as nothing else reaches it. They
 * have to have a name. */
static bool opens_scope(const struct node_type *type) {
    return type == &region_type || type == &group_type;
}

/* The scope that a component of this type is in: a region lies in no other, only in a replica. */
static const char *place(const struct grower *g, const struct node_type *type) {
    const char *end = NULL;
    for (const char *s = g->scope; type == &region_type && (s = strstr(s, "].")); s += 2)
        end = s;
    return type != &region_type ? g->scope
           : end                ? arena_print(g->arena, "%.*s", (int)(end + 2 - g->scope), g->scope)
                                : "";
}

struct tree *grow_node(struct grower *g, const struct node_type *type, const char *key, int depth) {
    struct tree *t = tree_new(g->arena, TREE_WORD, key, type->kind);
    const char *caller = g->caller, *address = NULL;
    const char *name = arena_print(g->arena, "n%u", ++g->serial);
    bool named = opens_scope(type) || chance(g, type->flags & NODE_ANONYMOUS ? 0.3 : 0.95);
    g->budget--;
    t->callable = callable(type);
    if (named) {
        tree_add(g->arena, t, tree_text(g->arena, "name", "\"%s\"", name));
        address = arena_print(g->arena, "%s%s", place(g, type), name);
        if (g->n_made < MAX_MADE)
            g->made[g->n_made++] = (struct made){type, address, caller};
    }
    g->caller = type->flags & NODE_ANONYMOUS ? NULL : address;
    const char *scope = g->scope;
    if (address && opens_scope(type))
        g->scope = arena_print(g->arena, "%s.", address);
    grow_params(g, t, type, type->params, named ? name : type->kind, depth);
    if (type->flags & NODE_AGENT)
        grow_called(g, t, type->params);
    leave_out(t, type->params);
    g->caller = caller;
    g->scope = scope;
    return t;
}

struct tree *grow_component(struct grower *g, const char *key, int depth) {
    struct tree *t = depth > 0 && chance(g, 0.08) ? shared(g, key, depth) : NULL;
    return t ? t : grow_node(g, choose(g, depth), key, depth);
}
