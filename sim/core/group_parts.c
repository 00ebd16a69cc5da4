/* What replicas are made of, and what shares are taken of in them: one that is not there has no
 * servers that could be busy. */
#include "core/group.h"
#include "core/sim.h"

static void add_part(struct replica *r, struct node *n) {
    struct replica_part *part = arena_alloc(&n->sim->arena, sizeof *part);
    *part = (struct replica_part){r->parts, n};
    r->parts = part;
    bool known = n->away != NULL; /* by a replica around this one */
    for (const struct metric *m = n->type->metrics; m && m->name && !known; m++)
        if (m->kind == METRIC_SHARE) {
            struct away *x = arena_alloc(&n->sim->arena, sizeof *x);
            *x = (struct away){.next = n->away, .share = m};
            n->away = x;
        }
}

/* From the back, so that the parts stand in the order of the model: callers before callees. */
void group_find_parts(struct group *g) {
    struct sim *sim = g->base.sim;
    for (uint32_t i = sim->n_order; i-- > 0;)
        for (struct scope *s = sim->order[i]->scope; s->owner; s = s->parent)
            if (s->owner == &g->base)
                add_part(container_of(s, struct replica, scope), sim->order[i]);
}

/* A replica may lie in another one: it is there when both are. */
void group_count_shares(struct replica *r, bool there) {
    ns_t now = r->group->base.sim->clock.now;
    for (struct replica_part *p = r->parts; p; p = p->next)
        for (struct away *x = p->node->away; x; x = x->next) {
            const struct integral *of = (const void *)((char *)p->node + x->share->offset2);
            x->gone += there ? -1 : 1;
            if (x->gone == !there)
                integral_add(&x->capacity, now, there ? -x->capacity.value : of->value);
        }
}
