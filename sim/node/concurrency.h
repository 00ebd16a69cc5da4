/* Rules by which a limit on calls in flight follows what the calls measure.
 *
 *     aimd       one more while all is well, a tenth less after a drop or a slow answer
 *     vegas      keeps the estimated queue, limit x (1 - no-load RTT / RTT), between alpha and beta
 *     gradient2  shrinks by the ratio of a long average of the RTT to the last one
 *     gradient   the same against the RTT that few calls at a time had, measured now and then
 *
 * The first three are those of Netflix concurrency-limits (AIMDLimit, VegasLimit, Gradient2Limit,
 * WindowedLimit), the last is Envoy's gradient controller. `x_next` is the bare rule, a function of
 * its arguments; `x_sample` keeps what the rule has to remember. Limits are fractions inside; what
 * is enforced is their floor. Times are in ns. Nothing allocates but the histogram of a window. */
#ifndef NINES_NODE_CONCURRENCY_H
#define NINES_NODE_CONCURRENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hist.h"
#include "base/rng.h"
#include "base/time.h"

/* What one call, or a window of them, tells. */
struct sample {
    double rtt;
    int64_t in_flight; /* when it was let in, itself included */
    bool dropped;
};

static inline double between(double x, double least, double most) {
    return x < least ? least : x > most ? most : x;
}

/* ---- AIMD */

struct aimd {
    int64_t initial, least, most;
    double backoff_ratio;
    ns_t timeout;
};

double aimd_next(const struct aimd *p, double limit, const struct sample *s);

/* ---- Vegas */

struct vegas {
    int64_t initial, most;
    double smoothing;
    double alpha, beta, threshold; /* calls in the queue, in multiples of log10 of the limit */
    int64_t probe_multiplier;

    double no_load;     /* shortest RTT since the last probe; 0: none yet */
    uint64_t count;     /* samples since then */
    double probe_after; /* in multiples of probe_multiplier x limit */
};

double vegas_next(const struct vegas *p, double limit, double no_load, const struct sample *s);
void vegas_start(struct vegas *v, struct rng *r);
/* True: it has updated *limit, possibly to the same; false: the sample was one of no load. */
bool vegas_sample(struct vegas *v, double *limit, const struct sample *s, struct rng *r);

/* ---- Gradient2 */

struct gradient2 {
    int64_t initial, least, most, queue_size, long_window;
    double smoothing, tolerance;

    double long_rtt, sum;
    int64_t count; /* of the first samples, whose plain mean is taken */
};

double gradient2_next(const struct gradient2 *p, double limit, double long_rtt,
                      const struct sample *s);
double gradient2_sample(struct gradient2 *g, double limit, const struct sample *s);

/* A window of samples that becomes one. */
struct windowed {
    ns_t min_time, max_time, min_rtt_threshold;
    int64_t size;
    double percentile; /* 0: the mean */

    ns_t next; /* the first sample after this closes it */
    int64_t n, in_flight;
    double sum, least;
    bool dropped;
    struct hist hist;
};

/* True: the window is over, and *out speaks for it. */
bool windowed_sample(struct windowed *w, ns_t now, const struct sample *s, struct sample *out);

/* ---- Envoy's gradient controller */

struct gradient {
    int64_t least, most; /* min_concurrency, max_concurrency_limit */
    double percentile, buffer, jitter;
    ns_t update_interval, calc_interval, fixed_value;
    int64_t request_count;
};

int64_t gradient_next(const struct gradient *p, int64_t limit, double min_rtt, double sample_rtt);

#endif
