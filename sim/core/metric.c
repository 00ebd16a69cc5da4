/* Reading: values of bound metrics after a run. */
#include "core/metric.h"

#include <math.h>

#include "core/blame.h"
#include "core/group.h"
#include "core/sim.h"

static void add_spread(struct metric_sums *s, const struct spread *x, bool with_hist) {
    s->sum += x->sum;
    if (with_hist && x->hist.total)
        hist_merge(&s->hist, &x->hist);
}

static void add_cell(const struct metric_query *q, const struct cell *cell, struct metric_sums *s,
                     bool with_hist) {
    s->arrivals += cell->arrivals;
    s->late += cell->late;
    s->lost += cell->lost;
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
                    struct metric_sums *s, bool with_hist) {
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

/* ---- what is kept as marks: at the boundaries of segments, or now */

/* Difference of a mark over the selected segments. */
static double marked(const struct sim *sim, const uint64_t *mark, size_t stride,
                     uint64_t segments) {
    double sum = 0;
    for (uint32_t s = 0; s < sim->n_segments; s++)
        if (segments >> s & 1)
            sum += (double)(mark[(s + 1) * stride] - mark[s * stride]);
    return sum;
}

/* The first and the last moment, as time since the selected segments began. */
static void add_moments(const struct sim *sim, const uint64_t *mark, uint64_t segments,
                        struct metric_sums *out) {
    uint64_t since = 0;
    for (uint32_t s = 0; s < sim->n_segments; s++) {
        if (!(segments >> s & 1))
            continue;
        uint64_t at = mark[(s + 1) * 2 * MAX_METRICS];
        if (at) {
            at += since - (uint64_t)sim->cut[s];
            out->first = out->first && out->first < at ? out->first : at;
            out->last = out->last > at ? out->last : at;
        }
        since += (uint64_t)(sim->cut[s + 1] - sim->cut[s]);
    }
}

static void add_own(const struct sim *sim, const struct metric_query *q, struct node *n, bool live,
                    struct metric_sums *out) {
    const struct metric *m = schema_metric(n->type, q->own);
    bool moments = m->kind == METRIC_FIRST || m->kind == METRIC_LAST;
    if (m->kind == METRIC_SPREAD) {
        const struct spreads *t = schema_spreads(n, m);
        for (uint32_t i = 0; i < t->n; i++)
            if (live || (q->segments >> i & 1))
                add_spread(out, &t->of[i], true);
        return;
    }
    if (live) {
        uint64_t now[2] = {0, 0};
        schema_mark(n, m, now);
        out->top += (double)now[0];
        out->bottom += (double)now[1];
        return;
    }
    const uint64_t *mark = &n->marks[2 * (size_t)(m - n->type->metrics)];
    if (moments) {
        add_moments(sim, mark, q->segments, out);
        return;
    }
    out->top += marked(sim, mark, 2 * MAX_METRICS, q->segments);
    out->bottom += marked(sim, mark + 1, 2 * MAX_METRICS, q->segments);
}

/* USD. */
static double spent(const struct sim *sim, const struct metric_query *q, const struct node *n,
                    bool live) {
    double hourly = group_price(n), area;
    if (hourly <= 0)
        return 0;
    if (live)
        area = (double)integral_area(group_provisioned(n), sim->clock.now);
    else
        area = marked(sim, group_provisioned_marks(n), 2 * MAX_METRICS, q->segments);
    return hourly * area / 3.6e12;
}

/* Sums over nodes [from, to): of the selected segments, or with `live` of all until now. */
static void add_up(const struct sim *sim, const struct metric_query *q, uint32_t from, uint32_t to,
                   bool live, struct metric_sums *s) {
    bool spread = q->what == WHAT_LATENCY || q->what == WHAT_PHASE;
    if (q->what != WHAT_OWN && q->what != WHAT_IN_FLIGHT)
        collect(sim, q, from, to, s, spread);
    for (uint32_t i = from; i < to && q->what == WHAT_OWN; i++)
        add_own(sim, q, q->nodes.at[i], live, s);
    for (uint32_t i = from; i < to && q->what == WHAT_IN_FLIGHT; i++) {
        const struct meter *m = &q->nodes.at[i]->meter;
        s->top += live ? (double)integral_area(&m->in_flight, sim->clock.now)
                       : marked(sim, m->mark, 1, q->segments);
    }
    uint32_t priced = q->what != WHAT_COST ? 0 : q->whole ? sim->n_order : q->nodes.n;
    for (uint32_t i = 0; i < priced; i++)
        s->top += spent(sim, q, q->whole ? sim->order[i] : q->nodes.at[i], live);
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

static double distribution(const struct metric_query *q, const struct metric_sums *s,
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
        if ((double)s->hist.total * fmin(1 - q->p, q->p) < 4.999)
            *lack = LACK_FEW;
        return hist_quantile(&s->hist, q->p) * 1e-9;
    default:
        return (double)s->sum * 1e-9 / (double)s->hist.total;
    }
}

static double own_value(const struct metric_query *q, const struct metric_sums *s, double span) {
    switch (q->own_kind) {
    case METRIC_COUNTER:
        return s->top / span;
    case METRIC_FIRST:
        return s->first ? (double)(s->first - 1) * 1e-9 : span;
    case METRIC_LAST:
        return s->last ? (double)(s->last - 1) * 1e-9 : 0;
    default:
        return s->top / s->bottom; /* 0 / 0: nothing to take a share of */
    }
}

double metric_of_sums(const struct metric_query *q, const struct metric_sums *s, double span,
                      enum metric_lack *lack) {
    double x = NAN;
    *lack = LACK_NOTHING;
    switch (q->what) {
    case WHAT_OWN:
        x = q->own_kind == METRIC_SPREAD ? distribution(q, s, lack) : own_value(q, s, span);
        break;
    case WHAT_COST:
        x = !q->cost_per_request ? s->top / (span / 3600)
            : s->good            ? s->top / (double)s->good
                                 : (double)NAN;
        break;
    case WHAT_IN_FLIGHT:
        x = s->top / (span * 1e9);
        break;
    case WHAT_CALLS:
        x = (double)(q->outcomes_given          ? s->chosen
                     : q->results != UINT64_MAX ? s->finished /* known only then */
                                                : s->arrivals);
        break;
    case WHAT_OFFERED:
        x = (double)s->arrivals / span;
        break;
    case WHAT_THROUGHPUT:
        x = (double)s->chosen / span;
        break;
    case WHAT_GOODPUT:
        x = (double)(s->good - s->late) / span;
        break;
    case WHAT_AVAILABILITY:
        x = (double)s->good / (double)s->finished;
        break;
    case WHAT_QUALITY:
        x = ((double)s->good - s->lost) / (double)s->good;
        break;
    case WHAT_SHARE:
        x = (double)(q->outcomes_given ? s->chosen : s->good) / (double)s->finished;
        break;
    case WHAT_LATENCY:
    case WHAT_PHASE:
        x = distribution(q, s, lack);
        break;
    case WHAT_BLAME: /* of no sums: blame_value */
        break;
    }
    if (isnan(x) && *lack == LACK_NOTHING)
        *lack = LACK_SAMPLES;
    return x;
}

/* Sources keep finer histograms than what they call; together they are as coarse as the coarsest.
 */
static uint32_t coarsest(const struct metric_query *q, uint32_t from, uint32_t to) {
    uint32_t bits = q->what == WHAT_PHASE || q->what == WHAT_OWN ? HIST_COARSE : HIST_FINE;
    for (uint32_t i = from; i < to; i++) {
        const struct meter *m = &q->nodes.at[i]->meter;
        if (m->n_cells && m->cells[0].by[0].hist.bits < bits)
            bits = m->cells[0].by[0].hist.bits;
    }
    return bits;
}

void metric_hist_init(const struct metric_query *q, struct hist *h) {
    hist_init(h, coarsest(q, 0, q->nodes.n));
}

void metric_read(const struct sim *sim, const struct metric_query *q, struct metric_sums *out) {
    struct hist hist = out->hist;
    hist_clear(&hist);
    *out = (struct metric_sums){.hist = hist};
    add_up(sim, q, 0, q->nodes.n, true, out);
}

static double value_of(const struct sim *sim, const struct metric_query *q, uint32_t from,
                       uint32_t to, enum metric_lack *lack) {
    struct metric_sums s = {.arrivals = 0};
    struct metric_query part = *q;
    part.nodes.at += from;
    part.nodes.n = to - from;
    if (q->what == WHAT_BLAME)
        return blame_value(sim, &part, lack);
    hist_init(&s.hist, coarsest(q, from, to));
    add_up(sim, q, from, to, false, &s);
    double x = metric_of_sums(&part, &s, span_of(sim, q->segments), lack);
    hist_release(&s.hist);
    return *lack == LACK_FEW ? (double)NAN : x;
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

static bool is_spread(const struct metric_query *q) {
    return q->what == WHAT_OWN && q->own_kind == METRIC_SPREAD;
}

void metric_histogram(const struct metric_query *q, struct hist *into) {
    struct metric_sums s = {.hist = *into};
    if (q->nodes.n && is_spread(q))
        add_up(q->nodes.at[0]->sim, q, 0, q->nodes.n, false, &s);
    else if (q->nodes.n)
        collect(q->nodes.at[0]->sim, q, 0, q->nodes.n, &s, true);
    *into = s.hist;
}

uint64_t metric_sample(const struct metric_query *q) {
    struct metric_sums s = {.arrivals = 0};
    if (is_spread(q)) {
        hist_init(&s.hist, HIST_COARSE);
        metric_histogram(q, &s.hist);
        uint64_t n = s.hist.total;
        hist_release(&s.hist);
        return n;
    }
    if (q->what == WHAT_OWN || q->what == WHAT_IN_FLIGHT || !q->nodes.n)
        return 0;
    if (q->what == WHAT_BLAME)
        return blame_sample(q->nodes.at[0]->sim, q);
    collect(q->nodes.at[0]->sim, q, 0, q->nodes.n, &s, false);
    return q->what == WHAT_LATENCY ? s.chosen : s.finished;
}

const char *metric_lack_text(enum metric_lack lack) {
    return lack == LACK_SAMPLES ? "no samples"
           : lack == LACK_FEW   ? "too few samples beyond this percentile"
                                : "";
}
