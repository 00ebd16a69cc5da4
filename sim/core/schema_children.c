/* What a table says of other components: children, lists of them, and whom it refers to. */
#include <string.h>

#include "core/schema_impl.h"
#include "core/sim.h"

bool schema_read_edge(struct edge *at, struct node *owner, const char *what, const struct value *v,
                      struct error *e) {
    if (v->type != VALUE_NODE)
        return error_set(e, "%s: %s was given; it wants a component", what, value_type_name(v));
    if (v->node->type->flags & NODE_AGENT)
        return error_set(e,
                         "%s: %s { … } acts by itself and is not called; it belongs in "
                         "scenario.agents",
                         what, v->node->type->kind);
    if (v->node->type->flags & NODE_RESOURCE)
        return error_set(e, "%s: a %s is not called; it cannot stand here", what,
                         v->node->type->kind);
    if (v->node->type->flags & NODE_SOURCE)
        return error_set(e, "%s: a workload cannot be called; it belongs in scenario.workload",
                         what);
    edge_join(at, owner, v->node);
    return true;
}

/* Where `at` leads is found once all is wired. */
static void find_later(struct sim *sim, const struct node *owner, const struct param *p,
                       struct node **at, const char *address) {
    struct late_ref *late = mem_push(sim->late, sim->n_late, sim->cap_late);
    *late = (struct late_ref){owner, p, at, arena_copy(&sim->arena, address)};
}

/* An agent names what it calls by its address. */
static bool read_late_edge(struct sim *sim, struct edge *at, struct node *owner,
                           const struct param *p, const struct value *v) {
    if (v->type != VALUE_TEXT || !(owner->type->flags & NODE_AGENT))
        return false;
    edge_join(at, owner, NULL);
    find_later(sim, owner, p, &at->to, v->text);
    return true;
}

bool schema_read_edges(struct sim *sim, struct edge_list *at, struct node *owner,
                       const struct param *p, const struct value *v, struct error *e) {
    if (v->type != VALUE_TABLE || !v->table.n)
        return error_set(e, "%s: it wants a table of components", p->name);
    at->n = v->table.n;
    at->at = arena_alloc(&sim->arena, at->n * sizeof *at->at);
    at->names = arena_alloc(&sim->arena, at->n * sizeof *at->names);
    for (uint32_t i = 0; i < at->n; i++) {
        const struct entry *en = &v->table.at[i];
        if ((p->flags & NAMED) && !en->key)
            return error_set(e, "%s: it wants named components: %s = { a = …, b = … }", p->name,
                             p->name);
        at->names[i] = en->key;
        if (read_late_edge(sim, &at->at[i], owner, p, &en->value))
            continue;
        if (en->value.type == VALUE_NODE && !schema_wants(p, en->value.node->type->kind))
            return error_set(e, "%s: a %s was given; it wants %s { … }", p->name,
                             en->value.node->type->kind, p->ref_kind);
        if (!schema_read_edge(&at->at[i], owner, en->key ? en->key : p->name, &en->value, e))
            return false;
    }
    return true;
}

/* What an agent acts on, and where users are, may be given by its address, which means something
 * once all is wired. */
bool schema_read_ref(struct sim *sim, struct node **at, const struct node *owner,
                     const struct param *p, const struct value *v, struct error *e) {
    if (v->type == VALUE_TEXT && owner && (owner->type->flags & (NODE_AGENT | NODE_SOURCE))) {
        find_later(sim, owner, p, at, v->text);
        return true;
    }
    if (v->type != VALUE_NODE || !schema_wants(p, v->node->type->kind))
        return error_set(e, "%s: %s%s was given; it wants %s%s", p->name,
                         v->type == VALUE_NODE ? v->node->type->kind : value_type_name(v),
                         v->type == VALUE_NODE ? " { … }" : "",
                         p->ref_kind ? p->ref_kind : "a component", p->ref_kind ? " { … }" : "");
    *at = v->node;
    return true;
}

/* ---- by position */

static struct edge *next_child(void *base, const struct param *params) {
    for (const struct param *p = params; p->name; p++)
        if (p->kind == PARAM_NODE && (p->flags & CHILD) &&
            !((struct edge *)schema_field(base, p))->to)
            return schema_field(base, p);
    return NULL;
}

const struct param *schema_list_child(const struct param *params) {
    for (const struct param *p = params; p->name; p++)
        if (p->kind == PARAM_NODES && (p->flags & CHILD))
            return p;
    return NULL;
}

static bool read_parts(struct sim *sim, struct edge_list *list, struct node *node,
                       const struct param *p, const struct table *t, struct error *e) {
    list->part = arena_alloc(&sim->arena, t->n * sizeof *list->part);
    list->n_parts = t->n;
    for (uint32_t i = 0; i < t->n; i++) {
        const struct value *v = &t->at[i].value;
        struct edge alone;
        bool is_group = v->type == VALUE_NODE && !strcmp(v->node->type->kind, "replicas");
        if (!is_group && !schema_read_edge(&alone, node, p->name, v, e))
            return false;
        list->part[i] = (struct edge_part){.given = v->node, .is_group = is_group};
    }
    return true;
}

/* The entries without a key; a list among them stands for what is in it, as in geo { regions }. */
static struct table positional(struct sim *sim, const struct table *t) {
    struct table out = {NULL, 0};
    uint32_t cap = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const struct entry *en = &t->at[i];
        if (en->key)
            continue;
        bool list = en->value.type == VALUE_TABLE && table_count(&en->value.table) &&
                    table_count(&en->value.table) == en->value.table.n;
        for (uint32_t k = 0; list && k < en->value.table.n; k++)
            *arena_push(&sim->arena, out.at, out.n, cap) = en->value.table.at[k];
        if (!list)
            *arena_push(&sim->arena, out.at, out.n, cap) = *en;
    }
    return out;
}

bool schema_read_list(struct sim *sim, void *base, struct node *node, const struct param *p,
                      const struct table *t, struct error *e) {
    struct table children = positional(sim, t);
    struct edge_list *list = schema_field(base, p);
    if (!children.n)
        return true;
    if (table_get(t, p->name))
        return error_set(
            e, "%s: components stand here by position and by name; give all in one way", p->name);
    if (p->flags & GROUP)
        return read_parts(sim, list, node, p, &children, e);
    struct value v = {.type = VALUE_TABLE, .table = children};
    return schema_read_edges(sim, list, node, p, &v, e);
}

bool schema_read_child(void *base, struct node *node, const struct param *params,
                       const struct entry *en, struct error *e) {
    struct edge *child = next_child(base, params);
    if (!child) {
        bool any = false;
        for (const struct param *p = params; p->name; p++)
            any = any || (p->kind == PARAM_NODE && (p->flags & CHILD));
        return error_set(
            e, "positional entry %u (%s): it takes %s; name its keys, such as key = value",
            en->index, value_type_name(&en->value), any ? "no further child" : "no child");
    }
    return schema_read_edge(child, node, "child", &en->value, e);
}
