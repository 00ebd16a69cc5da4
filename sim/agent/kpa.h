/* How many replicas the Knative pod autoscaler wants: arithmetic, without a clock or a model of its
 * own.
 *
 * It divides the calls under way, those that wait included, by what one replica should have, over a
 * long (stable) and a short (panic) window. When the short one asks for several times what is
 * ready, it panics: then the larger of the two counts, and the count does not fall. After
 * autoscaler.go and kpa/scaler.go of Knative serving. */
#ifndef NINES_AGENT_KPA_H
#define NINES_AGENT_KPA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/time.h"

struct kpa_config {
    double target;   /* calls under way that one replica should have */
    double capacity; /* that it can have: before the target percentage is taken */
    double panic_threshold, max_scale_up_rate, max_scale_down_rate;
    ns_t stable_window, scale_down_delay;
    double target_burst_capacity; /* -1: the activator is always in the path */
    ns_t scale_to_zero_grace_period, scale_to_zero_pod_retention_period;
    int64_t min_scale, max_scale; /* 0: no upper bound */
};

struct kpa_look {
    ns_t now;
    double stable, panic; /* mean calls under way over the windows */
    int64_t ready, current;
};

struct kpa {
    bool panicking;
    ns_t panic_time; /* when it was last over the threshold */
    int64_t most;    /* of this panic */
    struct kpa_note {
        ns_t time;
        int64_t n;
    } * recent; /* what it wanted within the scale down delay: a ring */
    uint32_t cap, n, next;
    bool active, proxied;       /* proxied: the activator is in the path */
    ns_t turned, proxied_since; /* when `active` last changed */
};

/* Looks come `tick` apart or more. */
void kpa_init(struct kpa *k, struct arena *a, const struct kpa_config *c, ns_t tick);
void kpa_begin(struct kpa *k, ns_t now, int64_t current);

/* What the two windows ask for, with panic and delay. */
int64_t kpa_recommend(struct kpa *k, const struct kpa_config *c, const struct kpa_look *l);

/* The count from now on: within the bounds, and 0 only after all that has to pass before. */
int64_t kpa_decide(struct kpa *k, const struct kpa_config *c, const struct kpa_look *l,
                   int64_t wanted);

/* At 0 a call has come: how many are started for it. */
int64_t kpa_wake(struct kpa *k, const struct kpa_config *c, ns_t now);

/* Calls that could come at once beyond those that are there; negative: the activator is put in
 * the path. */
double kpa_excess_burst(const struct kpa_config *c, const struct kpa_look *l);

#endif
