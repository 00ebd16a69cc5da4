#include "lab/why.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/sim.h"
#include "lab/study.h"

static char *copy(const char *text) {
    size_t n = strlen(text) + 1;
    return memcpy(mem_zero(n), text, n);
}

static void take_example(const struct sim *sim, double quantile, struct why *w) {
    const struct exemplar *x = blame_exemplar(sim, quantile);
    for (uint32_t i = 0; x && i < w->n_examples; i++)
        if (w->example[i].id == x->id && w->example[i].latency == x->latency)
            x = NULL; /* few requests: the same one again */
    if (!x)
        return;
    struct why_example *out = &w->example[w->n_examples++];
    *out = (struct why_example){.quantile = quantile,
                                .id = x->id,
                                .class = copy(sim->classes[x->class].name),
                                .arrival = x->arrival - sim->limits.warmup,
                                .latency = x->latency,
                                .line = mem_zero((x->n + 1) * sizeof *out->line)};
    for (uint32_t i = x->n; i-- > 0;) {
        const struct stretch *s = &x->path[i];
        struct why_line *last = out->n ? &out->line[out->n - 1] : NULL;
        if (last && last->what == s->what && !strcmp(last->node, s->node->address)) {
            last->to = s->to - x->arrival;
            continue;
        }
        out->line[out->n++] = (struct why_line){copy(s->node->address), s->from - x->arrival,
                                                s->to - x->arrival, s->what};
    }
}

void why_take(struct why *w, const struct sim *sim, double share, bool first) {
    uint64_t measured = UINT64_MAX & ~(uint64_t)1;
    w->slow = (struct blame_band){.from = 1 - share, .to = 1};
    w->middle = (struct blame_band){.from = 0.45, .to = 0.55};
    w->n_columns = blame_columns(sim);
    blame_read(sim, measured, UINT64_MAX, &w->slow);
    blame_read(sim, measured, UINT64_MAX, &w->middle);
    if (!first)
        return;
    w->column = mem_zero((w->n_columns + 1) * sizeof *w->column);
    for (uint32_t i = 0; i < w->n_columns; i++)
        w->column[i] = copy(blame_column(sim, i));
    take_example(sim, 0.5, w);
    take_example(sim, 1 - share, w);
    take_example(sim, 1, w);
}

void why_release(struct why *w) {
    blame_band_release(&w->slow);
    blame_band_release(&w->middle);
    for (uint32_t i = 0; w->column && i < w->n_columns; i++)
        free(w->column[i]);
    for (uint32_t i = 0; i < w->n_examples; i++) {
        for (uint32_t k = 0; k < w->example[i].n; k++)
            free(w->example[i].line[k].node);
        free(w->example[i].line);
        free(w->example[i].class);
    }
    free(w->column);
    *w = (struct why){0};
}

struct estimate why_share(const struct case_result *c, uint32_t column, enum spend what,
                          bool middle) {
    double *x = mem_zero((c->n + 1) * sizeof *x);
    size_t n = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct blame_band *b = middle ? &c->rep[i].why.middle : &c->rep[i].why.slow;
        if (b->total > 0)
            x[n++] = b->ns[column * SPENDS + (uint32_t)what] / b->total;
    }
    struct estimate e = stats_estimate(x, n, 0.95);
    free(x);
    return e;
}
