#include "node/concurrency.h"

#include <math.h>

enum { FIRST_SAMPLES = 10 };         /* of Gradient2's long average */
static const double ROUNDING = 1e-9; /* 0.9 x 100 is to be 90 */

double aimd_next(const struct aimd *p, double limit, const struct sample *s) {
    if (s->dropped || s->rtt > (double)p->timeout)
        limit = floor(limit * p->backoff_ratio + ROUNDING);
    else if (2 * (double)s->in_flight >= limit)
        limit += 1;
    return between(limit, (double)p->least, (double)p->most);
}

/* ---- Vegas */

double vegas_next(const struct vegas *p, double limit, double no_load, const struct sample *s) {
    double f = fmax(1, floor(log10(floor(limit)))), next;
    double queue = ceil(limit * (1 - no_load / s->rtt) - ROUNDING);
    if (s->dropped)
        next = limit - f;
    else if (2 * (double)s->in_flight < limit)
        return limit;
    else if (queue <= p->threshold * f)
        next = limit + p->beta * f;
    else if (queue < p->alpha * f)
        next = limit + f;
    else if (queue > p->beta * f)
        next = limit - f;
    else
        return limit;
    next = between(next, 1, (double)p->most);
    return (1 - p->smoothing) * limit + p->smoothing * next;
}

static void plan_probe(struct vegas *v, struct rng *r) {
    v->count = 0;
    v->probe_after = 0.5 + 0.5 * rng_unit(r);
}

void vegas_start(struct vegas *v, struct rng *r) {
    v->no_load = 0;
    plan_probe(v, r);
}

bool vegas_sample(struct vegas *v, double *limit, const struct sample *s, struct rng *r) {
    bool probe = (double)++v->count >= v->probe_after * (double)v->probe_multiplier * *limit;
    if (probe)
        plan_probe(v, r);
    if (probe || v->no_load <= 0 || s->rtt < v->no_load) {
        v->no_load = s->rtt;
        return false;
    }
    *limit = vegas_next(v, *limit, v->no_load, s);
    return true;
}

/* ---- Gradient2 */

double gradient2_next(const struct gradient2 *p, double limit, double long_rtt,
                      const struct sample *s) {
    if ((double)s->in_flight < limit / 2)
        return limit;
    double gradient = between(p->tolerance * long_rtt / s->rtt, 0.5, 1);
    double next = gradient * limit + (double)p->queue_size;
    next = (1 - p->smoothing) * limit + p->smoothing * next;
    return between(next, (double)p->least, (double)p->most);
}

/* After a long overload the average comes down faster than by its own smoothing; this update still
 * sees the old one. */
double gradient2_sample(struct gradient2 *g, double limit, const struct sample *s) {
    if (g->count < FIRST_SAMPLES) {
        g->sum += s->rtt;
        g->long_rtt = g->sum / (double)++g->count;
    } else
        g->long_rtt += (s->rtt - g->long_rtt) * 2 / ((double)g->long_window + 1);
    double long_rtt = g->long_rtt;
    if (long_rtt / s->rtt > 2)
        g->long_rtt *= 0.95;
    return gradient2_next(g, limit, long_rtt, s);
}

static void clear(struct windowed *w) {
    w->n = w->in_flight = 0;
    w->sum = 0;
    w->least = INFINITY;
    w->dropped = false;
    hist_clear(&w->hist);
}

bool windowed_sample(struct windowed *w, ns_t now, const struct sample *s, struct sample *out) {
    if (s->rtt < (double)w->min_rtt_threshold)
        return false;
    if (!w->n)
        w->least = INFINITY;
    w->n++;
    w->sum += s->rtt;
    w->least = fmin(w->least, s->rtt);
    w->in_flight = s->in_flight > w->in_flight ? s->in_flight : w->in_flight;
    w->dropped = w->dropped || s->dropped;
    if (w->percentile > 0)
        hist_add(&w->hist, (uint64_t)s->rtt);
    if (now <= w->next)
        return false;
    w->next = now + (ns_t)fmin(fmax(2 * w->least, (double)w->min_time), (double)w->max_time);
    bool enough = w->n >= w->size;
    *out = (struct sample){w->sum / (double)w->n, w->in_flight, w->dropped};
    if (w->percentile > 0)
        out->rtt = fmax(1, hist_quantile(&w->hist, w->percentile));
    clear(w);
    return enough;
}

/* ---- Envoy's gradient controller */

int64_t gradient_next(const struct gradient *p, int64_t limit, double min_rtt, double sample_rtt) {
    double gradient = between(min_rtt * (1 + p->buffer) / sample_rtt, 0.5, 2);
    double grown = gradient * (double)limit;
    return (int64_t)between(floor(grown + sqrt(grown) + ROUNDING), (double)p->least,
                            (double)p->most);
}
