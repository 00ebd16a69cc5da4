/* What every node and edge measures about the calls that pass through it.
 *
 * Counts and histograms are kept by *cell*: (segment of time in which the request arrived) x
 * (class) x (result, such as hit or miss, where the component names results). Integrals over time
 * are cut at segment boundaries. Nothing is ever reset: warm-up is segment 0. Metering draws no
 * randomness and changes nothing. */
#ifndef NINES_CORE_METER_H
#define NINES_CORE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hist.h"
#include "base/time.h"

/* How a call ended. */
enum outcome {
    OUTCOME_OK,
    OUTCOME_DEGRADED,
    OUTCOME_ERROR,
    OUTCOME_TIMEOUT,
    OUTCOME_SHED,
    OUTCOME_LIMITED,
    OUTCOME_OPEN,
    OUTCOME_CANCELLED,
    OUTCOME_INVALID,
    OUTCOMES
};
extern const char *const outcome_names[OUTCOMES + 1]; /* "ok", …, NULL */
static inline bool outcome_good(enum outcome o) {
    return o <= OUTCOME_DEGRADED;
}

/* Where a call's own time goes. */
enum phase { PHASE_WAIT, PHASE_SERVICE, PHASE_NETWORK, PHASE_BACKOFF, PHASE_STALL, PHASES };
extern const char *const phase_names[PHASES + 1];

/* Sum and histogram of durations. */
struct spread {
    uint64_t sum; /* ns */
    struct hist hist;
};

static inline void spread_add(struct spread *s, ns_t d) {
    s->sum += (uint64_t)d;
    hist_add(&s->hist, (uint64_t)d);
}

struct cell {
    uint64_t arrivals;
    uint64_t late; /* good answers after the deadline */
    struct spread phase[PHASES];
    struct spread by[OUTCOMES];
};

/* A quantity that is constant between changes, integrated over time. */
struct integral {
    int64_t value;
    ns_t since;
    uint64_t area; /* value x ns, up to `since` */
};

static inline void integral_touch(struct integral *g, ns_t now) {
    g->area += (uint64_t)g->value * (uint64_t)(now - g->since);
    g->since = now;
}
static inline void integral_add(struct integral *g, ns_t now, int64_t by) {
    integral_touch(g, now);
    g->value += by;
}
static inline uint64_t integral_area(const struct integral *g, ns_t now) {
    return g->area + (uint64_t)g->value * (uint64_t)(now - g->since);
}

struct meter {
    struct integral in_flight;
    uint64_t arrived, departed; /* all calls ever: for the audit */
    uint64_t sojourn; /* sum over departed calls of (departure - arrival), ns: for the audit */
    struct cell *cells;
    uint32_t n_cells;
    uint32_t results; /* cells per (segment, class) */
    uint64_t *mark;   /* area of in_flight at each segment boundary */
};

void meter_init(struct meter *m, uint32_t cells, uint32_t results, uint32_t marks, uint32_t bits);
void meter_release(struct meter *m);

static inline void meter_arrive(struct meter *m, ns_t now, uint32_t cell) {
    integral_add(&m->in_flight, now, 1);
    m->arrived++;
    m->cells[cell * m->results].arrivals++;
}

static inline void meter_depart(struct meter *m, ns_t now, ns_t start, uint32_t cell,
                                uint32_t result, enum outcome outcome) {
    integral_add(&m->in_flight, now, -1);
    m->departed++;
    m->sojourn += (uint64_t)(now - start);
    spread_add(&m->cells[cell * m->results + result].by[outcome], now - start);
}

#endif
