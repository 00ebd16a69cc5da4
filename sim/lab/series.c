#include "lab/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/metric.h"

static const char *const users[] = {"latency.mean", "latency.p50", "latency.p90",
                                    "latency.p99",  "goodput",     "offered"};
enum { USERS = sizeof users / sizeof users[0] };

/* The w-th thing about a node that has a course over time: calls in flight (NULL), and its metrics
 * that are means over time. False: there is no such. */
static bool course(const struct node *n, int w, const struct metric **m) {
    *m = NULL;
    if (!(n->type->flags & NODE_RESOURCE) && w-- == 0)
        return true;
    for (*m = n->type->metrics; *m && (*m)->name; (*m)++)
        if (((*m)->kind == METRIC_INTEGRAL || (*m)->kind == METRIC_SHARE) && w-- == 0)
            return true;
    return false;
}

static const char *course_name(const struct metric *m) {
    return m ? m->name : "in_flight";
}

static void add_name(struct arena *a, struct series_names *out, const char *address,
                     const char *metric) {
    char text[600];
    snprintf(text, sizeof text, "%s:%s", address, metric);
    *arena_push(a, out->at, out->n, out->cap) = arena_copy(a, text);
}

void series_name(struct sim *sim, struct series_names *out) {
    struct arena *a = &sim->arena;
    *out = (struct series_names){0};
    for (int i = 0; i < USERS; i++)
        *arena_push(a, out->at, out->n, out->cap) = arena_copy(a, users[i]);
    char pooled[512];
    for (uint32_t i = 0; i < sim->n_order; i++) {
        const struct node *n = sim->order[i];
        const struct metric *m;
        for (int w = 0; course(n, w, &m); w++) {
            add_name(a, out, n->address, course_name(m));
            if (address_place(n) == PLACE_FIRST) {
                address_pooled(n, pooled, sizeof pooled);
                add_name(a, out, pooled, course_name(m));
            }
        }
    }
}

/* One column: a node's integral over time, or its share of another one; of replicas the mean, or
 * the share, over those that are there, or the sum of the calls in flight, as in metrics. */
struct column {
    const struct node *node;
    const struct metric *metric; /* NULL: in_flight */
    uint32_t pool; /* columns that follow as replicas are added to this one: index + 1 of the pooled
                      column */
    uint64_t area, capacity; /* at the last boundary; of a pooled one: in this window */
};

struct sampler {
    struct sim *sim;
    const struct series_names *names;
    struct column *columns; /* one a name; users' ones unused */
    double *value;
    uint32_t n, cap;
    struct hist before, now;
    uint64_t arrivals, good, sum, count;
};

static uint64_t area_of(const struct column *c, uint64_t *capacity) {
    ns_t now = c->node->sim->clock.now;
    uint64_t mark[2] = {0, 0};
    if (c->metric)
        schema_mark(c->node, c->metric, mark);
    else {
        mark[0] = integral_area(&c->node->meter.in_flight, now);
        mark[1] = (uint64_t)now;
    }
    *capacity = mark[1];
    return mark[0];
}

static uint32_t find_column(const struct series_names *names, const char *text) {
    for (uint32_t i = 0; i < names->n; i++)
        if (!strcmp(names->at[i], text))
            return i;
    return UINT32_MAX;
}

static void bind_columns(struct sampler *s) {
    uint32_t at = USERS;
    char pooled[512], text[600];
    for (uint32_t i = 0; i < s->sim->n_order; i++) {
        const struct node *n = s->sim->order[i];
        const struct metric *m;
        for (int w = 0; course(n, w, &m); w++) {
            struct column *c = &s->columns[at++];
            c->node = n;
            c->metric = m;
            if (address_place(n) == PLACE_FIRST)
                at++; /* the pooled one */
            if (address_place(n) == PLACE_ALONE)
                continue;
            address_pooled(n, pooled, sizeof pooled);
            snprintf(text, sizeof text, "%s:%s", pooled, course_name(m));
            c->pool = find_column(s->names, text) + 1;
        }
    }
}

/* Everything the users' meters have counted so far. */
static void count_users(struct sampler *s, uint64_t *arrivals, uint64_t *good, uint64_t *sum,
                        uint64_t *count) {
    *arrivals = *good = *sum = *count = 0;
    hist_clear(&s->now);
    for (uint32_t i = 0; i < s->sim->n_roots; i++) {
        const struct meter *m = &s->sim->roots[i]->meter;
        *arrivals += meter_totals(m).arrived;
        for (uint32_t k = 0; k < m->n_cells; k++)
            for (int o = OUTCOME_OK; o <= OUTCOME_DEGRADED; o++) {
                const struct spread *x = &m->cells[k].by[o];
                *count += x->hist.total;
                *sum += x->sum;
                if (x->hist.total)
                    hist_merge(&s->now, &x->hist);
            }
        for (uint32_t k = 0; k < m->n_cells; k++)
            *good -= m->cells[k].late;
    }
    *good += *count;
}

static void sample_users(struct sampler *s, double *row, double span) {
    uint64_t arrivals, good, sum, count;
    count_users(s, &arrivals, &good, &sum, &count);
    struct hist window = {.bits = HIST_COARSE};
    hist_merge(&window, &s->now);
    hist_take(&window, &s->before);
    row[0] =
        count > s->count ? (double)(sum - s->sum) * 1e-9 / (double)(count - s->count) : (double)NAN;
    const double p[] = {0.5, 0.9, 0.99};
    for (int i = 0; i < 3; i++)
        row[1 + i] = (double)window.total * (1 - p[i]) >= 1 ? hist_quantile(&window, p[i]) * 1e-9
                                                            : (double)NAN;
    row[4] = (double)(good - s->good) / span;
    row[5] = (double)(arrivals - s->arrivals) / span;
    hist_release(&window);
    struct hist t = s->before;
    s->before = s->now;
    s->now = t;
    s->arrivals = arrivals, s->good = good, s->sum = sum, s->count = count;
}

static double ratio(uint64_t area, uint64_t over) {
    return over ? (double)area / (double)over : 0;
}

static void sample_column(struct sampler *s, uint32_t i, double *row) {
    struct column *c = &s->columns[i];
    uint64_t capacity, area = area_of(c, &capacity), more = area - c->area;
    uint64_t over = capacity - c->capacity;
    row[i] = ratio(more, over);
    c->area = area;
    c->capacity = capacity;
    if (!c->pool)
        return;
    struct column *p = &s->columns[c->pool - 1];
    p->area += more;
    p->capacity = c->metric ? p->capacity + over : over; /* calls in flight add up */
}

static void sample_columns(struct sampler *s, double *row) {
    for (uint32_t i = USERS; i < s->names->n; i++)
        if (s->columns[i].node)
            sample_column(s, i, row);
    for (uint32_t i = USERS; i < s->names->n; i++) {
        struct column *p = &s->columns[i];
        if (p->node)
            continue;
        row[i] = ratio(p->area, p->capacity);
        p->area = p->capacity = 0;
    }
}

static void sample(struct sim *sim, void *ctx, ns_t from, ns_t to) {
    struct sampler *s = ctx;
    (void)sim;
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->value = mem_resize(s->value, (size_t)s->cap * s->names->n, sizeof *s->value);
    }
    double *row = &s->value[(size_t)s->n++ * s->names->n];
    sample_users(s, row, ns_to_s(to - from));
    sample_columns(s, row);
}

struct sampler *sampler_new(struct sim *sim, const struct series_names *names) {
    struct sampler *s = mem_zero(sizeof *s);
    s->sim = sim;
    s->names = names;
    s->columns = mem_zero(names->n * sizeof *s->columns);
    hist_init(&s->before, HIST_COARSE);
    hist_init(&s->now, HIST_COARSE);
    bind_columns(s);
    sim->sample = sample;
    sim->sample_ctx = s;
    return s;
}

void sampler_take(struct sampler *s, struct series *out) {
    *out = (struct series){s->value, s->n};
    s->value = NULL;
}

void sampler_free(struct sampler *s) {
    if (!s)
        return;
    hist_release(&s->before);
    hist_release(&s->now);
    free(s->columns);
    free(s->value);
    free(s);
}
