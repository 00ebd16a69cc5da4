#include "core/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sim.h"

enum { MAX_PARTS = 16 };

struct part {
    const char *name; /* not terminated */
    size_t len;
    uint32_t from, to; /* 0..UINT32_MAX: no index was given; 1..UINT32_MAX: any replica */
};

static bool name_char(char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "[3]", "[1..4]" or "[*]"; *s is moved behind it. */
static bool parse_index(const char **s, struct part *p) {
    if (!strncmp(*s, "[*]", 3)) {
        p->from = 1;
        *s += 3;
        return true;
    }
    char *end;
    unsigned long a = strtoul(*s + 1, &end, 10), b = a;
    if (end == *s + 1)
        return false;
    if (!strncmp(end, "..", 2)) {
        const char *from = end + 2;
        b = strtoul(from, &end, 10);
        if (end == from)
            return false;
    }
    if (*end != ']' || a < 1 || b < a || b > UINT32_MAX)
        return false;
    p->from = (uint32_t)a;
    p->to = (uint32_t)b;
    *s = end + 1;
    return true;
}

static int parse(const char *text, struct part parts[MAX_PARTS], struct error *e) {
    const char *s = text;
    for (int n = 0; n < MAX_PARTS; n++) {
        struct part *p = &parts[n];
        *p = (struct part){s, 0, 0, UINT32_MAX};
        if (*s == '*')
            s++;
        while (name_char(*s) && p->name[0] != '*')
            s++;
        p->len = (size_t)(s - p->name);
        if (!p->len || (*s == '[' && !parse_index(&s, p)))
            break;
        if (!*s)
            return n + 1;
        if (*s++ != '.')
            break;
    }
    error_set(e, "\"%s\" is not an address; an address looks like pod[3].rank or pod[*]", text);
    return 0;
}

static bool named(const struct part *p, const char *name) {
    return (p->len == 1 && p->name[0] == '*') ||
           (strlen(name) == p->len && !strncmp(p->name, name, p->len));
}

/* Do the parts name exactly this chain of scopes? */
static bool scopes_match(const struct scope *s, const struct part *parts, int n) {
    for (; s->owner; s = s->parent) {
        if (n-- == 0)
            return false;
        if (!named(&parts[n], s->owner->name) || s->index < parts[n].from || s->index > parts[n].to)
            return false;
    }
    return n == 0;
}

static bool matches(const struct node *n, const struct part *parts, int count) {
    if (n->scope->root == n && scopes_match(n->scope, parts, count))
        return true;
    const struct part *last = &parts[count - 1];
    return last->from <= 1 && last->to == UINT32_MAX && named(last, n->name) &&
           scopes_match(n->scope, parts, count - 1);
}

static const char *address_at(const void *ctx, int i) {
    const struct sim *sim = ctx;
    return (uint32_t)i < sim->n_order ? sim->order[i]->address : NULL;
}

bool address_find(struct sim *sim, const char *text, struct node_set *out, struct error *e) {
    struct part parts[MAX_PARTS];
    int n = parse(text, parts, e);
    *out = (struct node_set){0};
    if (!n)
        return false;
    for (uint32_t i = 0; i < sim->n_order; i++)
        if (matches(sim->order[i], parts, n))
            *arena_push(&sim->arena, out->at, out->n, out->cap) = sim->order[i];
    if (out->n)
        return true;
    const char *near = error_nearest(text, address_at, sim);
    char all[400] = "";
    size_t len = 0;
    for (uint32_t i = 0; !near && i < sim->n_order && len < 300; i++)
        if (address_place(sim->order[i]) != PLACE_OTHER)
            len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", len ? ", " : "",
                                    sim->order[i]->address);
    if (near)
        return error_set(e, "nothing has the address '%s'; did you mean '%s'?", text, near);
    return error_set(e, "nothing has the address '%s'; there are %s", text, all);
}

static size_t print_scope(char *out, size_t size, const struct scope *s, bool pooled) {
    if (!s->owner)
        return 0;
    size_t n = print_scope(out, size, s->parent, pooled);
    int k = !s->index ? snprintf(out + n, size - n, "%s.", s->owner->name)
            : pooled  ? snprintf(out + n, size - n, "%s[*].", s->owner->name)
                      : snprintf(out + n, size - n, "%s[%u].", s->owner->name, s->index);
    return n + (size_t)k < size ? n + (size_t)k : size - 1;
}

char *address_of(struct sim *sim, const struct node *n) {
    char prefix[512] = "";
    print_scope(prefix, sizeof prefix, n->scope, false);
    return arena_print(&sim->arena, "%s%s", prefix, n->name);
}

void address_pooled(const struct node *n, char *out, size_t size) {
    size_t k = print_scope(out, size, n->scope, true);
    snprintf(out + k, size - k, "%s", n->name);
}

enum place address_place(const struct node *n) {
    enum place place = PLACE_ALONE;
    for (const struct scope *s = n->scope; s->owner; s = s->parent) {
        if (s->index > 1)
            return PLACE_OTHER;
        if (s->index)
            place = PLACE_FIRST;
    }
    return place;
}
