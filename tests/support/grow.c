#include "grow.h"

#include <stdlib.h>
#include <string.h>

#include "agent/fault.h"
#include "grow_impl.h"

const char *const grow_classes[NAMES] = {"c1", "c2", "c3"};
const char *const grow_facts[NAMES] = {"f1", "f2", "f3"};
const char *const grow_phases[NAMES] = {"p1", "p2", "p3"};

/* ---- what kinds there are */

static bool callable(const struct node_type *t) {
    return !(t->flags & (NODE_SOURCE | NODE_RESOURCE));
}

static bool has_children(const struct node_type *t) {
    for (const struct param *p = t->params; p->name; p++)
        if ((p->kind == PARAM_NODE || p->kind == PARAM_NODES) && (p->flags & REQUIRED))
            return true;
    return false;
}

/* The more there is to set and to measure, the more there is to go wrong. */
static uint32_t weight(const struct node_type *t) {
    uint32_t n = 1;
    for (const struct metric *m = t->metrics; m && m->name; m++)
        n++;
    for (const struct param *p = t->params; p->name; p++)
        n++;
    return n / 2 + 1;
}

static const struct node_type *group_type(void) {
    for (int i = 0; node_types[i]; i++)
        for (const struct param *p = node_types[i]->params; p->name; p++)
            if ((node_types[i]->flags & NODE_RESOURCE) && p->kind == PARAM_CALLBACK)
                return node_types[i];
    return NULL;
}

/* Does it call, or use, what cannot be called itself? */
static bool uses(const struct node_type *t, const struct node_type *resource) {
    for (const struct param *p = t->params; p->name; p++)
        if ((p->ref_kind && !strcmp(p->ref_kind, resource->kind)) ||
            ((p->flags & GROUP) && resource == group_type()))
            return true;
    return false;
}

static const struct node_type *user_of(const struct node_type *resource) {
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

/* What the components that exist take; the schema leaves it to them. Others get something at
 * random. */
static struct tree *value(struct grower *g, const struct node_type *type, const struct param *p) {
    if (!strcmp(p->name, "classes"))
        return g->n_classes && (!reads_file(type) || labelled(g)) ? classes(g, p->name) : NULL;
    struct tree *t = tree_new(g->arena, TREE_TABLE, p->name, NULL);
    if (!strcmp(p->name, "facts")) {
        for (uint32_t i = 0; i < g->n_facts; i++)
            tree_add(g->arena, t,
                     reads_file(type) ? tree_text(g->arena, grow_facts[i], "\"%s\"", grow_facts[i])
                                      : grow_quantity(g, grow_facts[i], UNIT_NONE, false));
        return g->n_facts ? t : NULL;
    }
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
    const struct param *p = node_type_find(t->text)->params;
    while (p->name && !(p->kind == PARAM_NODE && (p->flags & REQUIRED)))
        p++;
    for (uint32_t i = 0; p->name && i < t->n; i++)
        if (!t->kid[i]->key && t->kid[i]->callable) {
            t->kid[i] = t->kid[--t->n];
            return;
        }
}

/* Several children by position; a chain may leave a policy open, which then guards what follows. */
static void positional_children(struct grower *g, struct tree *t, const struct node_type *type,
                                const struct param *p, int depth) {
    if ((p->flags & GROUP) && chance(g, 0.6)) {
        tree_add(g->arena, t, grow_node(g, group_type(), NULL, depth - 1));
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
    if (p->flags & REQUIRED)
        return 1;
    if (p->kind == PARAM_RATE)
        return 0.98; /* what has a rate is seldom of use without */
    if (!strcmp(p->name, "classes") || !strcmp(p->name, "facts"))
        return 1;
    if (!strcmp(p->name, "class"))
        return labelled(g);
    if (p->kind == PARAM_TEXT && reads_file(type))
        return 0.1; /* names of columns */
    if (p->kind == PARAM_REF && g->featured && uses(type, g->featured))
        return 0.7;
    return p->kind == PARAM_NODE || p->kind == PARAM_NODES ? 0.5 : thorough ? 0.6 : 0.25;
}

static void grow_params(struct grower *g, struct tree *t, const struct node_type *type,
                        const struct param *params, const char *name, int depth);
static void leave_out(struct tree *t, const struct param *params);

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
        const char *to = chance(g, 0.5) ? visible(g, p->ref_kind) : NULL;
        if (!to && p->ref_kind)
            to = make_local(g, node_type_find(p->ref_kind), depth - 1);
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

/* Children first: conditions speak of them. */
static void grow_params(struct grower *g, struct tree *t, const struct node_type *type,
                        const struct param *params, const char *name, int depth) {
    const struct param *one = choose_one(g, params);
    for (int pass = 0; pass < 2; pass++)
        for (const struct param *p = params; p->name; p++) {
            bool child = p->kind == PARAM_NODE || p->kind == PARAM_NODES;
            bool serves = one && one->needs && !strcmp(one->needs, p->name);
            double share = p->flags & ONE_OF ? p == one : serves ? 1 : wanted(g, type, p);
            if (child != (pass == 0) || !chance(g, share))
                continue;
            if (child && p->kind == PARAM_NODES && !(p->flags & NAMED)) {
                positional_children(g, t, type, p, depth);
                continue;
            }
            struct tree *v = parameter(g, type, p, name, depth);
            if (v)
                tree_add(g->arena, t, v);
        }
}

static bool is_nothing(const struct tree *t) {
    char *end;
    if (t->kind != TREE_TEXT)
        return false;
    double x = strtod(t->text, &end);
    return !strcmp(t->text, "false") || (end != t->text && !*end && x == 0);
}

/* By name, or by position if it is the child. */
static const struct tree *entry(const struct tree *t, const struct param *p) {
    for (uint32_t i = 0; i < t->n; i++)
        if (t->kid[i]->key ? !strcmp(t->kid[i]->key, p->name)
                           : t->kid[i]->callable && (p->flags & CHILD))
            return t->kid[i];
    return NULL;
}

static const struct param *param_of(const struct param *params, const char *name, size_t len) {
    while (params->name && (strlen(params->name) != len || strncmp(params->name, name, len)))
        params++;
    return params->name ? params : NULL;
}

/* "name", or "name=a/b": is it given, or one of these choices? */
static bool given(const struct tree *t, const struct param *params, const char *need) {
    size_t name = strcspn(need, "= ");
    const struct param *p = param_of(params, need, name);
    const struct tree *kid = p ? entry(t, p) : NULL;
    if (!p || need[name] != '=')
        return kid && !is_nothing(kid) &&
               !(p->kind == PARAM_CHOICE && strstr(kid->text, p->choices[0]));
    for (int i = 0; p->choices[i]; i++) {
        const char *in = strstr(need + name, p->choices[i]);
        bool one =
            kid ? strlen(kid->text) == strlen(p->choices[i]) + 2 && strstr(kid->text, p->choices[i])
                : p->def && !strcmp(p->def, p->choices[i]);
        if (one)
            return in && (in[-1] == '=' || in[-1] == '/');
    }
    return false;
}

static bool excluded(const struct tree *t, const struct param *params, const struct param *p) {
    for (const char *x = p->excludes; x && *x; x += strspn(x, " ")) {
        if (given(t, params, x))
            return true;
        x += strcspn(x, " ");
    }
    return false;
}

static void take_out(struct tree *t, const struct tree *kid) {
    uint32_t i = 0;
    while (t->kid[i] != kid)
        i++;
    for (t->n--; i < t->n; i++)
        t->kid[i] = t->kid[i + 1];
}

/* Takes out what means nothing without another parameter that is not there, or may not stand beside
 * one that is; what needs what is taken out goes as well in a second round. */
static void leave_out(struct tree *t, const struct param *params) {
    for (int round = 0; round < 2; round++)
        for (const struct param *p = params; p->name; p++) {
            const struct tree *kid = p->needs || p->excludes ? entry(t, p) : NULL;
            if (kid && ((p->needs && !given(t, params, p->needs)) || excluded(t, params, p)))
                take_out(t, kid);
        }
}

struct tree *grow_node(struct grower *g, const struct node_type *type, const char *key, int depth) {
    struct tree *t = tree_new(g->arena, TREE_WORD, key, type->kind);
    const char *caller = g->caller, *address = NULL;
    const char *name = arena_print(g->arena, "n%u", ++g->serial);
    bool named = chance(g, type->flags & NODE_ANONYMOUS ? 0.3 : 0.95);
    g->budget--;
    t->callable = callable(type);
    if (named) {
        tree_add(g->arena, t, tree_text(g->arena, "name", "\"%s\"", name));
        address = arena_print(g->arena, "%s%s", g->scope, name);
        if (g->n_made < MAX_MADE)
            g->made[g->n_made++] = (struct made){type, address, caller};
    }
    g->caller = type->flags & NODE_ANONYMOUS ? NULL : address;
    grow_params(g, t, type, type->params, named ? name : type->kind, depth);
    leave_out(t, type->params);
    g->caller = caller;
    return t;
}

struct tree *grow_component(struct grower *g, const char *key, int depth) {
    struct tree *t = depth > 0 && chance(g, 0.08) ? shared(g, key, depth) : NULL;
    return t ? t : grow_node(g, choose(g, depth), key, depth);
}
