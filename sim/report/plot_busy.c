/* Which of many addresses the load picture shows. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "plot_impl.h"

struct candidate {
    char *name, *pool; /* pod[3].cpu and pod[*].cpu; the same for an address without an index */
    const struct plot_stat *queue, *utilization;
    double score;
};

struct candidates {
    struct arena *arena;
    struct candidate *item;
    size_t n, cap;
};

/* Every index becomes [*]. */
static char *pool_name(struct arena *a, const char *name) {
    char *out = arena_alloc(a, 2 * strlen(name) + 1), *o = out;
    while (*name) {
        *o++ = *name++;
        if (o[-1] == '[' && isdigit((unsigned char)*name)) {
            *o++ = '*';
            while (isdigit((unsigned char)*name))
                name++;
        }
    }
    return out;
}

static struct candidate *candidate_at(struct candidates *c, const char *metric, size_t length) {
    for (size_t i = 0; i < c->n; i++)
        if (strlen(c->item[i].name) == length && !strncmp(c->item[i].name, metric, length))
            return &c->item[i];
    char *name = arena_print(c->arena, "%.*s", (int)length, metric);
    struct candidate fresh = {.name = name, .pool = pool_name(c->arena, name)};
    struct candidate *place = arena_push(c->arena, c->item, c->n, c->cap);
    *place = fresh;
    return place;
}

static void collect(struct candidates *c, const struct plot_series *s) {
    for (int i = 0; i < s->n; i++) {
        const char *colon = strrchr(s->stat[i].metric, ':');
        bool queue = colon && !strcmp(colon, ":queue");
        if (!queue && !(colon && !strcmp(colon, ":utilization")))
            continue;
        if (s->stat[i].n == 0)
            continue;
        struct candidate *to =
            candidate_at(c, s->stat[i].metric, (size_t)(colon - s->stat[i].metric));
        *(queue ? &to->queue : &to->utilization) = &s->stat[i];
    }
}

static double peak(const struct plot_stat *s) {
    return s ? s->peak : 0;
}

static bool is_pooled_elsewhere(const struct candidates *c, const struct candidate *one) {
    if (!strcmp(one->name, one->pool))
        return false;
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->item[i].name, one->pool))
            return true;
    return false;
}

/* Busy is what works much, what works much at its worst, or where much waits; negative: not drawn.
 */
static void rank(struct candidates *c) {
    double most = 0;
    for (size_t i = 0; i < c->n; i++)
        most = fmax(most, peak(c->item[i].queue));
    for (size_t i = 0; i < c->n; i++) {
        struct candidate *x = &c->item[i];
        double mean = x->utilization ? x->utilization->mean : 0;
        x->score = mean + peak(x->utilization);
        if (most > 0)
            x->score += log1p(peak(x->queue)) / log1p(most);
        if (x->score <= 0 || is_pooled_elsewhere(c, x))
            x->score = -1;
    }
}

static const struct candidate *best_left(const struct candidates *c) {
    const struct candidate *best = NULL;
    for (size_t i = 0; i < c->n; i++)
        if (c->item[i].score > 0 && (!best || c->item[i].score > best->score))
            best = &c->item[i];
    return best;
}

/* The replica of the pool that stands out, or NULL. Windows are noisy: a replica must exceed the
 * pool by half and by an amount that can be seen. */
static const struct candidate *outlier(const struct candidates *c, const struct candidate *pool) {
    const struct candidate *queue = NULL, *work = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct candidate *x = &c->item[i];
        if (x == pool || strcmp(x->pool, pool->name))
            continue;
        if (!queue || peak(x->queue) > peak(queue->queue))
            queue = x;
        if (!work || peak(x->utilization) > peak(work->utilization))
            work = x;
    }
    double q = peak(pool->queue), u = peak(pool->utilization);
    if (queue && peak(queue->queue) > 1.5 * q && peak(queue->queue) > q + 1)
        return queue;
    if (work && peak(work->utilization) > 1.5 * u && peak(work->utilization) > u + 0.05)
        return work;
    return NULL;
}

int plot_busiest(const struct plot_series *s, struct plot_address *out) {
    struct candidates c = {.arena = s->arena};
    collect(&c, s);
    rank(&c);
    int n = 0, singles = 0;
    const struct candidate *x;
    for (int colour = 1; colour <= PLOT_ADDRESSES && (x = best_left(&c)); colour++) {
        const struct candidate *one = singles < PLOT_SINGLES ? outlier(&c, x) : NULL;
        out[n++] = (struct plot_address){x->name, colour, false};
        if (one) {
            out[n++] = (struct plot_address){one->name, colour, true};
            singles++;
        }
        c.item[x - c.item].score = -1;
    }
    return n;
}
