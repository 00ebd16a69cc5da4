#include "node/queue.h"

#include <math.h>
#include <stdlib.h>

#include "core/sim.h"

const char *const discipline_names[] = {"fifo", "lifo", "priority",      "random", "sjf",
                                        "edf",  "ps",   "adaptive_lifo", NULL};

static bool by_key(const struct queue *q) {
    return q->discipline == QUEUE_SJF || q->discipline == QUEUE_EDF;
}

void queue_init(struct queue *q, struct sim *sim, enum discipline d, uint64_t salt) {
    *q = (struct queue){.discipline = d, .n_levels = 1, .rng = {rng_mix(salt ^ RNG_GOLDEN)}};
    for (uint32_t i = 0; i < sim->n_classes; i++)
        if (d == QUEUE_PRIORITY && sim->classes[i].level + 1u > q->n_levels)
            q->n_levels = sim->classes[i].level + 1u;
    q->level = arena_alloc(&sim->arena, q->n_levels * sizeof *q->level);
    for (uint32_t i = 0; i < q->n_levels; i++)
        list_init(&q->level[i]);
}

void queue_release(struct queue *q) {
    free(q->slots);
    q->slots = NULL;
    ranks_release(&q->ranks);
}

void queue_push(struct queue *q, struct waiter *w) {
    struct call *c = &w->base;
    switch (q->discipline) {
    case QUEUE_FIFO:
    case QUEUE_PS:
    case QUEUE_ADAPTIVE:
        list_append(&q->level[0], &c->wait);
        break;
    case QUEUE_LIFO:
        list_prepend(&q->level[0], &c->wait);
        break;
    case QUEUE_PRIORITY:
        list_append(&q->level[c->req->level], &c->wait);
        break;
    case QUEUE_RANDOM:
        if (q->n == q->cap) {
            q->cap = q->cap ? 2 * q->cap : 64;
            q->slots = mem_resize(q->slots, q->cap, sizeof *q->slots);
        }
        q->slots[w->slot = q->n] = w;
        break;
    case QUEUE_EDF:
        w->key = c->deadline == NS_NEVER ? HUGE_VAL : (double)c->deadline;
        ranks_push(&q->ranks, w->key, w->order, &w->slot);
        break;
    case QUEUE_SJF:
        ranks_push(&q->ranks, w->key, w->order, &w->slot);
        break;
    }
    q->n++;
}

void queue_return(struct queue *q, struct waiter *w) {
    if (q->discipline == QUEUE_PRIORITY) {
        list_prepend(&q->level[w->base.req->level], &w->base.wait);
        q->n++;
    } else
        queue_push(q, w); /* lifo: in front; heaps: its order is older than its equals' */
}

void queue_remove(struct queue *q, struct waiter *w) {
    q->n--;
    if (by_key(q)) {
        ranks_remove(&q->ranks, w->slot);
        return;
    }
    if (q->discipline != QUEUE_RANDOM) {
        list_remove(&w->base.wait);
        return;
    }
    q->slots[w->slot] = q->slots[q->n];
    q->slots[w->slot]->slot = w->slot;
}

struct waiter *queue_peek(struct queue *q) {
    if (!q->n)
        return NULL;
    if (q->discipline == QUEUE_RANDOM) {
        uint32_t i = (uint32_t)rng_below(&q->rng, q->n);
        return q->slots[i];
    }
    if (by_key(q))
        return container_of(q->ranks.at[0].slot, struct waiter, slot);
    for (uint32_t i = q->n_levels; i-- > 0;)
        if (!list_empty(&q->level[i]))
            return container_of(call_of_wait(q->level[i].next), struct waiter, base);
    return NULL;
}

struct waiter *queue_newest(struct queue *q) {
    return q->n ? container_of(call_of_wait(q->level[0].prev), struct waiter, base) : NULL;
}

bool queue_check(const struct queue *q) {
    if (by_key(q))
        return q->ranks.n == q->n && ranks_check(&q->ranks);
    uint32_t n = 0;
    for (uint32_t i = 0; q->discipline == QUEUE_RANDOM && i < q->n; i++, n++)
        if (q->slots[i]->slot != i)
            return false;
    for (uint32_t i = 0; i < q->n_levels; i++)
        for (const struct list *l = q->level[i].next; l != &q->level[i]; l = l->next)
            if (l->next->prev != l || ++n > q->n)
                return false;
    return n == q->n;
}
