/* Which nodes of a case are saturated, and what that makes meaningless. */
#include <stdlib.h>
#include <string.h>

#include "lab/study.h"

static void pool_drifts(const struct case_result *c, struct drift *sum, uint32_t nodes) {
    for (uint32_t r = 0; r < c->n; r++)
        for (uint32_t i = 0; c->rep[r].drift && i < nodes; i++)
            drift_add(&sum[i], &c->rep[r].drift[i]);
}

static uint32_t index_of(const struct sim *sim, const struct node *n) {
    uint32_t i = 0;
    while (i < sim->n_order && sim->order[i] != n)
        i++;
    return i;
}

/* Marks every node from which a marked one is reached; callers stand before callees. A saturated
 * node behind which there is another one is no cause. */
static void climb(const struct sim *sim, const bool *grows, bool *cause, bool *behind) {
    for (uint32_t i = sim->n_order; i-- > 0;) {
        bool below = false;
        for (uint32_t k = 0; k < sim->order[i]->n_out; k++)
            below = below || behind[index_of(sim, sim->order[i]->out[k]->to)];
        cause[i] = grows[i] && !below;
        behind[i] = grows[i] || below;
    }
}

static int faster(const void *a, const void *b) {
    const struct growth *x = a, *y = b;
    return x->per_second != y->per_second ? (x->per_second < y->per_second ? 1 : -1)
                                          : strcmp(x->node, y->node);
}

static void list_causes(struct study *s, struct case_result *c, const struct sim *sim,
                        const struct drift *sum, const bool *cause) {
    struct arena *a = &s->scenario.sim->arena;
    c->grows = arena_alloc(a, (sim->n_order + 1) * sizeof *c->grows);
    c->n_grows = 0;
    for (uint32_t i = 0; i < sim->n_order; i++)
        if (cause[i]) {
            double step = ns_to_s(sim->limits.duration) / DRIFT_STEPS;
            c->grows[c->n_grows++] =
                (struct growth){.node = arena_copy(a, sim->order[i]->address),
                                .per_second = sum[i].sum / (sum[i].steps * step),
                                .share = sum[i].sum / sum[i].arrived};
        }
    qsort(c->grows, c->n_grows, sizeof *c->grows, faster);
    char others[60] = "";
    if (c->n_grows > 1)
        snprintf(others, sizeof others, " (and %u more)", c->n_grows - 1);
    c->why = arena_print(a, "saturated: the queue of %s%s grew throughout the run (+%.3g/s)",
                         c->grows[0].node, others, c->grows[0].per_second);
}

/* Latency and wait describe a steady state; other metrics are what was counted. */
static bool is_steady(const struct metric_query *q) {
    return q->what == WHAT_LATENCY || (q->what == WHAT_PHASE && q->phase == PHASE_WAIT);
}

static void withhold(struct study *s, struct case_result *c, struct sim *sim, const bool *behind) {
    c->withheld = arena_alloc(&s->scenario.sim->arena, s->n_queries * sizeof *c->withheld);
    for (uint32_t i = 0; i < s->n_queries; i++) {
        struct metric_query q;
        struct error e = {{0}};
        if (!metric_bind(sim, &s->queries[i].ref, &q, &e))
            continue; /* a node that this case does not have */
        for (uint32_t k = 0; is_steady(&q) && k < q.nodes.n; k++)
            c->withheld[i] = c->withheld[i] || behind[index_of(sim, q.nodes.at[k])];
    }
}

/* What runs under a guard: blocks are the arena's, and the model is given back by `undo`. */
struct search {
    struct study *s;
    struct case_result *c;
    struct sim *sim;
};

/* The model of the case, built once more for its structure. */
static bool explain(struct search *x, const struct drift *sum, const bool *grows, struct error *e) {
    struct study *s = x->s;
    struct scenario sc;
    struct scenario_request r = {.seed = s->seed,
                                 .replication = 1,
                                 .in_case = x->c->name,
                                 .warmup = s->warmup,
                                 .duration = s->duration};
    if (!s->maker->build(s->maker, &r, &sc, e))
        return false;
    x->sim = sc.sim;
    uint32_t n = sc.sim->n_order;
    bool *cause = arena_alloc(&s->scenario.sim->arena, 2 * (size_t)n + 1), *behind = cause + n;
    climb(sc.sim, grows, cause, behind);
    list_causes(s, x->c, sc.sim, sum, cause);
    withhold(s, x->c, sc.sim, behind);
    return true;
}

static bool search(void *ctx, struct error *e) {
    struct search *x = ctx;
    struct arena *a = &x->s->scenario.sim->arena;
    uint32_t nodes = x->c->n ? x->c->rep[0].nodes : 0;
    struct drift *sum = arena_alloc(a, (nodes + 1) * sizeof *sum);
    bool *grows = arena_alloc(a, nodes + 1), any = false;
    pool_drifts(x->c, sum, nodes);
    for (uint32_t i = 0; i < nodes; i++)
        any |= grows[i] = drift_is_growth(&sum[i], nodes);
    x->c->n_grows = 0;
    x->c->withheld = NULL;
    return !any || explain(x, sum, grows, e);
}

static void undo(void *ctx) {
    struct search *x = ctx;
    if (x->sim)
        x->s->maker->free_sim(x->s->maker, x->sim);
    x->sim = NULL;
}

bool saturation_find(struct study *s, struct case_result *c, struct error *e) {
    struct search x = {.s = s, .c = c};
    bool ok = mem_try(search, undo, &x, "looking for saturated nodes", e);
    undo(&x);
    return ok;
}
