#include "node/outlier.h"

#include <math.h>

#include "core/sim.h"
#include "node/balance.h"

/* ---- pure */

double outlier_threshold(const double *rate, uint32_t n, double factor) {
    double mean = 0, variance = 0;
    for (uint32_t i = 0; i < n; i++)
        mean += rate[i] / n;
    for (uint32_t i = 0; i < n; i++)
        variance += (rate[i] - mean) * (rate[i] - mean) / n;
    return mean - factor * sqrt(variance);
}

bool outlier_allowed(int64_t ejected, int64_t hosts, double max_percent, bool always_one) {
    if (always_one && ejected == 0)
        return true;
    return (double)(ejected + 1) <= max_percent * (double)hosts + 1e-9;
}

ns_t outlier_time(int64_t times, ns_t base, ns_t max) {
    return times > max / base ? max : times * base;
}

/* ---- going and coming back */

static int64_t hosts_of(const struct balance *b) {
    int64_t n = 0;
    for (uint32_t l = 0; l < b->n_levels; l++)
        n += b->level[l].all.n;
    return n;
}

/* Unset, it is five minutes, or the base time if that is longer. */
static ns_t longest(const struct outlier *o) {
    ns_t five = 300 * NS_PER_S;
    return o->max_time ? o->max_time : o->base_time > five ? o->base_time : five;
}

static void eject(struct balance *b, uint32_t i, double enforced) {
    struct outlier *o = &b->outlier;
    struct outlier_host *h = &o->host[i];
    ns_t now = b->base.sim->clock.now, max = longest(o);
    if (!outlier_allowed(o->ejected.value, hosts_of(b), o->max_percent, o->always_one)) {
        o->overflow++;
        return;
    }
    if (enforced < 1 && rng_unit(&o->rng) >= enforced)
        return;
    o->ejections++;
    integral_add(&o->ejected, now, 1);
    h->ejected_at = now;
    h->jitter = o->max_jitter ? (ns_t)(rng_unit(&o->rng) * (double)o->max_jitter) : 0;
    if (h->times < (max - 1) / o->base_time + 2) /* times * base < max + base */
        h->times++;
    b->host[i].ejected = true;
    host_changed(b, i);
}

static void bring_back(struct balance *b, uint32_t i) {
    struct outlier_host *h = &b->outlier.host[i];
    ns_t now = b->base.sim->clock.now;
    integral_add(&b->outlier.ejected, now, -1);
    h->failures = h->gateway_failures = 0;
    h->returned_at = now;
    b->host[i].ejected = false;
    host_changed(b, i);
}

void outlier_forget(struct balance *b, uint32_t i) {
    if (!b->outlier.on)
        return;
    if (b->host[i].ejected)
        integral_add(&b->outlier.ejected, b->base.sim->clock.now, -1);
    b->outlier.host[i] = (struct outlier_host){.returned_at = -1};
}

void outlier_checked(struct balance *b, uint32_t i) {
    if (b->outlier.on && b->outlier.check_returns && b->host[i].ejected && !b->host[i].unhealthy)
        bring_back(b, i);
}

/* ---- each answer */

static const uint32_t gateway_failures =
    1u << OUTCOME_TIMEOUT | 1u << OUTCOME_SHED | 1u << OUTCOME_OPEN;
static const uint32_t all_failures = 1u << OUTCOME_ERROR | 1u << OUTCOME_INVALID |
                                     1u << OUTCOME_TIMEOUT | 1u << OUTCOME_SHED |
                                     1u << OUTCOME_OPEN;

/* Reaching the limit counts, not being above it: while it is out nothing more happens. */
static void detect(struct balance *b, uint32_t i, int64_t *row, int64_t limit, double enforced) {
    if (++*row != limit || b->host[i].ejected)
        return;
    eject(b, i, enforced);
    *row = 0;
}

void outlier_result(struct balance *b, uint32_t i, enum outcome outcome) {
    struct outlier *o = &b->outlier;
    struct outlier_host *h = &o->host[i];
    if (!b->host[i].present)
        return;
    h->all++;
    if (!(all_failures >> outcome & 1)) {
        h->good++;
        h->failures = h->gateway_failures = 0;
        return;
    }
    if (gateway_failures >> outcome & 1)
        detect(b, i, &h->gateway_failures, o->consecutive_gateway, o->enforce_gateway);
    else
        h->gateway_failures = 0;
    detect(b, i, &h->failures, o->consecutive_5xx, o->enforce_5xx);
}

/* ---- each interval */

static void return_those_due(struct balance *b, uint32_t i) {
    const struct outlier *o = &b->outlier;
    const struct outlier_host *h = &o->host[i];
    ns_t out = outlier_time(h->times, o->base_time, longest(o)) + h->jitter;
    if (b->host[i].ejected && b->base.sim->clock.now - h->ejected_at >= out)
        bring_back(b, i);
}

static void roll(struct outlier_host *h) {
    h->last_good = h->good;
    h->last_all = h->all;
    h->good = h->all = 0;
}

/* Those that are not out and have answered often enough: how many, and their rates in percent. */
static uint32_t gather(struct balance *b, int64_t volume) {
    struct outlier *o = &b->outlier;
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->targets.n; i++) {
        const struct outlier_host *h = &o->host[i];
        if (!b->host[i].present || b->host[i].ejected || !h->last_all ||
            (int64_t)h->last_all < volume)
            continue;
        o->who[n] = i;
        o->rate[n++] = 100. * (double)h->last_good / (double)h->last_all;
    }
    return n;
}

static void judge_rates(struct balance *b) {
    const struct outlier *o = &b->outlier;
    uint32_t n = gather(b, o->rate_volume);
    if (!n || n < o->rate_hosts)
        return;
    double least = outlier_threshold(o->rate, n, (double)o->rate_factor / 1000);
    for (uint32_t k = 0; k < n; k++)
        if (o->rate[k] < least)
            eject(b, o->who[k], o->enforce_rate);
}

static void judge_failures(struct balance *b) {
    const struct outlier *o = &b->outlier;
    uint32_t n = gather(b, o->failure_volume);
    if (!n || n < o->failure_hosts)
        return;
    for (uint32_t k = 0; k < n; k++)
        if (100 - o->rate[k] >= 100 * o->failure_threshold - 1e-9)
            eject(b, o->who[k], o->enforce_failure);
}

/* Who has been back for an interval is forgiven one ejection. */
static void forgive(struct balance *b, uint32_t i) {
    struct outlier_host *h = &b->outlier.host[i];
    ns_t now = b->base.sim->clock.now;
    if (!b->host[i].ejected && h->returned_at >= 0 && h->times &&
        now - h->returned_at >= b->outlier.interval)
        h->times--;
}

static void sweep(struct event *ev) {
    struct outlier *o = container_of(ev, struct outlier, sweep);
    struct balance *b = container_of(o, struct balance, outlier);
    struct clock *clock = &b->base.sim->clock;
    for (uint32_t i = 0; i < b->targets.n; i++) {
        return_those_due(b, i);
        roll(&o->host[i]);
    }
    judge_rates(b);
    judge_failures(b);
    for (uint32_t i = 0; i < b->targets.n; i++)
        forgive(b, i);
    event_at(clock, &o->sweep, clock->now + o->interval);
}

/* ---- set-up */

bool outlier_open(struct balance *b, struct error *e) {
    struct outlier *o = &b->outlier;
    struct arena *a = &b->base.sim->arena;
    if (!o->on)
        return true;
    o->host = arena_alloc(a, b->targets.n * sizeof *o->host);
    o->rate = arena_alloc(a, b->targets.n * sizeof *o->rate);
    o->who = arena_alloc(a, b->targets.n * sizeof *o->who);
    for (uint32_t i = 0; i < b->targets.n; i++)
        o->host[i].returned_at = -1;
    event_init(&o->sweep, sweep);
    return longest(o) >= o->base_time ||
           error_set(e, "outlier_detection: max_ejection_time is below base_ejection_time");
}

void outlier_start(struct balance *b) {
    struct outlier *o = &b->outlier;
    o->rng.state = rng_key(b->base.salt, rng_hash("outlier_detection"));
    if (o->on)
        event_at(&b->base.sim->clock, &o->sweep, b->base.sim->clock.now + o->interval);
}

#define OUTLIER(kind_, name_, field_, def_, help_, ...)                                            \
    PARAM(kind_, name_, struct balance, outlier.field_, def_, help_, .flags = LIVE,                \
          .needs = "outlier_detection", __VA_ARGS__)

const struct param outlier_params[] = {
    OUTLIER(INTEGER, "consecutive_5xx", consecutive_5xx, "5",
            "failures in a row that eject a target: error, timeout, shed, open, invalid, and calls "
            "that a deadline above took away; 0: never",
            .max = 1e9),
    OUTLIER(INTEGER, "consecutive_gateway_failure", consecutive_gateway, "5",
            "the same for timeout, shed and open alone", .max = 1e9),
    OUTLIER(TIME, "interval", interval, "10s",
            "of the detectors that compare targets, and of the moments at which one may return",
            .min = 1e-3, .max = 1e6),
    OUTLIER(TIME, "base_ejection_time", base_time, "30s",
            "how long a target is out; twice, three times … as long when it is ejected again",
            .min = 1e-3, .max = 1e6),
    OUTLIER(TIME, "max_ejection_time", max_time, "0s",
            "but no longer than this; 0: 300 s, or the base time if that is longer", .max = 1e6),
    OUTLIER(TIME, "max_ejection_time_jitter", max_jitter, "0s",
            "up to this is added at random, so that not all return at once", .max = 1e6),
    OUTLIER(RATIO, "max_ejection_percent", max_percent, "10%",
            "share of the targets that may be out at the same time; fewer than ten targets eject "
            "none at 10 %",
            .max = 1),
    OUTLIER(BOOL, "always_eject_one_host", always_one, "false",
            "one target may always be out, whatever max_ejection_percent says", .max = 0),
    OUTLIER(BOOL, "successful_active_health_check_uneject_host", check_returns, "true",
            "a good answer to a health check brings a target back", .max = 0),
    OUTLIER(INTEGER, "success_rate_minimum_hosts", rate_hosts, "5",
            "success rates are compared when so many targets have enough answers", .max = 1e9),
    OUTLIER(INTEGER, "success_rate_request_volume", rate_volume, "100",
            "answers in an interval that are enough", .max = 1e9),
    OUTLIER(INTEGER, "success_rate_stdev_factor", rate_factor, "1900",
            "thousandths of a standard deviation below the mean that make an outlier", .max = 1e9),
    OUTLIER(RATIO, "failure_percentage_threshold", failure_threshold, "85%",
            "a target that fails so often is ejected, whatever the others do, if enforced",
            .max = 1),
    OUTLIER(INTEGER, "failure_percentage_minimum_hosts", failure_hosts, "5",
            "when so many targets have enough answers", .max = 1e9),
    OUTLIER(INTEGER, "failure_percentage_request_volume", failure_volume, "50",
            "answers in an interval that are enough for that", .max = 1e9),
    OUTLIER(RATIO, "enforcing_consecutive_5xx", enforce_5xx, "100%",
            "how often a target is ejected when that detector says so", .max = 1),
    OUTLIER(RATIO, "enforcing_consecutive_gateway_failure", enforce_gateway, "0", "the same",
            .max = 1),
    OUTLIER(RATIO, "enforcing_success_rate", enforce_rate, "100%", "the same", .max = 1),
    OUTLIER(RATIO, "enforcing_failure_percentage", enforce_failure, "0", "the same", .max = 1),
    {0},
};

/* ---- full audit */

bool outlier_check(const struct balance *b, struct error *e) {
    const struct outlier *o = &b->outlier;
    int64_t out = 0;
    for (uint32_t i = 0; i < b->targets.n; i++) {
        const struct host *h = &b->host[i];
        out += h->ejected;
        if (h->ejected && (!o->on || o->host[i].times < 1))
            return error_set(e, "target %u is out and was not ejected", i + 1);
        if (o->on && (o->host[i].good > o->host[i].all || o->host[i].failures < 0))
            return error_set(e, "target %u has answered well more often than it has answered",
                             i + 1);
    }
    return out == o->ejected.value || error_set(e, "%lld targets are out, %lld are counted",
                                                (long long)out, (long long)o->ejected.value);
}
