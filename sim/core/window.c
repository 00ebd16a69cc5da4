#include "core/window.h"

#include <math.h>

#include "core/sim.h"

/* What a run can tell of itself while it goes on, over all its past, warm-up included. */
static bool bind(struct sim *sim, const struct metric_ref *ref, struct metric_query *q,
                 struct error *e) {
    if (metric_label(ref, "case") || metric_label(ref, "phase"))
        return error_set(e, "metric %s: it is watched over a window, which has no %s", ref->text,
                         metric_label(ref, "case") ? "case" : "phase");
    if (!metric_bind(sim, ref, q, e))
        return false;
    if (q->what == WHAT_BLAME ||
        (q->what == WHAT_OWN && (q->own_kind == METRIC_FIRST || q->own_kind == METRIC_LAST)))
        return error_set(e, "metric %s: it is known only at the end of a run", ref->text);
    q->segments = UINT64_MAX;
    return true;
}

static void make(struct window *w, struct sim *sim, const struct metric_query *q, ns_t step) {
    *w = (struct window){.sim = sim, .query = *q, .step = step};
    for (int i = 0; i <= WINDOW_STEPS; i++)
        metric_hist_init(q, &w->kept[i].hist);
    metric_hist_init(q, &w->between.hist);
    w->now = w->kept;
}

bool window_init(struct window *w, struct sim *sim, const struct metric_ref *ref, ns_t step,
                 struct error *e) {
    struct metric_query q;
    if (!bind(sim, ref, &q, e))
        return false;
    make(w, sim, &q, step);
    return true;
}

void window_release(struct window *w) {
    for (int i = 0; i <= WINDOW_STEPS; i++)
        hist_release(&w->kept[i].hist);
    hist_release(&w->between.hist);
}

void window_start(struct window *w) {
    w->turns = 0;
    w->now = w->kept;
    metric_read(w->sim, &w->query, w->now);
}

void window_turn(struct window *w) {
    w->now = &w->kept[++w->turns % (WINDOW_STEPS + 1)];
    metric_read(w->sim, &w->query, w->now);
}

/* Counts that only grow: what came between two readings. */
static void difference(struct metric_sums *out, const struct metric_sums *to,
                       const struct metric_sums *from) {
    struct hist h = out->hist;
    hist_clear(&h);
    hist_merge(&h, &to->hist);
    hist_take(&h, &from->hist);
    *out = (struct metric_sums){.arrivals = to->arrivals - from->arrivals,
                                .finished = to->finished - from->finished,
                                .chosen = to->chosen - from->chosen,
                                .good = to->good - from->good,
                                .late = to->late - from->late,
                                .sum = to->sum - from->sum,
                                .lost = to->lost - from->lost,
                                .top = to->top - from->top,
                                .bottom = to->bottom - from->bottom,
                                .hist = h};
}

double window_value(struct window *w) {
    uint64_t steps = w->turns < WINDOW_STEPS ? w->turns : WINDOW_STEPS;
    enum metric_lack lack;
    if (!steps)
        return NAN;
    difference(&w->between, w->now, &w->kept[(w->turns - steps) % (WINDOW_STEPS + 1)]);
    return metric_of_sums(&w->query, &w->between, ns_to_s((ns_t)steps * w->step), &lack);
}

/* ---- expressions */

static bool make_expr(struct window_expr *x, struct sim *sim, const struct expr *text, ns_t step,
                      struct error *e) {
    struct metric_query q;
    if (text->kind == EXPR_FRACTION)
        return error_set(e, "fraction(…) counts replications; it has no meaning within a run");
    if (!bind(sim, &text->metric, &q, e))
        return false;
    uint32_t n = text->kind == EXPR_METRIC ? 1 : q.nodes.n;
    x->kind = text->kind;
    x->of = arena_alloc(&sim->arena, n * sizeof *x->of);
    for (x->n = 0; x->n < n; x->n++) {
        struct metric_query one = q;
        if (x->kind != EXPR_METRIC)
            one.nodes = (struct node_set){.at = q.nodes.at + x->n, .n = 1};
        make(&x->of[x->n], sim, &one, step);
    }
    return true;
}

static double value_of(struct window_expr *x) {
    double best = NAN;
    for (uint32_t i = 0; i < x->n; i++) {
        double one = window_value(&x->of[i]);
        best = x->kind == EXPR_MIN ? fmin(best, one) : fmax(best, one); /* which skip NaN */
    }
    return best;
}

bool window_condition_init(struct window_condition *c, struct sim *sim,
                           const struct condition *text, ns_t step, struct error *e) {
    *c = (struct window_condition){.text = text};
    return make_expr(&c->left, sim, &text->left, step, e) &&
           (!text->has_right || make_expr(&c->right, sim, &text->right, step, e));
}

static void each(struct window_condition *c, void (*act)(struct window *)) {
    for (uint32_t i = 0; i < c->left.n; i++)
        act(&c->left.of[i]);
    for (uint32_t i = 0; i < c->right.n; i++)
        act(&c->right.of[i]);
}

void window_condition_release(struct window_condition *c) {
    each(c, window_release);
}

void window_condition_start(struct window_condition *c) {
    each(c, window_start);
}

void window_condition_turn(struct window_condition *c) {
    each(c, window_turn);
}

bool window_condition_holds(struct window_condition *c) {
    double bound = c->text->has_right ? c->text->factor * value_of(&c->right) : c->text->value;
    return condition_compare(c->text, value_of(&c->left), bound);
}
