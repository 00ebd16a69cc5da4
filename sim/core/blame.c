#include "core/blame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/keymap.h"
#include "base/mem.h"
#include "core/address.h"
#include "core/sim.h"

struct page {
    uint32_t cell, bucket;
    uint64_t n;
    double *ns; /* [column * SPENDS + what] */
    struct exemplar first;
};

struct blame {
    struct agent agent;
    struct trail_watch watch;
    struct keymap find;  /* cell and bucket -> page */
    struct page **pages; /* sorted by latency once the run is over */
    uint32_t n_pages, cap_pages;
    bool sorted;
    uint32_t *column; /* by node id */
    const char **name;
    uint32_t n_columns;
};

static const struct hist scale = {.bits = HIST_COARSE}; /* only its layout */

/* ---- columns */

static void make_columns(struct blame *b, struct sim *sim) {
    struct keymap seen = {0};
    char pooled[512];
    b->column = arena_alloc(&sim->arena, (sim->n_nodes + 1) * sizeof *b->column);
    b->name = arena_alloc(&sim->arena, (sim->n_order + 1) * sizeof *b->name);
    for (uint32_t i = 0; i < sim->n_order; i++) {
        const struct node *n = sim->order[i];
        address_pooled(n, pooled, sizeof pooled);
        const char **known = keymap_get(&seen, rng_hash(pooled));
        if (!known) {
            known = &b->name[b->n_columns++];
            *known = arena_copy(&sim->arena, pooled);
            keymap_put(&seen, rng_hash(pooled), known);
        }
        b->column[n->id] = (uint32_t)(known - b->name);
    }
    keymap_release(&seen);
}

uint32_t blame_columns(const struct sim *sim) {
    return sim->blame->n_columns;
}

const char *blame_column(const struct sim *sim, uint32_t column) {
    return sim->blame->name[column];
}

/* ---- keeping the ledger */

static struct page *page_of(struct blame *b, uint32_t cell, uint64_t latency) {
    uint32_t bucket = hist_index(scale.bits, latency);
    uint64_t key = (uint64_t)cell << 32 | bucket;
    struct page *p = keymap_get(&b->find, key);
    if (p)
        return p;
    p = mem_zero(sizeof *p);
    p->cell = cell;
    p->bucket = bucket;
    p->ns = mem_zero(b->n_columns * SPENDS * sizeof *p->ns);
    keymap_put(&b->find, key, p);
    *mem_push(b->pages, b->n_pages, b->cap_pages) = p;
    return p;
}

static void keep_exemplar(struct page *p, const struct call *root, ns_t latency,
                          const struct stretch *path, uint32_t n) {
    p->first = (struct exemplar){.id = root->req->id,
                                 .class = root->req->class,
                                 .arrival = root->req->arrival,
                                 .latency = latency,
                                 .path = mem_zero((n + 1) * sizeof *path),
                                 .n = n};
    if (n)
        memcpy(p->first.path, path, n * sizeof *path);
}

static void ended(struct trail_watch *w, const struct call *root, const struct stretch *path,
                  uint32_t n) {
    struct blame *b = container_of(w, struct blame, watch);
    if (!outcome_good((enum outcome)root->outcome))
        return;
    ns_t latency = w->sim->clock.now - root->start;
    struct page *p = page_of(b, root->req->cell, (uint64_t)latency);
    if (!p->n++)
        keep_exemplar(p, root, latency, path, n);
    for (uint32_t i = 0; i < n; i++)
        p->ns[b->column[path[i].node->id] * SPENDS + path[i].what] +=
            (double)(path[i].to - path[i].from);
}

static void start(struct agent *a, struct sim *sim) {
    make_columns(container_of(a, struct blame, agent), sim);
}

static void release(struct agent *a) {
    struct blame *b = container_of(a, struct blame, agent);
    trail_release(&b->watch);
    for (uint32_t i = 0; i < b->n_pages; i++) {
        free(b->pages[i]->ns);
        free(b->pages[i]->first.path);
        free(b->pages[i]);
    }
    free(b->pages);
    keymap_release(&b->find);
}

void blame_watch(struct sim *sim) {
    struct blame *b = arena_alloc(&sim->arena, sizeof *b);
    b->agent.start = start;
    b->agent.release = release;
    b->watch.ended = ended;
    sim_add_agent(sim, &b->agent);
    sim->blame = b;
    trail_watch(&b->watch, sim);
}

/* ---- reading */

static int by_latency(const void *x, const void *y) {
    const struct page *a = *(struct page *const *)x, *b = *(struct page *const *)y;
    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    return a->cell < b->cell ? -1 : a->cell > b->cell;
}

static void sort(struct blame *b) {
    if (!b->sorted && b->n_pages)
        qsort(b->pages, b->n_pages, sizeof(struct page *), by_latency);
    b->sorted = true;
}

static bool chosen(const struct sim *sim, const struct page *p, uint64_t segments,
                   uint64_t classes) {
    return (segments >> p->cell / sim->n_classes & 1) && (classes >> p->cell % sim->n_classes & 1);
}

static double count(const struct sim *sim, uint64_t segments, uint64_t classes) {
    const struct blame *b = sim->blame;
    double n = 0;
    for (uint32_t i = 0; i < b->n_pages; i++)
        if (chosen(sim, b->pages[i], segments, classes))
            n += (double)b->pages[i]->n;
    return n;
}

static void add_page(struct blame_band *out, const struct page *p, double share, uint32_t columns) {
    if (out->n <= 0)
        out->fastest = (double)hist_low(&scale, p->bucket);
    out->n += share * (double)p->n;
    for (uint32_t i = 0; i < columns * SPENDS; i++) {
        out->ns[i] += share * p->ns[i];
        out->total += share * p->ns[i];
    }
}

void blame_read(const struct sim *sim, uint64_t segments, uint64_t classes,
                struct blame_band *out) {
    struct blame *b = sim->blame;
    sort(b);
    double all = count(sim, segments, classes), before = 0;
    double from = out->from * all, to = out->to * all;
    out->n = out->total = out->fastest = 0;
    out->ns = mem_zero(b->n_columns * SPENDS * sizeof *out->ns);
    for (uint32_t i = 0; i < b->n_pages; i++) {
        const struct page *p = b->pages[i];
        if (!chosen(sim, p, segments, classes))
            continue;
        double n = (double)p->n, inside = fmin(before + n, to) - fmax(before, from);
        if (inside > 0)
            add_page(out, p, inside / n, b->n_columns);
        before += n;
    }
}

void blame_band_release(struct blame_band *b) {
    free(b->ns);
    b->ns = NULL;
}

const struct exemplar *blame_exemplar(const struct sim *sim, double quantile) {
    struct blame *b = sim->blame;
    uint64_t measured = UINT64_MAX & ~(uint64_t)1;
    double upto = quantile * count(sim, measured, UINT64_MAX), n = 0;
    sort(b);
    const struct exemplar *last = NULL;
    for (uint32_t i = 0; i < b->n_pages; i++) {
        const struct page *p = b->pages[i];
        if (!chosen(sim, p, measured, UINT64_MAX))
            continue;
        last = &p->first;
        n += (double)p->n;
        if (n >= upto)
            break;
    }
    return last;
}

/* ---- the metric */

bool blame_bound(const struct sim *sim, const struct metric_query *q, struct error *e) {
    char pooled[512], other[512];
    for (uint32_t i = 0; i < q->nodes.n; i++) {
        uint32_t named = 0, all = 0;
        address_pooled(q->nodes.at[i], pooled, sizeof pooled);
        for (uint32_t k = 0; k < sim->n_order; k++) {
            address_pooled(sim->order[k], other, sizeof other);
            if (strcmp(other, pooled))
                continue;
            all++;
            for (uint32_t m = 0; m < q->nodes.n; m++)
                named += q->nodes.at[m] == sim->order[k];
        }
        if (named != all)
            return error_set(e, "blame is kept for all replicas together: %s", pooled);
        if (all > 1)
            break; /* the others of an address are its replicas */
    }
    return true;
}

static bool names(const struct blame *b, const struct metric_query *q, uint32_t column) {
    for (uint32_t i = 0; i < q->nodes.n; i++)
        if (b->column[q->nodes.at[i]->id] == column)
            return true;
    return false;
}

double blame_value(const struct sim *sim, const struct metric_query *q, enum metric_lack *lack) {
    *lack = LACK_SAMPLES;
    if (!sim->blame)
        return NAN;
    struct blame_band band = {.from = q->p, .to = 1};
    double sum = 0, x = NAN;
    blame_read(sim, q->segments, q->classes, &band);
    for (uint32_t column = 0; column < sim->blame->n_columns; column++)
        if (names(sim->blame, q, column))
            for (int what = 0; what < SPENDS; what++)
                sum += band.ns[column * SPENDS + (uint32_t)what];
    if (band.n > 4.999 && band.total > 0) {
        *lack = LACK_NOTHING;
        x = sum / band.total;
    } else if (band.n > 0)
        *lack = LACK_FEW;
    blame_band_release(&band);
    return x;
}

uint64_t blame_sample(const struct sim *sim, const struct metric_query *q) {
    return sim->blame ? (uint64_t)count(sim, q->segments, q->classes) : 0;
}
