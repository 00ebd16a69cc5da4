/* LFU in constant time: entries hang on a list of counts (Shah, Mitra & Matani, 2010). */
#include "node/contents.h"

static struct count *count_of(struct list *l) {
    return container_of(l, struct count, link);
}

/* Hangs the entry on the count of `uses`, which stands right before `at` or has to be made there.
 */
static void hang(struct contents *c, struct item *it, struct list *at, uint64_t uses) {
    struct list *before = at->prev;
    if (before == &c->counts || count_of(before)->uses != uses) {
        struct count *made = pool_get(&c->count_pool);
        made->uses = uses;
        list_init(&made->items);
        list_insert_before(at, &made->link);
        before = &made->link;
    }
    it->count = count_of(before);
    list_append(&it->count->items, &it->link);
}

static void drop(struct contents *c, struct item *it) {
    list_remove(&it->link);
    if (!list_empty(&it->count->items))
        return;
    list_remove(&it->count->link);
    pool_put(&c->count_pool, it->count);
}

static void add(struct contents *c, struct item *it) {
    struct list *least = c->counts.next;
    bool alone = least == &c->counts || count_of(least)->uses > 1;
    hang(c, it, alone ? least : least->next, 1);
}

static void use(struct contents *c, struct item *it, bool written) {
    (void)written;
    struct list *more = it->count->link.next;
    uint64_t uses = it->count->uses + 1;
    if (more != &c->counts && count_of(more)->uses == uses)
        more = more->next;
    drop(c, it);
    hang(c, it, more, uses);
}

static struct item *victim(struct contents *c) {
    if (list_empty(&c->counts))
        return NULL;
    return container_of(count_of(c->counts.next)->items.next, struct item, link);
}

const struct eviction_ops lfu_ops = {add, use, victim, drop, NULL, NULL};
