/* W-TinyLFU as in Caffeine (BoundedLocalCache, FrequencySketch): new entries pass through a window
 * of 1 %; who leaves it competes with the oldest of the main part by a sketch of past uses. The
 * main part is segmented: what is used again there is protected, up to 80 % of it.
 *
 * Simpler than there: the window does not adapt its size by hill climbing; uses count at once and
 * are never lost, where Caffeine buffers them; the sketch is at work from the first entry and not
 * from half full. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "node/contents.h"

enum { MOST = 15, ROWS = 4, PER_ROW = 4, WARM = 6, FEWEST = 16, LARGEST = 1 << 20 };

/* ---- the sketch: a key has one counter in each of four rows; row r owns a quarter of each word */

struct counter {
    uint64_t *word;
    unsigned shift;
};

static struct counter counter_of(const struct sketch *s, uint64_t key, int row) {
    uint64_t hash = rng_key(key, (uint64_t)row);
    unsigned place = (unsigned)(row * PER_ROW) + (unsigned)(hash >> 62);
    return (struct counter){&s->word[hash & (s->words - 1)], 4 * place};
}

static unsigned value_of(struct counter n) {
    return *n.word >> n.shift & MOST;
}

unsigned tinylfu_count(const struct contents *c, uint64_t key) {
    unsigned least = MOST;
    for (int row = 0; row < ROWS; row++) {
        unsigned n = value_of(counter_of(&c->sketch, key, row));
        least = n < least ? n : least;
    }
    return least;
}

/* Halves all counters; what is lost by rounding down (an odd one is worth half less) is taken off
 * the number of additions, a quarter of it, as each added to four. */
static void age(struct sketch *s) {
    uint64_t odd = 0;
    for (size_t i = 0; i < s->words; i++) {
        odd += (uint64_t)__builtin_popcountll(s->word[i] & 0x1111111111111111u);
        s->word[i] = s->word[i] >> 1 & 0x7777777777777777u;
    }
    s->added = (s->added - odd / 4) / 2;
}

static void count(struct sketch *s, uint64_t key) {
    bool any = false;
    for (int row = 0; row < ROWS; row++) {
        struct counter n = counter_of(s, key, row);
        if (value_of(n) == MOST)
            continue;
        *n.word += UINT64_C(1) << n.shift;
        any = true;
    }
    if (any && ++s->added >= s->limit)
        age(s);
}

/* A word for each entry; what was counted before is forgotten. */
static void size_sketch(struct sketch *s, double entries) {
    size_t words = FEWEST;
    while ((double)words < entries)
        words *= 2;
    s->entries = entries;
    s->limit = (uint64_t)(10 * fmax(entries, 1));
    s->added = 0;
    free(s->word);
    s->words = words;
    s->word = mem_zero(words * sizeof *s->word);
}

/* ---- lists: the next to go comes first */

static void join(struct contents *c, struct item *it, enum part part) {
    it->part = (uint8_t)part;
    c->part_used[part] += it->size;
    list_append(&c->order[part], &it->link);
}

static void drop(struct contents *c, struct item *it) {
    c->part_used[it->part] -= it->size;
    list_remove(&it->link);
}

static void move(struct contents *c, struct item *it, enum part part) {
    drop(c, it);
    join(c, it, part);
}

static struct item *first(struct contents *c, enum part part) {
    struct list *l = c->order[part].next;
    return l == &c->order[part] ? NULL : container_of(l, struct item, link);
}

/* Is the capacity a number of entries to make the sketch for? Otherwise it follows the entries. */
static bool foreseen(const struct contents *c) {
    return !c->sized && c->capacity <= LARGEST;
}

static void add(struct contents *c, struct item *it) {
    if (!c->sketch.words || (!foreseen(c) && (double)c->items.live > c->sketch.entries))
        size_sketch(&c->sketch, foreseen(c) ? c->capacity : fmax(FEWEST, 2.0 * c->items.live));
    count(&c->sketch, it->key);
    join(c, it, PART_WINDOW);
}

static void use(struct contents *c, struct item *it, bool written) {
    (void)written;
    count(&c->sketch, it->key);
    bool up = it->part == PART_PROBATION && it->size <= c->part_most[PART_PROTECTED];
    move(c, it, up ? PART_PROTECTED : (enum part)it->part);
    while (c->part_used[PART_PROTECTED] > c->part_most[PART_PROTECTED])
        move(c, first(c, PART_PROTECTED), PART_PROBATION);
}

/* ---- who goes */

static bool admits(struct contents *c, const struct item *candidate, const struct item *victim) {
    unsigned a = tinylfu_count(c, candidate->key), b = tinylfu_count(c, victim->key);
    if (a > b)
        return true;
    return a >= WARM && rng_below(&c->rng, 128) == 0; /* against keys made to collide */
}

static struct item *victim(struct contents *c) {
    struct item *it = first(c, PART_PROBATION);
    if (!it)
        it = first(c, PART_PROTECTED);
    return it ? it : first(c, PART_WINDOW);
}

static void evict(struct contents *c, struct item *it) {
    contents_remove(c, it);
    c->evictions++;
}

/* What leaves the window stands at the end of probation, in order of age: each in turn meets the
 * one that has stood there longest. */
static void settle(struct contents *c) {
    struct list *candidate = &c->order[PART_PROBATION], *end = candidate;
    while (c->part_used[PART_WINDOW] > c->part_most[PART_WINDOW]) {
        struct item *it = first(c, PART_WINDOW);
        move(c, it, PART_PROBATION);
        if (candidate == end)
            candidate = &it->link;
    }
    while (c->used > c->capacity) {
        struct item *loser = victim(c);
        if (candidate != end) {
            struct item *it = container_of(candidate, struct item, link);
            candidate = candidate->next;
            if (it == loser || !admits(c, it, loser))
                loser = it;
        }
        evict(c, loser);
    }
}

static void resized(struct contents *c) {
    double main_most = c->sized ? 0.99 * c->capacity : floor(0.99 * c->capacity);
    c->part_most[PART_WINDOW] = c->capacity - main_most;
    c->part_most[PART_PROTECTED] = c->sized ? 0.8 * main_most : floor(0.8 * main_most);
    while (c->part_used[PART_PROTECTED] > c->part_most[PART_PROTECTED])
        move(c, first(c, PART_PROTECTED), PART_PROBATION);
    if (foreseen(c) && c->sketch.words)
        size_sketch(&c->sketch, c->capacity);
}

const struct eviction_ops tinylfu_ops = {add, use, victim, drop, resized, settle};
