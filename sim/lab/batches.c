#include "lab/batches.h"

#include <math.h>

#include "core/sim.h"

/* Masks of the segments of whole batches within the query's span. */
static uint32_t whole_batches(const struct sim *sim, uint64_t span, uint64_t *mask) {
    uint32_t n = 0, all = sim->limits.batches;
    for (uint32_t b = 0; b < all; b++) {
        uint64_t m = 0;
        ns_t from = sim_batch_start(sim, b, all), to = sim_batch_start(sim, b + 1, all);
        for (uint32_t s = 1; s < sim->n_segments; s++)
            if (sim->cut[s] >= from && sim->cut[s] < to && sim->cut[s + 1] > sim->cut[s])
                m |= (uint64_t)1 << s;
        if (m && !(m & ~span))
            mask[n++] = m;
    }
    return n;
}

/* Share of the values that do not exceed x, linear inside a bucket as hist_quantile is. */
static double share_below(const struct hist *h, double x) {
    double below = 0;
    for (uint32_t i = 0; i < h->size; i++) {
        double low = (double)hist_low(h, i), width = (double)hist_high(h, i) - low;
        if (low > x)
            break;
        below += (double)h->count[i] * (width > 0 ? fmin(1, (x - low) / width) : 1);
    }
    return below / (double)h->total;
}

/* As fine as the coarsest of the histograms that are to be merged into it. */
static struct hist histogram(const struct metric_query *q) {
    struct hist h = {.bits = q->what == WHAT_LATENCY ? HIST_FINE : HIST_COARSE};
    for (uint32_t i = 0; i < q->nodes.n; i++) {
        const struct meter *m = &q->nodes.at[i]->meter;
        if (m->n_cells && m->cells[0].by[0].hist.bits < h.bits)
            h.bits = m->cells[0].by[0].hist.bits;
    }
    metric_histogram(q, &h);
    return h;
}

/* The value of a part of the run: of a percentile, the share of its values up to `whole`. */
static double value_of_part(const struct sim *sim, const struct metric_query *q, uint64_t segments,
                            double whole) {
    struct metric_query part = *q;
    enum metric_lack lack;
    part.segments = segments;
    if (q->stat != STAT_PERCENTILE)
        return metric_value(sim, &part, &lack);
    struct hist h = histogram(&part);
    double share = h.total ? share_below(&h, whole * 1e9) : (double)NAN;
    hist_release(&h);
    return share;
}

/* Of what lies beyond a rare percentile a run has a few long spells, however many calls they are
 * made of, and runs that happen to have short ones look sure of themselves: of the intervals of a
 * P99 that looked narrow enough, 67 % covered it (M/M/1, docs/validation.md). */
static bool too_rare(double p) {
    return fmin(p, 1 - p) < 0.0999;
}

/* From an interval of the share below to one of the percentile; the share has to be known to half
 * of itself. */
static enum interval_lack invert(const struct metric_query *q, struct estimate *e, double whole) {
    double half = (e->ci.hi - e->ci.lo) / 2;
    if (half > 0.5 * fmin(q->p, 1 - q->p))
        return INTERVAL_SPELLS;
    struct hist h = histogram(q);
    e->ci = (struct interval){fmin(whole, hist_quantile(&h, q->p - half) * 1e-9),
                              fmax(whole, hist_quantile(&h, q->p + half) * 1e-9)};
    hist_release(&h);
    return INTERVAL_KNOWN;
}

enum interval_lack batches_interval(const struct sim *sim, enum expr_kind kind,
                                    const struct metric_query *q, double whole,
                                    struct estimate *out) {
    uint64_t mask[BATCHES_MOST];
    double x[BATCHES_MOST];
    bool percentile = q->stat == STAT_PERCENTILE;
    bool moment =
        q->what == WHAT_OWN && (q->own_kind == METRIC_FIRST || q->own_kind == METRIC_LAST);
    if (kind != EXPR_METRIC || moment || q->what == WHAT_CALLS || q->what == WHAT_BLAME ||
        q->stat == STAT_MIN || q->stat == STAT_MAX)
        return INTERVAL_EXTREME;
    if (percentile && too_rare(q->p))
        return INTERVAL_SPELLS;
    if (!sim->limits.batches)
        return INTERVAL_UNCUT;
    uint32_t n = whole_batches(sim, q->segments, mask);
    if (n < BATCHES_LEAST)
        return INTERVAL_FEW;
    for (uint32_t b = 0; b < n; b++)
        if (isnan(x[b] = value_of_part(sim, q, mask[b], whole)))
            return INTERVAL_EMPTY;
    if (stats_correlated(x, n, BATCHES_LEVEL))
        return INTERVAL_CORRELATED;
    for (uint32_t b = 0; b < n / 2; b++)
        x[b] = value_of_part(sim, q, mask[2 * b] | mask[2 * b + 1], whole);
    *out = stats_sections(percentile ? q->p : whole, x, n / 2, 0.95);
    out->mean = whole;
    return percentile && out->sd > 0 ? invert(q, out, whole) : INTERVAL_KNOWN;
}
