/* What replicas are made of, and when it is there. */
#include "core/group.h"
#include "core/sim.h"

static void add_presence(struct node *n) {
    struct arena *arena = &n->sim->arena;
    struct presence *p = n->presence = arena_alloc(arena, sizeof *p);
    *p = (struct presence){.there.value = 1};
    for (const struct metric *m = n->type->metrics; m && m->name; m++)
        if (m->kind == METRIC_SHARE) {
            struct away *x = arena_alloc(arena, sizeof *x);
            *x = (struct away){.next = p->away, .share = m};
            p->away = x;
        }
}

static void add_part(struct replica *r, struct node *n) {
    struct replica_part *part = arena_alloc(&n->sim->arena, sizeof *part);
    *part = (struct replica_part){r->parts, n};
    r->parts = part;
    if (!n->presence) /* a replica around this one may have brought it */
        add_presence(n);
}

/* From the back, so that the parts stand in the order of the model: callers before callees. */
void group_find_parts(struct group *g) {
    struct sim *sim = g->base.sim;
    for (uint32_t i = sim->n_order; i-- > 0;)
        for (struct scope *s = sim->order[i]->scope; s->owner; s = s->parent)
            if (s->owner == &g->base)
                add_part(container_of(s, struct replica, scope), sim->order[i]);
}

/* A replica may lie in another one: what is in it is there when both are. */
static void turn(struct node *n, bool there) {
    struct presence *p = n->presence;
    ns_t now = n->sim->clock.now;
    p->gone += there ? -1 : 1;
    if (p->gone != !there)
        return;
    integral_add(&p->there, now, there ? 1 : -1);
    for (struct away *x = p->away; x; x = x->next) {
        const struct integral *of = (const void *)((char *)n + x->share->offset2);
        integral_add(&x->capacity, now, there ? -x->capacity.value : of->value);
    }
}

void group_turn_parts(struct replica *r, bool there) {
    for (struct replica_part *p = r->parts; p; p = p->next)
        turn(p->node, there);
}
