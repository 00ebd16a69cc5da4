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
    double lost;   /* quality that good answers fell short of 1 by, in sum */
    struct spread phase[PHASES];
    struct spread by[OUTCOMES];
};

/* A quantity that is constant between changes, integrated over time.
 *
 * The area under it up to T is the sum over all changes of change x (T - time of the change), that
 * is value x T - moment: a change costs two additions and remembers no time. All arithmetic is
 * modulo 2^64, so that only the result has to fit. */
struct integral {
    int64_t value;
    uint64_t moment; /* sum of change x time of the change */
};

static inline void integral_add(struct integral *g, ns_t now, int64_t by) {
    g->value += by;
    g->moment += (uint64_t)by * (uint64_t)now;
}
static inline uint64_t integral_area(const struct integral *g, ns_t now) {
    return (uint64_t)g->value * (uint64_t)now - g->moment;
}

/* When a state that comes and goes was first entered, and last left, within the present segment:
 * times on the clock + 1; 0: it was not. A segment that begins in the state has entered it at once.
 */
struct moments {
    bool on;
    uint64_t first, last;
};

static inline void moments_turn(struct moments *m, ns_t now, bool on) {
    if (on && !m->first)
        m->first = (uint64_t)now + 1;
    if (m->on && !on)
        m->last = (uint64_t)now + 1;
    m->on = on;
}

/* Durations that a component notes by itself, kept by segment. */
struct spreads {
    struct spread *of; /* one a segment */
    uint32_t n;
};

void spreads_init(struct spreads *t, uint32_t segments, uint32_t bits);
void spreads_release(struct spreads *t);

static inline void spreads_add(struct spreads *t, uint32_t segment, ns_t d) {
    spread_add(&t->of[segment], d);
}

struct meter {
    struct integral in_flight;
    struct cell *cells;
    uint32_t n_cells;
    uint32_t results; /* cells per (segment, class) */
    uint64_t *mark;   /* area of in_flight at each segment boundary */
    struct {
        uint64_t n, sojourn;
    } cut; /* calls that the end of the run cut short: in no cell */
};

/* Of all calls ever: how many came, how many left, and the sum of the sojourn times of those that
 * left (ns). Summed over the cells, so these are for audits and ends of windows. */
struct meter_totals {
    uint64_t arrived, departed, sojourn;
};
struct meter_totals meter_totals(const struct meter *m);

void meter_init(struct meter *m, uint32_t cells, uint32_t results, uint32_t marks, uint32_t bits);
void meter_release(struct meter *m);

static inline void meter_arrive(struct meter *m, ns_t now, uint32_t cell) {
    integral_add(&m->in_flight, now, 1);
    m->cells[cell * m->results].arrivals++;
}

static inline void meter_depart(struct meter *m, ns_t now, ns_t start, uint32_t cell,
                                uint32_t result, enum outcome outcome) {
    integral_add(&m->in_flight, now, -1);
    spread_add(&m->cells[cell * m->results + result].by[outcome], now - start);
}

#endif
