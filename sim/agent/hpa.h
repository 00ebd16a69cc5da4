/* How many replicas the Kubernetes HorizontalPodAutoscaler wants: arithmetic, without a clock or a
 * model of its own.
 *
 * From what the replicas use it makes a recommendation; recommendations of the last minutes are
 * held against each other (stabilization windows); what is left may change the count by so much per
 * period (policies). After replica_calculator.go and horizontal.go of Kubernetes. */
#ifndef NINES_AGENT_HPA_H
#define NINES_AGENT_HPA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/time.h"

enum hpa_select { HPA_MAX, HPA_MIN, HPA_DISABLED };

struct hpa_rules { /* of one direction */
    ns_t stabilization_window;
    int64_t pods;   /* 0: no such policy */
    double percent; /* 1 is all of them; 0: no such policy */
    ns_t period;
    int select_policy;
};

struct hpa_config {
    double target, tolerance;
    int64_t min_replicas, max_replicas;
    struct hpa_rules up, down;
    bool cpu; /* those that have just started use it for other things: the two below count */
    ns_t cpu_initialization_period, initial_readiness_delay;
};

struct hpa_pod {
    bool ready, measured; /* measured: there is a value of it */
    ns_t ordered, since;  /* when it was told to start; when it became ready, or not ready */
    double value;
    ns_t at, window; /* when it was measured, and over how long up to then */
};

enum hpa_sort { HPA_READY, HPA_UNREADY, HPA_MISSING };
enum hpa_sort hpa_sort(const struct hpa_config *k, const struct hpa_pod *pod, ns_t now);

struct hpa_sample {
    int64_t ready, unready, missing;
    double sum; /* over those that are ready */
};
void hpa_add(struct hpa_sample *s, const struct hpa_config *k, const struct hpa_pod *pod, ns_t now);

/* What the sample alone asks for; -1: nothing is known. */
int64_t hpa_recommend(const struct hpa_config *k, int64_t current, const struct hpa_sample *s);

/* ---- with a memory */

struct hpa_note {
    ns_t time;
    int64_t n;
};
struct hpa_notes {
    struct hpa_note *at; /* a ring */
    uint32_t cap, n, next;
};

struct hpa {
    struct hpa_notes recommended, added, removed;
};

/* Looks come `sync` apart or more. */
void hpa_init(struct hpa *h, struct arena *a, const struct hpa_config *k, ns_t sync);

/* Before the first look: nothing is known but that there are so many. */
void hpa_begin(struct hpa *h, ns_t now, int64_t current);

/* The count from now on; `wanted` is hpa_recommend's. */
int64_t hpa_decide(struct hpa *h, const struct hpa_config *k, ns_t now, int64_t current,
                   int64_t wanted);

/* The two steps of it. */
int64_t hpa_stabilize(const struct hpa *h, const struct hpa_config *k, ns_t now, int64_t current,
                      int64_t wanted);
int64_t hpa_limit(const struct hpa *h, const struct hpa_config *k, ns_t now, int64_t current,
                  int64_t wanted);

#endif
