/* A split: every call goes to one of several targets, by weight, by class, or as a function of the
 * scenario says. */
#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

enum { PURPOSE_PICK, PURPOSE_ERROR, PURPOSE_OTHER, PURPOSE_ROUTE };
enum by { BY_WEIGHTS, BY_CLASS, BY_ROUTE };
static const char *const bys[] = {"weights", "class", "route", NULL};

struct split {
    struct node base;
    struct edge_list to;
    int by;
    struct value weights;
    double error_rate;
    struct callback *route;
    double *upto;       /* cumulative weights */
    uint32_t *of_class; /* target of each class */
};

static struct split *split_of(struct node *n) {
    return container_of(n, struct split, base);
}

static const char *name_at(const void *ctx, int i) {
    const struct edge_list *to = ctx;
    return (uint32_t)i < to->n ? to->names[i] : NULL;
}

static uint32_t target(const struct split *s, const char *name) { /* to.n: none */
    uint32_t i = 0;
    while (i < s->to.n && strcmp(s->to.names[i], name))
        i++;
    return i;
}

/* ---- choosing */

static uint32_t by_weight(const struct split *s, const struct call *c) {
    struct rng r = call_rng(c, PURPOSE_PICK);
    double x = rng_unit(&r) * s->upto[s->to.n - 1];
    uint32_t i = 0;
    while (i + 1 < s->to.n && x >= s->upto[i])
        i++;
    return i;
}

/* to.n, with the run stopped, when the answer names no target. */
static uint32_t by_route(const struct split *s, const struct call *c) {
    struct answer a = {0};
    if (!s->route->invoke(s->route, c, PURPOSE_ROUTE, &a))
        return s->to.n;
    if (a.is_text) {
        uint32_t i = target(s, a.text);
        if (i == s->to.n)
            sim_fail(s->base.sim, "%s: %s: route returned \"%s\", which is no target",
                     s->base.where, s->base.address, a.text);
        return i;
    }
    if (a.number >= 1 && a.number <= s->to.n && a.number == floor(a.number))
        return (uint32_t)a.number - 1;
    sim_fail(s->base.sim,
             "%s: %s: route returned %g; it wants the name of a target or a number 1..%u",
             s->base.where, s->base.address, a.number, s->to.n);
    return s->to.n;
}

/* Errors of a router: some other target, all equally likely. */
static uint32_t mistake(const struct split *s, const struct call *c, uint32_t right) {
    struct rng r = call_rng(c, PURPOSE_ERROR);
    if (s->to.n == 1 || rng_unit(&r) >= s->error_rate)
        return right;
    r = call_rng(c, PURPOSE_OTHER);
    uint32_t other = (uint32_t)rng_below(&r, s->to.n - 1);
    return other < right ? other : other + 1;
}

static void accept(struct node *n, struct call *c) {
    struct split *s = split_of(n);
    uint32_t i = s->by == BY_CLASS     ? s->of_class[c->req->class]
                 : s->by == BY_WEIGHTS ? by_weight(s, c)
                                       : by_route(s, c);
    if (i == s->to.n) {
        call_finish(c, OUTCOME_INVALID);
        return;
    }
    if (s->error_rate > 0)
        i = mistake(s, c, i);
    call_send(c, &s->to.at[i]);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    (void)n;
    call_pass(c, sub);
}

/* ---- set-up */

static bool weigh_given(struct split *s, const struct table *t, struct error *e) {
    for (uint32_t i = 0; i < s->to.n; i++)
        s->upto[i] = -1;
    for (uint32_t k = 0; k < t->n; k++) {
        const char *key = t->at[k].key;
        uint32_t i = key ? target(s, key) : s->to.n;
        const char *near = key ? error_nearest(key, name_at, &s->to) : NULL;
        if (i == s->to.n)
            return error_set(e, "weights: '%s' is no target%s%s%s", key ? key : "(positional)",
                             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        if (!value_number(&t->at[k].value, UNIT_NONE, &s->upto[i], key, e))
            return error_prefix(e, "weights");
        if (s->upto[i] < 0)
            return error_set(e, "weights: %s = %.6g: it must not be negative", key, s->upto[i]);
    }
    for (uint32_t i = 0; i < s->to.n; i++)
        if (s->upto[i] < 0)
            return error_set(e, "weights: '%s' is left out; 0 keeps calls away from it",
                             s->to.names[i]);
    return true;
}

static bool weigh(struct split *s, struct error *e) {
    if (s->weights.type == VALUE_NIL)
        for (uint32_t i = 0; i < s->to.n; i++)
            s->upto[i] = 1;
    else if (s->weights.type != VALUE_TABLE)
        return error_set(e, "weights: %s was given; it wants a table such as { a = 9, b = 1 }",
                         value_type_name(&s->weights));
    else if (!weigh_given(s, &s->weights.table, e))
        return false;
    for (uint32_t i = 1; i < s->to.n; i++)
        s->upto[i] += s->upto[i - 1];
    return s->upto[s->to.n - 1] > 0 || error_set(e, "weights: all are 0; nobody would be called");
}

static bool choose_way(struct split *s, struct error *e) {
    bool weighted = s->weights.type != VALUE_NIL;
    if (s->route && s->by == BY_CLASS)
        return error_set(e, "'route' and by = \"class\" exclude each other");
    if (s->route)
        s->by = BY_ROUTE;
    if (s->by == BY_ROUTE && !s->route)
        return error_set(e, "by = \"route\" wants route = function (request) … end");
    if (weighted && s->by != BY_WEIGHTS)
        return error_set(e, "'weights' have no meaning with by = \"%s\"", bys[s->by]);
    s->upto = arena_alloc(&s->base.sim->arena, s->to.n * sizeof *s->upto);
    return weigh(s, e);
}

/* Each class has the target of its name or the default, and each target has a class. */
static bool pair_classes(struct split *s, struct error *e) {
    const struct sim *sim = s->base.sim;
    uint32_t other = target(s, "default");
    for (uint32_t i = 0; i < s->to.n; i++)
        if (i != other && sim_find_class(sim, s->to.names[i]) < 0)
            return error_set(
                e,
                "by = \"class\": the target '%s' is no class of the workload; the rest "
                "goes to 'default'",
                s->to.names[i]);
    for (uint32_t c = 0; c < sim->n_classes; c++) {
        uint32_t i = target(s, sim->classes[c].name);
        s->of_class[c] = i < s->to.n ? i : other;
        if (s->of_class[c] == s->to.n)
            return error_set(
                e,
                "by = \"class\": the class '%s' has no target; name one after it, or one "
                "'default' for the rest",
                sim->classes[c].name);
    }
    return true;
}

static bool seal(struct node *n, struct error *e) {
    struct split *s = split_of(n);
    if (!choose_way(s, e))
        return false;
    if (s->by != BY_CLASS)
        return true;
    s->of_class = arena_alloc(&n->sim->arena, n->sim->n_classes * sizeof *s->of_class + 1);
    return pair_classes(s, e);
}

static void changed(struct node *n, const struct param *p) {
    struct split *s = split_of(n);
    struct error e = {{0}};
    if (!strcmp(p->name, "weights") && (s->by != BY_WEIGHTS || !weigh(s, &e)))
        sim_fail(n->sim, "%s: %s: %s", n->where, n->address,
                 error_is(&e) ? e.text : "weights have no meaning unless by = \"weights\"");
}

static const struct param params[] = {
    PARAM(NODES, "to", struct split, to, NULL, "the targets: to = { a = …, b = … }",
          .flags = REQUIRED | NAMED),
    PARAM(CHOICE, "by", struct split, by, "weights",
          "who goes where: at random by weight, each class to the target of its name (the rest to "
          "'default'), or as the function route says",
          .choices = bys),
    PARAM(VALUE, "weights", struct split, weights, NULL,
          "a number for each target, such as { stable = 95, canary = 5 }; equal without it",
          .flags = LIVE),
    PARAM(RATIO, "error_rate", struct split, error_rate, "0",
          "share of calls that go to another target, at random", .flags = LIVE, .max = 1),
    PARAM(CALLBACK, "route", struct split, route, NULL,
          "a function of the request that returns the name of a target or its number; implies by = "
          "\"route\""),
    {0},
};

const struct node_type split_type = {
    .kind = "split",
    .summary = "sends each call to one of several targets: by weight, by class or by a function",
    .example = "split { to = { stable = v1, canary = v2 }, weights = { stable = 95, canary = 5 } }",
    .params = params,
    .size = sizeof(struct split),
    .ops = {.seal = seal, .accept = accept, .reply = reply, .set = changed},
};
