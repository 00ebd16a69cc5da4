/* What a cache holds: entries by key, and which of them has to go.
 *
 * All operations take constant time, but for the doubling of the table and the reset of TinyLFU's
 * sketch (amortised) and for entries of different sizes, of which a large one may push out several
 * small ones. Entries come from a pool; after contents_init nothing has been allocated yet, and
 * contents_release frees what has been since. */
#ifndef NINES_NODE_CONTENTS_H
#define NINES_NODE_CONTENTS_H

#include <stdbool.h>

#include "base/keymap.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/time.h"

enum eviction {
    EVICT_LRU,     /* the one not used for the longest time */
    EVICT_LFU,     /* the one used least often since it came; of several, the one not used for the
                      longest time */
    EVICT_FIFO,    /* the one written first */
    EVICT_TINYLFU, /* W-TinyLFU (Einziger, Friedman & Manes, ACM TOS 13(4), 2017) as in Caffeine */
    EVICT_RANDOM,  /* any, all equally likely */
    EVICT_NONE     /* none: what is full takes nothing more */
};
extern const char *const eviction_names[];

struct item {
    struct list link; /* of its list */
    uint64_t key;
    double size;
    ns_t expires; /* NS_NEVER: never */
    uint8_t outcome;
    uint8_t part;        /* TinyLFU: which list */
    size_t place;        /* random: where in the array */
    struct count *count; /* LFU: with whom it shares its count */
};

/* W-TinyLFU: a count-min sketch of 4-bit counters, 16 to a word, four to a key. */
struct sketch {
    uint64_t *word;
    size_t words;
    double entries; /* that it was made for */
    uint64_t added, limit;
};

enum part { PART_WINDOW, PART_PROBATION, PART_PROTECTED, PARTS };

struct contents {
    const struct eviction_ops *ops;
    struct keymap map;
    struct pool items;
    bool sized; /* entries are of different sizes, otherwise each is 1 */
    double capacity, used;
    uint64_t evictions;
    struct rng rng;
    struct list order[PARTS]; /* the next to go comes first; all but TinyLFU use the first alone */
    double part_used[PARTS], part_most[PARTS]; /* TinyLFU */
    struct sketch sketch;
    struct list counts; /* LFU: ascending */
    struct pool count_pool;
    struct item **array; /* random */
    size_t n_array, cap_array;
};

/* `sized`: the capacity is not a number of entries. `seed` is for those that choose by chance. */
void contents_init(struct contents *c, enum eviction eviction, double capacity, bool sized,
                   uint64_t seed);
void contents_release(struct contents *c);

/* The entry of a key, expired or not; NULL: none. Looking is not using. */
static inline struct item *contents_find(const struct contents *c, uint64_t key) {
    return keymap_get(&c->map, key);
}

/* Counts a use of an entry. */
void contents_use(struct contents *c, struct item *it);

/* Writes an entry, new or again, which is also a use of it; others may go for it. NULL: it did not
 * fit, or others are worth more. The caller fills in the rest. */
struct item *contents_put(struct contents *c, uint64_t key, double size);

void contents_clear(struct contents *c);

/* A new capacity: what does not fit any more goes. */
void contents_resize(struct contents *c, double capacity);

/* ---- between contents.c, lfu.c and tinylfu.c */

/* LFU: the entries that were used equally often. */
struct count {
    struct list link;  /* by number of uses, ascending */
    struct list items; /* by time of use */
    uint64_t uses;
};

struct eviction_ops {
    void (*add)(struct contents *, struct item *);               /* it is new */
    void (*use)(struct contents *, struct item *, bool written); /* it was used */
    struct item *(*victim)(struct contents *);                   /* who goes next; NULL: nobody */
    void (*drop)(struct contents *, struct item *);              /* it goes */
    void (*resized)(struct contents *); /* a new capacity, also at first; NULL: all the same */
    void (*settle)(struct contents *);  /* after adding, instead of making room before; or NULL */
};
extern const struct eviction_ops lfu_ops, tinylfu_ops;

void contents_remove(struct contents *c, struct item *it);

/* How often TinyLFU believes to have seen a key of late: at most 15. */
unsigned tinylfu_count(const struct contents *c, uint64_t key);

#endif
