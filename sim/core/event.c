#include "event.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

void clock_init(struct clock *c) {
    *c = (struct clock){0};
}

void clock_release(struct clock *c) {
    free(c->heap);
    *c = (struct clock){0};
}

/* Keys travel as scalars: an entry passed through memory was written in pieces and read whole,
 * which stalls. */
static inline bool before(ns_t at, uint64_t as, ns_t bt, uint64_t bs) {
    return at < bt || (at == bt && as < bs);
}

/* The same without a branch: which child is the smallest cannot be predicted. */
static inline bool sooner(ns_t at, uint64_t as, ns_t bt, uint64_t bs) {
    return (at < bt) | ((at == bt) & (as < bs));
}

static inline void put(struct clock *c, uint32_t i, ns_t time, uint64_t seq, struct event *e) {
    struct heap_entry *at = &c->heap[i];
    at->time = time;
    at->seq = seq;
    at->event = e;
    e->slot = i + 1;
}

static void sift_up(struct clock *c, uint32_t i, ns_t time, uint64_t seq, struct event *e) {
    while (i) {
        uint32_t up = (i - 1) / 4;
        const struct heap_entry *u = &c->heap[up];
        if (!before(time, seq, u->time, u->seq))
            break;
        put(c, i, u->time, u->seq, u->event);
        i = up;
    }
    put(c, i, time, seq, e);
}

static void sift_down(struct clock *c, uint32_t i, ns_t time, uint64_t seq, struct event *e) {
    const struct heap_entry *heap = c->heap;
    uint32_t n = c->n;
    for (;;) {
        uint32_t first = 4 * i + 1, end = first + 4 < n ? first + 4 : n;
        if (first >= end)
            break;
        uint32_t best = first;
        ns_t best_time = heap[first].time;
        uint64_t best_seq = heap[first].seq;
        for (uint32_t k = first + 1; k < end; k++) {
            bool less = sooner(heap[k].time, heap[k].seq, best_time, best_seq);
            best = less ? k : best;
            best_time = less ? heap[k].time : best_time;
            best_seq = less ? heap[k].seq : best_seq;
        }
        if (!before(best_time, best_seq, time, seq))
            break;
        put(c, i, best_time, best_seq, heap[best].event);
        i = best;
    }
    put(c, i, time, seq, e);
}

/* Time and sequence come as arguments: reading them back from the event that was just written costs
 * a stall. */
static inline void heap_insert(struct clock *c, struct event *e, ns_t time, uint64_t seq) {
    if (c->hole) { /* replace-top: one sift instead of a removal and an insertion */
        c->hole = false;
        sift_down(c, 0, time, seq, e);
        return;
    }
    if (__builtin_expect(c->n == c->cap, 0)) {
        c->cap = c->cap ? 2 * c->cap : 64;
        c->heap = mem_resize(c->heap, c->cap, sizeof *c->heap);
    }
    c->n++;
    sift_up(c, c->n - 1, time, seq, e);
}

static void heap_remove(struct clock *c, uint32_t i) {
    const struct heap_entry *last = &c->heap[--c->n];
    if (i == c->n)
        return;
    ns_t time = last->time;
    uint64_t seq = last->seq;
    const struct heap_entry *up = &c->heap[i ? (i - 1) / 4 : 0];
    if (i && before(time, seq, up->time, up->seq))
        sift_up(c, i, time, seq, last->event);
    else
        sift_down(c, i, time, seq, last->event);
}

void event_at(struct clock *c, struct event *e, ns_t time) {
    assert(!e->pending && "event scheduled twice");
    assert(time >= c->now && "event scheduled in the past");
    uint64_t seq = c->seq++;
    e->time = time;
    e->seq = seq;
    e->line = NULL;
    e->pending = true;
    heap_insert(c, e, time, seq);
}

void line_at(struct clock *c, struct delay_line *l, struct event *e, ns_t time) {
    bool empty = list_empty(&l->waiting);
    if (!empty && container_of(l->waiting.prev, struct event, link)->time > time) {
        event_at(c, e, time);
        return;
    }
    assert(!e->pending && "event scheduled twice");
    assert(time >= c->now && "event scheduled in the past");
    uint64_t seq = c->seq++;
    e->time = time;
    e->seq = seq;
    e->line = l;
    e->slot = 0;
    e->pending = true;
    list_append(&l->waiting, &e->link);
    if (empty)
        heap_insert(c, e, time, seq);
}

/* The head of a line left: the next one takes its place in the heap, with its own sequence number.
 */
static void line_promote(struct clock *c, struct delay_line *l) {
    if (list_empty(&l->waiting))
        return;
    struct event *next = container_of(l->waiting.next, struct event, link);
    heap_insert(c, next, next->time, next->seq);
}

void event_cancel(struct clock *c, struct event *e) {
    if (!e->pending)
        return;
    e->pending = false;
    struct delay_line *l = e->line;
    if (l)
        list_remove(&e->link);
    if (!e->slot)
        return;
    heap_remove(c, e->slot - 1);
    e->slot = 0;
    if (l)
        line_promote(c, l);
}

void clock_step(struct clock *c) {
    struct event *e = c->heap[0].event;
    c->now = c->heap[0].time;
    c->fired++;
    c->hole = true;
    e->slot = 0;
    e->pending = false;
    if (e->line) {
        list_remove(&e->link);
        line_promote(c, e->line);
    }
    e->fire(e);
    if (c->hole) {
        c->hole = false;
        heap_remove(c, 0);
    }
}

bool clock_check(const struct clock *c) {
    for (uint32_t i = c->hole ? 1 : 0; i < c->n; i++) {
        const struct event *e = c->heap[i].event;
        if (i && !(c->hole && (i - 1) / 4 == 0) &&
            before(c->heap[i].time, c->heap[i].seq, c->heap[(i - 1) / 4].time,
                   c->heap[(i - 1) / 4].seq))
            return false;
        if (e->slot != i + 1 || !e->pending || e->time != c->heap[i].time || e->time < c->now)
            return false;
        if (e->line && e->line->waiting.next != &e->link)
            return false;
    }
    return true;
}
