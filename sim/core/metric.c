/* Reading: values of bound metrics after a run. */
#include "core/metric.h"

#include <math.h>

#include "core/group.h"
#include "core/sim.h"

struct sums {
    uint64_t arrivals, finished, chosen, good, late, sum;
    struct hist hist;
};

static void add_spread(struct sums *s, const struct spread *x, bool with_hist) {
    s->sum += x->sum;
    if (with_hist && x->hist.total)
        hist_merge(&s->hist, &x->hist);
}

static void add_cell(const struct metric_query *q, const struct cell *cell, struct sums *s,
                     bool with_hist) {
    s->arrivals += cell->arrivals;
    s->late += cell->late;
    if (q->what == WHAT_PHASE)
        add_spread(s, &cell->phase[q->phase], with_hist);
    for (int o = 0; o < OUTCOMES; o++) {
        uint64_t n = cell->by[o].hist.total;
        s->finished += n;
        if (outcome_good((enum outcome)o))
            s->good += n;
        if (!(q->outcomes >> o & 1))
            continue;
        s->chosen += n;
        if (q->what == WHAT_LATENCY)
            add_spread(s, &cell->by[o], with_hist);
    }
}

/* Sums the cells that the query selects, over nodes [from, to). With a result label, `finished`
 * covers all results: the base of a share. */
static void collect(const struct sim *sim, const struct metric_query *q, uint32_t from, uint32_t to,
                    struct sums *s, bool with_hist) {
    for (uint32_t i = from; i < to; i++) {
        const struct meter *m = &q->nodes.at[i]->meter;
        for (uint32_t k = 0; k < m->n_cells; k++) {
            uint32_t result = k % m->results, cell = k / m->results;
            if (!(q->segments >> cell / sim->n_classes & 1) ||
                !(q->classes >> cell % sim->n_classes & 1))
                continue;
            if (q->results >> result & 1)
                add_cell(q, &m->cells[k], s, with_hist);
            else if (q->what == WHAT_SHARE)
                for (int o = 0; o < OUTCOMES; o++)
                    s->finished += m->cells[k].by[o].hist.total;
        }
    }
}

static double span_of(const struct sim *sim, uint64_t segments) {
    ns_t sum = 0;
    for (uint32_t s = 0; s < sim->n_segments; s++)
        if (segments >> s & 1)
            sum += sim->cut[s + 1] - sim->cut[s];
    return ns_to_s(sum);
}

/* Difference of a mark over the selected segments. */
static double marked(const struct sim *sim, const uint64_t *mark, size_t stride,
                     uint64_t segments) {
    double sum = 0;
    for (uint32_t s = 0; s < sim->n_segments; s++)
        if (segments >> s & 1)
            sum += (double)(mark[(s + 1) * stride] - mark[s * stride]);
    return sum;
}

static double own_value(const struct sim *sim, const struct metric_query *q, uint32_t from,
                        uint32_t to) {
    double top = 0, bottom = 0;
    enum metric_kind kind = METRIC_COUNTER;
    for (uint32_t i = from; i < to; i++) {
        struct node *n = q->nodes.at[i];
        const struct metric *m = schema_metric(n->type, q->own);
        const uint64_t *mark = &n->marks[2 * (size_t)(m - n->type->metrics)];
        kind = m->kind;
        top += marked(sim, mark, 2 * MAX_METRICS, q->segments);
        bottom += marked(sim, mark + 1, 2 * MAX_METRICS, q->segments);
    }
    double span = span_of(sim, q->segments);
    if (kind == METRIC_COUNTER)
        return top / span;
    if (kind == METRIC_INTEGRAL)
        return top / (span * 1e9) / (to - from);
    return top / bottom; /* 0 / 0: nothing to take a share of */
}

static double spread_sd(const struct hist *h) {
    double mean = hist_mean(h), sum = 0;
    for (uint32_t i = 0; i < h->size; i++) {
        double mid = 0.5 * ((double)hist_low(h, i) + (double)hist_high(h, i));
        sum += (double)h->count[i] * (mid - mean) * (mid - mean);
    }
    return h->total > 1 ? sqrt(sum / (double)(h->total - 1)) : (double)NAN;
}

static double extreme_bucket(const struct hist *h, bool largest) {
    double x = NAN;
    for (uint32_t i = 0; i < h->size; i++)
        if (h->count[i]) {
            x = (double)(largest ? hist_high(h, i) : hist_low(h, i));
            if (!largest)
                break;
        }
    return x;
}

static double distribution(const struct metric_query *q, const struct sums *s,
                           enum metric_lack *lack) {
    if (!s->hist.total) {
        *lack = LACK_SAMPLES;
        return NAN;
    }
    switch (q->stat) {
    case STAT_SD:
        return spread_sd(&s->hist) * 1e-9;
    case STAT_MIN:
        return extreme_bucket(&s->hist, false) * 1e-9;
    case STAT_MAX:
        return extreme_bucket(&s->hist, true) * 1e-9;
    case STAT_PERCENTILE:
        if ((double)s->hist.total * fmin(1 - q->p, q->p) < 4.999) {
            *lack = LACK_FEW;
            return NAN;
        }
        return hist_quantile(&s->hist, q->p) * 1e-9;
    default:
        return (double)s->sum * 1e-9 / (double)s->hist.total;
    }
}

static double cost_value(const struct sim *sim, const struct metric_query *q) {
    double usd = 0, hours = span_of(sim, q->segments) / 3600;
    for (uint32_t i = 0; i < (q->whole ? sim->n_order : q->nodes.n); i++) {
        const struct node *n = q->whole ? sim->order[i] : q->nodes.at[i];
        double hourly = group_price(n);
        if (hourly > 0)
            usd += hourly * marked(sim, group_provisioned_marks(n), 2 * MAX_METRICS, q->segments) /
                   3.6e12;
    }
    if (!q->cost_per_request)
        return usd / hours;
    struct sums s = {.arrivals = 0};
    collect(sim, q, 0, q->nodes.n, &s, false);
    return s.good ? usd / (double)s.good : (double)NAN;
}

/* Sources keep finer histograms than what they call; together they are as coarse as the coarsest.
 */
static uint32_t coarsest(const struct metric_query *q, uint32_t from, uint32_t to) {
    uint32_t bits = HIST_FINE;
    for (uint32_t i = from; i < to; i++) {
        const struct meter *m = &q->nodes.at[i]->meter;
        if (m->n_cells && m->cells[0].by[0].hist.bits < bits)
            bits = m->cells[0].by[0].hist.bits;
    }
    return bits;
}

static double value_of(const struct sim *sim, const struct metric_query *q, uint32_t from,
                       uint32_t to, enum metric_lack *lack) {
    struct sums s = {.arrivals = 0};
    double x = NAN, span = span_of(sim, q->segments);
    *lack = LACK_NOTHING;
    if (q->what == WHAT_OWN)
        x = own_value(sim, q, from, to);
    else if (q->what == WHAT_COST)
        x = cost_value(sim, q);
    else if (q->what == WHAT_IN_FLIGHT) {
        x = 0;
        for (uint32_t i = from; i < to; i++)
            x += marked(sim, q->nodes.at[i]->meter.mark, 1, q->segments) / (span * 1e9);
    } else {
        bool spread = q->what == WHAT_LATENCY || q->what == WHAT_PHASE;
        hist_init(&s.hist, q->what == WHAT_PHASE ? HIST_COARSE : coarsest(q, from, to));
        collect(sim, q, from, to, &s, spread);
        switch (q->what) {
        case WHAT_CALLS:
            x = (double)(q->outcomes_given          ? s.chosen
                         : q->results != UINT64_MAX ? s.finished /* known only then */
                                                    : s.arrivals);
            break;
        case WHAT_OFFERED:
            x = (double)s.arrivals / span;
            break;
        case WHAT_THROUGHPUT:
            x = (double)s.chosen / span;
            break;
        case WHAT_GOODPUT:
            x = (double)(s.good - s.late) / span;
            break;
        case WHAT_AVAILABILITY:
            x = (double)s.good / (double)s.finished;
            break;
        case WHAT_SHARE:
            x = (double)(q->outcomes_given ? s.chosen : s.good) / (double)s.finished;
            break;
        default:
            x = distribution(q, &s, lack);
        }
        hist_release(&s.hist);
    }
    if (isnan(x) && *lack == LACK_NOTHING)
        *lack = LACK_SAMPLES;
    return x;
}

double metric_value(const struct sim *sim, const struct metric_query *q, enum metric_lack *lack) {
    return value_of(sim, q, 0, q->nodes.n, lack);
}

double metric_extreme(const struct sim *sim, const struct metric_query *q, int sign,
                      enum metric_lack *lack) {
    double best = NAN;
    enum metric_lack why = LACK_SAMPLES;
    for (uint32_t i = 0; i < q->nodes.n; i++) {
        enum metric_lack l;
        double x = value_of(sim, q, i, i + 1, &l);
        if (isnan(x))
            why = l;
        else if (isnan(best) || (sign > 0 ? x > best : x < best))
            best = x;
    }
    *lack = isnan(best) ? why : LACK_NOTHING;
    return best;
}

void metric_histogram(const struct metric_query *q, struct hist *into) {
    struct sums s = {.arrivals = 0};
    s.hist = *into;
    if (q->nodes.n)
        collect(q->nodes.at[0]->sim, q, 0, q->nodes.n, &s, true);
    *into = s.hist;
}

uint64_t metric_sample(const struct metric_query *q) {
    struct sums s = {.arrivals = 0};
    if (q->what == WHAT_OWN || q->what == WHAT_IN_FLIGHT || !q->nodes.n)
        return 0;
    collect(q->nodes.at[0]->sim, q, 0, q->nodes.n, &s, false);
    return q->what == WHAT_LATENCY ? s.chosen : s.finished;
}

const char *metric_lack_text(enum metric_lack lack) {
    return lack == LACK_SAMPLES ? "no samples"
           : lack == LACK_FEW   ? "too few samples beyond this percentile"
                                : "";
}
