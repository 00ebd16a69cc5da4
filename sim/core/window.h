/* Metrics over a sliding window, read while the run goes on: for alerts, autoscalers and their kin.
 *
 * Any metric that a claim may name. Its owner turns the window at every step, a tenth of it: that
 * reads the sums behind the metric (core/metric.h) and keeps those of the last WINDOW_STEPS steps;
 * a value is the difference between now and a window ago. Right after the beginning the window is
 * shorter. A turn costs time in proportion to the cells of the nodes that the metric speaks of; in
 * between there is no cost. */
#ifndef NINES_CORE_WINDOW_H
#define NINES_CORE_WINDOW_H

#include "core/metric.h"

enum { WINDOW_STEPS = 10 };

struct window {
    const struct sim *sim;
    struct metric_query query;
    ns_t step;
    uint32_t steps; /* it is so many long */
    uint64_t turns;
    struct metric_sums *kept, *now, between; /* kept: steps + 1 */
};

/* When sealed; `step` is a tenth of the window. False: it is no metric, or none that is known while
 * running; the error names neither key nor place. Releasing what was never made does nothing. */
bool window_init(struct window *w, struct sim *sim, const struct metric_ref *ref, ns_t step,
                 struct error *e);
/* The same of one step: no window slides, each turn tells of the time since the one before. */
bool window_init_last(struct window *w, struct sim *sim, const struct metric_ref *ref, ns_t step,
                      struct error *e);
void window_release(struct window *w);

/* Begins, on the present clock; then every step. */
void window_start(struct window *w);
void window_turn(struct window *w);

/* Over the window that ended with the last turn; NaN when there is nothing to go by. */
double window_value(struct window *w);

/* ---- the same for expressions, with max(…) and min(…), and for whole conditions */

struct window_expr {
    enum expr_kind kind;
    struct window *of; /* one, or one for each component that is compared */
    uint32_t n;
};

struct window_condition {
    const struct condition *text;
    struct window_expr left, right;
};

bool window_condition_init(struct window_condition *c, struct sim *sim,
                           const struct condition *text, ns_t step, struct error *e);
void window_condition_release(struct window_condition *c);
void window_condition_start(struct window_condition *c);
void window_condition_turn(struct window_condition *c);

/* Does it hold over the last window? What has no value holds nowhere. */
bool window_condition_holds(struct window_condition *c);

#endif
