/* What shares are taken of in replicas: one that is not there has no servers that could be busy. */
#include "core/group.h"
#include "core/sim.h"

static void hold(struct replica *r, struct node *n) {
    if (!n->away) {
        for (const struct metric *m = n->type->metrics; m && m->name; m++)
            if (m->kind == METRIC_SHARE) {
                struct away *x = arena_alloc(&n->sim->arena, sizeof *x);
                *x = (struct away){.next = n->away, .share = m};
                n->away = x;
            }
    }
    if (n->away) {
        struct within *w = arena_alloc(&n->sim->arena, sizeof *w);
        *w = (struct within){r->within, n};
        r->within = w;
    }
}

void group_find_shares(struct group *g) {
    struct sim *sim = g->base.sim;
    for (uint32_t i = 0; i < sim->n_order; i++)
        for (struct scope *s = sim->order[i]->scope; s->owner; s = s->parent)
            if (s->owner == &g->base)
                hold(container_of(s, struct replica, scope), sim->order[i]);
}

/* A replica may lie in another one: it is there when both are. */
void group_count_shares(struct replica *r, bool there) {
    ns_t now = r->group->base.sim->clock.now;
    for (struct within *w = r->within; w; w = w->next)
        for (struct away *x = w->node->away; x; x = x->next) {
            const struct integral *of = (const void *)((char *)w->node + x->share->offset2);
            x->gone += there ? -1 : 1;
            if (x->gone == !there)
                integral_add(&x->capacity, now, there ? -x->capacity.value : of->value);
        }
}
