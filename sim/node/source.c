#include "node/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sim.h"

static bool read_fact(struct source *s, const struct entry *en, struct source_fact *out,
                      struct error *e) {
    struct sim *sim = s->base.sim;
    char label[128];
    snprintf(label, sizeof label, "fact %s", en->key ? en->key : "(positional)");
    if (!en->key)
        return error_set(e, "facts are given by name, such as user_id = uniform_int { 1, 1000 }");
    if (!value_is_name(en->key))
        return error_set(
            e, "%s: a name has letters, digits and underscores and does not begin with a digit",
            label);
    out->q = quantity_read(sim, &en->value, UNIT_NONE, label, e);
    out->index = sim_fact(sim, en->key);
    return out->q != NULL;
}

/* Can conditions name it, as in {class=chat-long}? */
static bool usable(const char *name) {
    return *name &&
           !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

static bool read_class(struct source *s, const struct entry *en, bool shares,
                       struct source_class *c, struct error *e) {
    double share = NAN, priority = 0;
    if (en->key && !usable(en->key))
        return error_set(e, "classes: \"%s\": a name has letters, digits, _ and -", en->key);
    if (!en->key || en->value.type != VALUE_TABLE)
        return error_set(e,
                         "classes: each is a name and a table, such as human = { share = 0.95 }");
    const struct table *t = &en->value.table;
    c->facts = arena_alloc(&s->base.sim->arena, t->n * sizeof *c->facts + 1);
    char label[160];
    for (uint32_t i = 0; i < t->n; i++) {
        const char *key = t->at[i].key ? t->at[i].key : "";
        snprintf(label, sizeof label, "classes: %s: %s", en->key, key);
        if (!strcmp(key, "share")) {
            if (!value_number(&t->at[i].value, UNIT_RATIO, &share, label, e))
                return false;
        } else if (!strcmp(key, "priority")) {
            if (!value_number(&t->at[i].value, UNIT_NONE, &priority, label, e))
                return false;
        } else if (!read_fact(s, &t->at[i], &c->facts[c->n_facts++], e))
            return error_prefix(e, "classes: %s", en->key);
    }
    if (shares && isnan(share))
        return error_set(e, "classes: %s: 'share' is missing", en->key);
    c->upto = share;
    return sim_class(s->base.sim, en->key, priority, &c->index, e);
}

static bool read_classes(struct source *s, bool shares, struct error *e) {
    const struct table *t = &s->classes_value.table;
    struct arena *arena = &s->base.sim->arena;
    if (s->classes_value.type == VALUE_NIL) {
        s->classes = arena_alloc(arena, sizeof *s->classes);
        s->n_classes = 1;
        return sim_class(s->base.sim, s->base.name, 0, &s->classes[0].index, e);
    }
    if (s->classes_value.type != VALUE_TABLE || !t->n)
        return error_set(e, "classes: it wants a table such as { human = { share = 0.95 } }");
    s->n_classes = t->n;
    s->classes = arena_alloc(arena, t->n * sizeof *s->classes);
    double sum = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        if (!read_class(s, &t->at[i], shares, &s->classes[i], e))
            return false;
        sum += s->classes[i].upto;
        s->classes[i].upto = sum;
    }
    if (shares && fabs(sum - 1) > 1e-9)
        return error_set(e, "classes: the shares add up to %.6g, not to 1", sum);
    return true;
}

bool source_read_facts(struct source *s, const struct value *v, const char *what,
                       struct source_fact **out, uint32_t *n, struct error *e) {
    if (v->type == VALUE_NIL)
        return true;
    if (v->type != VALUE_TABLE)
        return error_set(e, "%s: it wants a table such as { user_id = uniform_int { 1, 1000 } }",
                         what);
    *out = arena_alloc(&s->base.sim->arena, v->table.n * sizeof **out + 1);
    for (uint32_t i = 0; i < v->table.n; i++)
        if (!read_fact(s, &v->table.at[i], &(*out)[(*n)++], e))
            return false;
    return true;
}

bool source_read(struct source *s, bool shares, struct error *e) {
    return source_read_facts(s, &s->facts_value, "facts", &s->facts, &s->n_facts, e) &&
           read_classes(s, shares, e);
}

int source_class_of(const struct source *s, uint16_t class) {
    uint32_t i = 0;
    while (i + 1 < s->n_classes && s->classes[i].index != class)
        i++;
    return (int)i;
}

static void draw_facts(const struct source_fact *f, uint32_t n, struct call *root) {
    for (uint32_t i = 0; i < n; i++)
        root->req->fact[f[i].index] = quantity_draw(f[i].q, root, PURPOSE_FACTS + f[i].index);
}

static int draw_class(const struct source *s, struct call *root) {
    struct rng r = call_rng(root, PURPOSE_CLASS);
    double u = rng_unit(&r);
    uint32_t i = 0;
    while (i + 1 < s->n_classes && u >= s->classes[i].upto)
        i++;
    return (int)i;
}

void source_fill(struct source *s, struct call *root, int class) {
    struct request *r = root->req;
    r->id = ++s->sent;
    root->key = r->key = rng_key(s->base.salt, r->id);
    if (class < 0)
        class = s->n_classes == 1 ? 0 : draw_class(s, root);
    const struct source_class *c = &s->classes[class];
    request_classify(s->base.sim, r, c->index);
    draw_facts(s->facts, s->n_facts, root);
    draw_facts(c->facts, c->n_facts, root);
    if (s->deadline)
        root->deadline = root->start + s->deadline;
}

void source_seal(struct source *s) {
    if (s->entry.meter) {
        meter_release(s->entry.meter);
        free(s->entry.meter);
    }
    s->entry.meter = &s->base.meter;
}
