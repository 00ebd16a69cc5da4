#include "meter.h"

#include <stdlib.h>

#include "base/mem.h"

const char *const outcome_names[OUTCOMES + 1] = {
    "ok", "degraded", "error", "timeout", "shed", "limited", "open", "cancelled", "invalid", NULL};
const char *const phase_names[PHASES + 1] = {"wait",    "service", "network",
                                             "backoff", "stall",   NULL};

void meter_init(struct meter *m, uint32_t cells, uint32_t results, uint32_t marks, uint32_t bits) {
    *m = (struct meter){.results = results};
    m->cells = mem_zero((size_t)cells * results * sizeof *m->cells);
    m->n_cells = cells * results;
    m->mark = mem_zero(marks * sizeof *m->mark);
    for (uint32_t i = 0; i < m->n_cells; i++) {
        for (int p = 0; p < PHASES; p++)
            hist_init(&m->cells[i].phase[p].hist, HIST_COARSE);
        for (int o = 0; o < OUTCOMES; o++)
            hist_init(&m->cells[i].by[o].hist, bits);
    }
}

struct meter_totals meter_totals(const struct meter *m) {
    struct meter_totals t = {0, m->cut.n, m->cut.sojourn};
    for (uint32_t i = 0; i < m->n_cells; i++) {
        t.arrived += m->cells[i].arrivals;
        for (int o = 0; o < OUTCOMES; o++) {
            t.departed += m->cells[i].by[o].hist.total;
            t.sojourn += m->cells[i].by[o].sum;
        }
    }
    return t;
}

void meter_release(struct meter *m) {
    for (uint32_t i = 0; i < m->n_cells; i++) {
        for (int p = 0; p < PHASES; p++)
            hist_release(&m->cells[i].phase[p].hist);
        for (int o = 0; o < OUTCOMES; o++)
            hist_release(&m->cells[i].by[o].hist);
    }
    free(m->cells);
    free(m->mark);
    *m = (struct meter){0};
}

void spreads_init(struct spreads *t, uint32_t segments, uint32_t bits) {
    t->of = mem_zero(segments * sizeof *t->of);
    t->n = segments;
    for (uint32_t i = 0; i < segments; i++)
        hist_init(&t->of[i].hist, bits);
}

void spreads_release(struct spreads *t) {
    for (uint32_t i = 0; i < t->n; i++)
        hist_release(&t->of[i].hist);
    free(t->of);
}
