/* An autoscaler at work: what it sees, and what it orders. */
#include "agent/autoscaler.h"
#include "core/sim.h"

static ns_t earlier(ns_t a, ns_t b) {
    return a < b ? a : b;
}

static void order(struct autoscaler *a, int64_t n) {
    struct sim *sim = a->base.sim;
    struct group *g = a->group;
    struct value v = value_of_number((double)(n < g->max ? n : g->max));
    struct error e = {{0}};
    int64_t by = (int64_t)v.number - g->count;
    integral_add(&a->desired, sim->clock.now, (int64_t)v.number - a->desired.value);
    a->ups += by > 0;
    a->downs += by < 0;
    if (by && !schema_set(&g->base, a->count, &v, true, &e))
        sim_fail(sim, "%s: %s: %s", a->base.where, a->base.address, e.text);
}

/* The timetable is a floor of the other two. */
static int64_t floor_of(const struct autoscaler *a, int64_t least) {
    int64_t now = schedule_min(&a->schedule, sim_time(a->base.sim));
    return now > least ? now : least;
}

static void look_as_hpa(struct autoscaler *a) {
    ns_t now = a->base.sim->clock.now;
    struct hpa_config k = a->hpa_config;
    struct hpa_sample s = {0};
    struct group *g = a->group;
    int64_t scrape = gauge_newest(&a->gauge, now);
    for (uint32_t i = 0; scrape >= 0 && i < g->max; i++)
        if (g->at[i].state == REPLICA_STARTING || g->at[i].state == REPLICA_READY) {
            struct hpa_pod pod = gauge_pod(&a->gauge, scrape, i);
            hpa_add(&s, &k, &pod, now);
        }
    k.max_replicas = k.max_replicas ? earlier(k.max_replicas, g->max) : g->max;
    k.min_replicas = earlier(floor_of(a, k.min_replicas), k.max_replicas);
    order(a, hpa_decide(&a->hpa, &k, now, g->count, hpa_recommend(&k, g->count, &s)));
}

static void look_as_kpa(struct autoscaler *a) {
    struct kpa_config c = a->kpa_config;
    struct kpa_look l = {
        .now = a->base.sim->clock.now, .ready = a->group->n_ready, .current = a->group->count};
    int64_t scrape = gauge_newest(&a->gauge, l.now);
    if (scrape < 0)
        return;
    l.stable = gauge_concurrency(&a->gauge, scrape, c.stable_window);
    l.panic = gauge_concurrency(&a->gauge, scrape, a->panic_window);
    c.min_scale = floor_of(a, c.min_scale);
    order(a, kpa_decide(&a->kpa, &c, &l, kpa_recommend(&a->kpa, &c, &l)));
    integral_add(&a->panicking, l.now, a->kpa.panicking - a->panicking.value);
}

void autoscaler_wake(struct group_waker *w) {
    struct autoscaler *a = container_of(w, struct autoscaler, waker);
    if (a->group->count == 0)
        order(a, kpa_wake(&a->kpa, &a->kpa_config, a->base.sim->clock.now));
}

/* What is scraped now is there for who looks now. */
static void tick(struct event *ev) {
    struct autoscaler *a = container_of(ev, struct autoscaler, event);
    struct sim *sim = a->base.sim;
    ns_t now = sim->clock.now;
    if (now == a->next_scrape) {
        gauge_scrape(&a->gauge);
        a->next_scrape += a->gauge.gap;
    }
    if (now == a->next_look) {
        if (a->algorithm == HPA)
            look_as_hpa(a);
        else if (a->algorithm == KNATIVE)
            look_as_kpa(a);
        else
            order(a, schedule_min(&a->schedule, sim_time(sim)));
        a->next_look = a->algorithm == SCHEDULED
                           ? sim_clock_of(sim, schedule_next(&a->schedule, sim_time(sim)))
                           : now + a->step;
    }
    event_at(&sim->clock, ev, earlier(a->next_look, a->next_scrape));
}

/* Agents start before the groups: count is what they will begin with. */
void autoscaler_start(struct node *n) {
    struct autoscaler *a = container_of(n, struct autoscaler, base);
    ns_t now = n->sim->clock.now;
    integral_add(&a->desired, now, a->group->count);
    event_init(&a->event, tick);
    a->next_scrape = NS_NEVER;
    a->next_look = now + a->step;
    if (a->algorithm == SCHEDULED)
        a->next_look = sim_clock_of(n->sim, schedule_next(&a->schedule, sim_time(n->sim)));
    else {
        gauge_begin(&a->gauge, now);
        a->next_scrape = now + a->gauge.gap;
    }
    if (a->algorithm == HPA)
        hpa_begin(&a->hpa, now, a->group->count);
    else if (a->algorithm == KNATIVE)
        kpa_begin(&a->kpa, now, a->group->count);
    event_at(&n->sim->clock, &a->event, earlier(a->next_look, a->next_scrape));
}
