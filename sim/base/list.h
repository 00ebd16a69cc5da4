/* Intrusive doubly linked list with a sentinel head. Nothing allocates; unlinking is O(1) and
 * idempotent through list_remove, which leaves the link pointing at itself. */
#ifndef NINES_BASE_LIST_H
#define NINES_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(struct list *l) {
    l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l) {
    return l->next == l;
}

static inline void list_insert_before(struct list *at, struct list *item) {
    item->prev = at->prev;
    item->next = at;
    at->prev->next = item;
    at->prev = item;
}

static inline void list_append(struct list *head, struct list *item) {
    list_insert_before(head, item);
}
static inline void list_prepend(struct list *head, struct list *item) {
    list_insert_before(head->next, item);
}

static inline void list_remove(struct list *item) {
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

#endif
