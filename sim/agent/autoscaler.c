/* An autoscaler: moves the count of a group by what its replicas do, or by the time of the day.
 *
 * It looks at fixed times; what it sees is what the last scrape that has come through says. It sets
 * the group's count as an operator would: so does a fault, and whoever sets it last has set it. The
 * autoscaler goes on from what it finds at its next look, as it does in life. With knative and no
 * minimum the count may fall to 0; then calls wait in the group, and the first one wakes it. */
#include "agent/autoscaler.h"

#include <string.h>

#include "agent/registry.h"
#include "core/sim.h"

static struct autoscaler *scaler_of(struct node *n) {
    return container_of(n, struct autoscaler, base);
}

/* ---- set-up */

static bool check_rules(const struct hpa_rules *r, const char *name, ns_t sync, struct error *e) {
    if (r->select_policy != HPA_DISABLED && r->pods == 0 && r->percent <= 0)
        return error_set(e,
                         "%s: pods and percent are both 0, so the count could not change; "
                         "select_policy = \"disabled\" says so",
                         name);
    return (r->stabilization_window + r->period) / sync < 1000000 ||
           error_set(e, "%s: a million looks would have to be remembered; look less often", name);
}

static bool seal_hpa(struct autoscaler *a, struct error *e) {
    struct hpa_config *k = &a->hpa_config;
    struct group *g = a->group;
    k->cpu = !strcmp(a->metric, "utilization");
    a->step = a->sync_period;
    if (k->target <= 0 && !k->cpu)
        return error_set(e, "target: it wants the %s that one replica should have", a->metric);
    if (k->target <= 0)
        k->target = 0.8;
    if (k->max_replicas && k->min_replicas > k->max_replicas)
        return error_set(e, "min_replicas = %lld is above max_replicas = %lld",
                         (long long)k->min_replicas, (long long)k->max_replicas);
    if (k->max_replicas > g->max || k->min_replicas > g->max)
        return error_set(e,
                         "%s may grow to max = %lld replicas; min_replicas and max_replicas lie "
                         "within that",
                         g->base.address, (long long)g->max);
    if (!check_rules(&k->up, "scale_up", a->step, e) ||
        !check_rules(&k->down, "scale_down", a->step, e))
        return false;
    hpa_init(&a->hpa, &a->base.sim->arena, k, a->step);
    return gauge_init(&a->gauge, g, a->metric, a->metrics_window, a->metrics_lag, 0, e);
}

static bool seal_kpa(struct autoscaler *a, struct error *e) {
    struct kpa_config *c = &a->kpa_config;
    struct group *g = a->group;
    c->target = c->capacity * a->target_share;
    a->step = a->tick_interval;
    a->panic_window = ns_from_s(ns_to_s(c->stable_window) * a->panic_share);
    if (c->max_scale && c->min_scale > c->max_scale)
        return error_set(e, "min_scale = %lld is above max_scale = %lld", (long long)c->min_scale,
                         (long long)c->max_scale);
    if (c->max_scale > g->max || c->min_scale > g->max || a->initial_scale > g->max)
        return error_set(e,
                         "%s may grow to max = %lld replicas; min_scale, max_scale and "
                         "initial_scale lie within that",
                         g->base.address, (long long)g->max);
    if (a->initial_scale >= 0)
        g->count = a->initial_scale;
    if (c->scale_down_delay / a->step > 1000000)
        return error_set(e, "scale_down_delay: a million looks would have to be remembered; look "
                            "less often");
    kpa_init(&a->kpa, &a->base.sim->arena, c, a->step);
    if (c->min_scale == 0) {
        a->waker.called = autoscaler_wake;
        g->waker = &a->waker;
    }
    return gauge_init(&a->gauge, g, NULL, a->step, a->metrics_lag, c->stable_window, e);
}

static bool seal_schedule(struct autoscaler *a, struct error *e) {
    struct group *g = a->group;
    if (!schedule_read(&a->schedule, &a->base.sim->arena, &a->timetable, a->period, e))
        return error_prefix(e, "schedule");
    if (schedule_most(&a->schedule) > g->max)
        return error_set(e, "schedule: %lld replicas are more than max = %lld of %s",
                         (long long)schedule_most(&a->schedule), (long long)g->max,
                         g->base.address);
    if (a->algorithm != SCHEDULED)
        return true;
    if (!a->schedule.n)
        return error_set(e, "'schedule' is missing: from which time of the day on how many "
                            "replicas there should be, such as { { at = \"8h\", min = 10 } }");
    g->count = schedule_min(&a->schedule, -a->base.sim->limits.warmup);
    return true;
}

static bool take_group(struct autoscaler *a, struct error *e) {
    struct group *g = a->group = group_of(a->of);
    if (g->scaler)
        return error_set(e, "%s is scaled by %s already", g->base.address, g->scaler->address);
    if (a->cold_start.type != VALUE_NIL && g->cold_start.type != VALUE_NIL)
        return error_set(e, "cold_start: %s has one already; give it in one place",
                         g->base.address);
    if (a->cold_start.type != VALUE_NIL)
        g->cold_start = a->cold_start;
    g->scaler = &a->base;
    a->count = schema_find(g->base.type, "count", e);
    return a->count != NULL;
}

static bool seal(struct node *n, struct error *e) {
    struct autoscaler *a = scaler_of(n);
    return take_group(a, e) && seal_schedule(a, e) &&
           (a->algorithm == HPA ? seal_hpa(a, e) : a->algorithm != KNATIVE || seal_kpa(a, e));
}

static void changed(struct node *n, const struct param *p) {
    struct autoscaler *a = scaler_of(n);
    (void)p;
    a->kpa_config.target = a->kpa_config.capacity * a->target_share;
}

static void release(struct node *n) {
    if (scaler_of(n)->group)
        gauge_release(&scaler_of(n)->gauge);
}

static bool check(struct node *n, struct error *e) {
    const struct autoscaler *a = scaler_of(n);
    ns_t next = a->next_look < a->next_scrape ? a->next_look : a->next_scrape;
    return (a->group->scaler == n && event_pending(&a->event) && a->event.time == next &&
            a->panicking.value == (a->algorithm == KNATIVE && a->kpa.panicking) &&
            a->desired.value <= a->group->max) ||
           error_set(e, "it wants %lld of %lld and panics: %d, its metric says %lld",
                     (long long)a->desired.value, (long long)a->group->max, a->kpa.panicking,
                     (long long)a->panicking.value);
}

/* ---- parameters */

#define OF_HPA .needs = "algorithm", .only = 1 << HPA
#define OF_KPA .needs = "algorithm", .only = 1 << KNATIVE
#define OF_BOTH .needs = "algorithm", .only = 1 << HPA | 1 << KNATIVE

static const char *const algorithms[] = {"hpa", "knative", "scheduled", NULL};
static const char *const selections[] = {"max", "min", "disabled", NULL};

#define RULES(side, window, pods_def)                                                              \
    PARAM(TIME, "stabilization_window", struct autoscaler, side.stabilization_window, window,      \
          "of the recommendations of so long the most cautious one counts"),                       \
        PARAM(INTEGER, "pods", struct autoscaler, side.pods, pods_def,                             \
              "so many replicas a period; 0: no such policy", .max = 1e6),                         \
        PARAM(NUMBER, "percent", struct autoscaler, side.percent, "100%",                          \
              "such a share of what there was a period; 0: no such policy", .max = 1000),          \
        PARAM(TIME, "period", struct autoscaler, side.period, "15s", "of both policies"),          \
        PARAM(CHOICE, "select_policy", struct autoscaler, side.select_policy, "max",               \
              "which of the two counts: the one that changes most, or least; disabled: no change " \
              "in this direction",                                                                 \
              .choices = selections)

static const struct param up_params[] = {RULES(hpa_config.up, "0s", "4"), {0}};
static const struct param down_params[] = {RULES(hpa_config.down, "300s", "0"), {0}};

static const struct param params[] = {
    PARAM(REF, "of", struct autoscaler, of, NULL, "the replicas { … } whose count it moves",
          .flags = REQUIRED, .ref_kind = "replicas"),
    PARAM(CHOICE, "algorithm", struct autoscaler, algorithm, "hpa",
          "by what replicas use (Kubernetes), by calls under way (Knative), or by the clock",
          .choices = algorithms),
    PARAM(TIME, "metrics_lag", struct autoscaler, metrics_lag, "0s",
          "how long a reading takes until the autoscaler sees it", OF_BOTH),
    PARAM(VALUE, "schedule", struct autoscaler, timetable, NULL,
          "{ { at = \"8h\", min = 10 }, … }: from which time on how many; with hpa and knative at "
          "least so many"),
    PARAM(TIME, "period", struct autoscaler, period, "24h", "after which the schedule repeats",
          .needs = "schedule", .min = 1e-3, .max = 1e9),
    PARAM(VALUE, "cold_start", struct autoscaler, cold_start, NULL,
          "that of the group, for a group that has none"),
    PARAM(TEXT, "metric", struct autoscaler, metric, "utilization",
          "of a replica: utilization is that of all its stations and pools, what is built in "
          "(in_flight, latency.p99) that of the replica as a whole; \"rank:queue\" is that of one "
          "component in it",
          OF_HPA),
    PARAM(NUMBER, "target", struct autoscaler, hpa_config.target, NULL,
          "what one replica should have of it; 80% unless given, for utilization", OF_HPA,
          .flags = LIVE, .max = 1e12),
    PARAM(NUMBER, "tolerance", struct autoscaler, hpa_config.tolerance, "0.1",
          "nothing is done while usage / target is this close to 1", OF_HPA, .flags = LIVE,
          .max = 10),
    PARAM(TIME, "sync_period", struct autoscaler, sync_period, "15s", "from look to look", OF_HPA,
          .min = 1e-3, .max = 1e9),
    PARAM(TIME, "metrics_window", struct autoscaler, metrics_window, "15s",
          "over which a reading is averaged, and after which the next one comes", OF_HPA,
          .min = 1e-3, .max = 1e9),
    PARAM(INTEGER, "min_replicas", struct autoscaler, hpa_config.min_replicas, "1",
          "no fewer than this", OF_HPA, .min = 1, .max = 1e5),
    PARAM(INTEGER, "max_replicas", struct autoscaler, hpa_config.max_replicas, "0",
          "no more than this; 0: max of the group", OF_HPA, .max = 1e5),
    PARAM(TABLE, "scale_up", struct autoscaler, base, NULL, "how fast it may grow",
          .sub = up_params, OF_HPA),
    PARAM(TABLE, "scale_down", struct autoscaler, base, NULL, "how fast it may shrink",
          .sub = down_params, OF_HPA),
    PARAM(TIME, "cpu_initialization_period", struct autoscaler,
          hpa_config.cpu_initialization_period, "5m",
          "utilization of one that was started less than this ago counts only once a whole reading "
          "has been taken since it became ready",
          OF_HPA),
    PARAM(TIME, "initial_readiness_delay", struct autoscaler, hpa_config.initial_readiness_delay,
          "30s", "one that ceased to be ready within this time of its start has never been ready",
          OF_HPA),
    PARAM(NUMBER, "container_concurrency_target", struct autoscaler, kpa_config.capacity, "100",
          "calls under way that a replica can have", OF_KPA, .flags = LIVE, .min = 0.01,
          .max = 1e9),
    PARAM(RATIO, "container_concurrency_target_percentage", struct autoscaler, target_share, "70%",
          "share of it that a replica should have", OF_KPA, .flags = LIVE, .min = 0.01, .max = 1),
    PARAM(TIME, "tick_interval", struct autoscaler, tick_interval, "2s",
          "from look to look, and from reading to reading", OF_KPA, .min = 1e-3, .max = 1e9),
    PARAM(TIME, "stable_window", struct autoscaler, kpa_config.stable_window, "60s",
          "over which calls under way are averaged; without any for so long it is idle", OF_KPA,
          .min = 1e-3, .max = 1e9),
    PARAM(RATIO, "panic_window_percentage", struct autoscaler, panic_share, "10%",
          "length of the panic window, of the stable window; whole ticks", OF_KPA, .min = 0.01,
          .max = 1),
    PARAM(NUMBER, "panic_threshold_percentage", struct autoscaler, kpa_config.panic_threshold,
          "200%", "it panics when the panic window asks for so many of those that are ready",
          OF_KPA, .flags = LIVE, .min = 1.1, .max = 10),
    PARAM(NUMBER, "max_scale_up_rate", struct autoscaler, kpa_config.max_scale_up_rate, "1000",
          "at one look at most so many times those that are ready", OF_KPA, .flags = LIVE,
          .min = 1.01, .max = 1e6),
    PARAM(NUMBER, "max_scale_down_rate", struct autoscaler, kpa_config.max_scale_down_rate, "2",
          "at one look no fewer than those that are ready divided by this", OF_KPA, .flags = LIVE,
          .min = 1.01, .max = 1e6),
    PARAM(TIME, "scale_down_delay", struct autoscaler, kpa_config.scale_down_delay, "0s",
          "it shrinks only to the most that was wanted within this time", OF_KPA),
    PARAM(TIME, "scale_to_zero_grace_period", struct autoscaler,
          kpa_config.scale_to_zero_grace_period, "30s",
          "how long calls must have gone through the activator before the last replica stops",
          OF_KPA, .flags = LIVE),
    PARAM(TIME, "scale_to_zero_pod_retention_period", struct autoscaler,
          kpa_config.scale_to_zero_pod_retention_period, "0s",
          "how long the last replica is kept after it is out of use", OF_KPA, .flags = LIVE),
    PARAM(INTEGER, "initial_scale", struct autoscaler, initial_scale, "-1",
          "replicas at the beginning, ready at once; -1: count of the group", OF_KPA, .min = -1,
          .max = 1e5),
    PARAM(INTEGER, "min_scale", struct autoscaler, kpa_config.min_scale, "0",
          "no fewer than this; 0: it may fall to none, and calls wait for one that starts", OF_KPA,
          .max = 1e5),
    PARAM(INTEGER, "max_scale", struct autoscaler, kpa_config.max_scale, "0",
          "no more than this; 0: max of the group", OF_KPA, .max = 1e5),
    PARAM(NUMBER, "target_burst_capacity", struct autoscaler, kpa_config.target_burst_capacity,
          "211",
          "while the replicas could not take so many calls more, the activator is in the path, "
          "which the grace period asks for; 0: only at 0 replicas; -1: always",
          OF_KPA, .flags = LIVE, .min = -1, .max = 1e9),
    {0},
};

static const struct metric metrics[] = {
    METRIC(INTEGRAL, "desired", struct autoscaler, desired, "replicas that it wants"),
    METRIC(COUNTER, "scale_ups", struct autoscaler, ups, "times that it raised the count"),
    METRIC(COUNTER, "scale_downs", struct autoscaler, downs, "times that it lowered the count"),
    METRIC(INTEGRAL, "panicking", struct autoscaler, panicking,
           "knative: share of time in panic mode", .unit = UNIT_RATIO),
    {0},
};

const struct node_type autoscaler_type = {
    .kind = "autoscaler",
    .summary = "moves the count of a group of replicas: by what they use, by calls under way, or "
               "by the clock",
    .follows = "Kubernetes HorizontalPodAutoscaler (autoscaling/v2), Knative pod autoscaler and "
               "activator",
    .example = "autoscaler { of = \"pod\", algorithm = \"hpa\", target = \"60%\", max_replicas = "
               "20, metrics_lag = \"15s\" }",
    .params = params,
    .metrics = metrics,
    .size = sizeof(struct autoscaler),
    .flags = NODE_AGENT | NODE_RESOURCE,
    .ops = {.seal = seal,
            .start = autoscaler_start,
            .set = changed,
            .release = release,
            .check = check},
};
