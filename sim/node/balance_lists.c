/* What a scenario says of a balancer's targets one by one: lists beside the list of targets. */
#include <string.h>

#include "core/sim.h"
#include "node/balance.h"

/* Where a value is kept. */
typedef bool take(struct balance *b, uint32_t target, const struct value *v, struct error *e);

static bool of_part(struct balance *b, const struct edge_part *part, const struct value *v,
                    const char *name, take *put, struct error *e) {
    bool each = v->type == VALUE_TABLE;
    if (each && table_count(&v->table) != part->n)
        return error_set(e, "%s: %u values for a group of %u", name, table_count(&v->table),
                         part->n);
    for (uint32_t i = 0; i < part->n; i++)
        if (!put(b, part->first + i, each ? table_at(&v->table, i + 1) : v, e))
            return false;
    return true;
}

/* One value for each entry of the list of targets, or for each replica of the only one; a list in
 * place of a value has one for each replica. */
static bool read_list(struct balance *b, const struct value *v, const char *name, take *put,
                      struct error *e) {
    const struct edge_list *l = &b->targets;
    if (v->type != VALUE_TABLE)
        return error_set(e, "%s: %s was given; it wants a list, with a value for each target", name,
                         value_type_name(v));
    uint32_t n = table_count(&v->table);
    if (l->n_parts == 1 && n == l->n && (n > 1 || table_at(&v->table, 1)->type != VALUE_TABLE))
        return of_part(b, &l->part[0], v, name, put, e);
    if (n != l->n_parts)
        return error_set(e, "%s: %u values for %u targets%s", name, n, l->n_parts,
                         l->n_parts == 1 ? "; a group takes one value, or one for each replica"
                                         : "");
    for (uint32_t p = 0; p < n; p++)
        if (!of_part(b, &l->part[p], table_at(&v->table, p + 1), name, put, e))
            return false;
    return true;
}

/* ---- weights */

static bool put_weight(struct balance *b, uint32_t i, const struct value *v, struct error *e) {
    double w;
    if (!value_number(v, UNIT_NONE, &w, "weights", e))
        return false;
    b->host[i].weight = w;
    return (w >= 1e-3 && w <= 1e6) ||
           error_set(e, "weights: %.6g: a weight must lie in 0.001..1e6", w);
}

bool balance_weigh(struct balance *b, struct error *e) {
    for (uint32_t i = 0; i < b->targets.n; i++)
        b->host[i].weight = 1;
    b->uneven = false;
    if (b->weights.type == VALUE_NIL)
        return true;
    if (b->policy == JOIN_SHORTEST_QUEUE)
        return error_set(e,
                         "policy = \"join_shortest_queue\" knows no weights; least_request does");
    if (!read_list(b, &b->weights, "weights", put_weight, e))
        return false;
    for (uint32_t i = 1; i < b->targets.n; i++)
        b->uneven = b->uneven || b->host[i].weight != b->host[0].weight;
    return true;
}

/* ---- priorities */

enum { MAX_PRIORITY = 127 };

static bool put_priority(struct balance *b, uint32_t i, const struct value *v, struct error *e) {
    double p;
    if (!value_number(v, UNIT_NONE, &p, "priorities", e))
        return false;
    if (!(p >= 0 && p <= MAX_PRIORITY) || p != (double)(int)p)
        return error_set(e, "priorities: %.6g: a priority is a whole number from 0 to %d", p,
                         MAX_PRIORITY);
    b->host[i].level = (uint32_t)p;
    return true;
}

bool balance_rank(struct balance *b, struct error *e) {
    bool there[MAX_PRIORITY + 1] = {false};
    b->n_levels = 1;
    if (b->priorities.type == VALUE_NIL)
        return true;
    if (!read_list(b, &b->priorities, "priorities", put_priority, e))
        return false;
    for (uint32_t i = 0; i < b->targets.n; i++) {
        there[b->host[i].level] = true;
        if (b->host[i].level >= b->n_levels)
            b->n_levels = b->host[i].level + 1;
    }
    for (uint32_t l = 0; l < b->n_levels; l++)
        if (!there[l])
            return error_set(
                e, "priorities: no target has priority %u; they count from 0 without a gap", l);
    return true;
}

/* ---- zones */

static uint32_t zone_index(struct zones *z, const char *name) { /* made on first mention */
    uint32_t i = 0;
    while (i < z->n && strcmp(z->name[i], name))
        i++;
    if (i == z->n)
        z->name[z->n++] = name;
    return i;
}

static bool put_zone(struct balance *b, uint32_t i, const struct value *v, struct error *e) {
    if (v->type != VALUE_TEXT)
        return error_set(e, "localities: %s was given; a zone has a name", value_type_name(v));
    b->host[i].zone = zone_index(&b->zones, v->text);
    return true;
}

static bool read_callers(struct zones *z, struct error *e) {
    const struct value *v = &z->callers;
    if (v->type != VALUE_TABLE)
        return error_set(e, "zone_aware.callers: how many callers there are in each zone, such as "
                            "{ a = 40, b = 60 }");
    for (uint32_t i = 0; i < v->table.n; i++) {
        const struct entry *en = &v->table.at[i];
        double n;
        if (!en->key || !value_number(&en->value, UNIT_NONE, &n, en->key, e) || n < 0)
            return error_set(e, "zone_aware.callers: each zone has a number, 0 or more");
        z->from[zone_index(z, en->key)] = n;
    }
    return true;
}

bool balance_locate(struct balance *b, struct error *e) {
    struct arena *a = &b->base.sim->arena;
    struct zones *z = &b->zones;
    if (!z->on)
        return true;
    if (b->policy == RING_HASH || b->policy == MAGLEV)
        return error_set(e, "zone_aware: a key has one home, in whatever zone that is; use another "
                            "policy");
    if (b->localities.type == VALUE_NIL || !z->local)
        return error_set(e, "zone_aware wants localities, the zone of each target, and local_zone");
    size_t most = b->targets.n + 1 + (z->callers.type == VALUE_TABLE ? z->callers.table.n : 0);
    z->name = arena_alloc(a, most * sizeof *z->name);
    z->from = arena_alloc(a, most * sizeof *z->from);
    z->able = arena_alloc(a, most * sizeof *z->able);
    z->upto = arena_alloc(a, most * sizeof *z->upto);
    if (!read_list(b, &b->localities, "localities", put_zone, e) || !read_callers(z, e))
        return false;
    z->here = zone_index(z, z->local);
    z->set = arena_alloc(a, z->n * sizeof *z->set);
    return z->from[z->here] > 0 ||
           error_set(e, "zone_aware: local_zone = \"%s\" has no callers", z->local);
}
