#include "core/trail.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/sim.h"

const char *const spend_names[SPENDS + 1] = {"wait",  "service", "network",   "backoff",
                                             "stall", "hedge",   "abandoned", NULL};

/* Something that a call did or waited for: stretches [first, first + n) of its trail, from back to
 * front. */
struct part {
    ns_t from, to;
    uint32_t first, n;
    bool lost; /* it was given up, and may have gone on */
};

struct trail {
    const struct node *node;
    struct trail *up, *subs, *next, *prev; /* callers and callees under way */
    ns_t start;
    bool root;
    struct part *part; /* in the order of their ends */
    uint32_t n_parts, cap_parts;
    struct stretch *stretch;
    uint32_t n, cap;
};

static struct trail_watch *watch_of(struct observer *o) {
    return container_of(o, struct trail_watch, observer);
}
static uint64_t key_of(const struct call *c) {
    return (uint64_t)(uintptr_t)c;
}

/* ---- trails come and go */

static struct trail *take(struct trail_watch *w) {
    struct trail *t = w->spare;
    if (!t)
        return mem_zero(sizeof *t);
    w->spare = t->next;
    struct part *part = t->part;
    struct stretch *stretch = t->stretch;
    *t = (struct trail){.part = part, .stretch = stretch, .cap_parts = t->cap_parts, .cap = t->cap};
    return t;
}

static void unlink_up(struct trail *t) {
    if (!t->up)
        return;
    if (t->prev)
        t->prev->next = t->next;
    else
        t->up->subs = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->up = t->next = t->prev = NULL;
}

static void put(struct trail_watch *w, struct trail *t) {
    while (t->subs) /* work that goes on though nobody waits for it */
        unlink_up(t->subs);
    unlink_up(t);
    t->next = w->spare;
    w->spare = t;
}

static void free_trail(struct trail *t) {
    free(t->part);
    free(t->stretch);
    free(t);
}

/* ---- the path of a call between two moments, into w->path, from back to front */

static void emit(struct trail_watch *w, const struct node *n, enum spend what, ns_t from, ns_t to) {
    if (to > from)
        *mem_push(w->path, w->n, w->cap) = (struct stretch){n, from, to, what};
}

static void emit_part(struct trail_watch *w, const struct trail *t, const struct part *p, ns_t from,
                      ns_t to, bool lost) {
    for (uint32_t i = p->first; i < p->first + p->n; i++) {
        const struct stretch *s = &t->stretch[i];
        emit(w, s->node, lost ? SPEND_ABANDONED : s->what, s->from > from ? s->from : from,
             s->to < to ? s->to : to);
    }
}

static void walk(struct trail_watch *w, const struct trail *t, ns_t from, ns_t to, bool lost);

/* The call below that was given up and was there the latest. */
static const struct part *lost_part(const struct trail *t, ns_t from, ns_t to) {
    const struct part *best = NULL;
    for (uint32_t i = 0; i < t->n_parts; i++) {
        const struct part *p = &t->part[i];
        if (p->lost && p->from < to && p->to > from && (!best || p->to > best->to))
            best = p;
    }
    return best;
}

static void gap(struct trail_watch *w, const struct trail *t, ns_t from, ns_t to, bool lost) {
    if (to <= from)
        return;
    if (t->node->type->flags & NODE_RACES) {
        emit(w, t->node, lost ? SPEND_ABANDONED : SPEND_HEDGE, from, to);
        return;
    }
    for (const struct trail *sub = t->subs; sub; sub = sub->next)
        if (sub->start < to) { /* it goes on as an orphan */
            ns_t begin = sub->start > from ? sub->start : from;
            walk(w, sub, begin, to, true);
            gap(w, t, from, begin, lost);
            return;
        }
    const struct part *p = lost_part(t, from, to);
    if (!p) {
        emit(w, t->node, lost ? SPEND_ABANDONED : (enum spend)PHASE_STALL, from, to);
        return;
    }
    ns_t begin = p->from > from ? p->from : from, end = p->to < to ? p->to : to;
    emit(w, t->node, lost ? SPEND_ABANDONED : (enum spend)PHASE_STALL, end, to);
    emit_part(w, t, p, begin, end, true);
    gap(w, t, from, begin, lost);
}

/* What went on unseen is looked at up to a moment of its life: what it did then may have ended
 * later. */
static void walk(struct trail_watch *w, const struct trail *t, ns_t from, ns_t to, bool lost) {
    ns_t at = to;
    for (uint32_t i = t->n_parts; i-- > 0 && at > from;) {
        const struct part *p = &t->part[i], *other;
        bool cut = lost && at == to;
        if (p->lost || p->from >= at || (p->to > at && !cut))
            continue;
        if (p->to <= from)
            break;
        for (uint32_t k = i; k-- > 0 && (other = &t->part[k])->to == p->to;)
            if (!other->lost &&
                other->from <= p->from) /* of those that ended together the longest */
                p = other;
        gap(w, t, p->to, at, lost);
        ns_t begin = p->from > from ? p->from : from;
        emit_part(w, t, p, begin, p->to < at ? p->to : at, lost);
        at = begin;
    }
    gap(w, t, from, at, lost);
}

static void add_part(struct trail *t, ns_t from, ns_t to, bool lost, const struct stretch *path,
                     uint32_t n) {
    if (to <= from)
        return;
    *mem_push(t->part, t->n_parts, t->cap_parts) = (struct part){from, to, t->n, n, lost};
    for (uint32_t i = 0; i < n; i++)
        *mem_push(t->stretch, t->n, t->cap) = path[i];
}

/* ---- watching */

static void begun(struct observer *o, const struct call *c) {
    struct trail_watch *w = watch_of(o);
    struct trail *t = take(w), *up = c->parent ? keymap_get(&w->live, key_of(c->parent)) : NULL;
    t->node = c->node;
    t->start = w->sim->clock.now;
    t->root = !c->parent && c->req->origin == ORIGIN_USER;
    if (up) {
        t->up = up;
        t->next = up->subs;
        if (up->subs)
            up->subs->prev = t;
        up->subs = t;
    }
    keymap_put(&w->live, key_of(c), t);
}

static void phase(struct observer *o, const struct call *c, enum phase phase, ns_t spent) {
    struct trail_watch *w = watch_of(o);
    struct trail *t = keymap_get(&w->live, key_of(c));
    ns_t now = w->sim->clock.now;
    struct stretch s = {c->node, now - spent, now, (enum spend)phase};
    add_part(t, s.from, s.to, false, &s, 1);
}

/* Do the stretches lie end to end and cover the whole life of the call? */
static bool covers(const struct trail_watch *w, ns_t from, ns_t to) {
    for (uint32_t i = 0; i < w->n; i++) {
        if (w->path[i].to != to)
            return false;
        to = w->path[i].from;
    }
    return to == from;
}

static void finished(struct observer *o, const struct call *c) {
    struct trail_watch *w = watch_of(o);
    struct trail *t = keymap_get(&w->live, key_of(c));
    ns_t now = w->sim->clock.now;
    bool lost = !c->parent; /* withdrawn, or left to itself by a caller that is still there */
    if (t->up || t->root) {
        w->n = 0;
        walk(w, t, t->start, now, false);
        assert(covers(w, t->start, now) && "a path has holes");
        if (t->up)
            add_part(t->up, t->start, now, lost, w->path, w->n);
        else
            w->ended(w, c, w->path, w->n);
    }
    keymap_remove(&w->live, key_of(c));
    put(w, t);
}

static void shared(struct observer *o, const struct call *member, const struct call *of,
                   ns_t since) {
    struct trail_watch *w = watch_of(o);
    struct trail *t = keymap_get(&w->live, key_of(member)),
                 *root = keymap_get(&w->live, key_of(of));
    ns_t now = w->sim->clock.now;
    w->n = 0;
    walk(w, root, since, now, false);
    add_part(t, since, now, false, w->path, w->n);
}

void trail_watch(struct trail_watch *w, struct sim *sim) {
    w->sim = sim;
    w->observer = (struct observer){begun, phase, finished, shared};
    sim_observe(sim, &w->observer);
}

void trail_release(struct trail_watch *w) {
    for (size_t i = 0; i < w->live.slots; i++)
        if (w->live.slot[i].value)
            free_trail(w->live.slot[i].value);
    while (w->spare) {
        struct trail *t = w->spare;
        w->spare = t->next;
        free_trail(t);
    }
    keymap_release(&w->live);
    free(w->path);
}
