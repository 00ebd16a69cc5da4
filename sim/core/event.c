#include "event.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/ring.h"

/* The ring opens when the heap would hold more than MANY and closes when fewer than FEW are left.
 */
enum { FIRST_CAP = 64, MANY = 64, FEW = 16, LINE = 64, OFFSET = 3, BEHIND = 3 };

void clock_init(struct clock *c) {
    *c = (struct clock){.near_end = NS_NEVER};
}

void clock_release(struct clock *c) {
    if (c->key)
        free(c->key - OFFSET);
    free(c->who);
    ring_free(c->ring);
    clock_init(c);
}

/* ---- the heap */

__extension__ typedef unsigned __int128 wide;

/* One comparison of 128 bits and no branch: which child is the smallest cannot be predicted. Keys
 * travel as scalars: one passed through memory was written in pieces and read whole, which stalls.
 */
static inline bool before(ns_t at, uint64_t as, ns_t bt, uint64_t bs) {
    return ((wide)(uint64_t)at << 64 | as) < ((wide)(uint64_t)bt << 64 | bs);
}

static inline void put(struct heap_key *key, struct event **who, size_t i, ns_t time, uint64_t seq,
                       struct event *e) {
    key[i].time = time;
    key[i].seq = seq;
    who[i] = e;
    e->slot = (uint32_t)i + 1;
}

static void sift_up(struct clock *c, size_t i, ns_t time, uint64_t seq, struct event *e) {
    struct heap_key *key = c->key;
    struct event **who = c->who;
    while (i) {
        size_t up = (i - 1) / 4;
        ns_t up_time = key[up].time;
        uint64_t up_seq = key[up].seq;
        if (!before(time, seq, up_time, up_seq))
            break;
        put(key, who, i, up_time, up_seq, who[up]);
        i = up;
    }
    put(key, who, i, time, seq, e);
}

static inline bool key_before(const struct heap_key *a, const struct heap_key *b) {
    return before(a->time, a->seq, b->time, b->seq);
}

/* Which of four children is the smallest: two pairs at once, then the better two. Behind the last
 * entry stand keys that are later than all, so there are always four to compare. */
static inline size_t least_of(const struct heap_key *kid) {
    size_t a = key_before(&kid[1], &kid[0]), b = 2 + (size_t)key_before(&kid[3], &kid[2]);
    return a ^ ((a ^ b) & -(size_t)key_before(&kid[b], &kid[a]));
}

static void sift_down(struct clock *c, size_t i, ns_t time, uint64_t seq, struct event *e) {
    struct heap_key *key = c->key;
    struct event **who = c->who;
    size_t n = c->n;
    for (size_t first; (first = 4 * i + 1) < n;) {
        size_t best = first + least_of(&key[first]);
        ns_t best_time = key[best].time;
        uint64_t best_seq = key[best].seq;
        if (!before(best_time, best_seq, time, seq))
            break;
        put(key, who, i, best_time, best_seq, who[best]);
        i = best;
    }
    put(key, who, i, time, seq, e);
}

static const struct heap_key last_of_all = {NS_NEVER, UINT64_MAX};

static void reserve(struct clock *c, uint32_t cap) {
    struct heap_key *key =
        aligned_alloc(LINE, ((OFFSET + cap + BEHIND) * sizeof *key + 63) & ~(size_t)63);
    if (!key)
        mem_out(cap * sizeof *key);
    key += OFFSET;
    for (uint32_t i = 0; i < cap + BEHIND; i++)
        key[i] = i < c->n ? c->key[i] : last_of_all;
    if (c->key)
        free(c->key - OFFSET);
    c->key = key;
    c->who = mem_resize(c->who, cap, sizeof *c->who);
    c->cap = cap;
}

/* Everything that is pending as one list, and the heap empty. */
static struct event *gather(struct clock *c, uint32_t *n) {
    assert(!c->hole && "the pending set is laid out anew while an event fires");
    *n = clock_pending(c);
    struct event *all = c->ring ? ring_empty(c->ring) : NULL;
    for (uint32_t i = 0; i < c->n; i++) {
        c->who[i]->next = all;
        all = c->who[i];
        c->key[i] = last_of_all;
    }
    c->n = 0;
    return all;
}

static inline void heap_append(struct clock *c, struct event *e, ns_t time, uint64_t seq) {
    if (__builtin_expect(c->n == c->cap, 0))
        reserve(c, c->cap ? 2 * c->cap : FIRST_CAP);
    c->n++;
    sift_up(c, c->n - 1, time, seq, e);
}

static void heap_remove(struct clock *c, uint32_t i) {
    uint32_t last = --c->n;
    if (i == last) {
        c->key[last] = last_of_all;
        return;
    }
    ns_t time = c->key[last].time;
    uint64_t seq = c->key[last].seq;
    struct event *e = c->who[last];
    c->key[last] = last_of_all;
    const struct heap_key *up = &c->key[i ? (i - 1) / 4 : 0];
    if (i && before(time, seq, up->time, up->seq))
        sift_up(c, i, time, seq, e);
    else
        sift_down(c, i, time, seq, e);
}

/* ---- the ring */

/* Sets up the ring anew, or closes it when few events are left. */
static void spread(struct clock *c) {
    uint32_t n;
    struct event *all = gather(c, &n);
    if (n < FEW) {
        c->near_end = NS_NEVER;
        for (struct event *e = all; e; e = e->next)
            heap_append(c, e, e->time, e->seq);
        return;
    }
    if (!c->ring)
        c->ring = ring_new();
    c->near_end = ring_fill(c->ring, all, n, c->now);
}

/* The heap has run empty: the next bucket moves in. */
static __attribute__((noinline)) void refill(struct clock *c) {
    if (!ring_fits(c->ring))
        spread(c);
    if (c->near_end == NS_NEVER)
        return;
    for (struct event *e = ring_take(c->ring, &c->near_end); e; e = e->next)
        heap_append(c, e, e->time, e->seq);
}

/* The heap is full: time for the ring, unless all that is there belongs to one bucket. */
static __attribute__((noinline)) void overflow(struct clock *c) {
    if (c->n < MANY)
        return;
    spread(c);
    if (c->n == 0)
        refill(c);
}

/* Time and sequence come as arguments: reading them back from the event that was just written costs
 * a stall. */
static inline void insert(struct clock *c, struct event *e, ns_t time, uint64_t seq) {
    if (__builtin_expect(c->n == c->cap, 0) && !c->hole)
        overflow(c);
    if (time >= c->near_end) {
        ring_put(c->ring, e);
        if (__builtin_expect(c->n == 0, 0))
            refill(c);
    } else if (c->hole) { /* replace-top: one sift instead of a removal and an insertion */
        c->hole = false;
        sift_down(c, 0, time, seq, e);
    } else
        heap_append(c, e, time, seq);
}

static inline void removed(struct clock *c) {
    if (__builtin_expect(c->n == 0, 0) && c->near_end != NS_NEVER)
        refill(c);
}

/* ---- what the rest of the program sees */

void event_at(struct clock *c, struct event *e, ns_t time) {
    assert(!e->slot && "event scheduled twice");
    assert(time >= c->now && "event scheduled in the past");
    uint64_t seq = c->seq++;
    e->time = time;
    e->seq = seq;
    e->line = NULL;
    insert(c, e, time, seq);
}

void line_at(struct clock *c, struct delay_line *l, struct event *e, ns_t time) {
    bool empty = list_empty(&l->waiting);
    if (!empty && container_of(l->waiting.prev, struct event, link)->time > time) {
        event_at(c, e, time);
        return;
    }
    assert(!e->slot && "event scheduled twice");
    assert(time >= c->now && "event scheduled in the past");
    uint64_t seq = c->seq++;
    e->time = time;
    e->seq = seq;
    e->line = l;
    e->slot = SLOT_LINE;
    list_append(&l->waiting, &e->link);
    if (empty)
        insert(c, e, time, seq);
}

/* The head of a line left: the next one takes its place, with its own sequence number. */
static void line_promote(struct clock *c, struct delay_line *l) {
    if (list_empty(&l->waiting))
        return;
    struct event *next = container_of(l->waiting.next, struct event, link);
    insert(c, next, next->time, next->seq);
}

void event_cancel(struct clock *c, struct event *e) {
    uint32_t slot = e->slot;
    if (!slot)
        return;
    e->slot = 0;
    if (e->line)
        list_remove(&e->link);
    if (slot == SLOT_LINE)
        return;
    if (slot == SLOT_RING)
        ring_remove(c->ring, e);
    else
        heap_remove(c, slot - 1);
    if (e->line)
        line_promote(c, e->line);
    removed(c);
}

void clock_step(struct clock *c) {
    struct event *e = c->who[0];
    c->now = c->key[0].time;
    c->fired++;
    c->hole = true;
    e->slot = 0;
    if (e->line) {
        list_remove(&e->link);
        line_promote(c, e->line);
    }
    e->fire(e);
    if (c->hole) {
        c->hole = false;
        heap_remove(c, 0);
        removed(c);
    }
}

uint32_t clock_pending(const struct clock *c) {
    return c->n - c->hole + (c->ring ? ring_count(c->ring) : 0);
}

bool clock_check(const struct clock *c) {
    for (uint32_t i = c->hole; i < c->n; i++) {
        const struct event *e = c->who[i];
        const struct heap_key *k = &c->key[i], *up = &c->key[i ? (i - 1) / 4 : 0];
        bool under_hole = c->hole && i <= 4;
        if (i && !under_hole && before(k->time, k->seq, up->time, up->seq))
            return false;
        if (e->slot != i + 1 || e->time != k->time || e->seq != k->seq || e->time < c->now)
            return false;
        if (e->line && e->line->waiting.next != &e->link)
            return false;
    }
    return !c->ring || ring_check(c->ring, c->near_end);
}
