#include "node/contents.h"

#include <stdlib.h>

#include "base/mem.h"

const char *const eviction_names[] = {"lru", "lfu", "fifo", "tinylfu", "random", "none", NULL};

/* ---- by order: LRU, FIFO, none */

static void add_last(struct contents *c, struct item *it) {
    list_append(&c->order[0], &it->link);
}

static void use_moves(struct contents *c, struct item *it, bool written) {
    (void)written;
    list_remove(&it->link);
    list_append(&c->order[0], &it->link);
}

static void writing_moves(struct contents *c, struct item *it, bool written) {
    if (written)
        use_moves(c, it, true);
}

static struct item *first(struct contents *c) {
    struct list *l = c->order[0].next;
    return l == &c->order[0] ? NULL : container_of(l, struct item, link);
}

static struct item *nobody(struct contents *c) {
    (void)c;
    return NULL;
}

static void unlink_item(struct contents *c, struct item *it) {
    (void)c;
    list_remove(&it->link);
}

/* ---- by chance */

static void add_anywhere(struct contents *c, struct item *it) {
    it->place = c->n_array;
    *mem_push(c->array, c->n_array, c->cap_array) = it;
}

static void use_nothing(struct contents *c, struct item *it, bool written) {
    (void)c, (void)it, (void)written;
}

static struct item *any(struct contents *c) {
    return c->n_array ? c->array[rng_below(&c->rng, c->n_array)] : NULL;
}

static void fill_gap(struct contents *c, struct item *it) {
    struct item *last = c->array[--c->n_array];
    c->array[it->place] = last;
    last->place = it->place;
}

static const struct eviction_ops lru_ops = {add_last, use_moves, first, unlink_item, NULL, NULL},
                                 fifo_ops = {add_last,    writing_moves, first,
                                             unlink_item, NULL,          NULL},
                                 random_ops = {add_anywhere, use_nothing, any,
                                               fill_gap,     NULL,        NULL},
                                 none_ops = {add_last,    use_nothing, nobody,
                                             unlink_item, NULL,        NULL};

static const struct eviction_ops *const ops_of[] = {
    [EVICT_LRU] = &lru_ops,         [EVICT_LFU] = &lfu_ops,       [EVICT_FIFO] = &fifo_ops,
    [EVICT_TINYLFU] = &tinylfu_ops, [EVICT_RANDOM] = &random_ops, [EVICT_NONE] = &none_ops};

/* ---- all of them */

void contents_remove(struct contents *c, struct item *it) {
    c->ops->drop(c, it);
    c->used -= it->size;
    keymap_remove(&c->map, it->key);
    pool_put(&c->items, it);
}

/* Until `more` fits; false: it does not. */
static bool make_room(struct contents *c, double more) {
    while (c->used + more > c->capacity) {
        struct item *it = c->ops->victim(c);
        if (!it)
            return false;
        contents_remove(c, it);
        c->evictions++;
    }
    return true;
}

void contents_use(struct contents *c, struct item *it) {
    c->ops->use(c, it, false);
}

static struct item *add(struct contents *c, uint64_t key, double size) {
    struct item *it = pool_get(&c->items);
    it->key = key;
    it->size = size;
    list_init(&it->link);
    keymap_put(&c->map, key, it);
    c->used += size;
    c->ops->add(c, it);
    return it;
}

struct item *contents_put(struct contents *c, uint64_t key, double size) {
    struct item *it = contents_find(c, key);
    if (it && it->size == size) {
        c->ops->use(c, it, true);
        return it;
    }
    if (it)
        contents_remove(c, it); /* of another size: it has to find its place anew */
    if (size > c->capacity)
        return NULL;
    if (!c->ops->settle)
        return make_room(c, size) ? add(c, key, size) : NULL;
    add(c, key, size);
    c->ops->settle(c);
    return contents_find(c, key);
}

void contents_clear(struct contents *c) {
    for (size_t i = 0; c->map.n && i < c->map.slots; i++) {
        struct item *it = c->map.slot[i].value;
        if (!it)
            continue;
        c->ops->drop(c, it);
        pool_put(&c->items, it);
    }
    keymap_clear(&c->map);
    c->used = 0;
}

void contents_resize(struct contents *c, double capacity) {
    c->capacity = capacity;
    if (c->ops->resized)
        c->ops->resized(c);
    if (c->ops->settle)
        c->ops->settle(c);
    else
        make_room(c, 0);
}

void contents_init(struct contents *c, enum eviction eviction, double capacity, bool sized,
                   uint64_t seed) {
    *c = (struct contents){
        .ops = ops_of[eviction], .rng = {seed}, .sized = sized, .capacity = capacity};
    pool_init(&c->items, sizeof(struct item));
    pool_init(&c->count_pool, sizeof(struct count));
    for (int i = 0; i < PARTS; i++)
        list_init(&c->order[i]);
    list_init(&c->counts);
    if (c->ops->resized)
        c->ops->resized(c);
}

void contents_release(struct contents *c) {
    keymap_release(&c->map);
    pool_release(&c->items);
    pool_release(&c->count_pool);
    free(c->array);
    free(c->sketch.word);
}
