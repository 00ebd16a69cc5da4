#include "node/adaptive.h"

const char *const adaptive_algorithms[] = {"aimd", "vegas", "gradient2", "gradient", NULL};

#define LIMIT_PARAM(name_, field_, def_, help_)                                                    \
    PARAM(INTEGER, name_, struct adaptive, field_, def_, help_, .flags = LIVE, .min = 1, .max = 1e9)
#define INITIAL_PARAM(field_)                                                                      \
    PARAM(INTEGER, "initial_limit", struct adaptive, field_, "20", "the limit at first", .min = 1, \
          .max = 1e9)
#define SMOOTHING_PARAM(field_, def_)                                                              \
    PARAM(RATIO, "smoothing", struct adaptive, field_, def_,                                       \
          "share of the way to the new limit that is gone", .flags = LIVE, .max = 1)

static const struct param aimd_params[] = {
    INITIAL_PARAM(aimd.initial),
    LIMIT_PARAM("min_limit", aimd.least, "20", "smallest limit"),
    LIMIT_PARAM("max_limit", aimd.most, "200", "largest limit"),
    PARAM(RATIO, "backoff_ratio", struct adaptive, aimd.backoff_ratio, "0.9",
          "factor on the limit after a drop", .flags = LIVE, .max = 1),
    PARAM(TIME, "timeout", struct adaptive, aimd.timeout, "5s",
          "an answer slower than this counts as a drop", .flags = LIVE),
    {0},
};

static const struct param vegas_params[] = {
    INITIAL_PARAM(vegas.initial),
    LIMIT_PARAM("max_concurrency", vegas.most, "1000", "largest limit; the smallest is 1"),
    SMOOTHING_PARAM(vegas.smoothing, "1"),
    PARAM(NUMBER, "alpha", struct adaptive, vegas.alpha, "3",
          "an estimated queue below this many times log10 of the limit lets it grow",
          .flags = LIVE),
    PARAM(NUMBER, "beta", struct adaptive, vegas.beta, "6", "a queue above this lets it shrink",
          .flags = LIVE),
    PARAM(NUMBER, "threshold", struct adaptive, vegas.threshold, "1",
          "up to this queue it grows by beta", .flags = LIVE),
    PARAM(INTEGER, "probe_multiplier", struct adaptive, vegas.probe_multiplier, "30",
          "the no-load RTT is forgotten after 0.5 to 1 times this many times the limit of answers",
          .flags = LIVE, .min = 1, .max = 1e9),
    {0},
};

static const struct param gradient2_params[] = {
    INITIAL_PARAM(gradient2.initial),
    LIMIT_PARAM("min_limit", gradient2.least, "20", "smallest limit"),
    LIMIT_PARAM("max_concurrency", gradient2.most, "200", "largest limit"),
    PARAM(INTEGER, "queue_size", struct adaptive, gradient2.queue_size, "4",
          "calls that may queue: what the limit grows by", .flags = LIVE, .max = 1e9),
    SMOOTHING_PARAM(gradient2.smoothing, "0.2"),
    PARAM(INTEGER, "long_window", struct adaptive, gradient2.long_window, "600",
          "windows that the long average of the RTT spans", .flags = LIVE, .min = 1, .max = 1e9),
    PARAM(NUMBER, "rtt_tolerance", struct adaptive, gradient2.tolerance, "1.5",
          "how many times the long average an RTT may be before the limit shrinks", .flags = LIVE,
          .min = 1, .max = 1e6),
    {0},
};

static const struct param windowed_params[] = {
    PARAM(TIME, "min_window_time", struct adaptive, windowed.min_time, "1s",
          "a window is twice its shortest RTT long, at least this", .flags = LIVE),
    PARAM(TIME, "max_window_time", struct adaptive, windowed.max_time, "1s", "and at most this",
          .flags = LIVE),
    PARAM(INTEGER, "window_size", struct adaptive, windowed.size, "10",
          "samples without which a window tells nothing", .flags = LIVE, .min = 1, .max = 1e9),
    PARAM(TIME, "min_rtt_threshold", struct adaptive, windowed.min_rtt_threshold, "100us",
          "quicker answers are no samples", .flags = LIVE),
    PARAM(RATIO, "percentile", struct adaptive, windowed.percentile, "0",
          "what is taken of a window's RTTs; 0: the mean", .max = 1),
    {0},
};

static const struct param limit_params[] = {
    LIMIT_PARAM("max_concurrency_limit", gradient.most, "1000", "largest limit"),
    PARAM(TIME, "concurrency_update_interval", struct adaptive, gradient.update_interval, "100ms",
          "time between two updates (Envoy has no default)", .flags = LIVE, .min = 1e-4,
          .max = 1e6),
    {0},
};

static const struct param min_rtt_params[] = {
    PARAM(TIME, "interval", struct adaptive, gradient.calc_interval, "60s",
          "time between two measurements of the no-load RTT (Envoy has no default)", .flags = LIVE,
          .min = 1e-4, .max = 1e6),
    PARAM(TIME, "fixed_value", struct adaptive, gradient.fixed_value, "0s",
          "the no-load RTT when it is not to be measured"),
    PARAM(INTEGER, "request_count", struct adaptive, gradient.request_count, "50",
          "answers that a measurement takes", .flags = LIVE, .min = 1, .max = 1e9),
    PARAM(RATIO, "jitter", struct adaptive, gradient.jitter, "15%",
          "a random share of the interval, up to this, is added to it", .flags = LIVE, .max = 1),
    LIMIT_PARAM("min_concurrency", gradient.least, "3",
                "the limit while measuring, and the smallest one"),
    PARAM(RATIO, "buffer", struct adaptive, gradient.buffer, "25%",
          "share of the no-load RTT by which an RTT may be longer", .flags = LIVE, .max = 1),
    {0},
};

static const struct param gradient_params[] = {
    PARAM(RATIO, "sample_aggregate_percentile", struct adaptive, gradient.percentile, "50%",
          "the percentile of a window, and of a measurement, that is its RTT", .flags = LIVE,
          .max = 1),
    PARAM(TABLE, "concurrency_limit_params", struct adaptive, base, NULL, "the limit",
          .sub = limit_params),
    PARAM(TABLE, "min_rtt_calc_params", struct adaptive, base, NULL, "the no-load RTT",
          .sub = min_rtt_params),
    {0},
};

#define WITH(bits_) .needs = "algorithm", .only = (bits_)

const struct param adaptive_params[] = {
    PARAM(CHOICE, "algorithm", struct adaptive, algorithm, "vegas", "how the limit is found",
          .choices = adaptive_algorithms),
    PARAM(TABLE, "aimd", struct adaptive, base, NULL,
          "additive increase, multiplicative decrease (Netflix AIMDLimit)", .sub = aimd_params,
          WITH(1u << AIMD)),
    PARAM(TABLE, "vegas", struct adaptive, base, NULL,
          "by the estimated length of the queue (Netflix VegasLimit)", .sub = vegas_params,
          WITH(1u << VEGAS)),
    PARAM(TABLE, "gradient2", struct adaptive, base, NULL,
          "by a long average of the RTT against the last one (Netflix Gradient2Limit)",
          .sub = gradient2_params, WITH(1u << GRADIENT2)),
    PARAM(TABLE, "windowed", struct adaptive, base, NULL,
          "the windows whose means gradient2 takes (Netflix WindowedLimit)", .sub = windowed_params,
          WITH(1u << GRADIENT2)),
    PARAM(TABLE, "gradient", struct adaptive, base, NULL,
          "by a no-load RTT that is measured at a low limit (Envoy gradient controller)",
          .sub = gradient_params, WITH(1u << GRADIENT)),
    PARAM(OUTCOMES, "drop_on", struct adaptive, drop_on, "error, timeout, shed, limited",
          "answers that tell of overload, whatever their RTT", WITH(1u << AIMD | 1u << VEGAS)),
    PARAM(OUTCOMES, "ignore", struct adaptive, ignore, "open, cancelled, invalid",
          "answers that tell nothing"),
    PARAM(VALUE, "partitions", struct adaptive, partitions_value, NULL,
          "shares of the limit by class, such as { live = 0.9, batch = 0.1 }: once it is full, a "
          "class is let in up to its share, others not at all",
          WITH(1u << AIMD | 1u << VEGAS | 1u << GRADIENT2)),
    PARAM(NODE, "inner", struct adaptive, inner, NULL, "what is protected",
          .flags = REQUIRED | CHILD),
    {0},
};
