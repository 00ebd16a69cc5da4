/* A limit on calls in flight that finds its own height from how long they take: more while answers
 * are as quick as ever, fewer as soon as they are not. The rules are in concurrency.h; here calls
 * come and go, and Envoy's windows of time open and close. */
#include "node/concurrency.h"

#include <math.h>
#include <string.h>

#include "core/sim.h"
#include "node/registry.h"

enum algorithm { AIMD, VEGAS, GRADIENT2, GRADIENT };
static const char *const algorithms[] = {"aimd", "vegas", "gradient2", "gradient", NULL};
enum { STUCK = 5 }; /* updates at min_concurrency after which the no-load RTT is doubted */

/* A part of the limit that a class is sure of. */
struct partition {
    double share; /* below 0: not named, which is sure of nothing */
    int64_t inside;
};

struct adaptive {
    struct node base;
    struct edge inner;
    int algorithm;
    struct aimd aimd;
    struct vegas vegas;
    struct gradient2 gradient2;
    struct windowed windowed;
    struct gradient gradient;
    uint32_t drop_on, ignore;
    struct value partitions_value;

    struct partition *partition; /* by class; NULL: none */
    double estimate;
    struct integral limit, inside;
    struct rng rng; /* jitter belongs to no call */
    uint64_t rejected, rtt_ns, rtt_s;

    /* gradient */
    struct event update, measure;
    struct hist samples;
    bool measuring; /* the no-load RTT, at min_concurrency */
    double min_rtt;
    ns_t epoch;       /* samples of calls from before it are not counted */
    int64_t deferred; /* the limit after measuring */
    int stuck;
};

struct adaptive_call {
    struct call base;
    ns_t began;
    int64_t in_flight;
};

static struct adaptive *adaptive_of(struct node *n) {
    return container_of(n, struct adaptive, base);
}
static struct adaptive_call *mine(struct call *c) {
    return container_of(c, struct adaptive_call, base);
}

/* ---- the limit */

static void set_limit(struct adaptive *a, double estimate) {
    a->estimate = estimate;
    integral_add(&a->limit, a->base.sim->clock.now, (int64_t)floor(estimate) - a->limit.value);
}

static void note_rtt(struct adaptive *a, double rtt) {
    a->rtt_ns += (uint64_t)rtt;
    a->rtt_s += NS_PER_S;
}

static void update_netflix(struct adaptive *a, const struct sample *s) {
    double limit = a->estimate;
    struct sample window;
    switch ((enum algorithm)a->algorithm) {
    case AIMD:
        limit = aimd_next(&a->aimd, limit, s);
        break;
    case VEGAS:
        if (vegas_sample(&a->vegas, &limit, s, &a->rng))
            note_rtt(a, a->vegas.no_load);
        break;
    case GRADIENT2:
        if (windowed_sample(&a->windowed, a->base.sim->clock.now, s, &window)) {
            limit = gradient2_sample(&a->gradient2, limit, &window);
            note_rtt(a, a->gradient2.long_rtt);
        }
        break;
    case GRADIENT:
        break;
    }
    set_limit(a, limit);
}

/* ---- Envoy's windows */

static double take_samples(struct adaptive *a) {
    double rtt = fmax(1, hist_quantile(&a->samples, a->gradient.percentile));
    hist_clear(&a->samples);
    return rtt;
}

static void set_gradient(struct adaptive *a, int64_t limit) {
    bool stuck = !a->measuring && a->limit.value == a->gradient.least && limit == a->gradient.least;
    a->stuck = stuck ? a->stuck + 1 : 0;
    set_limit(a, (double)limit);
    if (a->stuck >= STUCK && !(a->gradient.fixed_value > 0)) {
        event_cancel(&a->base.sim->clock, &a->measure);
        event_at(&a->base.sim->clock, &a->measure, a->base.sim->clock.now);
    }
}

static void begin_measuring(struct event *ev) {
    struct adaptive *a = container_of(ev, struct adaptive, measure);
    a->deferred = a->limit.value;
    a->measuring = true;
    set_gradient(a, a->gradient.least);
    hist_clear(&a->samples);
    a->epoch = a->base.sim->clock.now;
    event_cancel(&a->base.sim->clock, &a->update);
}

static void end_measuring(struct adaptive *a) {
    struct clock *clock = &a->base.sim->clock;
    a->min_rtt = take_samples(a);
    set_gradient(a, a->deferred);
    a->measuring = false;
    double until = ns_to_s(a->gradient.calc_interval);
    until *= 1 + a->gradient.jitter * rng_unit(&a->rng);
    event_at(clock, &a->measure, clock->now + ns_from_s(until));
    event_at(clock, &a->update, clock->now + a->gradient.update_interval);
}

static void update_gradient(struct event *ev) {
    struct adaptive *a = container_of(ev, struct adaptive, update);
    event_at(&a->base.sim->clock, &a->update, a->base.sim->clock.now + a->gradient.update_interval);
    if (!a->samples.total)
        return;
    if (a->gradient.fixed_value > 0)
        a->min_rtt = (double)a->gradient.fixed_value;
    note_rtt(a, a->min_rtt);
    set_gradient(a, gradient_next(&a->gradient, a->limit.value, a->min_rtt, take_samples(a)));
}

static void sample_gradient(struct adaptive *a, const struct adaptive_call *m, double rtt) {
    if (m->began < a->epoch)
        return;
    hist_add(&a->samples, (uint64_t)rtt);
    if (a->measuring && a->samples.total >= (uint64_t)a->gradient.request_count)
        end_measuring(a);
}

/* ---- calls */

/* Shares count only once the whole is full, so that nothing lies idle; together they may then take
 * a little more than the limit. */
static bool has_room(const struct adaptive *a, const struct call *c) {
    if (a->inside.value < a->limit.value)
        return true;
    const struct partition *p = a->partition ? &a->partition[c->req->class] : NULL;
    return p && p->share >= 0 &&
           (double)p->inside < fmax(1, ceil((double)a->limit.value * p->share - 1e-9));
}

static void count(struct adaptive *a, const struct call *c, int by) {
    integral_add(&a->inside, a->base.sim->clock.now, by);
    if (a->partition)
        a->partition[c->req->class].inside += by;
}

static void accept(struct node *n, struct call *c) {
    struct adaptive *a = adaptive_of(n);
    if (!has_room(a, c)) {
        a->rejected++;
        call_finish(c, OUTCOME_SHED);
        return;
    }
    count(a, c, 1);
    mine(c)->began = n->sim->clock.now;
    mine(c)->in_flight = a->inside.value;
    call_send(c, &a->inner);
}

static void reply(struct node *n, struct call *c, struct call *sub) {
    struct adaptive *a = adaptive_of(n);
    const struct adaptive_call *m = mine(c);
    uint32_t bit = 1u << sub->outcome;
    double rtt = fmax(1, (double)(n->sim->clock.now - m->began));
    count(a, c, -1);
    if (a->ignore & bit) {
        call_pass(c, sub);
        return;
    }
    if (a->algorithm == GRADIENT)
        sample_gradient(a, m, rtt);
    else
        update_netflix(a, &(struct sample){rtt, m->in_flight, (a->drop_on & bit) != 0});
    call_pass(c, sub);
}

/* Who leaves tells nothing. */
static bool cancel(struct node *n, struct call *c, enum cause cause) {
    (void)cause;
    count(adaptive_of(n), c, -1);
    return true;
}

/* ---- set-up */

static bool read_partitions(struct adaptive *a, struct error *e) {
    const struct sim *sim = a->base.sim;
    const struct table *t = &a->partitions_value.table;
    if (a->partitions_value.type == VALUE_NIL)
        return true;
    if (a->partitions_value.type != VALUE_TABLE)
        return error_set(e, "partitions: it wants shares by class, such as { live = 0.9 }");
    a->partition = arena_alloc(&a->base.sim->arena, (sim->n_classes + 1) * sizeof *a->partition);
    for (uint32_t i = 0; i < sim->n_classes; i++)
        a->partition[i].share = -1;
    double sum = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const char *name = t->at[i].key ? t->at[i].key : "(positional)";
        int class = sim_find_class(sim, name);
        if (class < 0)
            return error_set(e, "partitions: no workload has a class '%s'", name);
        struct partition *p = &a->partition[class];
        if (!value_number(&t->at[i].value, UNIT_RATIO, &p->share, name, e))
            return error_prefix(e, "partitions");
        sum += p->share;
    }
    return sum <= 1 + 1e-9 || error_set(e, "partitions: the shares add up to %.6g, above 1", sum);
}

static void range_of(const struct adaptive *a, double *initial, double *least, double *most) {
    const int64_t all[][3] = {
        [AIMD] = {a->aimd.initial, a->aimd.least, a->aimd.most},
        [VEGAS] = {a->vegas.initial, 1, a->vegas.most},
        [GRADIENT2] = {a->gradient2.initial, a->gradient2.least, a->gradient2.most},
        [GRADIENT] = {a->gradient.least, a->gradient.least, a->gradient.most},
    };
    *initial = (double)all[a->algorithm][0];
    *least = (double)all[a->algorithm][1];
    *most = (double)all[a->algorithm][2];
}

static bool seal(struct node *n, struct error *e) {
    struct adaptive *a = adaptive_of(n);
    double initial, least, most;
    range_of(a, &initial, &least, &most);
    if (least > most)
        return error_set(e, "%s: the smallest limit, %.0f, is above the largest, %.0f",
                         algorithms[a->algorithm], least, most);
    hist_init(&a->samples, HIST_COARSE);
    hist_init(&a->windowed.hist, HIST_COARSE);
    event_init(&a->update, update_gradient);
    event_init(&a->measure, begin_measuring);
    a->estimate = between(initial, least, most);
    a->limit.value = (int64_t)a->estimate;
    return read_partitions(a, e);
}

static void start(struct node *n) {
    struct adaptive *a = adaptive_of(n);
    a->rng.state = rng_key(n->salt, 0x6c696d6974u);
    if (a->algorithm == VEGAS)
        vegas_start(&a->vegas, &a->rng);
    if (a->algorithm != GRADIENT)
        return;
    if (a->gradient.fixed_value > 0)
        event_at(&n->sim->clock, &a->update, n->sim->clock.now + a->gradient.update_interval);
    else
        begin_measuring(&a->measure);
}

/* A new range holds at once, all else from the next update on. */
static void changed(struct node *n, const struct param *p) {
    struct adaptive *a = adaptive_of(n);
    double initial, least, most;
    (void)p;
    range_of(a, &initial, &least, &most);
    set_limit(a, a->measuring ? least : between(a->estimate, least, most));
    a->deferred = (int64_t)between((double)a->deferred, least, most);
}

static void release(struct node *n) {
    hist_release(&adaptive_of(n)->samples);
    hist_release(&adaptive_of(n)->windowed.hist);
}

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

static const struct param params[] = {
    PARAM(CHOICE, "algorithm", struct adaptive, algorithm, "vegas", "how the limit is found",
          .choices = algorithms),
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

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "limit", struct adaptive, limit, "the limit, mean over time"),
    METRIC(SHARE, "utilization", struct adaptive, inside, "share of the limit that is in use",
           .offset2 = offsetof(struct adaptive, limit)),
    METRIC(COUNTER, "rejected", struct adaptive, rejected, "calls refused above the limit"),
    METRIC(PER, "min_rtt", struct adaptive, rtt_ns,
           "what it compares RTTs with (no-load RTT, or the long average), mean over updates",
           .offset2 = offsetof(struct adaptive, rtt_s), .unit = UNIT_TIME),
    {0},
};

/* ---- full audit */

static void look(void *ctx, void *object) {
    const struct call *c = object;
    *(int64_t *)ctx += !c->travelling;
}

static bool check(struct node *n, struct error *e) {
    const struct adaptive *a = adaptive_of(n);
    int64_t calls = 0, parts = 0;
    pool_each(&n->calls, look, &calls);
    for (uint32_t i = 0; a->partition && i < n->sim->n_classes; i++)
        parts += a->partition[i].inside;
    if (calls != a->inside.value || (a->partition && calls != parts))
        return error_set(e, "%lld calls are inside, %lld are counted, %lld in its partitions",
                         (long long)calls, (long long)a->inside.value, (long long)parts);
    if (a->limit.value < 1 || a->limit.value != (int64_t)floor(a->estimate))
        return error_set(e, "its limit is %lld, its estimate %g", (long long)a->limit.value,
                         a->estimate);
    return !a->measuring || !event_pending(&a->update) ||
           error_set(e, "it measures the no-load RTT and is to update the limit meanwhile");
}

const struct node_type adaptive_concurrency_type = {
    .kind = "adaptive_concurrency",
    .summary = "a limit on calls in flight that follows their latency; refuses what is above it",
    .follows = "Netflix concurrency-limits (aimd, vegas, gradient2); Envoy adaptive concurrency "
               "(gradient)",
    .example = "adaptive_concurrency { algorithm = \"gradient2\", gradient2 = { max_concurrency = "
               "500 }, backend }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct adaptive),
    .call_size = sizeof(struct adaptive_call),
    .ops = {.seal = seal,
            .start = start,
            .accept = accept,
            .reply = reply,
            .cancel = cancel,
            .set = changed,
            .release = release,
            .check = check},
};
