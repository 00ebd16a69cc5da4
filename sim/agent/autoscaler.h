/* Private to the autoscaler: autoscaler.c has its parameters, autoscaler_gauge.c measures, hpa.c
 * and kpa.c say what follows from it, and autoscaler_act.c does that. */
#ifndef NINES_AGENT_AUTOSCALER_H
#define NINES_AGENT_AUTOSCALER_H

#include "agent/hpa.h"
#include "agent/kpa.h"
#include "agent/schedule.h"
#include "core/group.h"
#include "core/window.h"

enum algorithm { HPA, KNATIVE, SCHEDULED };

/* What is known of the replicas: scrapes that come `gap` apart, of which those of the last minutes
 * are kept, as only what is `lag` old has come through. */
struct gauge {
    struct group *group;
    ns_t gap, lag, began;
    uint64_t scrapes;      /* the one of the beginning included */
    uint32_t kept;         /* rings have so many places */
    struct window *of;     /* hpa: one for each replica that may be */
    double *value;         /* hpa: kept x replicas; NaN: none */
    uint64_t *concurrency; /* knative: area under the calls under way */
};

/* When sealed. `metric` of a replica: hpa; NULL: calls under way. `window`: the longest that will
 * be asked for. */
bool gauge_init(struct gauge *m, struct group *g, const char *metric, ns_t gap, ns_t lag,
                ns_t window, struct error *e);
void gauge_release(struct gauge *m);
void gauge_begin(struct gauge *m, ns_t now);
void gauge_scrape(struct gauge *m);

/* The newest scrape that has come through; -1: none, or only the one of the beginning. */
int64_t gauge_newest(const struct gauge *m, ns_t now);

/* Of replica `i`, for hpa_sort. */
struct hpa_pod gauge_pod(const struct gauge *m, int64_t scrape, uint32_t i);

/* Calls under way, those that wait included, mean over the window that ends with `scrape`. */
double gauge_concurrency(const struct gauge *m, int64_t scrape, ns_t window);

struct autoscaler {
    struct node base;
    struct node *of;
    int algorithm;
    const char *metric;
    ns_t sync_period, metrics_window, metrics_lag;
    ns_t tick_interval, panic_window;
    struct hpa_config hpa_config;
    struct kpa_config kpa_config;
    double panic_share, target_share; /* of the stable window; of the capacity */
    int64_t initial_scale;
    struct value timetable, cold_start;
    ns_t period;

    struct group *group;
    struct gauge gauge;
    struct hpa hpa;
    struct kpa kpa;
    struct schedule schedule;
    struct group_waker waker;
    const struct param *count; /* of the group */
    ns_t step;                 /* from look to look */
    struct event event;
    ns_t next_scrape, next_look;
    struct integral desired, panicking;
    uint64_t ups, downs;
};

void autoscaler_start(struct node *n);
void autoscaler_wake(struct group_waker *w); /* the first call waits */

#endif
