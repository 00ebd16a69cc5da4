#include "core/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    SAMPLE = 256, /* events looked at to choose a width */
    PER_BUCKET = 3,
    LEAST_BUCKETS = 64 /* whole words of the map */
};

struct ring {
    struct event **bucket;
    uint64_t *map; /* a bit for each bucket that may have events */
    uint32_t mask; /* number of buckets - 1 */
    uint32_t cap;
    uint32_t shift;  /* a bucket is 2^shift ns */
    uint32_t n;      /* events in all */
    uint64_t at;     /* number of the next bucket: time >> shift; its place is number & mask */
    uint64_t beyond; /* buckets from this number on are in `far` */
    struct event *far;
    uint64_t taken, buckets, passed; /* since the last fill: events, buckets with any, buckets */
};

struct ring *ring_new(void) {
    return mem_zero(sizeof(struct ring));
}

void ring_free(struct ring *r) {
    if (!r)
        return;
    free(r->bucket);
    free(r->map);
    free(r);
}

uint32_t ring_count(const struct ring *r) {
    return r->n;
}

static void link_at(struct event **head, struct event *e) {
    e->next = *head;
    e->back = head;
    if (*head)
        (*head)->back = &e->next;
    *head = e;
}

static void place(struct ring *r, struct event *e) {
    uint64_t b = (uint64_t)e->time >> r->shift;
    if (b >= r->beyond) {
        link_at(&r->far, e);
        return;
    }
    uint32_t i = (uint32_t)b & r->mask;
    link_at(&r->bucket[i], e);
    r->map[i / 64] |= (uint64_t)1 << i % 64;
}

void ring_put(struct ring *r, struct event *e) {
    assert((uint64_t)e->time >> r->shift >= r->at && "an event of the near future in the ring");
    e->slot = SLOT_RING;
    r->n++;
    place(r, e);
}

void ring_remove(struct ring *r, struct event *e) {
    *e->back = e->next;
    if (e->next)
        e->next->back = e->back;
    r->n--;
}

/* ---- taking buckets in order */

/* What lay beyond the last turn and no longer does. */
static void bring_nearer(struct ring *r) {
    struct event *e = r->far;
    r->far = NULL;
    r->beyond = r->at + r->mask + 1;
    for (struct event *next; e; e = next) {
        next = e->next;
        place(r, e);
    }
}

static uint64_t first_of(const struct event *e, uint32_t shift) {
    ns_t least = e->time;
    for (; e; e = e->next)
        least = e->time < least ? e->time : least;
    return (uint64_t)least >> shift;
}

/* Steps from r->at to the next bucket whose bit is set; false when this turn has none. */
static bool advance(struct ring *r) {
    while (r->at < r->beyond) {
        uint32_t i = (uint32_t)r->at & r->mask;
        uint64_t word = r->map[i / 64] >> i % 64;
        if (word) {
            r->at += (uint64_t)__builtin_ctzll(word);
            return r->at < r->beyond;
        }
        r->at += 64 - i % 64;
    }
    r->at = r->beyond;
    return false;
}

static ns_t end_of_near(const struct ring *r) {
    return r->at > (uint64_t)INT64_MAX >> r->shift ? NS_NEVER : (ns_t)(r->at << r->shift);
}

/* What is about to fire is far apart in memory: asked for a few buckets early, it is there in time.
 * An event is touched for its links here and for its handler later: the first two lines. */
static inline void look_ahead(const struct ring *r) {
    const struct event *far = r->bucket[(r->at + 6) & r->mask],
                       *near = r->bucket[(r->at + 3) & r->mask];
    if (far)
        __builtin_prefetch(far);
    if (near && near->next)
        __builtin_prefetch(near->next);
}

struct event *ring_take(struct ring *r, ns_t *near_end) {
    struct event *list = NULL;
    while (r->n && !list) {
        uint64_t from = r->at;
        if (r->far && r->at + (r->mask + 1) / 2 > r->beyond)
            bring_nearer(r);
        if (!advance(r)) {
            if (r->far)
                r->at = first_of(r->far, r->shift);
            bring_nearer(r);
            continue;
        }
        uint32_t i = (uint32_t)r->at & r->mask;
        list = r->bucket[i];
        r->bucket[i] = NULL;
        r->map[i / 64] &= ~((uint64_t)1 << i % 64);
        r->at++;
        r->buckets += list != NULL;
        r->passed += r->at - from;
        look_ahead(r);
    }
    for (struct event *e = list; e; e = e->next) {
        r->n--;
        r->taken++;
    }
    *near_end = end_of_near(r);
    return list;
}

struct event *ring_empty(struct ring *r) {
    struct event *all = r->far;
    for (uint32_t i = 0; i <= r->mask && r->bucket; i++)
        for (struct event *e = r->bucket[i], *next; e; e = next) {
            next = e->next;
            e->next = all;
            all = e;
        }
    if (r->bucket)
        memset(r->bucket, 0, (r->mask + 1) * sizeof *r->bucket);
    if (r->map)
        memset(r->map, 0, (r->mask + 1) / 8);
    r->far = NULL;
    r->n = 0;
    return all;
}

/* ---- choosing buckets */

static int by_time(const void *x, const void *y) {
    ns_t a = *(const ns_t *)x, b = *(const ns_t *)y;
    return (a > b) - (a < b);
}

/* So wide that the nearer three quarters of the events come to about PER_BUCKET each. */
static uint32_t choose_shift(const struct event *list, uint32_t n, ns_t now) {
    ns_t time[SAMPLE];
    uint32_t k = 0, stride = n / SAMPLE + 1, i = 0;
    for (const struct event *e = list; e && k < SAMPLE; e = e->next, i++)
        if (i % stride == 0)
            time[k++] = e->time;
    qsort(time, k, sizeof *time, by_time);
    double width = (double)(time[3 * k / 4] - now) * PER_BUCKET / (0.75 * n);
    uint32_t shift = 0;
    while (shift < 62 && (double)((uint64_t)2 << shift) <= width)
        shift++;
    return shift;
}

static void make_buckets(struct ring *r, uint32_t n) {
    uint32_t want = LEAST_BUCKETS;
    while (want < n && want < 1u << 30)
        want *= 2;
    if (want > r->cap) {
        r->bucket = mem_resize(r->bucket, want, sizeof *r->bucket);
        r->map = mem_resize(r->map, want / 64, sizeof *r->map);
        r->cap = want;
    }
    memset(r->bucket, 0, want * sizeof *r->bucket);
    memset(r->map, 0, want / 8);
    r->mask = want - 1;
}

ns_t ring_fill(struct ring *r, struct event *list, uint32_t n, ns_t now) {
    make_buckets(r, n);
    r->shift = choose_shift(list, n, now);
    r->at = (uint64_t)now >> r->shift;
    r->beyond = r->at + r->mask + 1;
    r->n = 0;
    r->far = NULL;
    r->taken = r->buckets = r->passed = 0;
    for (struct event *e = list, *next; e; e = next) {
        next = e->next;
        ring_put(r, e);
    }
    return end_of_near(r);
}

/* After a turn's worth of events: neither too many in a bucket nor too many empty ones between. */
bool ring_fits(const struct ring *r) {
    if (r->n > 2 * r->mask || r->n < r->mask / 8)
        return false;
    if (r->taken <= r->mask)
        return true;
    return r->taken <= 4 * PER_BUCKET * r->buckets && r->passed <= 4 * r->taken;
}

bool ring_check(const struct ring *r, ns_t near_end) {
    uint32_t n = 0;
    for (uint64_t i = 0; i <= (uint64_t)r->mask + 1; i++) {
        bool far = i > r->mask;
        struct event *const *back = far ? &r->far : &r->bucket[i];
        if (*back && !far && !(r->map[i / 64] >> i % 64 & 1))
            return false;
        for (const struct event *e = *back; e; back = &e->next, e = e->next, n++) {
            uint64_t b = (uint64_t)e->time >> r->shift;
            if (e->back != back || e->slot != SLOT_RING || e->time < near_end ||
                far != (b >= r->beyond) || (!far && (b & r->mask) != i))
                return false;
        }
    }
    return n == r->n;
}
