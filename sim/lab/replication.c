/* One replication: builds, runs, and reads what it has measured. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/study.h"

/* in flight at the start + offered = finished + in flight at the end, all within the measured span.
 */
static void count_requests(const struct sim *sim, struct replication *r) {
    r->at_start = sim->at_start.in_flight;
    r->offered = sim->at_end.arrived - sim->at_start.arrived;
    r->finished = sim->at_end.departed - sim->at_start.departed;
    r->at_end = sim->at_end.in_flight;
    for (uint32_t i = 0; i < sim->n_roots; i++) {
        const struct meter *m = &sim->roots[i]->meter;
        for (uint32_t k = sim->n_classes; k < m->n_cells;
             k++) /* those that arrived after warm-up */
            for (int o = 0; o < OUTCOMES; o++)
                r->by_outcome[o] += m->cells[k].by[o].hist.total;
    }
}

static double value_of(const struct sim *sim, enum expr_kind kind, const struct metric_query *q,
                       enum metric_lack *lack) {
    return kind == EXPR_METRIC ? metric_value(sim, q, lack)
                               : metric_extreme(sim, q, kind == EXPR_MAX ? 1 : -1, lack);
}

/* ---- reading */

static void read_value(struct sim *sim, const struct query *q, uint32_t i, bool alone,
                       struct replication *r) {
    struct metric_query bound;
    struct error e = {{0}};
    enum metric_lack lack = LACK_SAMPLES;
    r->value[i] = NAN;
    if (metric_bind(sim, &q->ref, &bound, &e)) {
        r->value[i] = value_of(sim, q->kind, &bound, &lack);
        r->sample[i] = metric_sample(&bound);
        struct metric_query whatever = bound;
        whatever.outcomes = (1u << OUTCOMES) - 1;
        r->ended[i] = metric_sample(&whatever);
        if (alone && !isnan(r->value[i]))
            r->interval_lack[i] =
                (uint8_t)batches_interval(sim, q->kind, &bound, r->value[i], &r->interval[i]);
    }
    r->lack[i] = (uint8_t)lack;
}

static void read_values(const struct study *s, struct sim *sim, struct replication *r) {
    bool alone = s->batches;
    r->value = mem_zero(s->n_queries * sizeof *r->value);
    r->lack = mem_zero(s->n_queries);
    r->sample = mem_zero(s->n_queries * sizeof *r->sample);
    r->ended = mem_zero(s->n_queries * sizeof *r->ended);
    if (alone) {
        r->interval = mem_zero(s->n_queries * sizeof *r->interval);
        r->interval_lack = mem_zero(s->n_queries);
    }
    for (uint32_t i = 0; i < s->n_queries; i++)
        read_value(sim, &s->queries[i], i, alone, r);
}

static void read_histograms(const struct study *s, struct sim *sim, struct replication *r) {
    r->latency = mem_zero(s->n_hists * sizeof *r->latency);
    for (uint32_t i = 0; i < s->n_hists; i++) {
        hist_init(&r->latency[i], HIST_FINE);
        struct metric_ref ref = {.name = "latency", .stat = "mean", .text = "latency.mean"};
        if (i) {
            ref.label[0].key = "class";
            ref.label[0].value = sim->classes[i - 1].name;
            ref.n_labels = 1;
        }
        struct metric_query q;
        struct error e = {{0}};
        if (metric_bind(sim, &ref, &q, &e))
            metric_histogram(&q, &r->latency[i]);
    }
}

static void read_all(const struct study *s, struct sim *sim, const struct drift_watch *watch,
                     struct replication *r) {
    count_requests(sim, r);
    read_values(s, sim, r);
    read_histograms(s, sim, r);
    if (s->slowest > 0)
        why_take(&r->why, sim, s->slowest, sim->replication == 1);
    if (watch)
        r->drift = drift_take(watch);
    r->nodes = sim->n_order;
    r->events = sim->clock.fired;
    r->measured = sim->ended;
    r->full = sim->full;
}

/* Is it asked what requests spend their time on, by a claim or altogether? */
static bool asks_why(const struct study *s) {
    bool asked = s->slowest > 0;
    for (uint32_t i = 0; i < s->n_queries; i++)
        asked = asked || !strcmp(s->queries[i].ref.name, "blame");
    return asked;
}

bool replication_run(const struct study *s, const struct scenario_request *request,
                     struct sim_progress *progress, struct replication *r, struct error *e) {
    struct scenario sc;
    if (!s->maker->build(s->maker, request, &sc, e))
        return false;
    struct sampler *sampler = s->window > 0 ? sampler_new(sc.sim, &s->names) : NULL;
    struct drift_watch *watch = drift_watch(sc.sim);
    if (asks_why(s))
        blame_watch(sc.sim);
    sc.sim->progress = progress;
    bool ok = sim_run(sc.sim);
    if (ok) {
        read_all(s, sc.sim, watch, r);
        if (sampler)
            sampler_take(sampler, &r->series);
    } else
        error_set(e, "%s", sc.sim->error.text);
    sampler_free(sampler);
    s->maker->free_sim(s->maker, sc.sim);
    return ok;
}

void replication_release(struct replication *r, uint32_t n_hists) {
    for (uint32_t h = 0; r->latency && h < n_hists; h++)
        hist_release(&r->latency[h]);
    free(r->latency);
    free(r->value);
    free(r->lack);
    free(r->sample);
    free(r->ended);
    free(r->interval);
    free(r->interval_lack);
    free(r->drift);
    free(r->series.value);
    why_release(&r->why);
    *r = (struct replication){0};
}
