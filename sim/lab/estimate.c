/* What a study knows about one query: value, interval, sample, or why not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/study.h"

static bool is_withheld(const struct case_result *c, uint32_t query) {
    return c->withheld && c->withheld[query];
}

struct estimate study_estimate(const struct study *s, const struct case_result *c, uint32_t query) {
    if (is_withheld(c, query))
        return (struct estimate){.mean = NAN, .sd = NAN, .ci = {-INFINITY, INFINITY}};
    const struct replication *r = c->rep;
    if (s->batches && r->interval[query].used && r->interval_lack[query] == INTERVAL_KNOWN)
        return r->interval[query];
    double *x = mem_zero(c->n * sizeof *x);
    for (uint32_t i = 0; i < c->n; i++)
        x[i] = r[i].value[query];
    struct estimate est = stats_estimate(x, c->n, 0.95);
    free(x);
    return est;
}

static const char *interval_lack_text(enum interval_lack lack) {
    switch (lack) {
    case INTERVAL_KNOWN:
        break;
    case INTERVAL_UNCUT:
        return "one run, of a length not known beforehand: use --replications";
    case INTERVAL_FEW:
        return "too few batches: lengthen the run, or use --replications";
    case INTERVAL_EMPTY:
        return "batches without a value: lengthen the run, or use --replications";
    case INTERVAL_CORRELATED:
        return "the batches are correlated: lengthen the run, or use --replications";
    case INTERVAL_SPELLS:
        return "one run has too few spells beyond this percentile: use --replications";
    case INTERVAL_EXTREME:
        return "an extreme, a count, a moment or blame of one run: use --replications";
    }
    return NULL;
}

const char *study_why(const struct study *s, const struct case_result *c, uint32_t query) {
    if (is_withheld(c, query))
        return c->why;
    uint32_t used = 0;
    enum metric_lack lack = LACK_SAMPLES;
    for (uint32_t i = 0; i < c->n; i++) {
        used += isnan(c->rep[i].value[query]) ? 0 : 1;
        if (c->rep[i].lack[query])
            lack = (enum metric_lack)c->rep[i].lack[query];
    }
    if (!used)
        return metric_lack_text(lack);
    if (used > 1)
        return NULL;
    return s->batches ? interval_lack_text((enum interval_lack)c->rep[0].interval_lack[query])
                      : "a value in one replication only: use more --replications";
}

uint64_t study_sample(const struct case_result *c, uint32_t query) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < c->n; i++)
        sum += c->rep[i].sample[query];
    return sum;
}

/* ---- precision */

/* What a headline's half-width is measured by: its value, or 1 for shares; 0: it is none. */
static double headline_scale(const struct query *q, double value) {
    static const char *const relative[] = {"latency.mean", "latency.p50", "latency.p99", "goodput"};
    for (size_t i = 0; i < sizeof relative / sizeof relative[0]; i++)
        if (!strcmp(q->text, relative[i]))
            return fabs(value);
    bool whole = q->listed && q->unit == UNIT_RATIO && !q->ref.address;
    return whole && q->ref.n_labels == (metric_label(&q->ref, "outcome") ? 1 : 0) ? 1 : 0;
}

/* How much too wide the interval is: 1 is just right; 0 for what does not count. */
static double excess(const struct study *s, const struct case_result *c, uint32_t q) {
    if (!(headline_scale(&s->queries[q], 1) > 0))
        return 0;
    struct estimate e = study_estimate(s, c, q);
    double scale = headline_scale(&s->queries[q], e.mean);
    return e.used && scale > 0 ? (e.ci.hi - e.ci.lo) / 2 / (s->precision * scale) : 0;
}

int precision_lacks(const struct study *s, const struct case_result *c) {
    int worst = -1;
    double most = 1;
    for (uint32_t i = 0; i < s->n_queries; i++) {
        double x = excess(s, c, i);
        if (x > most) {
            most = x;
            worst = (int)i;
        }
    }
    return worst;
}
