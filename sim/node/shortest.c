#include "node/shortest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void shortest_init(struct shortest *s, uint32_t *order, uint32_t *place, uint32_t members) {
    *s = (struct shortest){.order = order, .place = place, .members = members};
}

void shortest_release(struct shortest *s) {
    free(s->begin);
}

/* Counts may go up to `most`: beyond the last one there is always an empty stretch. */
static void reach(struct shortest *s, uint32_t most) {
    if (most + 2 < s->cap)
        return;
    uint32_t cap = 2 * (most + 8);
    s->begin = mem_resize(s->begin, cap, sizeof *s->begin);
    for (uint32_t c = s->cap; c < cap; c++)
        s->begin[c] = s->n;
    s->cap = cap;
}

static void put(struct shortest *s, uint32_t at, uint32_t who) {
    s->order[at] = who;
    s->place[who] = at + 1;
}

static void trade(struct shortest *s, uint32_t who, uint32_t at) {
    uint32_t from = s->place[who] - 1;
    put(s, from, s->order[at]);
    put(s, at, who);
}

void shortest_make(struct shortest *s, const uint32_t *who, uint32_t n,
                   uint32_t (*count)(const void *ctx, uint32_t who), const void *ctx) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = count(ctx, who[i]) > most ? count(ctx, who[i]) : most;
    s->n = n;
    reach(s, most);
    memset(s->begin, 0, s->cap * sizeof *s->begin);
    memset(s->place, 0, s->members * sizeof *s->place);
    for (uint32_t i = 0; i < n; i++)
        s->begin[count(ctx, who[i]) + 1]++;
    for (uint32_t c = 1; c < s->cap; c++)
        s->begin[c] += s->begin[c - 1];
    for (uint32_t i = 0; i < n; i++) /* the next free place of each stretch */
        put(s, s->begin[count(ctx, who[i])]++, who[i]);
    memmove(s->begin + 1, s->begin, (s->cap - 1) * sizeof *s->begin);
    s->begin[0] = 0;
    for (s->least = 0; n && s->begin[s->least + 1] == 0; s->least++)
        ;
}

void shortest_up(struct shortest *s, uint32_t who, uint32_t count) {
    reach(s, count + 1);
    trade(s, who, --s->begin[count + 1]);
    if (count == s->least && s->begin[count] == s->begin[count + 1])
        s->least++;
}

void shortest_down(struct shortest *s, uint32_t who, uint32_t count) {
    trade(s, who, s->begin[count]++);
    if (count - 1 < s->least)
        s->least = count - 1;
}

bool shortest_check(const struct shortest *s, uint32_t (*count)(const void *ctx, uint32_t who),
                    const void *ctx) {
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t c = count(ctx, s->order[i]);
        if (s->place[s->order[i]] != i + 1 || c + 1 >= s->cap || i < s->begin[c] ||
            i >= s->begin[c + 1] || c < s->least)
            return false;
    }
    return !s->n || s->begin[s->least] < s->begin[s->least + 1];
}
